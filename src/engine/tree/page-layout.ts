/**
 * The bytes of a tree's pages, each a block of the database's memory.
 *
 *     word 0   type 14, 4 bits | format 2 | root 1 | 0 | level 4 | size in units of 8, 20 bits
 *     word 1   address of the parent page; in a root the tree's id
 *
 *     inner page, level 1 and up
 *     word 2   child count      word 3   0
 *     by capacity: separator keys f64 | child addresses u32 | element counts u32
 *
 *     slotted leaf, level 0
 *     u16 slot count, blob count, heap begin, garbage bytes
 *     slots ->  key u32 or f64, payload offset u16          <- heap of payloads
 *
 *     block leaf, level 0, of any size (the size in word 0 is 0)
 *     word 2   element count    word 3   payload bytes      word 4, 5   key f64      payload
 *
 * A payload in a heap is its length (one byte below 128, two up to 32,511) and its bytes; a payload
 * longer than PAYLOAD_BYTES_MAX is 0xff and the address of a block of its own, a blob:
 *
 *     word 0   type 13, 4 bits          word 1   leaf that refers to it
 *     word 2   byte length              bytes
 *
 * A separator is not above the keys of its child, and not below those of the child before; the
 * first one of a page is not looked at. Pages other than a root are never empty.
 */
import { TYPE } from '../keyspace/entry.ts';

export const FORMAT = {
  /** Keys are u32, for hashes. */
  SLOTTED32: 1,
  /** Keys are f64: scores, milliseconds. Not NaN. */
  SLOTTED64: 2,
  /** One opaque payload a leaf, which stands for as many elements as its owner says. Keys f64. */
  BLOCK: 3,
} as const;

export const PAGE_HEADER_BYTES = 16;
export const BLOCK_HEADER_BYTES = 24;
export const BLOB_HEADER_BYTES = 12;
/** A slotted leaf that is not a lone root. */
export const LEAF_BYTES = 4096;
export const LEAF_BYTES_MIN = 256;
/**
 * Longer ones become blobs. So short, that the elements of two leaves can be evened out to within
 * half a payload of each other even when little is free (`leaf-room.ts SHARED_FREE_BYTES`).
 */
export const PAYLOAD_BYTES_MAX: number = LEAF_BYTES / 16;
/** Children that inner pages have room for: a root's first, then grown. */
export const INNER_CAPACITIES: readonly number[] = [4, 16, 62, 255];
export const INNER_CAPACITY_MAX = 255;
export const LEVEL_COUNT_MAX = 12;

export const ROOT = 1 << 6;
const FORMAT_SHIFT = 4;
const LEVEL_SHIFT = 8;
const UNITS_SHIFT = 12;

export const BLOB_MARK = 0xff;
/** What a payload that became a blob takes in its leaf's heap. */
export const BLOB_MARK_BYTES = 5;

export function pageWord0(format: number, level: number, byteCount: number): number {
  const units = byteCount >>> 3;
  return (
    (TYPE.TREE_PAGE |
      (format << FORMAT_SHIFT) |
      (level << LEVEL_SHIFT) |
      (units << UNITS_SHIFT)) >>>
    0
  );
}

export function formatOf(word0: number): number {
  return (word0 >>> FORMAT_SHIFT) & 3;
}

export function levelOf(word0: number): number {
  return (word0 >>> LEVEL_SHIFT) & 15;
}

export function isRoot(word0: number): boolean {
  return (word0 & ROOT) !== 0;
}

export function isBlockLeaf(word0: number): boolean {
  return (word0 & 0xf30) === FORMAT.BLOCK << FORMAT_SHIFT;
}

/** Children that an inner page of that size has room for. */
export function capacityOf(word0: number): number {
  return ((word0 >>> UNITS_SHIFT) - 2) >>> 1;
}

export function innerBytes(capacity: number): number {
  return PAGE_HEADER_BYTES + capacity * 16;
}

/** Bytes of an inner page or a slotted leaf. */
export function sizeOf(word0: number): number {
  return (word0 >>> UNITS_SHIFT) << 3;
}

/** What the page's block was asked for. */
export function pageBytes(view: DataView, base: number): number {
  const word0 = view.getUint32(base, true);
  if (isBlockLeaf(word0)) return BLOCK_HEADER_BYTES + view.getUint32(base + 12, true);
  return sizeOf(word0);
}

export function blobBytes(view: DataView, base: number): number {
  return BLOB_HEADER_BYTES + view.getUint32(base + 8, true);
}

export function keyBytes(format: number): number {
  return format === FORMAT.SLOTTED32 ? 4 : 8;
}

export function slotBytes(format: number): number {
  return format === FORMAT.SLOTTED32 ? 6 : 10;
}

/** What a payload of `length` takes in a heap. */
export function heapBytes(length: number): number {
  if (length < 128) return length + 1;
  return length <= PAYLOAD_BYTES_MAX ? length + 2 : BLOB_MARK_BYTES;
}

/** What the payload at `at` takes in its heap. */
export function heapBytesAt(view: DataView, at: number): number {
  const first = view.getUint8(at);
  if (first < 128) return first + 1;
  if (first === BLOB_MARK) return BLOB_MARK_BYTES;
  return (((first & 127) << 8) | view.getUint8(at + 1)) + 2;
}

/** Writes a length that is no blob's; the bytes follow at what is returned. */
export function writeLength(view: DataView, at: number, length: number): number {
  if (length < 128) {
    view.setUint8(at, length);
    return at + 1;
  }
  view.setUint8(at, 128 | (length >>> 8));
  view.setUint8(at + 1, length & 255);
  return at + 2;
}
