const KIB = 1024;
const MIB = 1024 * KIB;

/** Every bound that is not a setting. A number of this kind anywhere else is a defect. */
export const LIMITS = {
  /** proto-max-bulk-len's default; also the longest string value. */
  bulkBytesMax: 512 * MIB,
  /** Arguments of one command. */
  argumentCountMax: 1024 * 1024,
  inlineBytesMax: 64 * KIB,
  /** Before login. */
  unauthenticatedArgumentCountMax: 10,
  unauthenticatedBulkBytesMax: 16_384,
  unauthenticatedQueryBytesMax: MIB,
  /** A connection turn ends after so many commands, or so many reply bytes. */
  turnCommandCountMax: 1_000,
  turnReplyBytesMax: 256 * KIB,
  /** How much of a client's text an error reply may repeat. */
  echoedBytesMax: 128,
  /** Bytes read from a socket at once. */
  readBufferBytes: 64 * KIB,
  /** A reply buffer that grew past this is given back after the turn. */
  replyBufferBytesKept: 256 * KIB,
  databaseCountMax: 16_384,
  /** A block above this has a buffer of its own. */
  sharedBlockBytesMax: MIB,
  segmentBytesMin: 64 * KIB,
  segmentBytesMax: 16 * MIB,
  /** One slice of background work: expiry, compaction, eviction, enumeration. */
  sliceMs: 1,
  sliceEntryCount: 1_000,
} as const;
