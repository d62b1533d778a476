import { assert } from '../../base/errors.ts';
import { hashBytes } from '../../base/hash.ts';
import { headerBytes, keyLength } from '../keyspace/entry.ts';
import { type HashIndex, raisedHash } from '../keyspace/hash-index.ts';
import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import {
  bucketOf,
  falsePositiveRate,
  PAGE_COUNT_MAX,
  pageCountFor,
  RECORD,
  RECORD_SHIFT,
} from './filter-layout.ts';
import { type FilterPlan, SCANNED_COUNT } from './filter-plan.ts';
import { FilterTables } from './filter-tables.ts';

/**
 * Says of a key whether it may be in its database or certainly is not: a cuckoo filter in many
 * small tables, found by the first bits of the key's hash as the index finds its own.
 *
 *     hash    [first bits: directory -> table | all 32, with the second hash: bucket]
 *     second  [first bits: fingerprint         | the rest: bucket]
 *
 * A fingerprint does not tell the key it is of, so a table that is too full or too empty is built
 * anew from the index, which lists the keys of any range of hashes: at most 5,000 keys at once, and
 * nothing else moves. The index always has the truth, so that no insertion can lose a key: one that
 * finds no place has its table built larger. Where that does not help, since memory refuses or too
 * many keys share one hash, the table is *saturated*: it stores nothing and says "may be" of every
 * key, until it has changed so much that building it is worth another trial.
 *
 * Invariant: for every key in the index `mayHold` is true. It holds between commands and within
 * them, since `add` follows the index's insertion and `remove` goes before its removal.
 */
export class KeyFilter {
  readonly plan: FilterPlan;
  readonly counts = new Float64Array(FILTER_COUNT_COUNT);
  readonly #memory: Memory;
  readonly #entries: HashIndex;
  readonly #tables: FilterTables;
  /** By hash >>> shift: table id. */
  #directory = new Uint32Array(2);
  /** 32 minus the directory's depth, which is at least 1. */
  #shift = 31;
  #itemCount = 0;

  constructor(plan: FilterPlan, entries: HashIndex, memory: Memory) {
    this.plan = plan;
    this.#entries = entries;
    this.#memory = memory;
    this.#tables = new FilterTables(plan.shape, memory);
  }

  get itemCount(): number {
    return this.#itemCount;
  }

  /** Slots there are. */
  get capacity(): number {
    return this.#tables.pageCount * this.plan.shape.pageSlots;
  }

  /** All that the filter takes: pages, which memory counts too as its blocks, and the rest. */
  get byteCount(): number {
    return this.#tables.pageCount * this.plan.shape.pageBytes + this.sideByteCount;
  }

