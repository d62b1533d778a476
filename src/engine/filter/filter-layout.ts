import { TYPE } from '../keyspace/entry.ts';

/**
 * One table of a cuckoo filter: buckets of four fingerprints each, packed bit by bit, in up to ten
 * pages of one size, blocks of the database's memory:
 *
 *     page      [header 8 bytes][bucket][bucket] ... [bucket]      1 << pageShift buckets
 *     header    word 0  type FILTER_PAGE 4 | page bytes 28     word 1  whose page it is
 *     bucket    4 fingerprints of `bits` bits, 0 for an empty one; they may cross words
 *
 * A page has 128 buckets, or 64 where fingerprints are longer than 15 bits: so it is at most 1 KiB
 * and no size class adds to it. All pages are of one size: what one table leaves another takes.
 */
export const BUCKET_SLOTS = 4;
/** Share of its slots from which on a table is too full: beyond, places are hard to find. */
export const LOAD_MAX = 0.955;
/** Share for which the fingerprint's width is chosen. */
export const LOAD_USUAL = 0.95;
export const PAGE_COUNT_MAX = 10;
/** Room that a table is given when it is built: so many items beyond those it has. */
const GROWTH_SHARE = 1 / 4;
export const PAGE_HEADER_WORDS = 2;
const BITS_MIN = 4;
const BITS_MAX = 24;
const SMALL_PAGE_FROM_BITS = 16;

/** Words of a table's record, 64 bytes; the first ten are the addresses of its pages. */
export const RECORD_SHIFT = 4;
export const RECORD = {
  /** 0: nothing is stored. If COUNT is not 0, the table is saturated: see `key-filter.ts`. */
  BUCKETS: 10,
  PAGES: 11,
  DEPTH: 12,
  COUNT: 13,
  GROW_AT: 14,
  SHRINK_AT: 15,
} as const;

export interface FilterShape {
  /** Of one fingerprint. */
  readonly bits: number;
  /** Fingerprints there are: all but 0. */
  readonly fingerprintCount: number;
  /** Buckets of a page as a power of two. */
  readonly pageShift: number;
  readonly pageBytes: number;
  readonly pageSlots: number;
}

/** The shortest fingerprint that keeps the rate while a table is as full as it usually gets. */
export function shapeFor(rate: number): FilterShape {
  let bits = BITS_MIN;
  while (bits < BITS_MAX && falsePositiveRate(bits, LOAD_USUAL) > rate) bits++;
  const pageShift = bits < SMALL_PAGE_FROM_BITS ? 7 : 6;
  return {
    bits,
    fingerprintCount: 2 ** bits - 1,
    pageShift,
    pageBytes: (PAGE_HEADER_WORDS + ((bits << pageShift) >>> 3)) * 4,
    pageSlots: BUCKET_SLOTS << pageShift,
  };
}

/** Chance that one of the eight slots a key may be in has its fingerprint by accident. */
export function falsePositiveRate(bits: number, load: number): number {
  return 1 - (1 - 1 / (2 ** bits - 1)) ** (2 * BUCKET_SLOTS * load);
}

/** Pages of a table that is built for so many items; may be more than a table can have. */
export function pageCountFor(itemCount: number, pageSlots: number): number {
  return Math.max(1, Math.ceil((itemCount * (1 + GROWTH_SHARE)) / (pageSlots * LOAD_MAX)));
}

/** From both hashes: of keys that share the first one the second still spreads the buckets. */
export function bucketOf(keyHash: number, second: number, bucketCount: number): number {
  const mixed = Math.imul(keyHash, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  return ((mixed >>> 16) * bucketCount) >>> 16;
}

/** The other bucket that a fingerprint may be in; its own inverse for any number of buckets. */
export function otherBucket(bucket: number, fingerprint: number, bucketCount: number): number {
  const spread = ((Math.imul(fingerprint, 0x9e3779b1) >>> 16) * bucketCount) >>> 16;
  const other = spread - bucket;
  return other < 0 ? other + bucketCount : other;
}

/** What a live block of type FILTER_PAGE was asked for. */
export function filterPageBytes(view: DataView, base: number): number {
  return view.getUint32(base, true) >>> 4;
}

export function pageHeader(pageBytes: number): number {
  return TYPE.FILTER_PAGE | (pageBytes << 4);
}
