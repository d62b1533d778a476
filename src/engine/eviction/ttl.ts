import type { Store } from '../store.ts';
import { ClockedPolicy } from './clocked-policy.ts';
import type { EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { createLru } from './lru.ts';

/**
 * What would expire soonest goes, by the order of the timing wheels: of the entries in the first
 * slot that is not empty the soonest of 32. A slot spans 64 ms for deadlines within 16 s, 16 s
 * within 70 minutes, 70 minutes within 12 days. Where nothing has a deadline, the longest idle
 * goes.
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
    const entry = database.wheel === null ? 0 : database.wheel.soonest();
    if (entry === 0) continue;
    const deadlineMs = database.deadlineOf(entry);
    if (chosen !== 0 && deadlineMs >= soonestMs) continue;
    chosen = entry;
    soonestMs = deadlineMs;
    store.victimDatabase = database;
  }
  return chosen;
}