  /** The part of byteCount that is not in memory. Four a word; `byteLength` would be a call. */
  get sideByteCount(): number {
    return (this.#directory.length + this.#tables.records.length) * 4;
  }

  get tableCount(): number {
    return this.#tables.tableCount;
  }

  /** The index has this entry since just now, under that hash. May allocate. */
  add(indexHash: number, entry: number): void {
    const keyHash = raisedHash(indexHash) | 0;
    this.counts[FILTER_COUNT.ADDS]++;
    this.#itemCount++;
    const record = this.#recordOf(keyHash);
    const { records } = this.#tables;
    const count = ++records[record + RECORD.COUNT];
    const bucketCount = records[record + RECORD.BUCKETS];
    if (count <= records[record + RECORD.GROW_AT]) {
      if (bucketCount === 0) {
        this.counts[FILTER_COUNT.FAILED_ADDS]++;
        return;
      }
      const second = this.#secondHashOf(entry);
      const bucket = bucketOf(keyHash, second, bucketCount);
      if (this.#tables.place(record, bucket, this.plan.fingerprintOf(second))) return;
    }
    this.#grow(keyHash);
    if (this.#tables.records[this.#recordOf(keyHash) + RECORD.BUCKETS] > 0) return;
    this.counts[FILTER_COUNT.FAILED_ADDS]++;
  }

  /** The index is about to lose the entry that it found last. May allocate. */
  remove(entry: number): void {
    this.counts[FILTER_COUNT.REMOVALS]++;
    this.#itemCount--;
    const keyHash = this.#entries.foundHash;
    const record = this.#recordOf(keyHash);
    const { records } = this.#tables;
    const count = --records[record + RECORD.COUNT];
    const bucketCount = records[record + RECORD.BUCKETS];
    if (bucketCount !== 0) {
      const second = this.#secondHashOf(entry);
      const bucket = bucketOf(keyHash, second, bucketCount);
      const isTaken = this.#tables.take(record, bucket, this.plan.fingerprintOf(second));
      assert(isTaken, 'the filter holds every key of the index');
    }
    if (count <= records[record + RECORD.SHRINK_AT]) this.#shrink(keyHash, entry);
  }

  /** False: no key with these bytes is in the index. Allocates nothing, locates nothing. */
  mayHold(indexHash: number, view: DataView, offset: number, length: number): boolean {
    const keyHash = raisedHash(indexHash) | 0;
    this.counts[FILTER_COUNT.LOOKUPS]++;
    const record = this.#recordOf(keyHash);
    const { records } = this.#tables;
    const bucketCount = records[record + RECORD.BUCKETS];
    if (bucketCount === 0) return records[record + RECORD.COUNT] > 0;
    const { seed2, seed3 } = this.plan;
    const second = hashBytes(view, offset, length, seed2, seed3);
    const bucket = bucketOf(keyHash, second, bucketCount);
    return this.#tables.holds(record, bucket, this.plan.fingerprintOf(second));
  }

  /** Expected share of absent keys of which `mayHold` is true, from how full the tables are now. */
  estimatedRate(): number {
    const { records } = this.#tables;
    const { bits, pageSlots } = this.plan.shape;
    let rate = 0;
    for (const id of this.#directory) {
      const record = id << RECORD_SHIFT;
      const count = records[record + RECORD.COUNT];
      const slotCount = records[record + RECORD.PAGES] * pageSlots;
      if (slotCount > 0) rate += falsePositiveRate(bits, count / slotCount);
      else if (count > 0) rate += 1;
    }
    return rate / this.#directory.length;
  }

  /** Compaction has moved a block of type FILTER_PAGE; memory is located at its new place. */
  relocatePage(to: number): void {
    this.#tables.onMove(to);
  }

  /** Forgets everything, in constant time. The pages go with `Memory.clear`, called beside. */
  clear(): void {
    this.#tables.forget();
    this.#directory = new Uint32Array(2);
    this.#shift = 31;
    this.#itemCount = 0;
  }

  #recordOf(keyHash: number): number {
    return this.#directory[keyHash >>> this.#shift] << RECORD_SHIFT;
  }

  #secondHashOf(entry: number): number {
    const memory = this.#memory;
    memory.locate(entry);
    const { view, base } = memory;
    const word0 = view.getUint32(base, true);
    const length = keyLength(view, base, word0);
    const { seed2, seed3 } = this.plan;
    return hashBytes(view, base + headerBytes(word0), length, seed2, seed3);
  }

  /** Builds the hash's table anew, larger, or as two. */
  #grow(keyHash: number): void {
    this.counts[FILTER_COUNT.GROWTHS]++;
    const id = this.#directory[keyHash >>> this.#shift];
    const record = id << RECORD_SHIFT;
    const depth = this.#tables.records[record + RECORD.DEPTH];
    const count = this.#gather(keyHash, depth, 0);
    const isWhole = count === this.#tables.records[record + RECORD.COUNT];
    assert(isWhole, 'the filter counts every key of the index');
    const pageCount = pageCountFor(count, this.plan.shape.pageSlots);
    if (pageCount > PAGE_COUNT_MAX && depth < DEPTH_MAX) this.#split(id, keyHash, count);
    else this.#build(id, 0, count);
  }

  #shrink(keyHash: number, leaving: number): void {
    const tables = this.#tables;
    while (this.#merge(keyHash, leaving)) {}
    const id = this.#directory[keyHash >>> this.#shift];
    const record = id << RECORD_SHIFT;
    const { records } = tables;
    const count = records[record + RECORD.COUNT];
    if (count > records[record + RECORD.SHRINK_AT]) return;
    const isSaturated = records[record + RECORD.BUCKETS] === 0;
    const pageCount = pageCountFor(count, this.plan.shape.pageSlots);
    if (isSaturated || pageCount < records[record + RECORD.PAGES]) {
      this.counts[FILTER_COUNT.SHRINKINGS]++;
      this.#build(id, 0, this.#gather(keyHash, records[record + RECORD.DEPTH], leaving));
    }
    if (count <= records[record + RECORD.SHRINK_AT]) {
      records[record + RECORD.SHRINK_AT] = Math.max(0, count - (count >>> 2) - 1);
    }
  }

