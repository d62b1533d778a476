/**
 * How far the other nodes have come with the changes of one store, and who waits for them. A node
 * that starts anew begins at 0 again; one that is not heard keeps what it has acknowledged.
 */
import type { Timer, Timers } from '../../../base/world.ts';

/**
 * Nodes of which those are counted that have come so far: of several groups, in the one that has
 * the fewest of them. Null: all other nodes.
 */
export type Counted = readonly (readonly string[])[] | null;

interface Waiter {
  readonly position: number;
  readonly nodeCount: number;
  readonly counted: Counted;
  readonly done: (isMet: boolean) => void;
  timer: Timer | null;
}

export class Acknowledgements {
  private readonly timers: Timers;
  private readonly onWait: () => void;
  private readonly positions = new Map<string, number>();
  private readonly waiters = new Set<Waiter>();

  /** @param onWait  somebody waits: the nodes are to be asked */
  constructor(timers: Timers, onWait: () => void) {
    this.timers = timers;
    this.onWait = onWait;
  }

  /** Somebody waits. */
  get areAwaited(): boolean {
    return this.waiters.size > 0;
  }

  /** What that node has acknowledged; 0: nothing. */
  positionOf(nodeId: string): number {
    return this.positions.get(nodeId) ?? 0;
  }

  /** Nodes that have applied everything up to there. */
  countAt(position: number, counted: Counted): number {
    if (counted === null) return this.countOf(this.positions.keys(), position);
    if (counted.length === 0) return 0;
    return Math.min(...counted.map((nodeIds) => this.countOf(nodeIds, position)));
  }

  note(nodeId: string, position: number): void {
    if (position <= this.positionOf(nodeId)) return;
    this.positions.set(nodeId, position);
    if (this.waiters.size > 0) this.settle();
  }

  /** It has started anew, or belongs to the cluster no more. */
  forget(nodeId: string): void {
    this.positions.delete(nodeId);
  }

  /** Calls when so many nodes have come to there, or the time is up (0: it never is). */
  wait(
    position: number,
    { counted, nodeCount, timeoutMs }: { counted: Counted; nodeCount: number; timeoutMs: number },
    done: (isMet: boolean) => void,
  ): void {
    if (this.countAt(position, counted) >= nodeCount) return done(true);
    const waiter: Waiter = { position, nodeCount, counted, done, timer: null };
    this.waiters.add(waiter);
    if (timeoutMs > 0) {
      waiter.timer = this.timers.after(timeoutMs, () => {
        this.waiters.delete(waiter);
        done(false);
      });
    }
    this.onWait();
  }

  stop(): void {
    for (const waiter of this.waiters) waiter.timer?.cancel();
    this.waiters.clear();
  }

  private countOf(nodeIds: Iterable<string>, position: number): number {
    let count = 0;
    for (const id of nodeIds) if (this.positionOf(id) >= position) count++;
    return count;
  }

  private settle(): void {
    for (const waiter of [...this.waiters]) {
      if (this.countAt(waiter.position, waiter.counted) < waiter.nodeCount) continue;
      waiter.timer?.cancel();
      this.waiters.delete(waiter);
      waiter.done(true);
    }
  }
}
