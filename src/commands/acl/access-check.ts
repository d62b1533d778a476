/**
 * Whether a user may run a command: the one rule that the door, EXEC, ACL DRYRUN and scripts ask.
 */
import type { Frame } from '../../base/frame.ts';
import type { CommandRow } from '../command-row.ts';
import { findKeyPositions, KeyPositions, keyUseIn } from '../key-positions.ts';
import type { CatalogEntry, ChannelKind } from './command-catalog.ts';
import type { Selector } from './selector.ts';
import type { User } from './user.ts';

/** Ordered: of several selectors, the one that came furthest tells why. */
export const VERDICT = { ALLOWED: 0, COMMAND: 1, KEY: 2, CHANNEL: 3 } as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** One per node: a check is asked for and read before the next. */
export class AccessCheck {
  /** Argument with the key or channel that was refused. */
  deniedArg = 0;
  private readonly keys = new KeyPositions();
  private hasPositions = false;

  /** @param frame  of the command; with too few arguments it names no keys */
  check(user: User, entry: CatalogEntry, frame: Frame): Verdict {
    this.hasPositions = false;
    let verdict = this.checkSelector(user.root, entry, frame);
    if (verdict === VERDICT.ALLOWED) return verdict;
    let { deniedArg } = this;
    for (const selector of user.selectors) {
      const next = this.checkSelector(selector, entry, frame);
      if (next === VERDICT.ALLOWED) return next;
      if (next < verdict || (next === verdict && this.deniedArg <= deniedArg)) continue;
      verdict = next;
      deniedArg = this.deniedArg;
    }
    this.deniedArg = deniedArg;
    return verdict;
  }

  /**
   * Whether the user may run the command even if it touches keys that it does not name, as SORT BY
   * and GET do.
   * @param permission  bits of PERMISSION
   */
  mayUseEveryKey(user: User, entry: CatalogEntry, frame: Frame, permission: number): boolean {
    this.hasPositions = false;
    const isEnough = (selector: Selector) =>
      this.checkSelector(selector, entry, frame) === VERDICT.ALLOWED &&
      selector.mayUseEveryKey(permission);
    return isEnough(user.root) || user.selectors.some(isEnough);
  }

  private checkSelector(selector: Selector, entry: CatalogEntry, frame: Frame): Verdict {
    this.deniedArg = 0;
    if (!mayRun(selector, entry, frame)) return VERDICT.COMMAND;
    if (entry.hasKeys && !selector.allowsAllKeys && !this.mayUseKeys(selector, entry.row, frame)) {
      return VERDICT.KEY;
    }
    if (entry.channels === null || selector.allowsAllChannels) return VERDICT.ALLOWED;
    const isHeard = this.mayUseChannels(selector, entry.channels, frame);
    return isHeard ? VERDICT.ALLOWED : VERDICT.CHANNEL;
  }

  /** Arguments that contradict the key specs name no key; the command itself will refuse them. */
  private mayUseKeys(selector: Selector, row: CommandRow, frame: Frame): boolean {
    const { keys } = this;
    if (!this.hasPositions) findKeyPositions(row, frame, keys);
    this.hasPositions = true;
    for (let i = 0; i < keys.count; i++) {
      const arg = keys.positions[i];
      const permission = keyUseIn(row, keys.specs[i], frame);
      if (selector.mayUseKey(frame.bytes, frame.offsets[arg], frame.lengths[arg], permission)) {
        continue;
      }
      this.deniedArg = arg;
      return false;
    }
    return true;
  }

  private mayUseChannels(selector: Selector, kind: ChannelKind, frame: Frame): boolean {
    const end = kind === 'one' ? Math.min(2, frame.count) : frame.count;
    for (let arg = 1; arg < end; arg++) {
      const isAllowed =
        kind === 'patterns'
          ? selector.mayUseChannelPattern(frame.latin1(arg))
          : selector.mayUseChannel(frame.copyArgument(arg));
      if (isAllowed) continue;
      this.deniedArg = arg;
      return false;
    }
    return true;
  }
}

function mayRun(selector: Selector, entry: CatalogEntry, frame: Frame): boolean {
  if (selector.allowsAllCommands || selector.allowedCommands[entry.id] === 1) return true;
  if (entry.row.flags.includes('no_auth')) return true;
  const words = selector.firstArguments.get(entry.id);
  const arg = entry.isSubcommand ? 2 : 1;
  if (words === undefined || frame.count <= arg) return false;
  return words.some((word) => frame.equals(arg, upperAscii(word)));
}

function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}
