import { CATEGORIES } from '../command-row.ts';
import type { CatalogEntry } from './command-catalog.ts';
import { categoryBit } from './command-catalog.ts';
import { type KeyPattern, PERMISSION, Selector } from './selector.ts';
import type { User } from './user.ts';

/** The rules that make the user again, as in `user <name> <rules>`. */
export function describeUser(user: User): string {
  const digests = user.digests.map((digest) => `#${digestText(digest)}`);
  return [...flagsOf(user), ...digests, describeRules(user)].join(' ');
}

/** Of those, what it may do. */
export function describeRules(user: User): string {
  const stores = user.stores.describe();
  const words = stores === '' ? [] : [stores];
  const selectors = user.selectors.map((selector) => `(${describeSelector(selector)})`);
  return [...words, describeSelector(user.root), ...selectors].join(' ');
}

export function flagsOf(user: User): string[] {
  const flags = [user.isEnabled ? 'on' : 'off'];
  if (user.takesAnyPassword) flags.push('nopass');
  if (user.sanitizing !== '') flags.push(user.sanitizing);
  return flags;
}

export function digestText(digest: Uint8Array): string {
  return Buffer.from(digest).toString('hex');
}

function describeSelector(selector: Selector): string {
  const words: string[] = [];
  const keys = describeKeys(selector);
  if (keys !== '') words.push(keys);
  if (!selector.allowsAllChannels) words.push('resetchannels');
  const channels = describeChannels(selector);
  if (channels !== '') words.push(channels);
  words.push(describeCommands(selector));
  return words.join(' ');
}

export function describeKeys(selector: Selector): string {
  return selector.allowsAllKeys ? '~*' : selector.keyPatterns.map(keyPatternText).join(' ');
}

export function describeChannels(selector: Selector): string {
  if (selector.allowsAllChannels) return '&*';
  return selector.channelPatterns.map(({ text }) => `&${text}`).join(' ');
}

function keyPatternText({ permission, text }: KeyPattern): string {
  if (permission === PERMISSION.ALL) return `~${text}`;
  return permission === PERMISSION.READ ? `%R~${text}` : `%W~${text}`;
}

/**
 * The shortest rules we find for what is allowed, as redis-server finds them: from all or none,
 * whole categories as long as more of one fits than does not, the best first, and then the single
 * commands that are left.
 */
export function describeCommands(selector: Selector): string {
  const { catalog } = selector;
  const isAdding = !selector.allowsNewCommands;
  const rules = [isAdding ? '-@all' : '+@all'];
  const described = new Selector(catalog, false);
  described.setAllCommands(!isAdding);
  const left = selector.copy();
  const unused = new Set(CATEGORIES);
  for (;;) {
    const best = chooseCategory(left, unused, isAdding);
    if (best === null) break;
    described.setCategory(best, isAdding);
    left.setCategory(best, !isAdding);
    rules.push(`${isAdding ? '+' : '-'}@${best}`);
    unused.delete(best);
  }
  for (const entry of catalog.entries) describeCommand(selector, described, entry, rules);
  return rules.join(' ');
}

function chooseCategory(
  left: Selector,
  unused: ReadonlySet<string>,
  isAdding: boolean,
): string | null {
  let best: string | null = null;
  let fewestWrong = Number.POSITIVE_INFINITY;
  let mostRight = 0;
  for (const category of unused) {
    const bit = categoryBit(category);
    let allowedCount = 0;
    let deniedCount = 0;
    for (const { id, categoryBits } of left.catalog.entries) {
      if ((categoryBits & bit) === 0) continue;
      if (left.allowedCommands[id] === 1) allowedCount++;
      else deniedCount++;
    }
    const right = isAdding ? allowedCount : deniedCount;
    const wrong = isAdding ? deniedCount : allowedCount;
    if (right <= wrong) continue;
    if (wrong > fewestWrong || (wrong === fewestWrong && right <= mostRight)) continue;
    best = category;
    fewestWrong = wrong;
    mostRight = right;
  }
  return best;
}

function describeCommand(
  selector: Selector,
  described: Selector,
  entry: CatalogEntry,
  rules: string[],
): void {
  const isAllowed = selector.allowedCommands[entry.id] === 1;
  if (isAllowed !== (described.allowedCommands[entry.id] === 1)) {
    rules.push(`${isAllowed ? '+' : '-'}${entry.fullName}`);
    described.setCommand(entry, isAllowed);
  }
  if (isAllowed) return;
  for (const word of selector.firstArguments.get(entry.id) ?? []) {
    rules.push(`+${entry.fullName}|${word}`);
  }
}
