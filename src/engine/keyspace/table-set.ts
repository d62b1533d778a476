import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import { TYPE } from './entry.ts';
import {
  capacityOf,
  growAtOf,
  MERGED_COUNT_MAX,
  shrinkAtOf,
  slotCountOf,
  SPLIT_STEP,
  stepAbove,
  stepFor,
  TABLE_BYTES,
  TABLE_HEADER_BYTES,
} from './table-layout.ts';
import { TableWriter } from './table-writer.ts';

/** Words of a table's record: one half of a cache line. */
export const RECORD_SHIFT = 3;
export const RECORD = {
  /** Of the table's block; 0 before the first insert. */
  ADDRESS: 0,
  /** Slots that are homes. */
  CAPACITY: 1,
  /** Slot count << 5 | length of the hash prefix: a shift by this word is one by the prefix. */
  SHAPE: 2,
  COUNT: 3,
  GROW_AT: 4,
  SHRINK_AT: 5,
} as const;

/**
 * The tables of a hash index and the directory that finds them: extendible hashing. The directory is
 * indexed by the first `depth` bits of a hash; a table with a shorter prefix stands in it several
 * times. A table that is too full splits by its next bit, two neighbours that are nearly empty merge;
 * each is one pass over at most 4,600 sorted slots, and nothing else ever moves.
 */
