import { LIMITS } from '../../base/limits.ts';
import type { Database } from '../database.ts';
import type { TimingWheel } from '../expiry/timing-wheel.ts';
import type { Store } from '../store.ts';
import { ClockedPolicy } from './clocked-policy.ts';
import type { EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { createLru } from './lru.ts';

/** Nothing stays in it between two calls. */
const HASHES = new Uint32Array(LIMITS.warmedKeyCountMax);

/**
 * What would expire soonest goes, by the order of the timing wheels: of the entries in the first
 * slot that is not empty the soonest of the 32 that came first. A slot spans 64 ms for deadlines
 * within 16 s, 16 s within 70 minutes, 70 minutes within 12 days. Where nothing has a deadline, the
 * longest idle goes.
 */
export function createTtl(context: PolicyContext): EvictionPolicy {
  const fallback = createLru(context);
  const choose = (store: Store) => chooseSoonest(store) || fallback.chooseVictim(store);
  return new ClockedPolicy({ name: 'ttl', redisName: 'ttl', evicts: true, choose }, context);
}

/** As Redis: what has no deadline never goes. */
export function createVolatileTtl(context: PolicyContext): EvictionPolicy {
  const name = 'volatile-ttl';
  return new ClockedPolicy({ name, redisName: name, evicts: true, choose: chooseSoonest }, context);
}

function chooseSoonest(store: Store): number {
  const { databases, usedDatabaseCount } = store;
  let chosen = 0;
  let soonestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < usedDatabaseCount; i++) {
    const database = databases[i];
    const { wheel } = database;
    if (wheel === null || wheel.count === 0) continue;
    if (wheel.soonestEntries.count === 0) findSoonest(database, wheel);
    const entry = wheel.soonest();
    const deadlineMs = database.deadlineOf(entry);
    if (chosen !== 0 && deadlineMs >= soonestMs) continue;
    chosen = entry;
    soonestMs = deadlineMs;
    store.victimDatabase = database;
  }
  return chosen;
}

/** Has the wheel compare some anew; what goes next of them is fetched into the cache together. */
function findSoonest(database: Database, wheel: TimingWheel): void {
  wheel.findSoonest();
  const { addresses, count } = wheel.soonestEntries;
  for (let i = 0; i < count; i++) HASHES[i] = database.hashOf(addresses[i]);
  database.noteWarmed(database.entries.warmHashes(HASHES, 0, count));
}
