import { performance } from 'node:perf_hooks';
import type { Clock, Random, Timer, Timers } from '../../base/world.ts';
import { fillRandom } from './system-random.ts';

export function createRealClock(): Clock {
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
  };
}

export function createRealTimers(): Timers {
  return {
    after(delayMs, callback): Timer {
      const timeout = setTimeout(callback, delayMs);
      timeout.unref();
      return { cancel: () => clearTimeout(timeout) };
    },
    every(periodMs, callback): Timer {
      const interval = setInterval(callback, periodMs);
      interval.unref();
      return { cancel: () => clearInterval(interval) };
    },
    atTurnEnd(callback): void {
      setImmediate(callback);
    },
  };
}

/**
 * `u32` is for sampling and must be quick: xorshift128 (Marsaglia 2003), seeded from the system.
 * `fill` is for secrets and goes to the system every time.
 */
export class RealRandom implements Random {
  private readonly state = new Uint32Array(4);

  constructor() {
    fillRandom(new Uint8Array(this.state.buffer));
    this.state[0] |= 1;
  }

  u32(): number {
    const state = this.state;
    let mixed = state[3];
    mixed ^= mixed << 11;
    mixed ^= mixed >>> 8;
    state[3] = state[2];
    state[2] = state[1];
    const first = state[0];
    state[1] = first;
    state[0] = mixed ^ first ^ (first >>> 19);
    return state[0];
  }

  fill(bytes: Uint8Array): void {
    fillRandom(bytes);
  }
}
