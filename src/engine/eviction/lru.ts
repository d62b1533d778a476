import type { Database } from '../database.ts';
import type { Store } from '../store.ts';
import type { EvictionPolicy } from './eviction-policy.ts';

const CLOCK_MASK = 0xff_ffff;
const POOL_SIZE = 16;

/** Seconds between two values of the 24-bit clock, which wraps after 194 days. */
export function idleSeconds(access: number, accessS: number): number {
  return (accessS - access) & CLOCK_MASK;
}

/**
 * Evicts the longest idle of a small random sample, as Redis does: the best candidates of earlier
 * samples stay in a pool of 16 ordered by idle time, which makes a sample of 5 nearly as good as
 * true LRU (docs/design/eviction.md) at no memory per key. A pooled candidate is named by its hash
 * and address and is checked again before it goes: it may have been used, moved or removed
 * meanwhile.
 */
export function createLru(): EvictionPolicy {
  const pool = new CandidatePool();
  return {
    name: 'lru',
    redisName: 'allkeys-lru',
    evicts: true,
    initialAccess: (accessS) => accessS,
    onAccess: (_access, accessS) => accessS,
    idleS: idleSeconds,
    chooseVictim: (store) => chooseIdlest(store, pool),
  };
}

class CandidatePool {
  count = 0;
  /** Ascending by idle time; parallel arrays. */
  readonly idleS = new Float64Array(POOL_SIZE);
  readonly hashes = new Uint32Array(POOL_SIZE);
  readonly addresses = new Uint32Array(POOL_SIZE);
  readonly databases: (Database | null)[] = new Array<Database | null>(POOL_SIZE).fill(null);

  offer(idleS: number, hash: number, address: number, database: Database): void {
    if (this.count === POOL_SIZE && idleS <= this.idleS[0]) return;
    for (let i = 0; i < this.count; i++) {
      if (this.addresses[i] === address && this.databases[i] === database) return;
    }
    if (this.count === POOL_SIZE) this.removeAt(0);
    let at = this.count;
    while (at > 0 && this.idleS[at - 1] > idleS) {
      this.copy(at - 1, at);
      at--;
    }
    this.idleS[at] = idleS;
    this.hashes[at] = hash;
    this.addresses[at] = address;
    this.databases[at] = database;
    this.count++;
  }

  removeAt(index: number): void {
    for (let i = index + 1; i < this.count; i++) this.copy(i, i - 1);
    this.count--;
    this.databases[this.count] = null;
  }

  private copy(from: number, to: number): void {
    this.idleS[to] = this.idleS[from];
    this.hashes[to] = this.hashes[from];
    this.addresses[to] = this.addresses[from];
    this.databases[to] = this.databases[from];
  }
}

function chooseIdlest(store: Store, pool: CandidatePool): number {
  // Every round offers a fresh sample; each pooled candidate is used up or found stale, so a few
  // rounds always end with a victim as long as any entry lives.
  for (let round = 0; round < 64; round++) {
    if (!sampleInto(store, pool)) return 0;
    while (pool.count > 0) {
      const last = pool.count - 1;
      const database = pool.databases[last];
      const hash = pool.hashes[last];
      const address = pool.addresses[last];
      const idleS = pool.idleS[last];
      pool.removeAt(last);
      if (database === null || !database.entries.findAddress(hash, address)) continue;
      if (database.idleS(address) < idleS) continue;
      store.victimDatabase = database;
      return address;
    }
  }
  return 0;
}

/** False when the store is empty. */
function sampleInto(store: Store, pool: CandidatePool): boolean {
  let isEmpty = true;
  for (const database of store.databases) {
    if (database.count === 0) continue;
    isEmpty = false;
    for (let i = 0; i < store.sampleCount; i++) {
      const entry = database.sample();
      if (entry !== 0) pool.offer(database.idleS(entry), database.hashOf(entry), entry, database);
    }
  }
  return !isEmpty;
}
