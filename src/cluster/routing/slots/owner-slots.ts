import { SlotSet } from '../../placement/slot-set.ts';

/** The owners of all slots, by some table. */
export interface SlotOwners {
  readonly tableDigest: string;
  /** In an order that is the same on all nodes. */
  readonly slotsByOwner: ReadonlyMap<string, SlotSet>;
  readonly ownerOf: (slot: number) => string;
}

export function groupByOwner(
  slots: Pick<SlotSet, 'each'>,
  ownerOf: (slot: number) => string,
): Map<string, SlotSet> {
  const groups = new Map<string, SlotSet>();
  slots.each((slot) => {
    const owner = ownerOf(slot);
    const known = groups.get(owner) ?? new SlotSet();
    known.add(slot);
    groups.set(owner, known);
  });
  return groups;
}

/** -1: it is empty. */
export function firstOf(slots: SlotSet): number {
  let first = -1;
  slots.each((slot) => {
    if (first < 0) first = slot;
  });
  return first;
}
