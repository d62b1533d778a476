import type { Clock } from '../../../base/world.ts';

/** A range of so many elements takes 2 us and is timed for itself: reading the clock takes 0.1. */
const LONG_FROM_COUNT = 64;

/**
 * What a command starts that finds out, while it runs, that it will be long. Of a row with
 * `timesItself` the calls that do so are each timed from there on, and all others by sample: a
 * range of ten is not timed for the sake of one of a million.
 */
export class Stopwatch {
  isRunning = false;
  private startMs = 0;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @param count  elements that the command is about to pass on */
  startIfLong(count: number): void {
    if (count < LONG_FROM_COUNT) return;
    this.isRunning = true;
    this.startMs = this.clock.monotonicMs();
  }

  /** @returns microseconds since its start */
  stop(): number {
    this.isRunning = false;
    return (this.clock.monotonicMs() - this.startMs) * 1000;
  }
}
