/**
 * How a store stays within its limit. Before a command that may need memory, `makeRoom` compares
 * one number; only when that says no is anything here asked:
 *
 *     more from the node (a store that shares) -> free what is removed already -> evict -> refuse
 *
 * A limit that was lowered below what is held is not reached at once: a ceiling comes down to it
 * step by step. Each write lowers it a little and stays below, so it frees what it brings and a
 * little more in a bounded time, and is not refused; the rest is done in the background; with an
 * eviction tenacity of 100 one write does it all. What a
 * command took beyond the ceiling, because it grew by more than it carried, the next write frees.
 *
 * Between two slices a headroom below the limit takes the writes, so that few of them evict.
 */
import { LIMITS } from '../../base/limits.ts';
import type { Store } from '../store.ts';
import { STORE_STAT } from '../store-stats.ts';

/** What a store asks for more, when it has no limit of its own. */
export interface RoomLender {
  /** @returns whether the store's limit is at least that now */
  lend(store: Store, neededBytes: number): boolean;
  /** The store's own limit has changed. */
  settle(): void;
}

/**
 * Makes room for `byteCount` more, after a first look said that there is none.
 * @returns false when there is no room and nothing that may be evicted
 */
export function makeRoomSlowly(store: Store, byteCount: number): boolean {
  const atFirst = store.countedBytes();
  if (atFirst + byteCount > store.limitBytes && store.lender !== null) {
    store.lender.lend(store, atFirst + byteCount);
  }
  const isThorough = store.evictionSettings.maxmemoryEvictionTenacity === TENACITY_MAX;
  const isGradual = store.policy.evicts && !isThorough;
  // What is larger than the store would cost all its entries, and then not fit.
  if (byteCount > store.limitBytes && isGradual) return refuse(store);
  store.lowerCeiling(store.ceilingBytes - REPAID_BYTES);
  const bytesMax = isGradual ? store.ceilingBytes : store.limitBytes;
  const aheadBytes = store.policy.evicts ? Math.min(AHEAD_BYTES_MAX, bytesMax / AHEAD_PARTS) : 0;
  while (!fits(store, store.countedBytes() + byteCount + aheadBytes, bytesMax)) {
    if (!store.drainOne() && !store.evictOne()) return fitsAtLast(store, byteCount);
  }
  return true;
}

/**
 * One bounded step of keeping the headroom free.
 * @returns whether there was something to do
 */
export function evictAhead(store: Store): boolean {
  const { limitBytes } = store;
  if (limitBytes === Number.POSITIVE_INFINITY || !store.policy.evicts) return false;
  const headroomBytes = Math.min(limitBytes / HEADROOM_PARTS, LIMITS.headroomBytesMax);
  const startBytes = limitBytes - (store.isEvictingAhead ? headroomBytes : headroomBytes / 2);
  if (store.countedBytes() <= startBytes) {
    store.isEvictingAhead = false;
    return false;
  }
  store.isEvictingAhead = true;
  if (!store.drainOne()) {
    for (let i = 0; i < STEP_EVICTIONS; i++) if (!store.evictOne()) return false;
  }
  store.lowerCeiling(store.ceilingBytes);
  return true;
}

/** Whether anything of it could be evicted: false under noeviction, or with nothing to choose. */
export function canEvict(store: Store): boolean {
  if (!store.policy.evicts || store.hasNothingToEvict) return false;
  if (!store.policy.redisName.startsWith('volatile-')) return true;
  return store.databases.some((database) => database.deadlineCount > 0);
}

function fits(store: Store, byteCount: number, bytesMax: number): boolean {
  if (byteCount > bytesMax) return false;
  if (byteCount < LIMITS.addressableBytesMax) return true;
  return !store.databases.some((database) => database.memory.isNearlyUnaddressable);
}

/**
 * Nothing is left to evict. A store that is within its limit takes one more write: under noeviction
 * whatever its size, as redis-server does, else while it passes the limit by little.
 */
function fitsAtLast(store: Store, byteCount: number): boolean {
  const { limitBytes } = store;
  const countedBytes = store.countedBytes();
  const isWithin = fits(store, countedBytes, limitBytes);
  const slackBytes = store.policy.evicts ? limitBytes / SLACK_PARTS : byteCount;
  if (isWithin && countedBytes + byteCount <= limitBytes + slackBytes) return true;
  return refuse(store);
}

function refuse(store: Store): boolean {
  store.stats[STORE_STAT.REFUSED]++;
  return false;
}

/** As Redis has it. */
const TENACITY_MAX = 100;
/**
 * What is freed beyond what a write needs, so that the next few need nothing: evictions in a row
 * find code and candidates in the cache. Of SETs of 64 bytes one in about 16 evicts, 16 at once.
 */
const AHEAD_BYTES_MAX = 2_048;
const AHEAD_PARTS = 1_024;
/** What a write frees beyond its own bytes when the store holds more than it may. */
const REPAID_BYTES = 2_048;
/** The limit is passed by 1 % at most. */
const SLACK_PARTS = 100;
/** The headroom is that part of the limit: it costs a 256th of the hits at the very most. */
const HEADROOM_PARTS = 256;
/** Evictions between two readings of the clock. */
const STEP_EVICTIONS = 16;
