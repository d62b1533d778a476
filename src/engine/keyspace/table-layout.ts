import { LIMITS } from '../../base/limits.ts';
import { roundToClass } from '../memory/size-classes.ts';

/**
 * One table of the hash index: a block of memory.
 *
 *     word 0   type INDEX_TABLE 4 | table id 28      word 1   slot count
 *     slots    hash u32, address u32                 address 0: empty, the hash is then 2^32-1
 *
 * Slots are sorted by hash. `capacity` slots are homes; the margin behind them takes what the last
 * homes push out, so that nothing wraps around. The last slot is always empty: every walk ends there.
 *
 * Blocks have the sizes of a ladder whose steps are at most 1.17 apart, each a size class of memory.
 * A table grows at 0.86 of its homes and is then filled to at most 0.80; it shrinks below 0.62. So
 * there are at least 6 % of its entries between two changes of size, whatever comes.
 */
export const TABLE_HEADER_BYTES = 8;
export const NO_HASH = 0xffffffff;
const FILL_MAX = 0.8;
const SHRINK_BELOW = 0.62;
const MARGIN_MAX = 32;
/** Below 8,192: `homeOf` multiplies by it. */
const CAPACITY_MAX = 4_575;
/**
 * Sizes of blocks. Up to SPLIT_STEP each fits some count of entries; from there on a table splits, and
 * only one whose entries share too many bits for that has a larger block: more margin, no more homes.
 */
export const TABLE_BYTES: readonly number[] = tableSizes();
export const SPLIT_STEP = TABLE_BYTES.indexOf(36_864) + 1;
/** Two neighbours with together at most so many entries become one table. */
export const MERGED_COUNT_MAX = 2_600;

/**
 * Where an entry belongs: the hash bits below the table's prefix, scaled to its homes. Monotonic, so
 * that order by hash is order by home. 19 bits times at most 13 bits stay within 32.
 * @param depth  length of the prefix; only its low 5 bits are read
 */
export function homeOf(hash: number, depth: number, capacity: number): number {
  return Math.imul((hash << depth) >>> 13, capacity) >>> 19;
}

export function slotCountOf(blockBytes: number): number {
  return (blockBytes - TABLE_HEADER_BYTES) >>> 3;
}

/** What a live block of type INDEX_TABLE was asked for. */
export function tableBlockBytes(view: DataView, base: number): number {
  return TABLE_HEADER_BYTES + view.getUint32(base + 4, true) * 8;
}

/** Slots that are homes. */
export function capacityOf(blockBytes: number): number {
  const slotCount = slotCountOf(blockBytes);
  return Math.min(CAPACITY_MAX, slotCount - Math.min(MARGIN_MAX, 8 + (slotCount >>> 6)));
}

/** A table with more than the usual margin grows when its entries are an eighth more. */
export function growAtOf(blockBytes: number, entryCount: number): number {
  if (blockBytes >= TABLE_BYTES[SPLIT_STEP]) return entryCount + (entryCount >>> 3);
  const capacity = capacityOf(blockBytes);
  return capacity - (capacity >>> 3) - (capacity >>> 6);
}

export function shrinkAtOf(capacity: number): number {
  return Math.floor(capacity * SHRINK_BELOW);
}

/** @returns  index into TABLE_BYTES, its length when none is large enough */
export function stepFor(entryCount: number): number {
  let step = 0;
  while (step < SPLIT_STEP && capacityOf(TABLE_BYTES[step]) * FILL_MAX < entryCount) step++;
  while (step < TABLE_BYTES.length && slotCountOf(TABLE_BYTES[step]) * FILL_MAX < entryCount) step++;
  return step;
}

/** @returns  index into TABLE_BYTES of the first size above that many slots */
export function stepAbove(slotCount: number): number {
  let step = 0;
  while (step < TABLE_BYTES.length && slotCountOf(TABLE_BYTES[step]) <= slotCount) step++;
  return step;
}

function tableSizes(): number[] {
  const sizes: number[] = [];
  for (let octave = 64; octave <= 2048; octave *= 2) {
    for (const eighths of [8, 9, 10, 11, 12, 14]) sizes.push(octave * eighths);
  }
  sizes.push(32_768, 36_864);
  for (let size = 45_056; size <= LIMITS.sharedBlockBytesMax; ) {
    sizes.push(size);
    size = roundToClass(size + (size >>> 2));
  }
  return sizes;
}
