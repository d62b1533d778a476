import { SLOT_COUNT } from '../../../base/digest/key-slot.ts';
import { endOfRuns, type Ownership, type OwnershipTable } from '../../placement/ownership.ts';
import type { Audience } from '../effect-stream.ts';
import type { Counted } from './acknowledgements.ts';
import { EVERY_SLOT } from './record-slots.ts';

/**
 * Who is told of what this node executes, where not every node holds every key: the holders of the
 * slot, and nodes that are not in the table yet, since they fill what they will hold.
 */
export class SlotAudience implements Audience {
  private readonly nodeId: string;
  private readonly ownership: Ownership;
  /** Of `groupedBy`. */
  private groups: readonly (readonly string[])[] = [];
  private groupedBy: OwnershipTable | null = null;

  constructor(nodeId: string, ownership: Ownership) {
    this.nodeId = nodeId;
    this.ownership = ownership;
  }

  hears(nodeId: string, slot: number): boolean {
    return isTold(this.ownership.table, nodeId, slot);
  }

  /** Slots that this node owns have come to that node, of which it was not told before. */
  hasGained(nodeId: string, before: OwnershipTable): boolean {
    const { table } = this.ownership;
    const tables = [table, before];
    for (let slot = 0; slot < SLOT_COUNT; slot = endOfRuns(slot, tables)) {
      const isMine = table.ownerOfSlot(slot) === this.nodeId;
      if (isMine && isTold(table, nodeId, slot) && !isTold(before, nodeId, slot)) return true;
    }
    return false;
  }

  /** Who is to acknowledge a change of the slot, or, of EVERY_SLOT, of any that this node owns. */
  countedOf(slot: number): Counted {
    const { table } = this.ownership;
    if (slot !== EVERY_SLOT) return [this.othersOf(table.holdersOfSlot(slot))];
    if (this.groupedBy !== table) {
      this.groupedBy = table;
      const lists = new Set(table.slotsOf(this.nodeId).map((owned) => table.holdersOfSlot(owned)));
      this.groups = [...lists].map((list) => this.othersOf(list));
    }
    return this.groups;
  }

  private othersOf(nodeIds: readonly string[]): readonly string[] {
    return nodeIds.filter((id) => id !== this.nodeId);
  }
}

function isTold(table: OwnershipTable, nodeId: string, slot: number): boolean {
  return !table.nodeIds.includes(nodeId) || table.isHolder(nodeId, slot);
}
