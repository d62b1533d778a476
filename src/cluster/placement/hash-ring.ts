/**
 * A consistent-hash ring: each node lies at 256 places that follow from its id alone, and what is
 * placed belongs to the first node at or after its own place. So a node that joins takes a little
 * of each other one, and when it leaves each gets that back.
 *
 *     0 ----- b:17 ---- a:3 ------ c:200 ----- a:91 ----- ... 2^53
 *                 [ these are a's )[ these are c's  )
 *
 * Places are the upper 53 bits of xxhash64, which a number holds exactly: for slots, whose lower 50
 * bits are 0, that is the same order as with all 64.
 */

import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { xxhash64Upper } from '../../base/digest/xxhash64.ts';

export const PLACES_PER_NODE = 256;
/** A node gets at most so much of the mean. Without it the largest of 16 has 1.11 of it. */
const LOAD_MAX = 1.05;
/** Slot s lies at s << 50 of 64 bits. */
const SLOT_STEP = 2 ** 39;

/** What each slot has, and up to where those behind it have the same. Not to be changed. */
export interface SlotColumn<Value> {
  readonly values: ArrayLike<Value>;
  /** First slot behind the run of equal ones. */
  readonly ends: Uint16Array;
}

export class HashRing {
  /** Sorted; a node is known by its index in here. */
  readonly nodeIds: readonly string[];
  private readonly places: Float64Array;
  /** The node at each place. */
  private readonly owners: Uint16Array;
  /** By whether they are bounded. */
  private readonly ownersFound = new Map<boolean, SlotColumn<number>>();
  /** By how many. */
  private readonly holdersFound = new Map<number, SlotColumn<readonly string[]>>();

  /**
   * The ring of those nodes. What ids give never changes, and nodes come and go: the last few rings
   * are kept, and what was asked of them.
   * @param nodeIds  sorted, at least one, at most 65,535
   */
  static of(nodeIds: readonly string[]): HashRing {
    const key = nodeIds.join('\n');
    const ring = ringsByIds.get(key) ?? new HashRing(nodeIds);
    // The one that was asked for last is the last to go.
    ringsByIds.delete(key);
    ringsByIds.set(key, ring);
    const [oldest] = ringsByIds.keys();
    if (ringsByIds.size > KNOWN_RING_COUNT_MAX) ringsByIds.delete(oldest);
    return ring;
  }

  private constructor(nodeIds: readonly string[]) {
    this.nodeIds = nodeIds;
    const count = nodeIds.length * PLACES_PER_NODE;
    const unsorted = new Float64Array(count);
    for (const [node, id] of nodeIds.entries()) unsorted.set(placesOf(id), node * PLACES_PER_NODE);
    // Two at the same place: the smaller id comes first, on every node.
    const order = Uint32Array.from(unsorted.keys());
    order.sort((a, b) => unsorted[a] - unsorted[b] || a - b);
    this.places = new Float64Array(count);
    this.owners = new Uint16Array(count);
    for (let i = 0; i < count; i++) {
      this.places[i] = unsorted[order[i]];
      this.owners[i] = Math.floor(order[i] / PLACES_PER_NODE);
    }
  }

  /** @returns index of the node that a name belongs to */
  ownerOf(name: string): number {
    return this.owners[this.find(placeOf(name))];
  }

  /**
   * The nodes of all slots, in the order of the slots.
   * @param isBounded  a node that has its share is passed over, and the next one on the ring takes
   *                   the slot
   * @returns          index of the owner of each
   */
  ownersOfSlots(isBounded: boolean): SlotColumn<number> {
    const owners = this.ownersFound.get(isBounded) ?? columnOf(this.findOwners(isBounded));
    this.ownersFound.set(isBounded, owners);
    return owners;
  }

  /**
   * The nodes that hold each slot, in the order of the slots: its owner where none is passed over,
   * and the next distinct ones on the ring. Slots in front of one place have one list.
   * @returns  ids, `count` for each slot
   */
  holdersOfSlots(count: number): SlotColumn<readonly string[]> {
    const holders = this.holdersFound.get(count) ?? columnOf(this.findHolders(count));
    this.holdersFound.set(count, holders);
    return holders;
  }

  private findOwners(isBounded: boolean): Uint16Array {
    const { places, owners, nodeIds } = this;
    const loadMax = isBounded ? LOAD_MAX : nodeIds.length;
    const slotCountMax = Math.ceil((SLOT_COUNT / nodeIds.length) * loadMax);
    const slotCounts = new Uint32Array(nodeIds.length);
    const ownersOfSlots = new Uint16Array(SLOT_COUNT);
    let first = 0;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      while (first < places.length && places[first] < slot * SLOT_STEP) first++;
      let at = first % places.length;
      while (slotCounts[owners[at]] === slotCountMax) at = (at + 1) % places.length;
      const owner = owners[at];
      slotCounts[owner]++;
      ownersOfSlots[slot] = owner;
    }
    return ownersOfSlots;
  }

  private findHolders(count: number): (readonly string[])[] {
    const { places } = this;
    const lists = new Map<string, readonly string[]>();
    const holdersOfSlots: (readonly string[])[] = [];
    let list: readonly string[] = [];
    let first = -1;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const before = first;
      first = Math.max(first, 0);
      while (first < places.length && places[first] < slot * SLOT_STEP) first++;
      if (first !== before) list = this.holdersFrom(first % places.length, count, lists);
      holdersOfSlots.push(list);
    }
    return holdersOfSlots;
  }

  /** @param lists  all that were made: each is made once */
  private holdersFrom(
    first: number,
    count: number,
    lists: Map<string, readonly string[]>,
  ): readonly string[] {
    const { nodeIds, owners } = this;
    const holders = new Set<number>();
    for (let step = 0; step < owners.length && holders.size < count; step++) {
      holders.add(owners[(first + step) % owners.length]);
    }
    const key = [...holders].join();
    const list = lists.get(key) ?? [...holders].map((node) => nodeIds[node]);
    lists.set(key, list);
    return list;
  }

  /** Index of the first place at or after that one; behind the last comes the first. */
  private find(place: number): number {
    const { places } = this;
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (places[middle] < place) low = middle + 1;
      else high = middle;
    }
    return low % places.length;
  }
}

function columnOf<Value>(values: ArrayLike<Value>): SlotColumn<Value> {
  const ends = new Uint16Array(SLOT_COUNT);
  for (let slot = SLOT_COUNT - 1; slot >= 0; slot--) {
    ends[slot] = values[slot] === values[slot + 1] ? ends[slot + 1] : slot + 1;
  }
  return { values, ends };
}

/** Of the table before, of the one to come, and a few more: 0.2 MB each, and 2.5 KiB a node. */
const ringsByIds = new Map<string, HashRing>();
const KNOWN_RING_COUNT_MAX = 16;

/** What an id gives never changes: 2 KiB of each are kept, since nodes come and go. */
const placesById = new Map<string, Float64Array>();
const KNOWN_ID_COUNT_MAX = 1_024;

function placesOf(id: string): Float64Array {
  const known = placesById.get(id);
  if (known !== undefined) return known;
  const places = Float64Array.from({ length: PLACES_PER_NODE }, (_, i) => placeOf(`${id}:${i}`));
  if (placesById.size === KNOWN_ID_COUNT_MAX) placesById.clear();
  placesById.set(id, places);
  return places;
}

function placeOf(name: string): number {
  const bytes = Buffer.from(name, 'utf8');
  return xxhash64Upper(bytes, 0, bytes.length);
}
