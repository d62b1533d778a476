import type { TurnClock } from '../../../base/turn-clock.ts';

const CLOCK_MASK = 0xff_ffff;

/** Access bits as the second of the last access, 24 bits, which wrap after 194 days. */
export class AccessClock {
  private readonly clock: TurnClock;
  private readonly knownSinceMs: number;

  constructor(clock: TurnClock, knownSinceMs: number) {
    this.clock = clock;
    this.knownSinceMs = knownSinceMs;
  }

  /** An entry that another kind of policy wrote to was last used when that policy ended. */
  idleS(access: number): number {
    const idleS = (this.clock.accessS - access) & CLOCK_MASK;
    const knownS = (this.clock.nowMs - this.knownSinceMs) / 1000;
    return idleS <= knownS ? idleS : Math.max(0, Math.floor(knownS));
  }
}
