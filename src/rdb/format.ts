/**
 * The numbers of the RDB format. Read up to READ_VERSION_MAX; written as redis-server 7.0 writes.
 * Layout and choices: docs/design/rdb.md.
 */

/** The first bytes of a file: `REDIS` and four digits. */
export const MAGIC = 'REDIS';
export const HEADER_BYTES = 9;
/** redis-server 7.0 refuses a later one. */
export const WRITTEN_VERSION = 10;
/** redis-server 7.2. */
export const READ_VERSION_MAX = 11;
/** Behind a payload of DUMP: version u16, CRC-64. */
export const PAYLOAD_FOOTER_BYTES = 10;
export const CRC_BYTES = 8;

/** First byte of what is no key. */
export const OPCODE = {
  SLOT_INFO: 244,
  /** Source of a function library. */
  FUNCTION2: 245,
  /** The same, as release candidates of 7.0 wrote it. */
  FUNCTION_PRE_GA: 246,
  MODULE_AUX: 247,
  /** Seconds since the next key was used, a length. */
  IDLE: 248,
  /** How often the next key was used, one byte. */
  FREQUENCY: 249,
  /** A name and a text, which who does not know it skips. */
  AUX: 250,
  /** Keys, and keys with a deadline, of the database: two lengths. */
  RESIZE_DB: 251,
  /** Deadline of the next key, absolute ms, int64. */
  EXPIRE_MS: 252,
  /** The same in seconds, int32. */
  EXPIRE_S: 253,
  SELECT_DB: 254,
  EOF: 255,
} as const;

/** First byte of a key: what its value is and how it lies. */
export const RDB_TYPE = {
  STRING: 0,
  LIST: 1,
  SET: 2,
  /** Scores as text. */
  ZSET: 3,
  HASH: 4,
  /** Scores as doubles. */
  ZSET_2: 5,
  MODULE: 6,
  MODULE_2: 7,
  HASH_ZIPMAP: 9,
  LIST_ZIPLIST: 10,
  SET_INTSET: 11,
  ZSET_ZIPLIST: 12,
  HASH_ZIPLIST: 13,
  /** Nodes are ziplists. */
  LIST_QUICKLIST: 14,
  STREAM_LISTPACKS: 15,
  HASH_LISTPACK: 16,
  ZSET_LISTPACK: 17,
  /** Nodes are listpacks, or one long element each. */
  LIST_QUICKLIST_2: 18,
  /** With first id, largest removed id, entries added. */
  STREAM_LISTPACKS_2: 19,
  SET_LISTPACK: 20,
  /** With the time when a consumer was last given something. */
  STREAM_LISTPACKS_3: 21,
} as const;

/**
 * A length is written by its two highest bits: 00 six bits, 01 fourteen, 10 more (LENGTH_32,
 * LENGTH_64, highest byte first), 11 no length but a string in one of the forms below.
 */
export const LENGTH_6_MAX = 63;
export const LENGTH_14_MAX = 16_383;
export const LENGTH_14 = 0x40;
export const LENGTH_32 = 0x80;
export const LENGTH_64 = 0x81;
export const LENGTH_BYTES_MAX = 9;

/** First byte of a string in another form. */
export const STRING_FORM = {
  INT_8: 0xc0,
  INT_16: 0xc1,
  INT_32: 0xc2,
  /** Compressed length, length, bytes. */
  LZF: 0xc3,
} as const;

/** Longer texts are not tried as integers. */
export const INTEGER_TEXT_BYTES_MAX = 11;

/** What a node of LIST_QUICKLIST_2 holds. */
export const LIST_NODE = { PLAIN: 1, PACKED: 2 } as const;

/** What ends a MODULE_2 value; and the kinds of its parts. */
export const MODULE_OPCODE = { EOF: 0, SINT: 1, UINT: 2, FLOAT: 3, DOUBLE: 4, STRING: 5 } as const;

/** AUX fields of ours: just before a key in a file, behind the value in a payload of DUMP. */
export const OWN_AUX = {
  PREFIX: 'hc-',
  /** `1`: the value has the JSON bit. */
  JSON: 'hc-json',
  /**
   * Deadlines of a hash's fields, several of these when they are many: 0 u8, then for each field
   * its length as above, its bytes, its deadline in ms as int64. Fields without one are not in it.
   */
  FIELD_DEADLINES: 'hc-field-deadlines',
} as const;
