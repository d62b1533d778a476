import { assert } from '../../base/errors.ts';
import type { Clock, Timer, Timers } from '../../base/world.ts';
import { type TimedEvent, Timeline } from './timeline.ts';

interface PendingTimer extends Timer, TimedEvent {
  readonly periodMs: number;
  readonly callback: () => void;
}

/**
 * Time as one machine sees it: it stands still until its timeline is told to move. Monotonic time
 * starts at 0; wall time is that plus an offset which a test may set, also backwards.
 */
export class VirtualTime implements Clock, Timers {
  /** Each reading of monotonic time takes so long: for work that is done until it is late. */
  readingMs = 0;
  readonly timeline: Timeline;
  /** What monotonic time began at, on the timeline. */
  private readonly startMs: number;
  private wallOffsetMs: number;
  private readonly timers = new Set<PendingTimer>();
  private turnEndCallbacks: (() => void)[] = [];
  private stalledUntilMs = Number.NEGATIVE_INFINITY;
  private isDead = false;

  /** @param timeline  of all machines of the simulation */
  constructor(wallStartMs: number, timeline = new Timeline()) {
    this.timeline = timeline;
    this.startMs = timeline.nowMs;
    this.wallOffsetMs = wallStartMs;
  }

  wallMs(): number {
    return Math.floor(this.timeline.nowMs + this.wallOffsetMs);
  }

  monotonicMs(): number {
    this.timeline.nowMs += this.readingMs;
    return this.timeline.nowMs - this.startMs;
  }

  setWallMs(wallMs: number): void {
    this.wallOffsetMs = wallMs - this.timeline.nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.add(delayMs, 0, callback);
  }

  every(periodMs: number, callback: () => void): Timer {
    assert(periodMs > 0, 'a period is positive');
    return this.add(periodMs, periodMs, callback);
  }

  atTurnEnd(callback: () => void): void {
    if (!this.isDead) this.turnEndCallbacks.push(callback);
  }

  /** Timers that have not fired and were not cancelled: what a stopped node must leave at 0. */
  get pendingTimerCount(): number {
    return this.timers.size;
  }

  /** The machine gets no processor: timers wait, and fire late. */
  get isStalled(): boolean {
    return this.stalledUntilMs > this.timeline.nowMs;
  }

  stall(ms: number): void {
    this.stalledUntilMs = Math.max(this.stalledUntilMs, this.timeline.nowMs + ms);
  }

  /** The process is gone: nothing that it asked for happens, and nothing it asks for any more. */
  kill(): void {
    this.isDead = true;
    for (const timer of [...this.timers]) this.drop(timer);
    this.turnEndCallbacks = [];
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

  private add(delayMs: number, periodMs: number, callback: () => void): Timer {
    const { timeline } = this;
    const timer: PendingTimer = {
      // Node fires no timer sooner than after 1 ms.
      dueMs: timeline.nowMs + Math.max(1, delayMs),
      order: timeline.takeOrder(),
      place: -1,
      periodMs,
      callback,
      fire: () => this.fire(timer),
      cancel: () => this.drop(timer),
    };
    if (this.isDead) return timer;
    this.timers.add(timer);
    timeline.addTimer(timer);
    return timer;
  }

  private fire(timer: PendingTimer): boolean {
    if (this.isStalled) {
      timer.dueMs = this.stalledUntilMs;
      this.timeline.addTimer(timer);
      return false;
    }
    if (timer.periodMs > 0) {
      timer.dueMs += timer.periodMs;
      this.timeline.addTimer(timer);
    } else {
      this.timers.delete(timer);
    }
    timer.callback();
    return true;
  }

  private drop(timer: PendingTimer): void {
    if (this.timers.delete(timer)) this.timeline.removeTimer(timer);
  }
}
