/**
 * The stamp of every key of one database, beside the engine: known by slot and by a tag, 27 bits of
 * a hash that is the same on all nodes. Two keys of a slot with one tag share a stamp, on all nodes
 * alike: one of them may be sent once too often.
 *
 * The stamp of a key that is gone stays, as a tombstone, until every member has passed it; that it
 * is *absent* is a bit beside. A flush is a floor: nothing at or below it counts, and no tombstone
 * is needed for it.
 *
 *     groups   1,024 of 16 slots each, made when the first key comes: see `stamp-group.ts`
 *
 * Digest and counts of a slot are kept with every change, so reading them costs nothing. A digest
 * is over tags and stamps; not over presence, for keys expire on each node by its own clock.
 */

import { SLOT_COUNT, slotOfKey } from '../../base/digest/key-slot.ts';
import { hashBytes } from '../../base/hash.ts';
import { LIMITS } from '../../base/limits.ts';
import { PurgeMarks } from './purge-marks.ts';
import { isNewer } from './stamp.ts';
import { GROUP_SLOT_COUNT, StampGroup, type StampVisit, TAG_HASH_BITS } from './stamp-group.ts';

const GROUP_COUNT = SLOT_COUNT / GROUP_SLOT_COUNT;
const HASH_MASK = 2 ** TAG_HASH_BITS - 1;

/** Two secret words, the same on all nodes of a cluster. */
export interface StampSeeds {
  readonly seed0: number;
  readonly seed1: number;
}

/** Where stamps of some keys lie: columns. */
export interface StampPlaces {
  readonly count: number;
  readonly slots: Uint16Array;
  readonly tags: Uint32Array;
}

export class StampTable {
  /** Nothing at or below counts: the last flush. */
  floorHigh = 0;
  floorLow = 0;
  /** Tombstones up to there were forgotten. */
  readonly purged = new PurgeMarks();
  /** No stamp of the table is later. 0: it never had one. */
  newestHigh = 0;
  newestLow = 0;
  /** What `find` found. */
  high = 0;
  low = 0;
  isAbsent = true;
  /** Where it did: a `put` of the same key follows, most often. */
  private foundAt = 0;
  private readonly seeds: StampSeeds;
  private groups: (StampGroup | null)[] = new Array(GROUP_COUNT).fill(null);
  private readonly places = {
    count: 0,
    slots: new Uint16Array(LIMITS.warmedKeyCountMax),
    tags: new Uint32Array(LIMITS.warmedKeyCountMax),
  };
  /** Keeps loads that were made only to fill the cache from being optimised away. */
  private warmed = 0;

  constructor(seeds: StampSeeds) {
    this.seeds = seeds;
  }

  /** The key is bytes[offset, offset + length). */
  slotOf(bytes: Uint8Array, offset: number, length: number): number {
    return slotOfKey(bytes, offset, length);
  }

  /** @param slot  of the same key: some bits of it are in the tag */
  tagOf(view: DataView, offset: number, length: number, slot: number): number {
    const { seed0, seed1 } = this.seeds;
    const hash = hashBytes(view, offset, length, seed0, seed1) & HASH_MASK;
    return ((slot & (GROUP_SLOT_COUNT - 1)) << TAG_HASH_BITS) | (hash === 0 ? 1 : hash);
  }

  /**
   * Sets `high`, `low` and `isAbsent`; of a key that is not known, the floor.
   * @returns whether it is known
   */
  find(slot: number, tag: number): boolean {
    const group = this.groups[slot >>> GROUP_SHIFT];
    const at = group === null ? -1 : group.find(tag);
    if (group === null || at < 0) {
      this.high = this.floorHigh;
      this.low = this.floorLow;
      this.isAbsent = true;
      this.foundAt = 0;
      return false;
    }
    this.high = group.cells[at + 1];
    this.low = group.cells[at + 2];
    this.isAbsent = group.isAbsentAt(at);
    this.foundAt = at;
    return true;
  }

  /**
   * Fetches stamps of several keys into the cache, for the `find`s and `put`s that follow: waiting
   * for one after the other is most of their cost. See `HashIndex.warm`.
   * @param count  at most LIMITS.warmedKeyCountMax
   */
  warm(
    bytes: Uint8Array,
    view: DataView,
    offsets: Uint32Array,
    lengths: Uint32Array,
    count: number,
  ): void {
    const { slots, tags } = this.places;
    for (let i = 0; i < count; i++) {
      const slot = slotOfKey(bytes, offsets[i], lengths[i]);
      slots[i] = slot;
      tags[i] = this.tagOf(view, offsets[i], lengths[i], slot);
    }
    this.places.count = count;
    this.warmPlaces(this.places);
  }

