import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import {
  BUCKET_SLOTS,
  type FilterShape,
  LOAD_MAX,
  otherBucket,
  PAGE_HEADER_WORDS,
  pageHeader,
  RECORD,
  RECORD_SHIFT,
} from './filter-layout.ts';

/**
 * The tables of a filter (`filter-layout.ts`) by id, and what can be done in one of them: a
 * fingerprint is in one of two buckets, `bucket` and `(spread(fingerprint) - bucket) mod buckets`.
 * That is its own inverse for any number of buckets, so that tables need not be powers of two and
 * either bucket tells the other without the key.
 *
 * @source  Fan, Andersen, Kaminsky, Mitzenmacher: Cuckoo Filter: Practically Better Than Bloom,
 *          CoNEXT 2014; the inverse for any number of buckets is ours
 */
export class FilterTables {
  /** By table id << RECORD_SHIFT. */
  records = new Uint32Array(1 << RECORD_SHIFT);
  pageCount = 0;
  readonly shape: FilterShape;
  readonly #memory: Memory;
  readonly #bits: number;
  readonly #mask: number;
  readonly #bucketBits: number;
  readonly #pageShift: number;
  readonly #pageMask: number;
  readonly #vacantIds: number[] = [];
  #idCount = 1;
  /** Chooses who is kicked out. */
  #random = 1;

  constructor(shape: FilterShape, memory: Memory) {
    this.shape = shape;
    this.#memory = memory;
    this.#bits = shape.bits;
    this.#mask = shape.fingerprintCount;
    this.#bucketBits = shape.bits * BUCKET_SLOTS;
    this.#pageShift = shape.pageShift;
    this.#pageMask = (1 << shape.pageShift) - 1;
  }

  get tableCount(): number {
    return this.#idCount - this.#vacantIds.length;
  }

  get idCount(): number {
    return this.#idCount;
  }

