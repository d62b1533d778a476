import type { Memory } from '../memory/memory.ts';
import {
  CHUNK_COUNT_DOUBLED,
  CHUNK_COUNT_MAX,
  CHUNK_SHIFT_MAX,
  CHUNK_SHIFT_MIN,
  CHUNK_SHIFT_SPLIT,
  chunkCountOf,
  chunkShiftOf,
  depthOf,
  growAtOf,
  RECORD,
  RECORD_SHIFT,
  shapeOf,
  shrinkAtOf,
  sizeFor,
} from './table-layout.ts';
import { TableWriter } from './table-writer.ts';

/**
 * The tables of a hash index and the directory that finds them: extendible hashing. The directory
 * is indexed by the first bits of a hash; a table with a shorter prefix stands in it several times.
 * A table that is too full splits by its next bit, two neighbours with little in them merge; each
 * is a pass over at most about 4,500 entries, and nothing else ever moves.
 *
 * A change reserves all chunks that it needs before it touches anything, so that a refusal leaves
 * the tables as they were; then it copies the entries out, and writes them back where they belong.
 */
export class TableSet {
  /** By hash >>> shift: table id. */
  directory = new Uint32Array(2);
  /**
   * 32 minus the directory's depth; the depth is at least 1, as a shift by 32 would be one by 0.
   */
  shift = 31;
  /** By table id << RECORD_SHIFT. */
  records = new Uint32Array(1 << RECORD_SHIFT);
  /** Bytes of all chunks. */
  chunkBytes = 0;
  readonly #memory: Memory;
  readonly #writer: TableWriter;
  /** Chunks taken for a change that is under way, first in, first out. */
  readonly #reserved: number[] = [];
  readonly #vacantIds: number[] = [];
  #idCount = 1;
  /** Tables by the length of their prefix: says when the directory can be halved. */
  readonly #depthCounts = new Uint32Array(DEPTH_MAX + 1);

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#writer = new TableWriter(memory.segments, memory.pool);
    this.#depthCounts[0] = 1;
  }

  /** Bytes beside the chunks. Four a word; `byteLength` would be a call, and every write asks. */
  get sideBytes(): number {
    return (this.directory.length + this.records.length) * 4;
  }

  get tableCount(): number {
    return this.#idCount - this.#vacantIds.length;
  }

  /**
   * Makes room in the table that the hash belongs to.
   * @returns  false when memory refuses; nothing has changed then
   */
  grow(hash: number): boolean {
    const id = this.directory[hash >>> this.shift];
    const shape = this.#shapeOf(id);
    const chunkShift = chunkShiftOf(shape);
    const chunkCount = chunkCountOf(shape);
    if (chunkCount === 0) return this.#resize(id, CHUNK_SHIFT_MIN, 1);
    const isFullSize = chunkShift === CHUNK_SHIFT_SPLIT && chunkCount === CHUNK_COUNT_MAX;
    if ((isFullSize || chunkShift > CHUNK_SHIFT_SPLIT) && this.#split(id, hash)) return true;
    if (chunkCount < CHUNK_COUNT_MAX) return this.#resize(id, chunkShift, chunkCount + 1);
    if (chunkShift === CHUNK_SHIFT_MAX) return false;
    return this.#resize(id, chunkShift + 1, CHUNK_COUNT_DOUBLED);
  }

  /** Called when the table that the hash belongs to has fallen to its SHRINK_AT. */
  shrink(hash: number): void {
    while (this.#merge(hash)) {}
    const id = this.directory[hash >>> this.shift];
    const record = id << RECORD_SHIFT;
    const count = this.#countOf(id);
    if (count > this.records[record + RECORD.SHRINK_AT]) return;
    const shape = this.#shapeOf(id);
    const size = sizeFor(count);
    const chunkShift = size >>> 4;
    const chunkCount = size & 15;
    if (chunkCount << chunkShift < chunkCountOf(shape) << chunkShiftOf(shape)) {
      this.#resize(id, chunkShift, chunkCount);
    }
    if (count <= this.records[record + RECORD.SHRINK_AT]) {
      // No smaller size, or no memory for the change: try again when an eighth less is left.
      this.records[record + RECORD.SHRINK_AT] = Math.max(0, count - (count >>> 3) - 1);
    }
  }

  /** Compaction has moved a chunk; memory is located at its new place. */
  onMove(to: number): void {
    const owner = this.#memory.view.getUint32(this.#memory.base + 4, true);
    this.records[owner] = to;
  }

  /** Forgets all tables without freeing their chunks. */
  forget(): void {
    this.directory = new Uint32Array(2);
    this.shift = 31;
    this.records = new Uint32Array(1 << RECORD_SHIFT);
    this.chunkBytes = 0;
    this.#vacantIds.length = 0;
    this.#idCount = 1;
    this.#depthCounts.fill(0);
    this.#depthCounts[0] = 1;
  }

  /** Frees the chunks of all tables. */
  release(): void {
    for (let id = 0; id < this.#idCount; id++) this.#freeChunks(id);
    this.forget();
  }

  #resize(id: number, chunkShift: number, chunkCount: number): boolean {
    const shape = this.#shapeOf(id);
    const isSameChunk = chunkShift === chunkShiftOf(shape);
    const kept = isSameChunk ? chunkCountOf(shape) : 0;
    if (!this.#reserve(chunkCount - kept, chunkShift)) return false;
    this.#writer.begin(this.#countOf(id));
    this.#writer.gather(this.records, id);
    if (!isSameChunk) this.#freeChunks(id);
    this.#write(id, depthOf(shape), (chunkShift << 4) | chunkCount, 0, this.#writer.count);
    this.#freeReserved(chunkShift);
    return true;
  }

  #split(id: number, hash: number): boolean {
    const shape = this.#shapeOf(id);
    const depth = depthOf(shape);
    const writer = this.#writer;
    writer.begin(this.#countOf(id));
    writer.gather(this.records, id);
    const count = writer.count;
    const lowerCount = writer.countBelow(1 << (31 - depth));
    const upperCount = count - lowerCount;
    const isEven = Math.min(lowerCount, upperCount) >= count >>> 4;
    if (depth >= (isEven ? DEPTH_MAX : this.#unevenDepthMax())) return false;
    const lowerSize = sizeFor(lowerCount);
    const upperSize = sizeFor(upperCount);
    if (!this.#reserveTwo(shape, lowerSize, upperSize)) return false;
    const upperId = this.#takeId();
    const hasOwnChunks =
      chunkShiftOf(shape) !== lowerSize >>> 4 || lowerSize >>> 4 !== upperSize >>> 4;
    if (hasOwnChunks) this.#freeChunks(id);
    this.#write(id, depth + 1, lowerSize, 0, lowerCount);
    this.#write(upperId, depth + 1, upperSize, lowerCount, count);
    this.#freeReserved(upperSize >>> 4);
    this.#depthCounts[depth]--;
    this.#depthCounts[depth + 1] += 2;
    if (depth === 32 - this.shift) this.#doubleDirectory();
    this.#enter(upperId, hash | (1 << (31 - depth)), depth + 1);
    return true;
  }

  /** Reserves what two tables need beyond the chunks of the one whose shape is given. */
  #reserveTwo(shape: number, lowerSize: number, upperSize: number): boolean {
    const chunkShift = chunkShiftOf(shape);
    const lowerShift = lowerSize >>> 4;
    const upperShift = upperSize >>> 4;
    const lowerCount = lowerSize & 15;
    const upperCount = upperSize & 15;
    if (lowerShift === chunkShift && upperShift === chunkShift) {
      return this.#reserve(lowerCount + upperCount - chunkCountOf(shape), chunkShift);
    }
    if (!this.#reserve(lowerCount, lowerShift)) return false;
    if (this.#reserve(upperCount, upperShift)) return true;
    this.#freeReserved(lowerShift);
    return false;
  }

  /**
   * A split that leaves nearly all on one side is worth while only as a step towards one that does
   * not: as deep as the bits go that all entries share, if that is not too deep.
   */
  #unevenDepthMax(): number {
    return this.#writer.sharedBitCount() < UNEVEN_DEPTH_MAX ? UNEVEN_DEPTH_MAX : 0;
  }

  /** Merges the hash's table with its neighbour, when both are of one depth and small enough. */
  #merge(hash: number): boolean {
    const position = hash >>> this.shift;
    const id = this.directory[position];
    const depth = depthOf(this.#shapeOf(id));
    if (depth === 0) return false;
    const neighbourId = this.directory[position ^ (1 << (32 - this.shift - depth))];
    if (depthOf(this.#shapeOf(neighbourId)) !== depth) return false;
    const count = this.#countOf(id) + this.#countOf(neighbourId);
    if (count > MERGED_COUNT_MAX) return false;
    const isUpper = ((hash >>> (32 - depth)) & 1) === 1;
    const lowerId = isUpper ? neighbourId : id;
    const upperId = isUpper ? id : neighbourId;
    const size = sizeFor(count);
    if (!this.#reserve(size & 15, size >>> 4)) return false;
    this.#writer.begin(count);
    this.#writer.gather(this.records, lowerId);
    this.#writer.gather(this.records, upperId);
    this.#freeChunks(lowerId);
    this.#freeChunks(upperId);
    this.#vacantIds.push(upperId);
    this.#write(lowerId, depth - 1, size, 0, count);
    this.#enter(lowerId, hash, depth - 1);
    this.#depthCounts[depth] -= 2;
    this.#depthCounts[depth - 1]++;
    this.#halveDirectory();
    return true;
  }

  /** Takes chunks for a change: all or none. */
  #reserve(count: number, chunkShift: number): boolean {
    const before = this.#reserved.length;
    for (let taken = 0; taken < count; taken++) {
      const address = this.#memory.allocate(8 << chunkShift);
      if (address === 0) {
        while (this.#reserved.length > before) {
          this.#memory.free(this.#reserved.pop() as number, 8 << chunkShift);
          this.chunkBytes -= 8 << chunkShift;
        }
        return false;
      }
      this.#reserved.push(address);
      this.chunkBytes += 8 << chunkShift;
    }
    return true;
  }

  #freeReserved(chunkShift: number): void {
    for (const address of this.#reserved) {
      this.#memory.free(address, 8 << chunkShift);
      this.chunkBytes -= 8 << chunkShift;
    }
    this.#reserved.length = 0;
  }

  /**
   * Gives a table its chunks, those it has and then reserved ones, and writes gathered entries
   * [from, to) into them. Chunks that it has too many become reserved.
   */
  #write(id: number, depth: number, size: number, from: number, to: number): void {
    const chunkShift = size >>> 4;
    const chunkCount = size & 15;
    const record = id << RECORD_SHIFT;
    const records = this.records;
    const had = chunkCountOf(records[record + RECORD.SHAPE]);
    for (let chunk = had; chunk < chunkCount; chunk++) {
      records[record + chunk] = this.#reserved.shift() as number;
    }
    for (let chunk = chunkCount; chunk < had; chunk++) {
      this.#reserved.push(records[record + chunk]);
      records[record + chunk] = 0;
    }
    records[record + RECORD.SHAPE] = shapeOf(depth, chunkShift, chunkCount);
    records[record + RECORD.COUNT] = to - from;
    records[record + RECORD.GROW_AT] = growAtOf(chunkShift, chunkCount);
    records[record + RECORD.SHRINK_AT] = shrinkAtOf(chunkShift, chunkCount);
    this.#writer.write(records, id, from, to);
  }

  #freeChunks(id: number): void {
    const record = id << RECORD_SHIFT;
    const shape = this.#shapeOf(id);
    const byteCount = 8 << chunkShiftOf(shape);
    for (let chunk = 0; chunk < chunkCountOf(shape); chunk++) {
      this.#memory.free(this.records[record + chunk], byteCount);
      this.chunkBytes -= byteCount;
      this.records[record + chunk] = 0;
    }
    this.records[record + RECORD.SHAPE] = shapeOf(depthOf(shape), chunkShiftOf(shape), 0);
  }

  #takeId(): number {
    const vacant = this.#vacantIds.pop();
    if (vacant !== undefined) {
      this.records.fill(0, vacant << RECORD_SHIFT, (vacant + 1) << RECORD_SHIFT);
      return vacant;
    }
    if (this.#idCount << RECORD_SHIFT === this.records.length) {
      const grown = new Uint32Array(this.records.length * 2);
      grown.set(this.records);
      this.records = grown;
    }
    return this.#idCount++;
  }

  /**
   * Lets the directory's range of a prefix, the first `depth` bits of the hash, point to a table.
   */
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

  #shapeOf(id: number): number {
    return this.records[(id << RECORD_SHIFT) + RECORD.SHAPE];
  }
}

/** Two neighbours with together at most so many entries become one table. */
const MERGED_COUNT_MAX = 2_600;
/** The directory then has 16 M entries: no count of keys that fits into memory needs more. */
const DEPTH_MAX = 24;
/** 1 MiB of directory, no more, for hashes that are not spread evenly. */
const UNEVEN_DEPTH_MAX = 18;
