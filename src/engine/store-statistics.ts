import type { Store } from './store.ts';
import { STORE_STAT } from './store-stats.ts';

/** What STORE INFO, INFO and the HTTP API tell of a store; counts are since the start. */
export interface StoreStatistics {
  readonly keyCount: number;
  /** Of them, those with a deadline. */
  readonly deadlineCount: number;
  /** Counted bytes: what the limit bounds. */
  readonly memoryBytes: number;
  /** Its own limit; 0: it has none but the node's. */
  readonly memoryBytesMax: number;
  readonly hits: number;
  readonly misses: number;
  /** Hits among all reads, 0 to 1; 0 before the first. */
  readonly hitRate: number;
  readonly evictions: number;
  readonly expired: number;
  /** Changes, by clients and by itself. */
  readonly writes: number;
}

export function measureStore(store: Store): StoreStatistics {
  const { databases, stats } = store;
  const hits = stats[STORE_STAT.HITS];
  const reads = hits + stats[STORE_STAT.MISSES];
  return {
    keyCount: databases.reduce((sum, { count }) => sum + count, 0),
    deadlineCount: databases.reduce((sum, { deadlineCount }) => sum + deadlineCount, 0),
    memoryBytes: store.countedBytes(),
    memoryBytesMax: store.memoryBytesMax,
    hits,
    misses: stats[STORE_STAT.MISSES],
    hitRate: reads === 0 ? 0 : hits / reads,
    evictions: stats[STORE_STAT.EVICTED],
    expired: stats[STORE_STAT.EXPIRED],
    writes: stats[STORE_STAT.CHANGES],
  };
}
