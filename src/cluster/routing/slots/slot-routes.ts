/**
 * Slots of the keys that commands name, in stores whose slots have owners of their own, and the
 * owners by the table.
 */
import { slotOfKey } from '../../../base/digest/key-slot.ts';
import { Frame } from '../../../base/frame.ts';
import { findCommand } from '../../../commands/acl/enforce.ts';
import type { CommandQueue } from '../../../commands/command-queue.ts';
import type { Command } from '../../../commands/command-table.ts';
import { findKeyPositions, KeyPositions } from '../../../commands/key-positions.ts';
import type { Session } from '../../../commands/session.ts';
import type { Ownership, OwnershipTable } from '../../placement/ownership.ts';
import { SlotSet } from '../../placement/slot-set.ts';
import type { SlotOwners } from './owner-slots.ts';

export const NO_SLOT = -1;
export const SEVERAL_SLOTS = -2;

export class SlotRoutes implements SlotOwners {
  /** Of the command that was looked at last. */
  readonly keys = new KeyPositions();
  private readonly ownership: Ownership;
  private readonly frame = new Frame();
  private groupedTable: OwnershipTable | null = null;
  private groups: ReadonlyMap<string, SlotSet> = new Map();

  constructor(ownership: Ownership) {
    this.ownership = ownership;
  }

  get tableDigest(): string {
    return this.ownership.table.digest;
  }

  get slotsByOwner(): ReadonlyMap<string, SlotSet> {
    const { table } = this.ownership;
    if (table === this.groupedTable) return this.groups;
    const groups = new Map<string, SlotSet>();
    for (const id of table.nodeIds) {
      const slots = new SlotSet();
      for (const slot of table.slotsOf(id)) slots.add(slot);
      if (slots.count > 0) groups.set(id, slots);
    }
    this.groups = groups;
    this.groupedTable = table;
    return groups;
  }

  slotOf(frame: Frame, command: Command): number {
    const { keys } = this;
    const count = findKeyPositions(command.row, frame, keys);
    let found = NO_SLOT;
    for (let i = 0; i < count; i++) {
      const slot = slotAt(frame, keys.positions[i]);
      if (found !== NO_SLOT && found !== slot) return SEVERAL_SLOTS;
      found = slot;
    }
    return found;
  }

  /** Of all commands of a transaction together. */
  slotOfQueue(session: Session, queue: CommandQueue): number {
    const { frame } = this;
    let found = NO_SLOT;
    while (queue.shift(frame)) {
      const command = findCommand(session, frame);
      const slot = command === null ? NO_SLOT : this.slotOf(frame, command);
      if (slot === NO_SLOT) continue;
      if (slot === SEVERAL_SLOTS || (found !== NO_SLOT && found !== slot)) found = SEVERAL_SLOTS;
      else found = slot;
      if (found === SEVERAL_SLOTS) break;
    }
    queue.rewind();
    return found;
  }

  readonly ownerOf = (slot: number): string => this.ownership.table.ownerOfSlot(slot);
}

export function slotAt({ bytes, lengths, offsets }: Frame, arg: number): number {
  return slotOfKey(bytes, offsets[arg], lengths[arg]);
}
