/**
 * The bytes of one entry: one block of its store's memory, 8-byte aligned.
 *
 *     word 0   type 4 | encoding 4 | flags 8 | key length 16
 *     word 1   value length 8 | access 24
 *     [EXTENDED: value length u32, value capacity u32]      value of 255 bytes or more, or growable
 *     [DEADLINE: low u32, high u32, previous u32, next u32] absolute ms, int64; timing-wheel links
 *     [LONG_KEY: key length u32, 0]                         key of 65,535 bytes or more
 *     key bytes, then value bytes, then padding to 8
 *
 * A free block has type 0, so that a segment can be walked. Value length 255 in word 1 says that
 * EXTENDED holds it. `access` is what the eviction policy keeps: a clock in seconds, or a minute
 * and a counter. Cost: 8 bytes a key plus padding; 16 more with a deadline.
 */
export const TYPE = {
  FREE: 0,
  STRING: 1,
  LIST: 2,
  SET: 3,
  ZSET: 4,
  HASH: 5,
  STREAM: 6,
  /** See `engine/filter/`. */
  FILTER_PAGE: 12,
  /** Blocks of large collections, see `engine/tree/`. */
  TREE_BLOB: 13,
  TREE_PAGE: 14,
  INDEX_TABLE: 15,
} as const;

/** What OBJECT ENCODING answers; how the bytes really lie may differ: see `engine/values/`. */
export const ENCODING = {
  RAW: 0,
  INT: 1,
  HASHTABLE: 2,
  INTSET: 6,
  SKIPLIST: 7,
  EMBSTR: 8,
  QUICKLIST: 9,
  STREAM: 10,
  LISTPACK: 11,
  LISTPACKEX: 12,
} as const;

/** As TYPE answers, by type nibble. */
export const TYPE_NAMES: readonly string[] = [
  'none',
  'string',
  'list',
  'set',
  'zset',
  'hash',
  'stream',
];

/** As OBJECT ENCODING answers, by encoding nibble. */
export const ENCODING_NAMES: readonly string[] = [
  'raw',
  'int',
  'hashtable',
  'zipmap',
  'linkedlist',
  'ziplist',
  'intset',
  'skiplist',
  'embstr',
  'quicklist',
  'stream',
  'listpack',
  'listpackex',
];

export const FLAG = {
  EXTENDED: 1 << 8,
  DEADLINE: 1 << 9,
  LONG_KEY: 1 << 10,
  STAMP: 1 << 11,
  JSON: 1 << 12,
  /** The value is a record that names trees: see `engine/tree/`. */
  TREE: 1 << 13,
  /** A hash with deadlines of fields: it stands in the database's `FieldSchedule`. */
  SCHEDULED: 1 << 14,
  /**
   * Unlike the memory's `seenMark`: a running snapshot has not seen it yet (`engine/snapshot/`).
   */
  SEEN: 1 << 15,
} as const;

export const VALUE_LENGTH_INLINE_MAX = 254;
export const KEY_LENGTH_INLINE_MAX = 65_534;
/** Marks a length that stands in EXTENDED or LONG_KEY. */
export const VALUE_LENGTH_ELSEWHERE = 255;
export const KEY_LENGTH_ELSEWHERE = 65_535;

/** Bytes before the key, from word 0. */
export function headerBytes(word0: number): number {
  return 8 + ((word0 >>> 5) & 8) + ((word0 >>> 5) & 16) + ((word0 >>> 7) & 8);
}

/** Where EXTENDED, DEADLINE and LONG_KEY stand, counted from the entry's first byte. */
export const EXTENDED_OFFSET = 8;

export function deadlineOffset(word0: number): number {
  return 8 + ((word0 >>> 5) & 8);
}

export function longKeyOffset(word0: number): number {
  return 8 + ((word0 >>> 5) & 8) + ((word0 >>> 5) & 16);
}

export function keyLength(view: DataView, base: number, word0: number): number {
  const inline = word0 >>> 16;
  if (inline !== KEY_LENGTH_ELSEWHERE) return inline;
  return view.getUint32(base + longKeyOffset(word0), true);
}

export function valueLength(view: DataView, base: number): number {
  const inline = view.getUint8(base + 4);
  if (inline !== VALUE_LENGTH_ELSEWHERE) return inline;
  return view.getUint32(base + EXTENDED_OFFSET, true);
}

/** Bytes that the entry's block was asked for: what `Memory.free` must be told. */
export function entryBytes(view: DataView, base: number): number {
  const word0 = view.getUint32(base, true);
  const capacity =
    (word0 & FLAG.EXTENDED) === 0
      ? view.getUint8(base + 4)
      : view.getUint32(base + EXTENDED_OFFSET + 4, true);
  return headerBytes(word0) + keyLength(view, base, word0) + capacity;
}

const HIGH_WORD = 0x1_0000_0000;

/** @param at  where DEADLINE begins; approximate beyond 2^53 */
export function readDeadline(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * HIGH_WORD + view.getUint32(at, true);
}

export function writeDeadline(view: DataView, at: number, deadlineMs: number | bigint): void {
  if (typeof deadlineMs === 'bigint') {
    view.setBigInt64(at, deadlineMs, true);
    return;
  }
  // The rest of a division by 2^32, without `%`, which calls fmod.
  const high = Math.floor(deadlineMs / HIGH_WORD);
  view.setUint32(at, deadlineMs - high * HIGH_WORD, true);
  view.setInt32(at + 4, high, true);
}
