import { globMatches } from '../../base/glob.ts';
import { KEY_USE } from '../key-positions.ts';
import type { CatalogEntry, CommandCatalog } from './command-catalog.ts';
import { categoryBit } from './command-catalog.ts';

/** What may be done to a key: the bits of KEY_USE, and both. */
export const PERMISSION = { ...KEY_USE, ALL: KEY_USE.READ | KEY_USE.WRITE } as const;

/** Text and bytes of a glob; texts here hold one char per byte. */
interface Pattern {
  readonly text: string;
  readonly bytes: Uint8Array;
}

export interface KeyPattern extends Pattern {
  /** Bits of PERMISSION. */
  permission: number;
}

/** Redis' words for a rule that is refused. */
export const RULE_ERRORS = {
  unknownCommand: 'Unknown command or category name in ACL',
  syntax: 'Syntax error',
  keysAreAll:
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have " +
    "any effect. Try 'resetkeys' to start with an empty list of patterns",
  channelsAreAll:
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not " +
    "have any effect. Try 'resetchannels' to start with an empty list of channels",
  storesAreAll:
    "Adding a pattern after the * pattern (or the 'allstores' flag) is not valid and does not " +
    "have any effect. Try 'resetstores' to start with an empty list of stores",
  noSuchPassword: 'The password you are trying to remove from the user does not exist',
  passwordHash:
    'The password hash must be exactly 64 characters and contain only lowercase hexadecimal ' +
    'characters',
  firstArgument: 'Allowing first-arg of a subcommand is not supported',
} as const;

/**
 * A set of rules that must allow a command by itself: which commands, on which keys and channels.
 * A user has one, the root, and may have more; one that allows a command is enough. Which stores
 * the user may use is asked where it enters one, not at each command: see `store-rules.ts`.
 */
export class Selector {
  allowsAllKeys = false;
  allowsAllChannels: boolean;
  /** Every command, and none was taken away since. */
  allowsAllCommands = false;
  /** Commands that a later version brings are allowed as well: `+@all` was the last word on all. */
  allowsNewCommands = false;
  /** By the id of the catalog: 1 = allowed. */
  readonly allowedCommands: Uint8Array;
  /** Commands that are not allowed but for these first arguments: `+select|0`. By id. */
  readonly firstArguments = new Map<number, string[]>();
  keyPatterns: KeyPattern[] = [];
  channelPatterns: Pattern[] = [];
  readonly catalog: CommandCatalog;

  constructor(catalog: CommandCatalog, allowsAllChannels: boolean) {
    this.catalog = catalog;
    this.allowsAllChannels = allowsAllChannels;
    this.allowedCommands = new Uint8Array(catalog.entries.length);
  }

  copy(): Selector {
    const copy = new Selector(this.catalog, this.allowsAllChannels);
    copy.allowsAllKeys = this.allowsAllKeys;
    copy.allowsAllCommands = this.allowsAllCommands;
    copy.allowsNewCommands = this.allowsNewCommands;
    copy.allowedCommands.set(this.allowedCommands);
    for (const [id, words] of this.firstArguments) copy.firstArguments.set(id, [...words]);
    copy.keyPatterns = this.keyPatterns.map((pattern) => ({ ...pattern }));
    copy.channelPatterns = [...this.channelPatterns];
    return copy;
  }

  get isUnrestricted(): boolean {
    return this.allowsAllCommands && this.allowsAllKeys && this.allowsAllChannels;
  }

  /** @returns null when the rule was applied, else why not */
  apply(rule: string): string | null {
    const word = cText(rule).toLowerCase();
    const apply = WORDS.get(word);
    if (apply !== undefined) {
      apply(this);
      return null;
    }
    const sign = rule.charAt(0);
    if (sign === '~' || sign === '%') return this.addKeyPattern(rule);
    if (sign === '&') return this.addChannelPattern(rule);
    if (sign !== '+' && sign !== '-') return RULE_ERRORS.syntax;
    if (word.charAt(1) === '@') return this.setCategory(word.slice(2), sign === '+');
    return sign === '+' ? this.allowCommand(cText(rule)) : this.setNamed(word.slice(1), false);
  }

  setAllCommands(isAllowed: boolean): void {
    this.allowedCommands.fill(isAllowed ? 1 : 0);
    this.allowsAllCommands = isAllowed;
    this.allowsNewCommands = isAllowed;
    this.firstArguments.clear();
  }

  setAllKeys(isAllowed: boolean): void {
    this.allowsAllKeys = isAllowed;
    this.keyPatterns = [];
  }

  setAllChannels(isAllowed: boolean): void {
    this.allowsAllChannels = isAllowed;
    this.channelPatterns = [];
  }

  /** The command and all of its subcommands. */
  setCommand(entry: CatalogEntry, isAllowed: boolean): void {
    this.allowedCommands[entry.id] = isAllowed ? 1 : 0;
    if (!isAllowed) this.allowsAllCommands = false;
    this.firstArguments.delete(entry.id);
    for (const child of entry.children) this.setCommand(child, isAllowed);
  }

  setCategory(name: string, isAllowed: boolean): string | null {
    const bit = categoryBit(name);
    if (bit === 0) return RULE_ERRORS.unknownCommand;
    for (const entry of this.catalog.entries) {
      if ((entry.categoryBits & bit) !== 0) this.setCommand(entry, isAllowed);
    }
    return null;
  }

