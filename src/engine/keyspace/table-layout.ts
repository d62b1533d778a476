/**
 * One table of the hash index. Its slots, hash u32 and address u32 each, are sorted by hash and lie
 * in up to ten chunks of one size, blocks of memory:
 *
 *     chunk    [header][slot][slot] ... [slot][link]      8 << chunkShift bytes, 512 B to 4 KiB
 *     header   word 0  type INDEX_TABLE 4 | chunkShift    word 1  table id 28 | chunk 4
 *     empty    hash 2^32-1, address 0
 *     link     hash 2^32-1, address LINK; in the last chunk it is an empty slot for ever
 *
 * Positions run through all chunks, headers and links included (a home that falls on one of those
 * means the next slot), so that place and chunk come from shifts. A walk upwards needs no test for
 * a header: its word 0 is less than any hash, and it stops by itself at a link or an empty slot,
 * for their hash is the largest. The last few positions, the margin, are nobody's home: they take
 * what is pushed on, as nothing wraps around.
 *
 * A table grows by one chunk when 0.86 of its slots are taken, up to ten of 4 KiB; then it splits.
 * All that grows therefore takes and leaves blocks of one size. Tables as single blocks of many
 * sizes were tried: all tables of an index are nearly equally full and pass through the sizes
 * together, and the blocks they left were as much as the index itself.
 */
export const NO_HASH = 0xffffffff;
export const LINK = 0xffffffff;
/** Smaller hashes are raised by as much: headers must be less than all of them. */
export const HASH_MIN = 512;
export const CHUNK_COUNT_MAX = 10;
export const CHUNK_SHIFT_MIN = 6;
/** Chunks of a table that splits when it is full. Larger ones are for a table that cannot split. */
export const CHUNK_SHIFT_SPLIT = 9;
export const CHUNK_SHIFT_MAX = 17;
/** Chunks that a table starts with when it changes to chunks of twice the size. */
export const CHUNK_COUNT_DOUBLED = 6;
/** `homeOf` multiplies by it, 13 bits. */
const CAPACITY_MAX = 8_191;
const MARGIN_MAX = 32;
const FILL_MAX = 0.8;
/** From so many entries on a table has chunks of full size even if smaller ones would do. */
const FULL_CHUNKS_FROM = 1_200;

/** Words of a table's record, 64 bytes; the first ten are the addresses of its chunks. */
export const RECORD_SHIFT = 4;
export const RECORD = {
  /** Positions that are homes: all but the margin. */
  CAPACITY: 10,
  /** depth 5 | chunkShift 5 | chunk count 4. Shifts read the low 5 bits, so it needs no mask. */
  SHAPE: 11,
  COUNT: 12,
  GROW_AT: 13,
  SHRINK_AT: 14,
} as const;

/**
 * The position where an entry belongs: the hash bits below the table's prefix, scaled to its homes.
 * Monotonic, so that order by hash is order by home.
 */
export function homeOf(hash: number, shape: number, capacity: number): number {
  return Math.imul((hash << shape) >>> 13, capacity) >>> 19;
}

export function shapeOf(depth: number, chunkShift: number, chunkCount: number): number {
  return depth | (chunkShift << 5) | (chunkCount << 10);
}

export function depthOf(shape: number): number {
  return shape & 31;
}

export function chunkShiftOf(shape: number): number {
  return (shape >>> 5) & 31;
}

export function chunkCountOf(shape: number): number {
  return shape >>> 10;
}

/** Last position of a chunk: the link. */
export function chunkMaskOf(shape: number): number {
  return (1 << (shape >>> 5)) - 1;
}

/** What a live block of type INDEX_TABLE was asked for. */
export function tableBlockBytes(view: DataView, base: number): number {
  return 8 << (view.getUint32(base, true) >>> 4);
}

export function usableSlotCount(chunkShift: number, chunkCount: number): number {
  return chunkCount * ((1 << chunkShift) - 2);
}

/** @param margin  positions at the end that are no homes */
export function capacityFor(chunkShift: number, chunkCount: number, margin: number): number {
  return Math.max(1, Math.min(CAPACITY_MAX, (chunkCount << chunkShift) - margin));
}

export function marginFor(chunkShift: number, chunkCount: number): number {
  return Math.min(MARGIN_MAX, 8 + ((chunkCount << chunkShift) >>> 6));
}

export function growAtOf(chunkShift: number, chunkCount: number): number {
  const slotCount = usableSlotCount(chunkShift, chunkCount) - marginFor(chunkShift, chunkCount);
  return slotCount - (slotCount >>> 3) - (slotCount >>> 6);
}

export function shrinkAtOf(chunkShift: number, chunkCount: number): number {
  const slotCount = usableSlotCount(chunkShift, chunkCount);
  if (chunkCount === 1) return slotCount >>> 2;
  return Math.floor(slotCount * Math.min(0.62, (0.76 * (chunkCount - 1)) / chunkCount));
}

/** Chunk shift << 4 | chunk count of a table for so many entries. */
export function sizeFor(entryCount: number): number {
  let chunkShift = entryCount > FULL_CHUNKS_FROM ? CHUNK_SHIFT_SPLIT : CHUNK_SHIFT_MIN;
  for (;;) {
    for (let chunkCount = 1; chunkCount <= CHUNK_COUNT_MAX; chunkCount++) {
      const slotCount = usableSlotCount(chunkShift, chunkCount) - marginFor(chunkShift, chunkCount);
      if (slotCount * FILL_MAX >= entryCount) return (chunkShift << 4) | chunkCount;
    }
    if (entryCount < growAtOf(chunkShift, CHUNK_COUNT_MAX)) {
      return (chunkShift << 4) | CHUNK_COUNT_MAX;
    }
    chunkShift++;
  }
}
