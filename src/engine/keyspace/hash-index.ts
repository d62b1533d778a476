import { assert } from '../../base/errors.ts';
import { SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import { AddressBuffer } from './address-buffer.ts';
import { headerBytes, keyLength } from './entry.ts';
import { homeOf, NO_HASH } from './table-layout.ts';
import { firstSlotAt, RECORD, RECORD_SHIFT, TableSet } from './table-set.ts';

export { AddressBuffer };

/**
 * Finds the entry of a key: extendible hashing over tables that are kept in the order of the hash.
 *
 *     hash  [ first bits: directory -> table | next 19 bits: home slot | all 32: compared ]
 *     table [hash address][hash address][  empty  ][hash address] ... margin
 *
 * A look-up reads the directory and the table's record (small, in the cache), one or two lines of
 * slots, and the entry. It starts at the key's home and stops at the first hash that is larger; a
 * miss reads no entry but in one of `2^32 / count` cases. No step is larger than one table
 * (`table-set.ts`), so there is no rehash that would stop the node.
 *
 * Order by hash is what the rest is made of: a table splits in one pass; a SCAN cursor is a place
 * among the hashes, true whatever is inserted, removed, split or merged between two calls; and all
 * keys of one range of hashes can be listed or dropped in bounded steps. Who wants the keys of one
 * cluster slot puts the slot number into the first 14 bits of the hash: `scan` from `slot << 18` then
 * walks that slot alone. The price is 18 bits of hash within the slot.
 *
 * Cost: 8 bytes a slot at a load of 0.75 to 0.86, 10 bytes a key on average.
 */
export class HashIndex {
  /** Entries in it. */
  count = 0;
  readonly #memory: Memory;
  readonly #tables: TableSet;
  /** What the last `find` or `findAddress` found; 32-bit values are kept signed, as small integers. */
  #foundHash = 0;
  #foundAddress = 0;
  #foundTable = 0;
  /** In words from the table's first slot. */
  #foundAt = 0;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#tables = new TableSet(memory);
  }

  /** All that the index takes: tables, which are blocks of memory and counted there too, and the rest. */
  get byteCount(): number {
    return this.#tables.blockBytes + this.#tables.sideBytes;
  }

  /** The part of byteCount that is not in memory: directory and records. */
  get sideByteCount(): number {
    return this.#tables.sideBytes;
  }

  get tableCount(): number {
    return this.#tables.tableCount;
  }

  /**
   * The entry of a key, or 0. Leaves memory located at the entry, and remembers its slot for
   * `replaceFound` and `removeFound`.
   */
  find(hash: number, view: DataView, offset: number, length: number): number {
    if (this.count === 0) return 0;
    const tables = this.#tables;
    const id = tables.directory[hash >>> tables.shift];
    const record = id << RECORD_SHIFT;
    const records = tables.records;
    const table = records[record + RECORD.ADDRESS];
    const words = this.#memory.segments[table >>> SEGMENT_SHIFT].words;
    const first = firstSlotAt(table);
    const capacity = records[record + RECORD.CAPACITY];
    let at = first + homeOf(hash, records[record + RECORD.SHAPE], capacity) * 2;
    while (words[at] < hash) at += 2;
    while (words[at] === hash) {
      const address = words[at + 1];
      if (address === 0) return 0;
      if (this.#hasKey(address, view, offset, length)) {
        this.#foundHash = hash | 0;
        this.#foundAddress = address | 0;
        this.#foundTable = id;
        this.#foundAt = at - first;
        return address;
      }
      at += 2;
    }
    return 0;
  }

  /** Whether the entry at that address is in the index; remembers its slot as `find` does. */
  findAddress(hash: number, address: number): boolean {
    if (this.count === 0) return false;
    const tables = this.#tables;
    const id = tables.directory[hash >>> tables.shift];
    const record = id << RECORD_SHIFT;
    const records = tables.records;
    const table = records[record + RECORD.ADDRESS];
    const words = this.#memory.segments[table >>> SEGMENT_SHIFT].words;
    const first = firstSlotAt(table);
    const capacity = records[record + RECORD.CAPACITY];
    let at = first + homeOf(hash, records[record + RECORD.SHAPE], capacity) * 2;
    while (words[at] < hash) at += 2;
    while (words[at] === hash && words[at + 1] !== address && words[at + 1] !== 0) at += 2;
    if (words[at] !== hash || words[at + 1] === 0) return false;
    this.#foundHash = hash | 0;
    this.#foundAddress = address | 0;
    this.#foundTable = id;
    this.#foundAt = at - first;
    return true;
  }

  /**
   * Adds an entry whose key is not in the index. May allocate: memory is not located afterwards.
   * @returns  false when there is no room and memory refuses more; nothing has changed then
   */
  insert(hash: number, address: number): boolean {
    const tables = this.#tables;
    for (;;) {
      const id = tables.directory[hash >>> tables.shift];
      const record = id << RECORD_SHIFT;
      const count = tables.records[record + RECORD.COUNT];
      const isFull = count >= tables.records[record + RECORD.GROW_AT];
      if (isFull && tables.grow(hash)) continue;
      if (tables.records[record + RECORD.ADDRESS] !== 0 && this.#place(record, hash, address)) {
        tables.records[record + RECORD.COUNT] = count + 1;
        this.count++;
        return true;
      }
      if (isFull || !tables.grow(hash)) return false;
    }
  }

  /** Lets the found key point to another entry. */
  replaceFound(newAddress: number): void {
    const at = this.#foundSlotAt();
    this.#foundWords()[at + 1] = newAddress;
    this.#foundAddress = newAddress | 0;
  }

  /** Takes the found key out. May allocate: memory is not located afterwards. */
  removeFound(): void {
    const tables = this.#tables;
    let at = this.#foundSlotAt();
    const words = this.#foundWords();
    const record = this.#foundTable << RECORD_SHIFT;
    const records = tables.records;
    const first = firstSlotAt(records[record + RECORD.ADDRESS]);
    const capacity = records[record + RECORD.CAPACITY];
    const shape = records[record + RECORD.SHAPE];
    // Whoever stands behind its home moves up, until one stands at its home or a slot is empty.
    for (let next = at + 2; words[next + 1] !== 0; next += 2) {
      if (homeOf(words[next], shape, capacity) * 2 === next - first) break;
      words[at] = words[next];
      words[at + 1] = words[next + 1];
      at = next;
    }
    words[at] = NO_HASH;
    words[at + 1] = 0;
    this.count--;
    const count = --records[record + RECORD.COUNT];
    if (count <= records[record + RECORD.SHRINK_AT]) tables.shrink(this.#foundHash >>> 0);
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
      const table = tables.records[record + RECORD.ADDRESS];
      const shape = tables.records[record + RECORD.SHAPE];
      const words = this.#memory.segments[table >>> SEGMENT_SHIFT].words;
      const first = firstSlotAt(table);
      const end = first + (shape >>> 5) * 2;
      let at = first + homeOf(hash, shape, tables.records[record + RECORD.CAPACITY]) * 2;
      for (; at < end; at += 2) {
        slotsLeft--;
        if (words[at + 1] === 0 || words[at] < hash) continue;
        if ((out.count >= count || slotsLeft < 0) && words[at] !== hash) return words[at];
        hash = words[at];
        out.push(words[at + 1]);
      }
      hash = firstHashBehind(hash, shape);
      if (hash === 0 || out.count >= count || slotsLeft < 0) return hash;
    }
  }

  /**
   * A nearly uniformly chosen entry, or 0 when there is none: a table by hash, then any of its slots.
   * @param randomU32  uniform
   */
  sample(randomU32: number): number {
    if (this.count === 0) return 0;
    const tables = this.#tables;
    let hash = randomU32;
    for (;;) {
      const record = tables.directory[hash >>> tables.shift] << RECORD_SHIFT;
      const shape = tables.records[record + RECORD.SHAPE];
      if (tables.records[record + RECORD.COUNT] > 0) {
        return this.#sampleTable(tables.records[record + RECORD.ADDRESS], shape >>> 5, randomU32);
      }
      hash = firstHashBehind(hash, shape);
    }
  }

  /** Forgets everything, in constant time. The tables' blocks go with `Memory.clear`, called beside. */
  clear(): void {
    this.#tables.forget();
    this.count = 0;
  }

  /** Empties the index and frees its blocks, where memory holds others that stay. */
  release(): void {
    this.#tables.release();
    this.count = 0;
  }

  #hasKey(address: number, view: DataView, offset: number, length: number): boolean {
    const memory = this.#memory;
    memory.locate(address);
    const entryView = memory.view;
    const word0 = entryView.getUint32(memory.base, true);
    if (keyLength(entryView, memory.base, word0) !== length) return false;
    const start = memory.base + headerBytes(word0);
    return equalBytes(entryView, start, view, offset, length);
  }

  /** Puts an entry into its table, in order; false when no empty slot but the last one follows. */
  #place(record: number, hash: number, address: number): boolean {
    const records = this.#tables.records;
    const table = records[record + RECORD.ADDRESS];
    const words = this.#memory.segments[table >>> SEGMENT_SHIFT].words;
    const shape = records[record + RECORD.SHAPE];
    const first = firstSlotAt(table);
    const last = first + (shape >>> 5) * 2 - 2;
    let at = first + homeOf(hash, shape, records[record + RECORD.CAPACITY]) * 2;
    while (words[at] <= hash && words[at + 1] !== 0) at += 2;
    let gap = at;
    while (words[gap + 1] !== 0) gap += 2;
    if (gap >= last) return false;
    for (; gap > at; gap -= 2) {
      words[gap] = words[gap - 2];
      words[gap + 1] = words[gap - 1];
    }
    words[at] = hash;
    words[at + 1] = address;
    return true;
  }

  /** Word index of the found slot; looks for it again if tables have changed in between. */
  #foundSlotAt(): number {
    const record = this.#foundTable << RECORD_SHIFT;
    const records = this.#tables.records;
    const table = records[record + RECORD.ADDRESS];
    const at = firstSlotAt(table) + this.#foundAt;
    const isInside = table !== 0 && this.#foundAt < (records[record + RECORD.SHAPE] >>> 5) * 2;
    if (isInside && this.#foundWords()[at + 1] === this.#foundAddress >>> 0) return at;
    const isFound = this.findAddress(this.#foundHash >>> 0, this.#foundAddress >>> 0);
    assert(isFound, 'the entry found last is still in the index');
    return this.#foundSlotAt();
  }

  #foundWords(): Uint32Array {
    const record = this.#foundTable << RECORD_SHIFT;
    const table = this.#tables.records[record + RECORD.ADDRESS];
    return this.#memory.segments[table >>> SEGMENT_SHIFT].words;
  }

  #sampleTable(table: number, slotCount: number, randomU32: number): number {
    const words = this.#memory.segments[table >>> SEGMENT_SHIFT].words;
    const first = firstSlotAt(table);
    let random = randomU32;
    let slot = 0;
    for (let attempt = 0; attempt < SAMPLE_ATTEMPTS_MAX; attempt++) {
      random = Math.imul(random ^ (random >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
      random ^= random >>> 13;
      slot = Math.floor(((random >>> 8) * slotCount) / 0x100_0000);
      if (words[first + slot * 2 + 1] !== 0) return words[first + slot * 2 + 1];
    }
    while (words[first + slot * 2 + 1] === 0) slot = slot + 1 === slotCount ? 0 : slot + 1;
    return words[first + slot * 2 + 1];
  }
}

