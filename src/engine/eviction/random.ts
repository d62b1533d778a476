import type { Store } from '../store.ts';
import { ClockedPolicy } from './clocked-policy.ts';
import type { EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { sampleVolatile } from './sampling/volatile-sample.ts';

/** Any entry goes. */
export function createRandom(context: PolicyContext): EvictionPolicy {
  const row = { name: 'random', redisName: 'allkeys-random', evicts: true, choose: chooseAny };
  return new ClockedPolicy(row, context);
}

/** Any entry with a deadline goes. */
export function createVolatileRandom(context: PolicyContext): EvictionPolicy {
  const name = 'volatile-random';
  return new ClockedPolicy(
    { name, redisName: name, evicts: true, choose: chooseVolatile },
    context,
  );
}

/** A database by its share of the entries, then any entry of it. */
export function chooseAny(store: Store): number {
  const { databases, usedDatabaseCount } = store;
  let total = 0;
  for (let i = 0; i < usedDatabaseCount; i++) total += databases[i].count;
  if (total === 0) return 0;
  let rank = Math.floor((store.random.u32() / 0x1_0000_0000) * total);
  for (let i = 0; i < usedDatabaseCount; i++) {
    const database = databases[i];
    rank -= database.count;
    if (rank >= 0) continue;
    store.victimDatabase = database;
    return database.sample();
  }
  return 0;
}

function chooseVolatile(store: Store): number {
  const { databases, usedDatabaseCount } = store;
  let total = 0;
  for (let i = 0; i < usedDatabaseCount; i++) total += databases[i].deadlineCount;
  if (total === 0) return 0;
  let rank = Math.floor((store.random.u32() / 0x1_0000_0000) * total);
  for (let i = 0; i < usedDatabaseCount; i++) {
    const database = databases[i];
    rank -= database.deadlineCount;
    if (rank >= 0) continue;
    store.victimDatabase = database;
    return sampleVolatile(database);
  }
  return 0;
}