export class TableSet {
  /** By hash >>> shift: table id. */
  directory = new Uint32Array(2);
  /** 32 minus the directory's depth; the depth is at least 1, a shift by 32 would be one by 0. */
  shift = 31;
  /** By table id << RECORD_SHIFT. */
  records = new Uint32Array(4 << RECORD_SHIFT);
  /** Bytes of the tables' blocks. */
  blockBytes = 0;
  readonly #memory: Memory;
  readonly #writer = new TableWriter();
  readonly #vacantIds: number[] = [];
  #idCount = 1;
  /** Tables by the length of their prefix: says when the directory can be halved. */
  readonly #depthCounts = new Uint32Array(DEPTH_MAX + 1);

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#depthCounts[0] = 1;
  }

  /** Bytes beside the blocks. */
  get sideBytes(): number {
    return this.directory.byteLength + this.records.byteLength;
  }

  get tableCount(): number {
    return this.#idCount - this.#vacantIds.length;
  }

  /**
   * Makes room in the table that the hash belongs to.
   * @returns  false when memory refuses
   */
  grow(hash: number): boolean {
    const id = this.directory[hash >>> this.shift];
    const record = id << RECORD_SHIFT;
    const count = this.records[record + RECORD.COUNT];
    const shape = this.records[record + RECORD.SHAPE];
    let step = Math.max(stepFor(count + 1), stepAbove(shape >>> 5));
    for (; step < TABLE_BYTES.length; step++) {
      if (step >= SPLIT_STEP && this.#split(id, hash)) return true;
      if (this.#relay(id, TABLE_BYTES[step])) return true;
      if (!this.#writer.hasOverflowed) return false;
    }
    return false;
  }

  /** Called when the table that the hash belongs to has fallen to its SHRINK_AT. */
  shrink(hash: number): void {
    while (this.#merge(hash)) {}
    const id = this.directory[hash >>> this.shift];
    const record = id << RECORD_SHIFT;
    const count = this.records[record + RECORD.COUNT];
    if (count > this.records[record + RECORD.SHRINK_AT]) return;
    const step = stepFor(count);
    const slotCount = this.records[record + RECORD.SHAPE] >>> 5;
    if (step < TABLE_BYTES.length && slotCountOf(TABLE_BYTES[step]) < slotCount) {
      this.#relay(id, TABLE_BYTES[step]);
    }
    if (count <= this.records[record + RECORD.SHRINK_AT]) {
      // No smaller size, or no memory for it: try again when an eighth less is left.
      this.records[record + RECORD.SHRINK_AT] = Math.max(0, count - (count >>> 3) - 1);
    }
  }

  /** Compaction has moved a table's block; memory is located at its new place. */
  onMove(to: number): void {
    const id = this.#memory.view.getUint32(this.#memory.base, true) >>> 4;
    this.records[(id << RECORD_SHIFT) + RECORD.ADDRESS] = to;
  }

  /** Forgets all tables without freeing their blocks. */
  forget(): void {
    this.directory = new Uint32Array(2);
    this.shift = 31;
    this.records = new Uint32Array(4 << RECORD_SHIFT);
    this.blockBytes = 0;
    this.#vacantIds.length = 0;
    this.#idCount = 1;
    this.#depthCounts.fill(0);
    this.#depthCounts[0] = 1;
  }

  /** Frees the blocks of all tables. */
  release(): void {
    for (let id = 0; id < this.#idCount; id++) this.#freeBlock(id);
    this.forget();
  }

  /** Writes a table anew into a block of another size; the writer tells why it could not. */
  #relay(id: number, blockBytes: number): boolean {
    const depth = this.#depthOf(id);
    const address = this.#open(id, blockBytes, depth);
    if (address === 0) return false;
    this.#copy(id, 0, this.#slotCountOf(id));
    if (!this.#close(address, blockBytes)) return false;
    this.#freeBlock(id);
    this.#setBlock(id, address, blockBytes, depth);
    return true;
  }

  #split(id: number, hash: number): boolean {
    const depth = this.#depthOf(id);
    const count = this.#countOf(id);
    const slotCount = this.#slotCountOf(id);
    const { boundary, lowerCount } = this.#halves(id, depth);
    const upperCount = count - lowerCount;
    const isEven = Math.min(lowerCount, upperCount) >= count >>> 4;
    if (depth >= (isEven ? DEPTH_MAX : this.#unevenDepthMax(id))) return false;
    const upperId = this.#takeId();
    const upper = this.#writePart(upperId, id, boundary, slotCount, depth + 1, upperCount);
    if (upper === null) {
      this.#vacantIds.push(upperId);
      return false;
    }
    const lower = this.#writePart(id, id, 0, boundary, depth + 1, lowerCount);
    if (lower === null) {
      this.#memory.free(upper.address, upper.blockBytes);
      this.#vacantIds.push(upperId);
      return false;
    }
    this.#freeBlock(id);
    this.records[(id << RECORD_SHIFT) + RECORD.COUNT] = lowerCount;
    this.records[(upperId << RECORD_SHIFT) + RECORD.COUNT] = upperCount;
    this.#setBlock(id, lower.address, lower.blockBytes, depth + 1);
    this.#setBlock(upperId, upper.address, upper.blockBytes, depth + 1);
    this.#depthCounts[depth]--;
    this.#depthCounts[depth + 1] += 2;
    if (depth === 32 - this.shift) this.#doubleDirectory();
    this.#enter(upperId, hash | (1 << (31 - depth)), depth + 1);
    return true;
  }

  /**
   * A split that leaves nearly all on one side is worth while only as a step towards one that does
   * not: as deep as the bits go that all entries share, if that is not too deep.
   */
  #unevenDepthMax(id: number): number {
    const address = this.records[(id << RECORD_SHIFT) + RECORD.ADDRESS];
    const words = this.#wordsAt(address);
    let low = firstSlotAt(address);
    let high = low + (this.#slotCountOf(id) - 1) * 2;
    while (words[low + 1] === 0) low += 2;
    while (words[high + 1] === 0) high -= 2;
    const sharedBits = Math.clz32(words[low] ^ words[high]);
    return sharedBits < UNEVEN_DEPTH_MAX ? UNEVEN_DEPTH_MAX : 0;
  }

  /** Slots before the first hash whose next bit is set, and how many entries they hold. */
  #halves(id: number, depth: number): { boundary: number; lowerCount: number } {
    const address = this.records[(id << RECORD_SHIFT) + RECORD.ADDRESS];
    const words = this.#wordsAt(address);
    const first = firstSlotAt(address);
    const slotCount = this.#slotCountOf(id);
    const bit = 1 << (31 - depth);
    let lowerCount = 0;
    for (let slot = 0; slot < slotCount; slot++) {
      if (words[first + slot * 2 + 1] === 0) continue;
      if ((words[first + slot * 2] & bit) !== 0) return { boundary: slot, lowerCount };
      lowerCount++;
    }
    return { boundary: slotCount, lowerCount };
  }

  /** Merges the hash's table with its neighbour, when both are of one depth and small enough. */
  #merge(hash: number): boolean {
    const position = hash >>> this.shift;
    const id = this.directory[position];
    const depth = this.#depthOf(id);
    if (depth === 0) return false;
    const otherId = this.directory[position ^ (1 << (32 - this.shift - depth))];
    if (this.#depthOf(otherId) !== depth) return false;
    const count = this.#countOf(id) + this.#countOf(otherId);
    if (count > MERGED_COUNT_MAX) return false;
    const isUpper = ((hash >>> (32 - depth)) & 1) === 1;
    const lowerId = isUpper ? otherId : id;
    const upperId = isUpper ? id : otherId;
    for (let step = stepFor(count); step < TABLE_BYTES.length; step++) {
      const blockBytes = TABLE_BYTES[step];
      const address = this.#open(lowerId, blockBytes, depth - 1);
      if (address === 0) return false;
      this.#copy(lowerId, 0, this.#slotCountOf(lowerId));
      this.#copy(upperId, 0, this.#slotCountOf(upperId));
      if (!this.#close(address, blockBytes)) continue;
      this.#freeBlock(lowerId);
      this.#freeBlock(upperId);
      this.#vacantIds.push(upperId);
      this.records[(lowerId << RECORD_SHIFT) + RECORD.COUNT] = count;
      this.#setBlock(lowerId, address, blockBytes, depth - 1);
      this.#enter(lowerId, hash, depth - 1);
      this.#depthCounts[depth] -= 2;
      this.#depthCounts[depth - 1]++;
      this.#halveDirectory();
      return true;
    }
    return false;
  }

  /** Writes slots [from, to) of a table as a table of its own; null when memory refuses. */
  #writePart(
    id: number,
    sourceId: number,
    from: number,
    to: number,
    depth: number,
    count: number,
  ): WrittenTable | null {
    for (let step = stepFor(count); step < TABLE_BYTES.length; step++) {
      const blockBytes = TABLE_BYTES[step];
      const address = this.#open(id, blockBytes, depth);
      if (address === 0) return null;
      this.#copy(sourceId, from, to);
      if (this.#close(address, blockBytes)) return { address, blockBytes };
    }
    return null;
  }

  /** @returns  address of a new block with its header, the writer at its first slot; 0: refused */
  #open(id: number, blockBytes: number, depth: number): number {
    const slotCount = slotCountOf(blockBytes);
    this.#writer.hasOverflowed = false;
    const address = this.#memory.allocate(blockBytes);
    if (address === 0) return 0;
    const words = this.#wordsAt(address);
    const first = firstSlotAt(address);
    words[first - 2] = (id << 4) | TYPE.INDEX_TABLE;
    words[first - 1] = slotCount;
    this.#writer.begin(words, first, slotCount, capacityOf(blockBytes), depth);
    return address;
  }

  #copy(sourceId: number, from: number, to: number): void {
    const address = this.records[(sourceId << RECORD_SHIFT) + RECORD.ADDRESS];
    if (address === 0) return;
    const first = firstSlotAt(address);
    this.#writer.copy(this.#wordsAt(address), first + from * 2, first + to * 2);
  }

  /** @returns  false when not all had room; the block is freed then */
  #close(address: number, blockBytes: number): boolean {
    this.#writer.finish();
    if (!this.#writer.hasOverflowed) return true;
    this.#memory.free(address, blockBytes);
    return false;
  }

  /** The record's count must be true already. */
  #setBlock(id: number, address: number, blockBytes: number, depth: number): void {
    const record = id << RECORD_SHIFT;
    const capacity = capacityOf(blockBytes);
    this.records[record + RECORD.ADDRESS] = address;
    this.records[record + RECORD.CAPACITY] = capacity;
    this.records[record + RECORD.SHAPE] = (slotCountOf(blockBytes) << 5) | depth;
    this.records[record + RECORD.GROW_AT] = growAtOf(blockBytes, this.#countOf(id));
    this.records[record + RECORD.SHRINK_AT] = shrinkAtOf(capacity);
    this.blockBytes += blockBytes;
  }

  #freeBlock(id: number): void {
    const record = id << RECORD_SHIFT;
    const address = this.records[record + RECORD.ADDRESS];
    if (address === 0) return;
    const blockBytes = TABLE_HEADER_BYTES + this.#slotCountOf(id) * 8;
    this.#memory.free(address, blockBytes);
    this.blockBytes -= blockBytes;
    this.records[record + RECORD.ADDRESS] = 0;
  }

  #takeId(): number {
    const vacant = this.#vacantIds.pop();
    if (vacant !== undefined) return vacant;
    if (this.#idCount << RECORD_SHIFT === this.records.length) {
      const grown = new Uint32Array(this.records.length * 2);
      grown.set(this.records);
      this.records = grown;
    }
    return this.#idCount++;
  }

  /** Lets the directory's range of a prefix, the first `depth` bits of the hash, point to a table. */
  #enter(id: number, hash: number, depth: number): void {
    const spanBits = 32 - this.shift - depth;
    const start = ((hash >>> this.shift) >>> spanBits) << spanBits;
    this.directory.fill(id, start, start + (1 << spanBits));
  }

  #doubleDirectory(): void {
    const old = this.directory;
    const doubled = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at++) {
      doubled[at * 2] = old[at];
      doubled[at * 2 + 1] = old[at];
    }
    this.directory = doubled;
    this.shift--;
  }

  #halveDirectory(): void {
    while (this.shift < 31 && this.#depthCounts[32 - this.shift] === 0) {
      const old = this.directory;
      const halved = new Uint32Array(old.length / 2);
      for (let at = 0; at < halved.length; at++) halved[at] = old[at * 2];
      this.directory = halved;
      this.shift++;
    }
  }

  #countOf(id: number): number {
    return this.records[(id << RECORD_SHIFT) + RECORD.COUNT];
  }

  #depthOf(id: number): number {
    return this.records[(id << RECORD_SHIFT) + RECORD.SHAPE] & 31;
  }

  #slotCountOf(id: number): number {
    return this.records[(id << RECORD_SHIFT) + RECORD.SHAPE] >>> 5;
  }

  #wordsAt(address: number): Uint32Array {
    return this.#memory.segments[address >>> SEGMENT_SHIFT].words;
  }
}

/** Index of a table's first slot among the words of its segment. */
export function firstSlotAt(address: number): number {
  return ((address & PLACE_MASK) << 1) + 2;
}

interface WrittenTable {
  readonly address: number;
  readonly blockBytes: number;
}

/** The directory then has 16 M entries: no count of keys that fits into memory needs more. */
const DEPTH_MAX = 24;
/** 2 MiB of directory, no more, for hashes that are not spread evenly. */
const UNEVEN_DEPTH_MAX = 18;
