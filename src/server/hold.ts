import type { Frame } from '../base/frame.ts';
import type { Timer } from '../base/world.ts';
import { CommandQueue } from '../commands/command-queue.ts';
import { GATE } from '../commands/session.ts';

/** Why a connection executes nothing for now. All clear: its input is read and executed. */
export const HOLD = {
  /** Its turn's budget is spent: it stands in the loop's queue. */
  BUDGET: 1,
  /** Its client does not read the replies. */
  OUTPUT: 2,
  /** A command of it was postponed. */
  POSTPONED: 4,
  /** It is being closed. */
  CLOSING: 8,
  /**
   * A command of it waits for a key. The socket is read all the same, or a client that closes would
   * not be noticed; what it sends is kept.
   */
  BLOCKED: 16,
  /** It has written, and the disk does not keep up. */
  DISK: 32,
} as const;

/** With one of these bits of its gate up a session executes nothing more in this turn. */
export const STOPS_TURN = GATE.CLOSING | GATE.POSTPONED | GATE.BLOCKED;

/** A command that must wait, as a copy. */
export class Postponed {
  readonly timer: Timer;
  private readonly queue = new CommandQueue();

  constructor(frame: Frame, timer: Timer) {
    this.timer = timer;
    this.queue.append(frame);
  }

  /** It waits no more: `frame` is pointed at it. */
  take(frame: Frame): void {
    this.timer.cancel();
    this.queue.shift(frame);
  }
}
