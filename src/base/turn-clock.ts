import type { Clock } from './world.ts';

/**
 * The time as of the start of the current connection turn. Read once a turn (40 ns) and then as a
 * field, so that all commands of a turn see one moment and nothing expires within a transaction.
 */
export class TurnClock {
  /** Unix time, whole milliseconds. */
  nowMs = 0;
  /** Unix time in seconds modulo 2^24, for the access field of entries. */
  accessS = 0;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
    this.refresh();
  }

  refresh(): void {
    const nowMs = this.clock.wallMs();
    if (nowMs === this.nowMs) return;
    this.nowMs = nowMs;
    this.accessS = Math.floor(nowMs / 1000) & 0xff_ffff;
  }
}
