/**
 * What one eviction costs under each policy, at a million keys, and how many bytes a key the policy
 * keeps; each in a process of its own, as on a node with one policy. Then how close sampling comes
 * to true LRU: hits on Zipf traces, and which entries go, by their place in the order of last use.
 * The engine's own `lru` on a simulated clock, beside plain models of it with other samples and
 * pools, and beside the exact order.
 *
 *     node .build/bench/eviction.js [--tiny] [--cost]
 */
import { spawnSync } from 'node:child_process';
import type { Frame } from '../src/base/frame.ts';
import { NO_DEADLINE } from '../src/engine/database.ts';
import { EVENT } from '../src/engine/event-table.ts';
import { POLICY_TABLE } from '../src/engine/eviction/policy-table.ts';
import { setStringArgument } from '../src/engine/values/string/string-value.ts';
import { createEngineFixture, frameOf } from '../src/testing/engine-fixture.ts';
import { SeededRandom } from '../src/world/simulated/seeded-random.ts';
import { print, printJson, printTable } from './support/report.ts';

const IS_TINY = process.argv.includes('--tiny');
/** Names the policy of which a child measures the cost. */
const CHILD_FLAG = '--policy';
const COST_KEY_COUNT = IS_TINY ? 3_000 : 1_000_000;
const COST_EVICTION_COUNT = IS_TINY ? 1_000 : 300_000;
const COST_POLICIES = Object.keys(POLICY_TABLE).filter(
  (name) => name !== 'noeviction' && !name.startsWith('allkeys-'),
);
const KEY_COUNT = IS_TINY ? 2_000 : 100_000;
const ACCESS_COUNT = IS_TINY ? 20_000 : 2_000_000;
const ACCESSES_PER_SECOND = 20;
const ENTRY_BYTES = 66;
const SKEWS = [0.7, 0.9, 1.1];
const SEED = 1;

interface Cache {
  /** Whether the key was there; it is afterwards. */
  access(key: number): boolean;
  readonly count: number;
}

interface Cost {
  readonly policy: string;
  readonly meanNs: number;
  readonly mostNs: number;
  readonly setNs: number;
  readonly bytesPerKey: number;
}

function main(): void {
  const child = process.argv.indexOf(CHILD_FLAG);
  if (child > 0) {
    process.stdout.write(JSON.stringify(measureCost(process.argv[child + 1])));
    return;
  }
  const costs = COST_POLICIES.map(measureCostApart);
  printTable(
    [`${COST_KEY_COUNT} keys`, 'an eviction, ns', '99.9 of 100 below', 'a SET, ns', 'bytes a key'],
    costs.map(({ policy, meanNs, mostNs, setNs, bytesPerKey }) => [
      policy,
      meanNs.toFixed(0),
      mostNs.toFixed(0),
      setNs.toFixed(0),
      bytesPerKey.toFixed(1),
    ]),
  );
  if (process.argv.includes('--cost')) return printJson('eviction', { costs });
  print('');
  const rows: string[][] = [];
  const figures: Record<string, unknown> = {};
  for (const skew of SKEWS) {
    const trace = zipfTrace(skew);
    const engine = engineCache(5);
    const engineHits = hitShare(engine, trace);
    const capacity = engine.count;
    const shares: [string, number][] = [
      ['true LRU', hitShare(exactCache(capacity), trace)],
      ['engine, 5', engineHits],
      ['5 + pool of 16', hitShare(sampledCache(capacity, 5, 16), trace)],
      ['5, no pool', hitShare(sampledCache(capacity, 5, 1), trace)],
      ['10 + pool of 16', hitShare(sampledCache(capacity, 10, 16), trace)],
      ['1 (random)', hitShare(sampledCache(capacity, 1, 1), trace)],
    ];
    for (const [name, hits] of shares) {
      rows.push([`Zipf ${skew}, ${capacity} of ${KEY_COUNT} fit`, name, percent(hits)]);
    }
    figures[`zipf${skew}`] = { capacity, shares };
  }
  printTable(['trace', 'who goes', 'hits'], rows);
  print('');
  const ranks = [
    [5, 1],
    [5, 16],
    [10, 1],
    [10, 16],
  ].map(([sample, pool]) => ({ sample, pool, ...victimRanks(sample, pool) }));
  printTable(
    ['place of what goes, 0 is the longest idle', 'mean', '90 of 100 below'],
    ranks.map(({ sample, pool, mean, most }) => [
      `sample of ${sample}, ${pool === 1 ? 'no pool' : `pool of ${pool}`}`,
      percent(mean),
      percent(most),
    ]),
  );
  printJson('eviction', { costs, figures, ranks });
}

