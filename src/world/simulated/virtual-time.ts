import { assert } from '../../base/errors.ts';
import type { Clock, Timer, Timers } from '../../base/world.ts';

interface PendingTimer extends Timer {
  dueMs: number;
  readonly order: number;
  readonly periodMs: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

/**
 * Time that stands still until it is told to move. Monotonic time starts at 0; wall time is that
 * plus an offset which a test may set, also backwards.
 */
export class VirtualTime implements Clock, Timers {
  /** Each reading of monotonic time takes so long: for work that is done until it is late. */
  readingMs = 0;
  private nowMs = 0;
  private wallOffsetMs: number;
  private timers: PendingTimer[] = [];
  private turnEndCallbacks: (() => void)[] = [];
  private timerCount = 0;

  constructor(wallStartMs: number) {
    this.wallOffsetMs = wallStartMs;
  }

  wallMs(): number {
    return Math.floor(this.nowMs + this.wallOffsetMs);
  }

  monotonicMs(): number {
    this.nowMs += this.readingMs;
    return this.nowMs;
  }

  setWallMs(wallMs: number): void {
    this.wallOffsetMs = wallMs - this.nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.add(delayMs, 0, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    assert(periodMs > 0, 'a period is positive');
    return this.add(periodMs, periodMs, callback);
  }

  atTurnEnd(callback: () => void): void {
    this.turnEndCallbacks.push(callback);
  }

  /** Timers that have not fired and were not cancelled: what a stopped node must leave at 0. */
  get pendingTimerCount(): number {
    return this.timers.length;
  }

  /**
   * Runs what was asked for `atTurnEnd`. Callbacks that ask again wait for the next turn, as with
   * setImmediate.
   */
  endTurn(): boolean {
    if (this.turnEndCallbacks.length === 0) return false;
    const callbacks = this.turnEndCallbacks;
    this.turnEndCallbacks = [];
    for (const callback of callbacks) callback();
    return true;
  }

  /** Moves to the next timer due by `limitMs` and fires it, or to `limitMs` if there is none. */
  fireNext(limitMs: number): boolean {
    const timer = this.findEarliest();
    if (timer === null || timer.dueMs > limitMs) {
      this.nowMs = Math.max(this.nowMs, limitMs);
      return false;
    }
    this.nowMs = Math.max(this.nowMs, timer.dueMs);
    if (timer.periodMs > 0) timer.dueMs += timer.periodMs;
    else this.drop(timer);
    timer.callback();
    return true;
  }

  private add(delayMs: number, periodMs: number, callback: () => void): Timer {
    const timer: PendingTimer = {
      // Node fires no timer sooner than after 1 ms.
      dueMs: this.nowMs + Math.max(1, delayMs),
      order: this.timerCount++,
      periodMs,
      callback,
      isCancelled: false,
      cancel: () => this.drop(timer),
    };
    this.timers.push(timer);
    return timer;
  }

  private drop(timer: PendingTimer): void {
    if (timer.isCancelled) return;
    timer.isCancelled = true;
    this.timers.splice(this.timers.indexOf(timer), 1);
  }

  private findEarliest(): PendingTimer | null {
    let earliest: PendingTimer | null = null;
    for (const timer of this.timers) {
      if (
        earliest === null ||
        timer.dueMs < earliest.dueMs ||
        (timer.dueMs === earliest.dueMs && timer.order < earliest.order)
      ) {
        earliest = timer;
      }
    }
    return earliest;
  }
}
