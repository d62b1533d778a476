import { LIMITS } from '../base/limits.ts';
import { isLocalAddress } from '../base/local-address.ts';
import type { TurnClock } from '../base/turn-clock.ts';
import type { LoginDelays } from '../commands/node-services.ts';

interface Failures {
  count: number;
  lastMs: number;
}

/**
 * Slows down guessing. The first few failures of an address are free (a typing mistake, a client
 * with last year's password); from then on each attempt waits, twice as long each time up to a
 * bound. An attempt waits once, however many wait beside it: who guesses cannot lock out others
 * behind the same address for longer than that bound. Loopback is exempt: who is on the machine has
 * other ways.
 */
export class LoginDelayTable implements LoginDelays {
  private readonly failures = new Map<string, Failures>();
  private readonly clock: TurnClock;

  constructor(clock: TurnClock) {
    this.clock = clock;
  }

  delayMs(address: string): number {
    const failures = this.failures.get(address);
    if (failures === undefined) return 0;
    if (this.clock.nowMs - failures.lastMs > LIMITS.loginMemoryMs) {
      this.failures.delete(address);
      return 0;
    }
    const extra = failures.count - LIMITS.freeLoginFailureCount;
    if (extra < 0) return 0;
    return Math.min(LIMITS.loginDelayMsMax, LIMITS.loginDelayMsMin * 2 ** Math.min(extra, 20));
  }

  recordFailure(address: string): void {
    if (isLocalAddress(address)) return;
    const failures = this.failures.get(address);
    if (failures !== undefined) {
      failures.count++;
      failures.lastMs = this.clock.nowMs;
      return;
    }
    if (this.failures.size >= LIMITS.loginAddressCountMax) this.dropOldest();
    this.failures.set(address, { count: 1, lastMs: this.clock.nowMs });
  }

  recordSuccess(address: string): void {
    this.failures.delete(address);
  }

  /** The address seen first; a Map keeps its order. */
  private dropOldest(): void {
    for (const address of this.failures.keys()) {
      this.failures.delete(address);
      return;
    }
  }
}
