import { assert } from '../../base/errors.ts';
import { hashBytes } from '../../base/hash.ts';
import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import { AddressBuffer } from './address-buffer.ts';
import { headerBytes, keyLength } from './entry.ts';
import { EntryWarmer } from './entry-warmer.ts';
import { equalBytes } from './equal-bytes.ts';
import { insertOrdered, removeOrdered } from './ordered-slots.ts';
import type { SlotRun } from './slot-run.ts';
import {
  chunkCountOf,
  chunkMaskOf,
  depthOf,
  HASH_MIN,
  homeOf,
  LINK,
  RECORD,
  RECORD_SHIFT,
} from './table-layout.ts';
import { TableSet } from './table-set.ts';

export { AddressBuffer };

/**
 * Finds the entry of a key: extendible hashing over tables that are kept in the order of the hash.
 *
 *     hash   [first bits: directory -> table | next 19 bits: home in the table | all 32: compared]
 *     table  [hash address][hash address][  empty  ][hash address] ...      (table-layout.ts)
 *
 * A look-up reads the directory and the table's record (small, in the cache), one or two lines of
 * slots, and the entry. It starts at the key's home and stops at the first hash that is larger; a
 * miss reads an entry only where 32 bits agree, one time in `2^32 / count`. No step is larger than
 * one table (`table-set.ts`), so there is no rehash that would stop the node.
 *
 * Order by hash is what the rest is made of: a table splits in one pass; a SCAN cursor is a place
 * among the hashes, true whatever is inserted, removed, split or merged between two calls; and all
 * keys of one range of hashes can be listed or dropped in bounded steps. Who wants the keys of one
 * cluster slot puts the slot number into the first 14 bits of the hash: `scan` from `slot << 18`
 * then walks that slot alone. The price is that 18 bits of hash are left within the slot.
 *
 * Cost: 8 bytes a slot at a load of 0.72 to 0.86, 10 bytes a key on average.
 */
export class HashIndex {
  /** Entries in it. */
  count = 0;
  readonly #memory: Memory;
  readonly #tables: TableSet;
  /**
   * What the last `find` or `findAddress` found; 32-bit values are kept signed, as small integers.
   */
  #foundHash = 0;
  #foundAddress = 0;
  #foundTable = 0;
  #foundChunk = 0;
  /** In words from the chunk's first. */
  #foundAt = 0;

