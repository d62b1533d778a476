import type { Timer } from '../base/world.ts';
import type { CommandQueue } from '../commands/command-queue.ts';

/** Why a connection is not read for now. All clear: reading. */
export const HOLD = {
  /** Its turn's budget is spent: it stands in the loop's queue. */
  BUDGET: 1,
  /** Its client does not read the replies. */
  OUTPUT: 2,
  /** A command of it was postponed. */
  POSTPONED: 4,
  /** It is being closed. */
  CLOSING: 8,
} as const;

/** A command that must wait, as a copy. */
export interface Postponed {
  readonly queue: CommandQueue;
  readonly timer: Timer;
}
