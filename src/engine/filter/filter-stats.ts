import type { Frame } from '../../base/frame.ts';
import type { Database } from '../database.ts';
import type { Store } from '../store.ts';
import { FILTER_COUNT } from './key-filter.ts';

/** What FILTER STATS, INFO and the HTTP API tell of a filter; counts are since the start. */
export interface FilterStatistics {
  /** Keys in it. */
  readonly size: number;
  /** Places for fingerprints. */
  readonly capacity: number;
  /** Keys for each place, 0 to 1. */
  readonly loadFactor: number;
  /** Bytes: pages, records and directory. */
  readonly memoryUsage: number;
  /** As the settings ask for it. */
  readonly falsePositiveRate: number;
  /** As it follows from how full the filter is now. */
  readonly estimatedFalsePositiveRate: number;
  /** Among the checks of absent keys; 0 before the first. */
  readonly observedFalsePositiveRate: number;
  readonly fingerprintBits: number;
  readonly tableCount: number;
  readonly addOperations: number;
  readonly lookupOperations: number;
  readonly deleteOperations: number;
  readonly successfulAdds: number;
  /** Keys that came while their table could store nothing and so said "may be" of every key. */
  readonly failedAdds: number;
  /** Tables that were built larger, or as two, and those that were built smaller, or as one. */
  readonly growths: number;
  readonly shrinkings: number;
  /** Checks of absent keys that the filter did not exclude. */
  readonly falsePositives: number;
}

/** Summed over the store's databases; null when it keeps no filter. */
export function measureFilter(store: Store): FilterStatistics | null {
  const plan = store.filterPlan;
  if (plan === null) return null;
  const counts = new Float64Array(Object.keys(FILTER_COUNT).length);
  let size = 0;
  let capacity = 0;
  let memoryUsage = 0;
  let tableCount = 0;
  let expected = 0;
  for (const { filter } of store.databases) {
    if (filter === null) continue;
    filter.counts.forEach((count, i) => {
      counts[i] += count;
    });
    size += filter.itemCount;
    capacity += filter.capacity;
    memoryUsage += filter.byteCount;
    tableCount += filter.tableCount;
    // Each database answers about its own keys: weighed by how many it has.
    if (filter.itemCount > 0) expected += filter.estimatedRate() * filter.itemCount;
  }
  const falsePositives = counts[FILTER_COUNT.FALSE_POSITIVES];
  const absentChecks = falsePositives + counts[FILTER_COUNT.TRUE_NEGATIVES];
  return {
    size,
    capacity,
    loadFactor: capacity === 0 ? 0 : size / capacity,
    memoryUsage,
    falsePositiveRate: plan.rate,
    estimatedFalsePositiveRate: size === 0 ? 0 : expected / size,
    observedFalsePositiveRate: absentChecks === 0 ? 0 : falsePositives / absentChecks,
    fingerprintBits: plan.shape.bits,
    tableCount,
    addOperations: counts[FILTER_COUNT.ADDS],
    lookupOperations: counts[FILTER_COUNT.LOOKUPS],
    deleteOperations: counts[FILTER_COUNT.REMOVALS],
    successfulAdds: counts[FILTER_COUNT.ADDS] - counts[FILTER_COUNT.FAILED_ADDS],
    failedAdds: counts[FILTER_COUNT.FAILED_ADDS],
    growths: counts[FILTER_COUNT.GROWTHS],
    shrinkings: counts[FILTER_COUNT.SHRINKINGS],
    falsePositives,
  };
}

export interface FilterCheck {
  /** False: certainly absent. */
  readonly filterSays: boolean;
  readonly exists: boolean;
  readonly isFalsePositive: boolean;
}

/**
 * Asks the filter about a key, and the index for the truth. No hit or miss is counted and no access
 * noted; a key that has expired is removed, as by any command that names it.
 * @returns  null when the database has no filter
 */
export function checkKey(database: Database, frame: Frame, arg: number): FilterCheck | null {
  const exists = database.find(frame, arg) !== 0;
  const { filter } = database;
  if (filter === null) return null;
  const hash = database.hash;
  const { offsets, lengths, view } = frame;
  const filterSays = filter.mayHold(hash, view, offsets[arg], lengths[arg]);
  if (!exists) {
    filter.counts[filterSays ? FILTER_COUNT.FALSE_POSITIVES : FILTER_COUNT.TRUE_NEGATIVES]++;
  }
  return { filterSays, exists, isFalsePositive: filterSays && !exists };
}
