import { EventHeap, type HeapEntry } from './event-heap.ts';

/** Something that happens at its moment, for whoever it concerns. */
export interface TimedEvent extends HeapEntry {
  /**
   * Called when it is due. It is off the heap by then.
   * @returns false: it was put off, and nothing happened
   */
  fire(): boolean;
}

/**
 * The one time of all machines of a simulation: it stands still until it is told to move. Timers of
 * programs and what the cables carry are kept apart: within a turn that takes no time, what has
 * arrived is there, but no timer fires.
 */
export class Timeline {
  nowMs = 0;
  /** Somebody's promise was settled: those that wait for it run before time moves on. */
  hasSettled = false;
  private readonly timers = new EventHeap<TimedEvent>();
  private readonly deliveries = new EventHeap<TimedEvent>();
  private eventCount = 0;

  takeOrder(): number {
    return this.eventCount++;
  }

  addTimer(timer: TimedEvent): void {
    this.timers.push(timer);
  }

  removeTimer(timer: TimedEvent): void {
    this.timers.remove(timer);
  }

  /** @param atMs  now or later */
  deliverAt(atMs: number, act: () => void): void {
    this.deliveries.push({
      dueMs: atMs,
      order: this.takeOrder(),
      place: -1,
      fire: () => {
        act();
        return true;
      },
    });
  }

  /** Lets arrive what is due now. */
  deliverDue(): boolean {
    let didAnything = false;
    for (;;) {
      const next = this.deliveries.first;
      if (next === null || next.dueMs > this.nowMs) return didAnything;
      this.deliveries.remove(next);
      next.fire();
      didAnything = true;
    }
  }

  /** Moves to the next event due by `limitMs` and lets it happen; or to `limitMs` if none is. */
  fireNext(limitMs: number): boolean {
    for (;;) {
      const next = this.chooseNext();
      if (next === null || next.dueMs > limitMs) {
        this.nowMs = Math.max(this.nowMs, limitMs);
        return false;
      }
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      (next === this.timers.first ? this.timers : this.deliveries).remove(next);
      if (next.fire()) return true;
    }
  }

  private chooseNext(): TimedEvent | null {
    const timer = this.timers.first;
    const delivery = this.deliveries.first;
    if (timer === null || delivery === null) return timer ?? delivery;
    const isLater = delivery.dueMs > timer.dueMs;
    return isLater || (delivery.dueMs === timer.dueMs && delivery.order > timer.order)
      ? timer
      : delivery;
  }
}
