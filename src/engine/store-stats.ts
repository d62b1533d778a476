/** Slots of `Store.stats`. */
export const STORE_STAT = {
  HITS: 0,
  MISSES: 1,
  EXPIRED: 2,
  EVICTED: 3,
  CHANGES: 4,
  /** Fields of hashes. */
  EXPIRED_FIELDS: 5,
  /** Times that there was no room and nothing to evict: writes refused. */
  REFUSED: 6,
} as const;

export const STORE_STAT_COUNT = 7;
