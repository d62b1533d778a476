/**
 * Tells a busy main thread from a dead one: it raises a counter in shared memory while its loop
 * turns, and the thread of the gossip looks when it last changed.
 */
import type { Timer, World } from '../../../base/world.ts';

const BEAT_MS = 100;
/** Two timers, neither of which comes to the millisecond. */
const SLACK_MS = 3 * BEAT_MS;

/** Of the main thread. @returns what ends it */
export function beatProgress(world: World, shared: SharedArrayBuffer): Timer {
  const counter = new Int32Array(shared);
  return world.timers.every(BEAT_MS, () => void Atomics.add(counter, 0, 1));
}

/** Of the other thread: for how long nothing came. */
export class ProgressWatch {
  private readonly world: World;
  private readonly counter: Int32Array;
  private readonly timer: Timer;
  private seen = 0;
  private seenMs: number;

  constructor(world: World, shared: SharedArrayBuffer) {
    this.world = world;
    this.counter = new Int32Array(shared);
    this.seenMs = world.clock.monotonicMs();
    this.timer = world.timers.every(BEAT_MS, () => this.look());
  }

  stalledMs(): number {
    this.look();
    const silentMs = this.world.clock.monotonicMs() - this.seenMs;
    return silentMs <= SLACK_MS ? 0 : silentMs;
  }

  stop(): void {
    this.timer.cancel();
  }

  private look(): void {
    const now = Atomics.load(this.counter, 0);
    if (now === this.seen) return;
    this.seen = now;
    this.seenMs = this.world.clock.monotonicMs();
  }
}