  private setNamed(name: string, isAllowed: boolean): string | null {
    const entry = this.catalog.find(name);
    if (entry === undefined) return RULE_ERRORS.unknownCommand;
    this.setCommand(entry, isAllowed);
    return null;
  }

  /** `+get`, `+config|get`, and the deprecated `+select|0`. */
  private allowCommand(rule: string): string | null {
    const bar = rule.lastIndexOf('|');
    if (bar < 0) return this.setNamed(rule.slice(1), true);
    const container = this.catalog.find(rule.slice(1, bar));
    if (container === undefined) return RULE_ERRORS.unknownCommand;
    if (container.isSubcommand) return RULE_ERRORS.firstArgument;
    const argument = rule.slice(bar + 1);
    if (argument === '') return RULE_ERRORS.syntax;
    if (container.row.subcommands !== undefined) return this.setNamed(rule.slice(1), true);
    const words = this.firstArguments.get(container.id);
    if (words === undefined) this.firstArguments.set(container.id, [argument]);
    else if (!words.some((word) => word.toLowerCase() === argument.toLowerCase())) {
      words.push(argument);
    }
    return null;
  }

  private addKeyPattern(rule: string): string | null {
    if (this.allowsAllKeys) return RULE_ERRORS.keysAreAll;
    const tilde = rule.charAt(0) === '~' ? 0 : rule.indexOf('~');
    const letters = rule.slice(1, tilde < 0 ? undefined : tilde);
    const permission = tilde === 0 ? PERMISSION.ALL : parsePermission(letters);
    if (permission === 0) return RULE_ERRORS.syntax;
    // As redis-server has it, `%R` without a tilde is the empty pattern.
    const text = tilde < 0 ? '' : rule.slice(tilde + 1);
    if (hasSpace(text)) return RULE_ERRORS.syntax;
    const known = this.keyPatterns.find((pattern) => pattern.text === text);
    if (known !== undefined) known.permission |= permission;
    else this.keyPatterns.push({ ...patternOf(text), permission });
    return null;
  }

  private addChannelPattern(rule: string): string | null {
    if (this.allowsAllChannels) return RULE_ERRORS.channelsAreAll;
    const text = rule.slice(1);
    if (hasSpace(text)) return RULE_ERRORS.syntax;
    if (!this.channelPatterns.some((pattern) => pattern.text === text)) {
      this.channelPatterns.push(patternOf(text));
    }
    return null;
  }

  /** @param permission  bits of PERMISSION that are needed; 0: any pattern that names the key */
  mayUseKey(bytes: Uint8Array, offset: number, length: number, permission: number): boolean {
    if (this.allowsAllKeys) return true;
    for (const pattern of this.keyPatterns) {
      if ((pattern.permission & permission) !== permission) continue;
      const glob = pattern.bytes;
      if (globMatches(glob, 0, glob.length, bytes, offset, length)) return true;
    }
    return false;
  }

  /** Whether a command may be let loose on keys that nobody can name before. */
  mayUseEveryKey(permission: number): boolean {
    if (this.allowsAllKeys) return true;
    return this.keyPatterns.some(
      (pattern) => pattern.text === '*' && (pattern.permission & permission) === permission,
    );
  }

  mayUseChannel(name: Uint8Array): boolean {
    if (this.allowsAllChannels) return true;
    return this.channelPatterns.some(({ bytes }) =>
      globMatches(bytes, 0, bytes.length, name, 0, name.length),
    );
  }

  /** A pattern of channels is allowed by its own text only: who may hear `a*` is told so. */
  mayUseChannelPattern(text: string): boolean {
    if (this.allowsAllChannels) return true;
    return this.channelPatterns.some((pattern) => cText(pattern.text) === cText(text));
  }
}

const WORDS: ReadonlyMap<string, (selector: Selector) => void> = new Map([
  ['allkeys', (selector: Selector) => selector.setAllKeys(true)],
  ['~*', (selector: Selector) => selector.setAllKeys(true)],
  ['resetkeys', (selector: Selector) => selector.setAllKeys(false)],
  ['allchannels', (selector: Selector) => selector.setAllChannels(true)],
  ['&*', (selector: Selector) => selector.setAllChannels(true)],
  ['resetchannels', (selector: Selector) => selector.setAllChannels(false)],
  ['allcommands', (selector: Selector) => selector.setAllCommands(true)],
  ['+@all', (selector: Selector) => selector.setAllCommands(true)],
  ['nocommands', (selector: Selector) => selector.setAllCommands(false)],
  ['-@all', (selector: Selector) => selector.setAllCommands(false)],
]);

/** What is before the first zero byte: redis-server compares C strings. */
export function cText(text: string): string {
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Spaces as C has them, and zero bytes: they could not be written to a file and read back. */
export function hasSpace(text: string): boolean {
  return /[ \t\n\v\f\r\0]/.test(text);
}

/** Letters R and W, each at most once; 0 when there is anything else, or nothing. */
function parsePermission(letters: string): number {
  let permission = 0;
  for (const letter of letters.toUpperCase()) {
    const bit = letter === 'R' ? PERMISSION.READ : letter === 'W' ? PERMISSION.WRITE : 0;
    if (bit === 0 || (permission & bit) !== 0) return 0;
    permission |= bit;
  }
  return permission;
}

function patternOf(text: string): Pattern {
  return { text, bytes: Buffer.from(text, 'latin1') };
}
