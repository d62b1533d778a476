/**
 * Who has a copy of a slot that this node is to take, looked for slot by slot in one go: nodes that
 * held it by the present table or by one of those before, can be reached, and were not asked in
 * vain. Within a run of slots that are alike nothing is looked up anew.
 */
import { endOfRuns, type OwnershipTable } from '../../placement/ownership.ts';
import type { SlotSet } from '../../placement/slot-set.ts';

/** A node, and the slots of which it has no more than this one. */
interface Candidate {
  readonly id: string;
  readonly passedOver: SlotSet | null;
}

export class HolderSearch {
  private readonly nodeId: string;
  private readonly tables: readonly OwnershipTable[];
  private readonly passedOver: ReadonlyMap<string, SlotSet>;
  private readonly isReachable: (nodeId: string) => boolean;
  /** For the slots of [runStart, runEnd). */
  private candidates: Candidate[] = [];
  private runStart = 0;
  private runEnd = 0;

  constructor(options: {
    nodeId: string;
    /** The present one first. */
    tables: readonly OwnershipTable[];
    passedOver: ReadonlyMap<string, SlotSet>;
    isReachable: (nodeId: string) => boolean;
  }) {
    this.nodeId = options.nodeId;
    this.tables = options.tables;
    this.passedOver = options.passedOver;
    this.isReachable = options.isReachable;
  }

  /** @returns '' when there is none */
  find(slot: number): string {
    if (slot < this.runStart || slot >= this.runEnd) this.beginRun(slot);
    for (const { id, passedOver } of this.candidates) {
      if (passedOver === null || !passedOver.has(slot)) return id;
    }
    return '';
  }

  private beginRun(slot: number): void {
    const { isReachable, nodeId, passedOver, tables } = this;
    this.runStart = slot;
    this.runEnd = endOfRuns(slot, tables);
    const ids = new Set(tables.flatMap((table) => table.holdersOfSlot(slot)));
    this.candidates = [...ids]
      .filter((id) => id !== nodeId && isReachable(id))
      .map((id) => ({ id, passedOver: passedOver.get(id) ?? null }));
  }
}