/** First hash of the table after the one that the hash belongs to; 0 when that was the last one. */
function firstHashBehind(hash: number, shape: number): number {
  const depth = shape & 31;
  if (depth === 0) return 0;
  const spanBits = 32 - depth;
  return (((hash >>> spanBits) + 1) << spanBits) >>> 0;
}

/** Words while there are four bytes left; the last word may overlap the one before. */
function equalBytes(
  view: DataView,
  offset: number,
  otherView: DataView,
  otherOffset: number,
  length: number,
): boolean {
  if (length < 4) {
    for (let at = 0; at < length; at++) {
      if (view.getUint8(offset + at) !== otherView.getUint8(otherOffset + at)) return false;
    }
    return true;
  }
  const lastAt = length - 4;
  for (let at = 0; at < lastAt; at += 4) {
    if (view.getInt32(offset + at, true) !== otherView.getInt32(otherOffset + at, true)) return false;
  }
  return (
    view.getInt32(offset + lastAt, true) === otherView.getInt32(otherOffset + lastAt, true)
  );
}

/** Empty slots cost a call of scan too: so many for each entry asked for. */
const SCANNED_SLOTS_PER_ENTRY = 8;
const SCANNED_SLOTS_MIN = 64;
const SAMPLE_ATTEMPTS_MAX = 32;