  /** Whether the fingerprint is in one of its two buckets. */
  holds(record: number, bucket: number, fingerprint: number): boolean {
    const bucketCount = this.records[record + RECORD.BUCKETS];
    if (this.#slotOf(record, bucket, fingerprint) >= 0) return true;
    const other = otherBucket(bucket, fingerprint, bucketCount);
    return this.#slotOf(record, other, fingerprint) >= 0;
  }

  /**
   * Puts a fingerprint into the table.
   * @returns false when there is no place for it. Then another one may have lost its own: the table
   *   has to be built anew
   */
  place(record: number, bucket: number, fingerprint: number): boolean {
    const bucketCount = this.records[record + RECORD.BUCKETS];
    if (this.#put(record, bucket, fingerprint)) return true;
    const other = otherBucket(bucket, fingerprint, bucketCount);
    if (this.#put(record, other, fingerprint)) return true;
    if (this.#displace(record, bucket, fingerprint, bucketCount)) return true;
    return this.#makePlace(record, other, fingerprint, bucketCount);
  }

  /** Kicks fingerprints from bucket to bucket until one finds a place. */
  #makePlace(record: number, bucket: number, fingerprint: number, bucketCount: number): boolean {
    let moved = fingerprint;
    let at = bucket;
    for (let kick = 0; kick < KICK_COUNT_MAX; kick++) {
      if (this.#displace(record, at, moved, bucketCount)) return true;
      this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) | 0;
      moved = this.#exchange(record, at, this.#random >>> 30, moved);
      at = otherBucket(at, moved, bucketCount);
    }
    return false;
  }

  /**
   * Puts the fingerprint in place of one that has an empty slot in its other bucket. Four buckets
   * whose addresses do not depend on one another: their loads overlap, those of a walk do not.
   */
  #displace(record: number, bucket: number, fingerprint: number, bucketCount: number): boolean {
    for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
      const moved = this.#read(record, bucket, slot);
      if (!this.#put(record, otherBucket(bucket, moved, bucketCount), moved)) continue;
      this.#exchange(record, bucket, slot, fingerprint);
      return true;
    }
    return false;
  }

  /** Takes one copy of the fingerprint out; false when there is none. */
  take(record: number, bucket: number, fingerprint: number): boolean {
    let at = bucket;
    let slot = this.#slotOf(record, at, fingerprint);
    if (slot < 0) {
      at = otherBucket(bucket, fingerprint, this.records[record + RECORD.BUCKETS]);
      slot = this.#slotOf(record, at, fingerprint);
    }
    if (slot < 0) return false;
    this.#exchange(record, at, slot, 0);
    return true;
  }

  /**
   * Gives the table so many pages, whatever is in them, to be written next.
   * @returns false when memory refuses: the table has none then
   */
  setPages(id: number, pageCount: number): boolean {
    const record = id << RECORD_SHIFT;
    const { records, shape } = this;
    for (let page = records[record + RECORD.PAGES]; page > pageCount; page--) {
      this.#freePage(record, page - 1);
    }
    for (let page = records[record + RECORD.PAGES]; page < pageCount; page++) {
      if (this.#allocatePage(record, page)) continue;
      this.dropPages(id);
      return false;
    }
    records[record + RECORD.BUCKETS] = pageCount << shape.pageShift;
    const slotCount = pageCount * shape.pageSlots;
    records[record + RECORD.GROW_AT] = Math.floor(slotCount * LOAD_MAX);
    records[record + RECORD.SHRINK_AT] = slotCount >>> (pageCount === 1 ? 2 : 1);
    return true;
  }

  /** Packs fingerprints, one a word, into the table's pages: as many as they have slots for. */
  write(id: number, slots: Uint32Array): void {
    const record = id << RECORD_SHIFT;
    const bits = this.#bits;
    let slot = 0;
    for (let page = 0; page < this.records[record + RECORD.PAGES]; page++) {
      const address = this.records[record + page];
      const { words } = this.#memory.segments[address >>> SEGMENT_SHIFT];
      let at = ((address & PLACE_MASK) << 1) + PAGE_HEADER_WORDS;
      let word = 0;
      let filled = 0;
      for (const end = slot + this.shape.pageSlots; slot < end; slot++) {
        const fingerprint = slots[slot];
        word |= fingerprint << filled;
        filled += bits;
        if (filled < 32) continue;
        words[at++] = word;
        filled -= 32;
        // What did not fit any more; a shift by 32 would be one by 0.
        word = filled === 0 ? 0 : fingerprint >>> (bits - filled);
      }
    }
  }

  dropPages(id: number): void {
    const record = id << RECORD_SHIFT;
    for (let page = this.records[record + RECORD.PAGES]; page > 0; page--) {
      this.#freePage(record, page - 1);
    }
    this.records[record + RECORD.BUCKETS] = 0;
  }

  /** A new table without pages. */
  takeId(): number {
    const vacant = this.#vacantIds.pop();
    if (vacant !== undefined) return vacant;
    if (this.#idCount << RECORD_SHIFT === this.records.length) {
      const grown = new Uint32Array(this.records.length * 2);
      grown.set(this.records);
      this.records = grown;
    }
    return this.#idCount++;
  }

  giveId(id: number): void {
    this.dropPages(id);
    this.records.fill(0, id << RECORD_SHIFT, (id + 1) << RECORD_SHIFT);
    this.#vacantIds.push(id);
  }

  /** Compaction has moved a page; memory is located at its new place. */
  onMove(to: number): void {
    this.records[this.#memory.view.getUint32(this.#memory.base + 4, true)] = to;
  }

  /** Forgets all tables without freeing their pages; one empty one is left. */
  forget(): void {
    this.records = new Uint32Array(1 << RECORD_SHIFT);
    this.pageCount = 0;
    this.#vacantIds.length = 0;
    this.#idCount = 1;
  }

  #allocatePage(record: number, page: number): boolean {
    const memory = this.#memory;
    const address = memory.allocate(this.shape.pageBytes);
    if (address === 0) return false;
    memory.view.setUint32(memory.base, pageHeader(this.shape.pageBytes), true);
    memory.view.setUint32(memory.base + 4, record + page, true);
    this.records[record + page] = address;
    this.records[record + RECORD.PAGES] = page + 1;
    this.pageCount++;
    return true;
  }

  #freePage(record: number, page: number): void {
    this.#memory.free(this.records[record + page], this.shape.pageBytes);
    this.records[record + page] = 0;
    this.records[record + RECORD.PAGES] = page;
    this.pageCount--;
  }

  /** First bit of a bucket, counted from its segment's first. */
  #firstBit(address: number, bucket: number): number {
    const start = ((address & PLACE_MASK) << 1) + PAGE_HEADER_WORDS;
    return (start << 5) + (bucket & this.#pageMask) * this.#bucketBits;
  }

  /** Which slot of the bucket has that fingerprint, -1 for none. */
  #slotOf(record: number, bucket: number, fingerprint: number): number {
    const address = this.records[record + (bucket >>> this.#pageShift)];
    const { words } = this.#memory.segments[address >>> SEGMENT_SHIFT];
    const bits = this.#bits;
    const mask = this.#mask;
    let bit = this.#firstBit(address, bucket);
    for (let slot = 0; slot < BUCKET_SLOTS; slot++) {
      if (readBits(words, bit, bits, mask) === fingerprint) return slot;
      bit += bits;
    }
    return -1;
  }

  /** Puts the fingerprint into an empty slot of the bucket, if there is one. */
  #put(record: number, bucket: number, fingerprint: number): boolean {
    const slot = this.#slotOf(record, bucket, 0);
    if (slot < 0) return false;
    this.#exchange(record, bucket, slot, fingerprint);
    return true;
  }

  #read(record: number, bucket: number, slot: number): number {
    const address = this.records[record + (bucket >>> this.#pageShift)];
    const { words } = this.#memory.segments[address >>> SEGMENT_SHIFT];
    const bit = this.#firstBit(address, bucket) + slot * this.#bits;
    return readBits(words, bit, this.#bits, this.#mask);
  }

  /** Writes a slot; returns what was in it. */
  #exchange(record: number, bucket: number, slot: number, fingerprint: number): number {
    const address = this.records[record + (bucket >>> this.#pageShift)];
    const { words } = this.#memory.segments[address >>> SEGMENT_SHIFT];
    const bit = this.#firstBit(address, bucket) + slot * this.#bits;
    const was = readBits(words, bit, this.#bits, this.#mask);
    const change = was ^ fingerprint;
    const at = bit >>> 5;
    const shift = bit & 31;
    words[at] ^= change << shift;
    if (shift + this.#bits > 32) words[at + 1] ^= change >>> (32 - shift);
    return was;
  }
}

function readBits(words: Uint32Array, bit: number, bits: number, mask: number): number {
  const at = bit >>> 5;
  const shift = bit & 31;
  const low = words[at] >>> shift;
  if (shift + bits <= 32) return low & mask;
  return (low | (words[at + 1] << (32 - shift))) & mask;
}

/** So many say that there is no place. */
const KICK_COUNT_MAX = 100;