  readonly #warmer = new EntryWarmer();

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#tables = new TableSet(memory);
  }

  /**
   * All that the index takes: tables, which are blocks of memory and counted there too, and the
   * rest.
   */
  get byteCount(): number {
    return this.#tables.chunkBytes + this.#tables.sideBytes;
  }

  /** The part of byteCount that is not in memory. */
  get sideByteCount(): number {
    return this.#tables.sideBytes;
  }

  get tableCount(): number {
    return this.#tables.tableCount;
  }

  /** What `find` or `findAddress` found last, while it is in the index. */
  get foundAddress(): number {
    return this.#foundAddress >>> 0;
  }

  /** Its hash, as `raisedHash` gives it, signed. */
  get foundHash(): number {
    return this.#foundHash;
  }

  /**
   * The entry of a key, or 0. Hashes may be signed or unsigned, here and below. Leaves memory
   * located at the entry, and remembers its slot for `replaceFound` and `removeFound`.
   */
  find(keyHash: number, view: DataView, offset: number, length: number): number {
    if (this.count === 0) return 0;
    const hash = raisedHash(keyHash);
    const tables = this.#tables;
    const records = tables.records;
    const record = tables.directory[hash >>> tables.shift] << RECORD_SHIFT;
    const shape = records[record + RECORD.SHAPE];
    const home = homeOf(hash, shape, records[record + RECORD.CAPACITY]);
    const segments = this.#memory.segments;
    let chunk = home >>> (shape >>> 5);
    let address = records[record + chunk];
    let words = segments[address >>> SEGMENT_SHIFT].words;
    let start = (address & PLACE_MASK) << 1;
    let at = start + (home & chunkMaskOf(shape)) * 2;
    for (;;) {
      while (words[at] < hash) at += 2;
      while (words[at] === hash) {
        const entry = words[at + 1];
        if (entry === 0) return 0;
        if (entry === LINK) break;
        if (this.#hasKey(entry, view, offset, length)) {
          this.#remember(hash | 0, entry | 0, record, chunk, at - start);
          return entry;
        }
        at += 2;
      }
      if (words[at + 1] !== LINK) return 0;
      chunk++;
      address = records[record + chunk];
      words = segments[address >>> SEGMENT_SHIFT].words;
      start = (address & PLACE_MASK) << 1;
      at = start + 2;
    }
  }

  /**
   * Fetches slots and entries of several keys into the cache, for the `find`s that follow.
   * @param count  at most LIMITS.warmedKeyCountMax
   * @returns      nothing of meaning; use it, so that the loads are not optimised away
   */
  warm(
    view: DataView,
    offsets: Uint32Array,
    lengths: Uint32Array,
    count: number,
    seed0: number,
    seed1: number,
  ): number {
    const { hashes } = this.#warmer;
    for (let i = 0; i < count; i++) {
      hashes[i] = raisedHash(hashBytes(view, offsets[i], lengths[i], seed0, seed1));
    }
    return this.#warmer.fetch(this.#memory.segments, this.#tables, count);
  }

  /** Of the keys that were warmed last, as many as these were. */
  get warmedHashes(): Uint32Array {
    return this.#warmer.hashes;
  }

  /** The same for keys whose hashes are known, those in `from` up to `end`. */
  warmHashes(from: Uint32Array, begin: number, end: number): number {
    const { hashes } = this.#warmer;
    for (let i = begin; i < end; i++) hashes[i - begin] = raisedHash(from[i]);
    return this.#warmer.fetch(this.#memory.segments, this.#tables, end - begin);
  }

  /** Whether the entry at that address is in the index; remembers its slot as `find` does. */
  findAddress(keyHash: number, wanted: number): boolean {
    if (this.count === 0) return false;
    const hash = raisedHash(keyHash);
    const tables = this.#tables;
    const records = tables.records;
    const record = tables.directory[hash >>> tables.shift] << RECORD_SHIFT;
    const shape = records[record + RECORD.SHAPE];
    let position = homeOf(hash, shape, records[record + RECORD.CAPACITY]);
    const mask = chunkMaskOf(shape);
    for (let chunk = position >>> (shape >>> 5); chunk < chunkCountOf(shape); chunk++) {
      const address = records[record + chunk];
      const words = this.#memory.segments[address >>> SEGMENT_SHIFT].words;
      const start = (address & PLACE_MASK) << 1;
      let at = start + Math.max(1, position & mask) * 2;
      while (words[at] < hash) at += 2;
      while (words[at] === hash && words[at + 1] !== wanted && words[at + 1] !== LINK) {
        if (words[at + 1] === 0) return false;
        at += 2;
      }
      if (words[at + 1] !== LINK) {
        if (words[at] !== hash || words[at + 1] !== wanted) return false;
        this.#remember(hash | 0, wanted | 0, record, chunk, at - start);
        return true;
      }
      position = 0;
    }
    return false;
  }

  /**
   * The first entry with that hash whose access bits are `wanted` under the mask, or 0. Leaves
   * memory located at it; what `find` found stays found.
   */
  findAccess(keyHash: number, mask: number, wanted: number): number {
    if (this.count === 0) return 0;
    const hash = raisedHash(keyHash);
    const memory = this.#memory;
    const { directory, records, shift } = this.#tables;
    const record = directory[hash >>> shift] << RECORD_SHIFT;
    const shape = records[record + RECORD.SHAPE];
    let position = homeOf(hash, shape, records[record + RECORD.CAPACITY]);
    const chunkMask = chunkMaskOf(shape);
    for (let chunk = position >>> (shape >>> 5); chunk < chunkCountOf(shape); chunk++) {
      const address = records[record + chunk];
      const words = memory.segments[address >>> SEGMENT_SHIFT].words;
      let at = ((address & PLACE_MASK) << 1) + Math.max(1, position & chunkMask) * 2;
      while (words[at] < hash) at += 2;
      for (; words[at] === hash && words[at + 1] !== LINK; at += 2) {
        const entry = words[at + 1];
        if (entry === 0) return 0;
        memory.locate(entry);
        const access = memory.view.getUint32(memory.base + 4, true) >>> 8;
        if ((access & mask) === wanted) return entry;
      }
      if (words[at + 1] !== LINK) return 0;
      position = 0;
    }
    return 0;
  }

  /**
   * Adds an entry whose key is not in the index. May allocate: memory is not located afterwards.
   * @returns  false when there is no room and memory refuses more; nothing has changed then
   */
  insert(keyHash: number, address: number): boolean {
    const hash = raisedHash(keyHash);
    const tables = this.#tables;
    for (;;) {
      const record = tables.directory[hash >>> tables.shift] << RECORD_SHIFT;
      const records = tables.records;
      const isFull = records[record + RECORD.COUNT] >= records[record + RECORD.GROW_AT];
      if (isFull && tables.grow(hash)) continue;
      if (insertOrdered(this.#memory.segments, records, record, hash | 0, address)) {
        records[record + RECORD.COUNT]++;
        this.count++;
        // The entry found last may be gone, and its address be this one's now.
        if (this.#foundAddress === (address | 0)) this.#foundAddress = 0;
        return true;
      }
      if (isFull || !tables.grow(hash)) return false;
    }
  }

  /** Lets the found key point to another entry. */
  replaceFound(newAddress: number): void {
    this.#refind();
    const chunk = this.#foundChunkAddress();
    const words = this.#memory.segments[chunk >>> SEGMENT_SHIFT].words;
    words[((chunk & PLACE_MASK) << 1) + this.#foundAt + 1] = newAddress;
    this.#foundAddress = newAddress | 0;
  }

  /** Takes the found key out. May allocate: memory is not located afterwards. */
  removeFound(): void {
    this.#refind();
    const records = this.#tables.records;
    const record = this.#foundTable;
    removeOrdered(this.#memory.segments, records, record, this.#foundChunk, this.#foundAt);
    this.#foundAddress = 0;
    this.count--;
    const count = --records[record + RECORD.COUNT];
    if (count <= records[record + RECORD.SHRINK_AT]) this.#tables.shrink(this.#foundHash >>> 0);
  }

  /** Compaction has moved an entry. */
  relocate(hash: number, from: number, to: number): void {
    const isFound = this.findAddress(hash, from);
    assert(isFound, 'a moved entry is in the index');
    this.replaceFound(to);
  }

  /** Compaction has moved a block of type INDEX_TABLE; memory is located at its new place. */
  relocateTable(to: number): void {
    this.#tables.onMove(to);
  }

  /**
   * Lists entries from a place among the hashes on: about `count` of them, more when keys share a
   * hash, fewer when the tables are nearly empty.
   * @param cursor  0 to begin, then what the last call returned
   * @param count   at least 1
   * @param out     emptied first
   * @returns       the next cursor, 0 at the end
   */
  scan(cursor: number, count: number, out: AddressBuffer): number {
    out.count = 0;
    if (this.count === 0) return 0;
    const tables = this.#tables;
    let hash = cursor;
    let slotsLeft = count * SCANNED_SLOTS_PER_ENTRY + SCANNED_SLOTS_MIN;
    for (;;) {
      const record = tables.directory[hash >>> tables.shift] << RECORD_SHIFT;
      const shape = tables.records[record + RECORD.SHAPE];
      const mask = chunkMaskOf(shape);
      let position = homeOf(hash, shape, tables.records[record + RECORD.CAPACITY]);
      for (let chunk = position >>> (shape >>> 5); chunk < chunkCountOf(shape); chunk++) {
        const address = tables.records[record + chunk];
        const words = this.#memory.segments[address >>> SEGMENT_SHIFT].words;
        const start = (address & PLACE_MASK) << 1;
        for (let place = Math.max(1, position & mask); place < mask; place++) {
          const at = start + place * 2;
          slotsLeft--;
          if (words[at + 1] === 0 || words[at] < hash) continue;
          if (words[at] !== hash && (out.count >= count || slotsLeft < 0)) return words[at];
          hash = words[at];
          out.push(words[at + 1]);
        }
        position = 0;
      }
      hash = firstHashBehind(hash, shape);
      if (hash === 0 || out.count >= count || slotsLeft < 0) return hash;
    }
  }

  /**
   * A nearly uniformly chosen entry, or 0 when there is none: a table by hash, then any of its
   * slots.
   * @param randomU32  uniform
   */
  sample(randomU32: number): number {
    if (this.count === 0) return 0;
    const tables = this.#tables;
    let hash = randomU32;
    for (;;) {
      const record = tables.directory[hash >>> tables.shift] << RECORD_SHIFT;
      if (tables.records[record + RECORD.COUNT] > 0) return this.#sampleTable(record, randomU32);
      hash = firstHashBehind(hash, tables.records[record + RECORD.SHAPE]);
    }
  }

  /**
   * Fills `run` from up to `slotCountMax` slots of one table, neighbours from a random place on.
   * @param randomU32  uniform
   */
  sampleRun(randomU32: number, slotCountMax: number, run: SlotRun): void {
    run.count = 0;
    if (this.count === 0) return;
    const { directory, records, shift } = this.#tables;
    let hash = randomU32;
    for (;;) {
      const record = directory[hash >>> shift] << RECORD_SHIFT;
      if (records[record + RECORD.COUNT] > 0) {
        return run.take(this.#memory, records, record, nextRandom(randomU32), slotCountMax);
      }
      hash = firstHashBehind(hash, records[record + RECORD.SHAPE]);
    }
  }

  /**
   * Forgets everything, in constant time. The tables' blocks go with `Memory.clear`, called beside.
   */
  clear(): void {
    this.#tables.forget();
    this.#foundAddress = 0;
    this.count = 0;
  }

  /** Empties the index and frees its blocks, where memory holds others that stay. */
  release(): void {
    this.#tables.release();
    this.#foundAddress = 0;
    this.count = 0;
  }

  #remember(hash: number, entry: number, record: number, chunk: number, at: number): void {
    this.#foundHash = hash;
    this.#foundAddress = entry;
    this.#foundTable = record;
    this.#foundChunk = chunk;
    this.#foundAt = at;
  }

  #hasKey(address: number, view: DataView, offset: number, length: number): boolean {
    const memory = this.#memory;
    memory.locate(address);
    const entryView = memory.view;
    const base = memory.base;
    const word0 = entryView.getUint32(base, true);
    if (keyLength(entryView, base, word0) !== length) return false;
    return equalBytes(entryView, base + headerBytes(word0), view, offset, length);
  }

  #foundChunkAddress(): number {
    return this.#tables.records[this.#foundTable + this.#foundChunk];
  }

  /** Looks for the found entry again, if its table has changed since. */
  #refind(): void {
    const shape = this.#tables.records[this.#foundTable + RECORD.SHAPE];
    const isInside =
      this.#foundChunk < chunkCountOf(shape) && this.#foundAt < chunkMaskOf(shape) * 2;
    if (isInside) {
      const chunk = this.#foundChunkAddress();
      const words = this.#memory.segments[chunk >>> SEGMENT_SHIFT].words;
      const at = ((chunk & PLACE_MASK) << 1) + this.#foundAt;
      if (words[at + 1] === this.#foundAddress >>> 0) return;
    }
    const isFound = this.findAddress(this.#foundHash >>> 0, this.#foundAddress >>> 0);
    assert(isFound, 'the entry found last is still in the index');
  }

  #sampleTable(record: number, randomU32: number): number {
    const records = this.#tables.records;
    const shape = records[record + RECORD.SHAPE];
    const mask = chunkMaskOf(shape);
    const positionCount = chunkCountOf(shape) << (shape >>> 5);
    let random = randomU32;
    for (let attempt = 0; attempt < SAMPLE_ATTEMPTS_MAX; attempt++) {
      random = nextRandom(random);
      const entry = this.#entryAt(
        record,
        Math.floor((random / 0x1_0000_0000) * positionCount),
        mask,
      );
      if (entry !== 0) return entry;
    }
    for (let position = 0; ; position++) {
      const entry = this.#entryAt(record, position, mask);
      if (entry !== 0) return entry;
    }
  }

  /** The entry at a position of a table, 0 when the slot is empty or none. */
  #entryAt(record: number, position: number, mask: number): number {
    const place = position & mask;
    if (place === 0 || place === mask) return 0;
    const shape = this.#tables.records[record + RECORD.SHAPE];
    const chunk = this.#tables.records[record + (position >>> (shape >>> 5))];
    const words = this.#memory.segments[chunk >>> SEGMENT_SHIFT].words;
    return words[((chunk & PLACE_MASK) << 1) + place * 2 + 1];
  }
}

/** The hash that the index goes by: unsigned, and above the words that head a chunk. */
export function raisedHash(keyHash: number): number {
  const hash = keyHash >>> 0;
  return hash < HASH_MIN ? hash + HASH_MIN : hash;
}

/** First hash of the table after the one that the hash belongs to; 0 when that was the last one. */
function firstHashBehind(hash: number, shape: number): number {
  const depth = depthOf(shape);
  if (depth === 0) return 0;
  const spanBits = 32 - depth;
  return (((hash >>> spanBits) + 1) << spanBits) >>> 0;
}

/** A permutation of u32 whose steps look unrelated. */
function nextRandom(random: number): number {
  let next = (random + 0x9e3779b9) | 0;
  next = Math.imul(next ^ (next >>> 16), 0x21f0aaad);
  next = Math.imul(next ^ (next >>> 15), 0x735a2d97);
  return (next ^ (next >>> 15)) >>> 0;
}

/** Empty slots cost a call of scan too: so many for each entry asked for. */
const SCANNED_SLOTS_PER_ENTRY = 8;
const SCANNED_SLOTS_MIN = 64;
const SAMPLE_ATTEMPTS_MAX = 32;