  /** The same, of keys whose slots and tags are known. */
  warmPlaces({ count, slots, tags }: StampPlaces): void {
    const { groups } = this;
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const group = groups[slots[i] >>> GROUP_SHIFT];
      if (group !== null) seen ^= group.touch(tags[i]);
    }
    this.warmed ^= seen;
  }

  /** Makes that the key's stamp, whatever it was before. */
  put(slot: number, tag: number, high: number, low: number, isAbsent: boolean): void {
    const index = slot >>> GROUP_SHIFT;
    let group = this.groups[index];
    if (group === null) {
      group = new StampGroup();
      this.groups[index] = group;
    }
    group.put(tag, high, low, isAbsent, this.foundAt);
    if (!isNewer(high, low, this.newestHigh, this.newestLow)) return;
    this.newestHigh = high;
    this.newestLow = low;
  }

  /** The key is there no more, or again; its stamp stays. */
  mark(slot: number, tag: number, isAbsent: boolean): void {
    const group = this.groups[slot >>> GROUP_SHIFT];
    const at = group === null ? -1 : group.find(tag);
    if (group !== null && at >= 0) group.markAt(at, isAbsent);
  }

  /** Forgets the key. */
  drop(slot: number, tag: number): void {
    const group = this.groups[slot >>> GROUP_SHIFT];
    const at = group === null ? -1 : group.find(tag);
    if (group !== null && at >= 0) group.removeAt(at);
  }

  digestLeft(slot: number): number {
    const group = this.groups[slot >>> GROUP_SHIFT];
    return group === null ? 0 : group.digestLeft(slot & SLOT_MASK);
  }

  digestRight(slot: number): number {
    const group = this.groups[slot >>> GROUP_SHIFT];
    return group === null ? 0 : group.digestRight(slot & SLOT_MASK);
  }

  /** Of slots from that on, the first that may have entries; SLOT_COUNT: none has. */
  nextUsed(slot: number): number {
    const { groups } = this;
    let index = slot >>> GROUP_SHIFT;
    if (index < GROUP_COUNT && groups[index] !== null) return slot;
    while (++index < GROUP_COUNT) if (groups[index] !== null) return index << GROUP_SHIFT;
    return SLOT_COUNT;
  }

  /** Entries of a slot, tombstones included. */
  entryCountOf(slot: number): number {
    return this.groups[slot >>> GROUP_SHIFT]?.entryCount(slot & SLOT_MASK) ?? 0;
  }

  /** Keys of a slot. */
  presentCountOf(slot: number): number {
    return this.groups[slot >>> GROUP_SHIFT]?.presentCount(slot & SLOT_MASK) ?? 0;
  }

  /** Calls for each entry of a slot; nothing may be changed meanwhile. */
  entriesOf(slot: number, visit: StampVisit): void {
    this.groups[slot >>> GROUP_SHIFT]?.visit(slot & SLOT_MASK, visit);
  }

  /** Nothing was ever stamped, flushed or forgotten: it says nothing. */
  get isUnused(): boolean {
    return this.isBlank && this.floorHigh === 0 && this.purged.isUnused;
  }

  /** Nothing was ever stamped. */
  get isBlank(): boolean {
    return (this.newestHigh | this.newestLow) === 0;
  }

  /** Entries of all slots, tombstones included. */
  get count(): number {
    return this.groups.reduce((sum, group) => sum + (group?.count ?? 0), 0);
  }

  get byteCount(): number {
    return this.groups.reduce((sum, group) => sum + (group?.byteCount ?? 0), GROUP_COUNT * 8);
  }

  /** Forgets tombstones that are not later than their slots' marks, of [from, to): whole groups. */
  purge(from = 0, to = SLOT_COUNT): void {
    const { purged } = this;
    for (let index = from >>> GROUP_SHIFT; index < to >>> GROUP_SHIFT; index++) {
      this.groups[index]?.purge((inGroup, high, low) => {
        purged.find((index << GROUP_SHIFT) + inGroup);
        return !isNewer(high, low, purged.high, purged.low);
      });
    }
  }

  /** Forgets all of those slots among [from, to): whole groups. */
  dropSlots(isDropped: (slot: number) => boolean, from: number, to: number): void {
    for (let slot = from; slot < to; slot++) if (isDropped(slot)) this.purged.clear(slot);
    for (let index = from >>> GROUP_SHIFT; index < to >>> GROUP_SHIFT; index++) {
      this.groups[index]?.dropSlots((inGroup) => isDropped((index << GROUP_SHIFT) + inGroup));
    }
  }

  /** Nothing at or below that stamp counts any more. */
  raiseFloor(high: number, low: number): void {
    if (!isNewer(high, low, this.floorHigh, this.floorLow)) return;
    this.floorHigh = high;
    this.floorLow = low;
    if (isNewer(this.newestHigh, this.newestLow, high, low)) {
      for (const group of this.groups) group?.dropUntil(high, low);
    } else {
      this.groups = new Array(GROUP_COUNT).fill(null);
    }
  }
}

const GROUP_SHIFT = Math.log2(GROUP_SLOT_COUNT);
const SLOT_MASK = GROUP_SLOT_COUNT - 1;