function measureCostApart(policy: string): Cost {
  const flags = IS_TINY ? ['--tiny'] : [];
  const { stdout, status, stderr } = spawnSync(
    process.execPath,
    [process.argv[1], CHILD_FLAG, policy, ...flags],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${policy}: ${stderr}`);
  return JSON.parse(stdout);
}

/** A store of keys of which some are read often, then a new key for each one that goes. */
function measureCost(policy: string): Cost {
  const fixture = createEngineFixture({ seed: SEED, policy, databaseCount: 1, records: false });
  const { store, clock } = fixture;
  const [database] = store.databases;
  const frame = frameOf('SET', '00000000', 'v'.repeat(20));
  const random = new SeededRandom(SEED);
  const set = (key: number) => {
    writeKey(frame, key);
    const deadline = clock.nowMs + 3_600_000 + (key % 86_400) * 1_000;
    setStringArgument(database, database.find(frame, 1), frame, 1, 2, deadline, EVENT.set);
  };
  const read = () => {
    const share = random.u32() / 0x1_0000_0000;
    writeKey(frame, Math.floor(share * share * share * COST_KEY_COUNT));
    database.read(frame, 1);
  };
  for (let key = 0; key < COST_KEY_COUNT; key++) {
    set(key);
    read();
    if (key % 10_000 === 0) fixture.advance(1_000);
  }
  const durations = new Float64Array(COST_EVICTION_COUNT);
  let setNs = 0;
  for (let i = 0; i < COST_EVICTION_COUNT; i++) {
    const startNs = process.hrtime.bigint();
    if (!store.evictOne()) throw new Error(`${policy} found nothing to evict`);
    const evictedNs = process.hrtime.bigint();
    set(COST_KEY_COUNT + i);
    setNs += Number(process.hrtime.bigint() - evictedNs);
    durations[i] = Number(evictedNs - startNs);
    for (let reads = 0; reads < 3; reads++) read();
    if (i % 10_000 === 0) fixture.advance(1_000);
  }
  durations.sort();
  return {
    policy,
    meanNs: durations.reduce((sum, ns) => sum + ns, 0) / COST_EVICTION_COUNT,
    mostNs: durations[Math.floor(COST_EVICTION_COUNT * 0.999)],
    setNs: setNs / COST_EVICTION_COUNT,
    bytesPerKey: (store.tracker?.byteCount ?? 0) / database.count,
  };
}

/** Eight digits in the frame's key. */
function writeKey(frame: Frame, key: number): void {
  let rest = key;
  for (let at = frame.offsets[1] + 7; at >= frame.offsets[1]; at--) {
    frame.bytes[at] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** The store itself: its limit is reached, and `lru` chooses. */
function engineCache(sampleCount: number): Cache {
  const fixture = createEngineFixture({
    seed: SEED,
    policy: 'lru',
    memoryBytesMax: Math.max(60_000, (KEY_COUNT / 10) * ENTRY_BYTES),
    databaseCount: 1,
    records: false,
  });
  const { store } = fixture;
  store.sampleCount = sampleCount;
  const [database] = store.databases;
  const frame = frameOf('SET', '00000000', 'v'.repeat(20));
  let accessCount = 0;
  return {
    get count() {
      return database.count;
    },
    access(key) {
      if (++accessCount % ACCESSES_PER_SECOND === 0) fixture.advance(1000);
      writeKey(frame, key);
      if (database.read(frame, 1) !== 0) return true;
      store.makeRoom(ENTRY_BYTES);
      setStringArgument(database, database.find(frame, 1), frame, 1, 2, NO_DEADLINE, EVENT.set);
      return false;
    },
  };
}

function exactCache(capacity: number): Cache {
  const order = new Set<number>();
  return {
    count: capacity,
    access(key) {
      const isHit = order.delete(key);
      if (!isHit && order.size === capacity) order.delete(order.values().next().value ?? -1);
      order.add(key);
      return isHit;
    },
  };
}

/** @param pool  candidates kept from sample to sample; 1 keeps none */
function sampledCache(capacity: number, sample: number, pool: number): Cache {
  const model = new SampledModel(sample, pool);
  return {
    count: capacity,
    access(key) {
      if (model.touch(key)) return true;
      if (model.keys.length === capacity) model.evict();
      model.add(key);
      return false;
    },
  };
}

class SampledModel {
  readonly keys: number[] = [];
  readonly lastUse = new Map<number, number>();
  private readonly places = new Map<number, number>();
  private readonly random = new SeededRandom(SEED);
  private readonly sample: number;
  private readonly poolSize: number;
  /** Longest idle last. */
  private pool: { key: number; use: number }[] = [];
  private now = 0;

  constructor(sample: number, poolSize: number) {
    this.sample = sample;
    this.poolSize = poolSize;
  }

  touch(key: number): boolean {
    this.now++;
    if (!this.lastUse.has(key)) return false;
    this.lastUse.set(key, this.now);
    return true;
  }

  add(key: number): void {
    this.places.set(key, this.keys.push(key) - 1);
    this.lastUse.set(key, this.now);
  }

  /** @returns the last use of what went */
  evict(): number {
    for (;;) {
      for (let i = 0; i < this.sample; i++) {
        const key = this.keys[this.random.below(this.keys.length)];
        if (this.pool.some((candidate) => candidate.key === key)) continue;
        this.pool.push({ key, use: this.lastUse.get(key) ?? 0 });
      }
      this.pool.sort((left, right) => right.use - left.use);
      this.pool = this.pool.slice(-this.poolSize);
      for (let victim = this.pool.pop(); victim !== undefined; victim = this.pool.pop()) {
        if (this.lastUse.get(victim.key) !== victim.use) continue;
        this.remove(victim.key);
        return victim.use;
      }
    }
  }

  private remove(key: number): void {
    const place = this.places.get(key) ?? 0;
    const last = this.keys.pop() ?? key;
    if (last !== key) {
      this.keys[place] = last;
      this.places.set(last, place);
    }
    this.places.delete(key);
    this.lastUse.delete(key);
  }
}

/** Every key used equally often: nothing but idle time tells them apart. */
function victimRanks(sample: number, pool: number): { mean: number; most: number } {
  const entryCount = 1_000;
  const model = new SampledModel(sample, pool);
  const random = new SeededRandom(SEED);
  for (let key = 0; key < entryCount; key++) {
    model.touch(key);
    model.add(key);
  }
  const ranks: number[] = [];
  let nextKey = entryCount;
  for (let round = 0; round < (IS_TINY ? 500 : 20_000); round++) {
    for (let i = 0; i < 4; i++) model.touch(model.keys[random.below(model.keys.length)]);
    const use = model.evict();
    let older = 0;
    for (const other of model.lastUse.values()) if (other < use) older++;
    ranks.push(older / entryCount);
    model.touch(nextKey);
    model.add(nextKey++);
  }
  ranks.sort((left, right) => left - right);
  const sum = ranks.reduce((total, rank) => total + rank, 0);
  return { mean: sum / ranks.length, most: ranks[Math.floor(ranks.length * 0.9)] };
}

function hitShare(cache: Cache, trace: Uint32Array): number {
  let hits = 0;
  for (let i = 0; i < trace.length; i++) {
    // The first half fills the cache.
    if (cache.access(trace[i]) && i >= trace.length / 2) hits++;
  }
  return hits / (trace.length / 2);
}

/** Key of rank r is drawn in proportion to 1 / r^skew. */
function zipfTrace(skew: number): Uint32Array {
  const sums = new Float64Array(KEY_COUNT);
  let sum = 0;
  for (let rank = 0; rank < KEY_COUNT; rank++) {
    sum += 1 / (rank + 1) ** skew;
    sums[rank] = sum;
  }
  const random = new SeededRandom(SEED);
  return Uint32Array.from({ length: ACCESS_COUNT }, () => {
    const wanted = (random.u32() / 0x1_0000_0000) * sum;
    let low = 0;
    let high = KEY_COUNT - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle] <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

main();
