import type { Store } from '../store.ts';
import { ClockedPolicy } from './clocked-policy.ts';
import type { EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { CandidatePool, type Scorer } from './sampling/candidate-pool.ts';

/** Any entry goes. */
export function createRandom(context: PolicyContext): EvictionPolicy {
  const pool = new CandidatePool(1);
  const choose = (store: Store) => pool.choose(store, ALL_ALIKE, false);
  const row = { name: 'random', redisName: 'allkeys-random', evicts: true, choose };
  return new ClockedPolicy(row, context);
}

/** Any entry with a deadline goes. */
export function createVolatileRandom(context: PolicyContext): EvictionPolicy {
  const pool = new CandidatePool(1);
  const choose = (store: Store) => pool.choose(store, ALL_ALIKE, true);
  const name = 'volatile-random';
  return new ClockedPolicy({ name, redisName: name, evicts: true, choose }, context);
}

/** The first of a sample is as good as any: it is drawn for the sake of its speed. */
const ALL_ALIKE: Scorer = { scoreOf: () => 0 };

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
