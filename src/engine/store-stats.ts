/** Slots of `Store.stats`. */
export const STORE_STAT = { HITS: 0, MISSES: 1, EXPIRED: 2, EVICTED: 3, CHANGES: 4 } as const;

export const STORE_STAT_COUNT = 5;