  /** Two tables of a gathered one: its items below the middle of its hashes, and the others. */
  #split(id: number, keyHash: number, count: number): void {
    const tables = this.#tables;
    const depth = tables.records[(id << RECORD_SHIFT) + RECORD.DEPTH];
    const lowerCount = this.#partition(count, 1 << (31 - depth));
    const upperId = tables.takeId();
    tables.records[(id << RECORD_SHIFT) + RECORD.DEPTH] = depth + 1;
    tables.records[(upperId << RECORD_SHIFT) + RECORD.DEPTH] = depth + 1;
    if (depth === 32 - this.#shift) this.#doubleDirectory();
    this.#enter(upperId, keyHash | (1 << (31 - depth)), depth + 1);
    this.#build(id, 0, lowerCount);
    this.#build(upperId, lowerCount, count);
  }

  /** Merges the hash's table with its neighbour, when both are of one depth and small enough. */
  #merge(keyHash: number, leaving: number): boolean {
    const tables = this.#tables;
    const { records } = tables;
    const position = keyHash >>> this.#shift;
    const id = this.#directory[position];
    const depth = records[(id << RECORD_SHIFT) + RECORD.DEPTH];
    if (depth === 0) return false;
    const neighbourId = this.#directory[position ^ (1 << (32 - this.#shift - depth))];
    const neighbour = neighbourId << RECORD_SHIFT;
    if (records[neighbour + RECORD.DEPTH] !== depth) return false;
    const sum = records[(id << RECORD_SHIFT) + RECORD.COUNT] + records[neighbour + RECORD.COUNT];
    const pageCount = pageCountFor(sum, this.plan.shape.pageSlots);
    if (pageCount > PAGE_COUNT_MERGED_MAX) return false;
    this.counts[FILTER_COUNT.SHRINKINGS]++;
    tables.giveId(neighbourId);
    records[(id << RECORD_SHIFT) + RECORD.DEPTH] = depth - 1;
    this.#enter(id, keyHash, depth - 1);
    this.#build(id, 0, this.#gather(keyHash, depth - 1, leaving));
    this.#halveDirectory();
    return true;
  }

  /** Fills a table with gathered items [from, to), with as many pages as that takes. */
  #build(id: number, from: number, to: number): void {
    const { shape, builder } = this.plan;
    const tables = this.#tables;
    const count = to - from;
    tables.records[(id << RECORD_SHIFT) + RECORD.COUNT] = count;
    const wanted = Math.min(PAGE_COUNT_MAX, pageCountFor(count, shape.pageSlots));
    for (let pageCount = wanted; pageCount <= PAGE_COUNT_MAX; pageCount++) {
      if (pageCount * shape.pageSlots < count) break;
      if (!builder.build(from, to, pageCount << shape.pageShift)) continue;
      if (!tables.setPages(id, pageCount)) break;
      tables.write(id, builder.slots);
      return;
    }
    this.#saturate(id, count);
  }

  #saturate(id: number, count: number): void {
    const { records } = this.#tables;
    const record = id << RECORD_SHIFT;
    this.#tables.dropPages(id);
    records[record + RECORD.GROW_AT] = count + (count >>> 2) + 1;
    records[record + RECORD.SHRINK_AT] = Math.max(0, count - (count >>> 2) - 1);
  }

  /**
   * Hashes of all keys of the index whose hash begins as `keyHash` does, into the plan's arrays.
   * @param leaving  an entry that does not count any more, or 0
   */
  #gather(keyHash: number, depth: number, leaving: number): number {
    const { scanned } = this.plan;
    // A shift by 32 is one by 0.
    const spanShift = depth === 0 ? 0 : 32 - depth;
    const prefix = depth === 0 ? 0 : keyHash >>> spanShift;
    let count = 0;
    let cursor = depth === 0 ? 0 : (prefix << spanShift) >>> 0;
    do {
      cursor = this.#entries.scan(cursor, SCANNED_COUNT, scanned);
      this.#warm();
      for (let i = 0; i < scanned.count; i++) {
        const entry = scanned.addresses[i];
        if (entry !== leaving) count = this.#gatherEntry(entry, count, prefix, spanShift);
      }
    } while (cursor !== 0 && (depth === 0 || cursor >>> spanShift === prefix));
    return count;
  }

  /** @returns  the count of gathered items, one more unless the key's hash begins otherwise */
  #gatherEntry(entry: number, count: number, prefix: number, spanShift: number): number {
    const { seed0, seed1, seed2, seed3 } = this.plan;
    const memory = this.#memory;
    memory.locate(entry);
    const { view, base } = memory;
    const word0 = view.getUint32(base, true);
    const keyAt = base + headerBytes(word0);
    const length = keyLength(view, base, word0);
    const hash = raisedHash(hashBytes(view, keyAt, length, seed0, seed1)) | 0;
    if (spanShift !== 0 && hash >>> spanShift !== prefix) return count;
    this.plan.growTo(count);
    this.plan.hashes[count] = hash;
    this.plan.secondHashes[count] = hashBytes(view, keyAt, length, seed2, seed3);
    return count + 1;
  }

  /** Fetches the scanned entries into the cache, many at once instead of one by one. */
  #warm(): void {
    const { scanned } = this.plan;
    const { segments } = this.#memory;
    let seen = 0;
    for (let i = 0; i < scanned.count; i++) {
      const address = scanned.addresses[i];
      const segment = address >>> SEGMENT_SHIFT;
      if (segment < segments.length) seen ^= segments[segment].words[(address & PLACE_MASK) << 1];
    }
    this.#warmed ^= seen;
  }
  /** Keeps those loads from being optimised away. */
  #warmed = 0;

  /** Sorts gathered items by one bit of their hash; returns how many have it not. */
  #partition(count: number, bit: number): number {
    const { hashes, secondHashes } = this.plan;
    let lower = 0;
    let upper = count;
    while (lower < upper) {
      if ((hashes[lower] & bit) === 0) {
        lower++;
        continue;
      }
      upper--;
      const hash = hashes[lower];
      const second = secondHashes[lower];
      hashes[lower] = hashes[upper];
      secondHashes[lower] = secondHashes[upper];
      hashes[upper] = hash;
      secondHashes[upper] = second;
    }
    return lower;
  }

  /** Lets the directory's range of a prefix, the first `depth` bits, point to a table. */
  #enter(id: number, keyHash: number, depth: number): void {
    const spanBits = 32 - this.#shift - depth;
    const start = ((keyHash >>> this.#shift) >>> spanBits) << spanBits;
    this.#directory.fill(id, start, start + (1 << spanBits));
  }

  #doubleDirectory(): void {
    const old = this.#directory;
    const doubled = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at++) {
      doubled[at * 2] = old[at];
      doubled[at * 2 + 1] = old[at];
    }
    this.#directory = doubled;
    this.#shift--;
  }

  /** While no two neighbours in it differ. */
  #halveDirectory(): void {
    while (this.#shift < 31) {
      const old = this.#directory;
      for (let at = 0; at < old.length; at += 2) if (old[at] !== old[at + 1]) return;
      const halved = new Uint32Array(old.length / 2);
      for (let at = 0; at < halved.length; at++) halved[at] = old[at * 2];
      this.#directory = halved;
      this.#shift++;
    }
  }
}

export const FILTER_COUNT = {
  ADDS: 0,
  LOOKUPS: 1,
  REMOVALS: 2,
  GROWTHS: 3,
  SHRINKINGS: 4,
  FAILED_ADDS: 5,
  /** Of checks, by whoever knows the truth. */
  FALSE_POSITIVES: 6,
  TRUE_NEGATIVES: 7,
} as const;
const FILTER_COUNT_COUNT = 8;

/** Neighbours merge when together they need so few pages: then they do not soon split again. */
const PAGE_COUNT_MERGED_MAX = 6;
/** 1 MiB of directory: tables for a thousand million keys, if their hashes are spread. */
const DEPTH_MAX = 18;
