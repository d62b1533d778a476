import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../../engine/database.ts';
import { measureFilter } from '../../engine/filter/filter-stats.ts';
import { AddressBuffer } from '../../engine/keyspace/hash-index.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { compactAnyhow } from '../../testing/holdings-check.ts';
import { type Draw, rounds, seeded } from '../../testing/seeded.ts';

function createKit(rate: number, memoryBytesMax = 0): Promise<CommandKit> {
  return createCommandKit(1, {
    records: false,
    configure({ cache }) {
      cache.cuckooFilter = true;
      cache.cuckooFilterFpp = rate;
      if (memoryBytesMax > 0) {
        cache.maxMemoryBytes = memoryBytesMax;
        cache.evictionPolicy = 'lru';
      }
    },
  });
}

/** Every key of every database is held, and each is counted once. */
function checkFilters(kit: CommandKit): void {
  for (const database of kit.session.store.databases) checkFilter(database);
}

function checkFilter(database: Database): void {
  const { filter } = database;
  if (filter === null) throw new Error('there is a filter');
  assert.equal(filter.itemCount, database.count);
  const out = new AddressBuffer(64);
  let cursor = 0;
  do {
    cursor = database.scan(cursor, 64, out);
    for (let i = 0; i < out.count; i++) {
      const hash = database.hashOf(out.addresses[i]);
      const key = database.keySlice(out.addresses[i]);
      assert.ok(filter.mayHold(hash, key.view, key.offset, key.length), 'no false negative');
    }
  } while (cursor !== 0);
}

function statsOf(kit: CommandKit): Map<string, number> {
  const flat = kit.ask('FILTER', 'STATS') as (string | number)[];
  const stats = new Map<string, number>();
  for (let i = 0; i < flat.length; i += 2) stats.set(String(flat[i]), Number(flat[i + 1]));
  return stats;
}

const WRITES: readonly ((draw: Draw, key: () => string) => string[])[] = [
  (_draw, key) => ['SET', key(), 'value'],
  (_draw, key) => ['SET', key(), 'x'.repeat(300)],
  (draw, key) => ['SET', key(), 'value', 'PX', `${1 + draw(400)}`],
  (_draw, key) => ['GETDEL', key()],
  (_draw, key) => ['DEL', key(), key()],
  (_draw, key) => ['UNLINK', key()],
  (draw, key) => ['PEXPIRE', key(), `${draw(300)}`],
  (_draw, key) => ['PERSIST', key()],
  (_draw, key) => ['RENAME', key(), key()],
  (_draw, key) => ['COPY', key(), key(), 'REPLACE'],
  (_draw, key) => ['COPY', key(), key(), 'DB', '1'],
  (_draw, key) => ['MOVE', key(), '1'],
  (draw, key) => ['LPUSH', key(), `${draw(9)}`],
  (_draw, key) => ['RPOP', key()],
  (draw, key) => ['SADD', key(), `${draw(9)}`],
  (_draw, key) => ['SPOP', key()],
  (_draw, key) => ['SUNIONSTORE', key(), key(), key()],
  (draw, key) => ['ZADD', key(), '1', `${draw(9)}`],
  (_draw, key) => ['ZPOPMIN', key()],
  (draw, key) => ['HSET', key(), `${draw(9)}`, 'v'],
  (_draw, key) => ['APPEND', key(), 'more of it'],
  (_draw, key) => ['INCR', key()],
];

function play(kit: CommandKit, draw: Draw, stepCount: number, keyCount: number): void {
  const key = (): string => `key:${draw(keyCount)}`;
  for (let step = 0; step < stepCount; step++) {
    const kind = draw(1_000);
    if (kind === 0) kit.ask('SWAPDB', '0', '1');
    else if (kind === 1) kit.ask('FLUSHDB');
    else if (kind === 2) kit.ask('SELECT', `${draw(2)}`);
    else if (kind < 20) kit.advance(draw(50));
    else if (kind < 25) compactAnyhow(kit.session.database, 100_000);
    else kit.ask(...WRITES[draw(WRITES.length)](draw, key));
    if (step % 2_000 === 0) checkFilters(kit);
  }
  checkFilters(kit);
}

/** As the list of defects of the original names it. */
const KEY_COUNT = 8_000;
const DEFECT = 'filter with false negatives, ignoring its rate, growing duplicates on overwrite';

test(`defect: ${DEFECT}`, async (t) => {
  const kit = await createKit(0.01);
  t.after(() => kit.node.stop());
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < KEY_COUNT; i++) kit.ask('SET', `key:${i}`, `value:${round}`);
  }
  checkFilters(kit);
  const stats = statsOf(kit);
  assert.equal(stats.get('size'), KEY_COUNT);
  assert.equal(stats.get('add_operations'), KEY_COUNT, 'an overwrite adds nothing');
  assert.equal(stats.get('failed_adds'), 0);
  let positiveCount = 0;
  for (let i = 0; i < KEY_COUNT; i++) {
    const reply = kit.ask('FILTER', 'CHECK', `absent:${i}`) as unknown[];
    positiveCount += Number(reply[1]);
  }
  assert.ok(positiveCount > 0, 'a filter of one percent is wrong now and then');
  assert.ok(positiveCount / KEY_COUNT <= 0.012 * 1.2, `${positiveCount} of ${KEY_COUNT}`);
  for (let i = 0; i < KEY_COUNT; i++) kit.ask('DEL', `key:${i}`);
  assert.equal(statsOf(kit).get('size'), 0);
  assert.deepEqual(kit.ask('FILTER', 'CHECK', 'key:1'), [
    'filter_says',
    0,
    'actually_exists',
    0,
    'false_positive',
    0,
  ]);
});

test('the filter agrees with the keys whatever commands do', async () => {
  const kits = [await createKit(0.3), await createKit(0.001), await createKit(0.01, 150_000)];
  seeded((random) => {
    const draw: Draw = (below) => random.below(below);
    for (const kit of kits) play(kit, draw, rounds(8_000), 4_000);
  });
  const [, , evicting] = kits;
  for (let i = 0; i < 10_000; i++) evicting.ask('SET', `more:${i}`, 'value');
  const evictedCount = evicting.session.store.stats[STORE_STAT.EVICTED];
  assert.ok(evictedCount > 1_000, `${evictedCount} keys were evicted`);
  checkFilters(evicting);
  for (const kit of kits) await kit.node.stop();
});

test('a huge value keeps its place in the filter over RENAME and MOVE', async (t) => {
  const kit = await createKit(0.001);
  t.after(() => kit.node.stop());
  kit.ask('SET', 'huge', 'x'.repeat(2_000_000));
  kit.ask('RENAME', 'huge', 'other');
  checkFilters(kit);
  kit.ask('MOVE', 'other', '1');
  checkFilters(kit);
  kit.ask('EXPIREAT', 'other', '1');
  assert.equal(kit.session.store.databases[0].filter?.itemCount, 0);
  assert.equal(kit.session.store.databases[1].filter?.itemCount, 1);
});

test('FILTER CHECK counts no hit and no miss, and says what is true', async (t) => {
  const kit = await createKit(0.001);
  t.after(() => kit.node.stop());
  kit.ask('SET', 'here', 'v');
  kit.ask('SET', 'late', 'v', 'PX', '10');
  kit.advance(20);
  const { stats } = kit.session.store;
  const before = [stats[STORE_STAT.HITS], stats[STORE_STAT.MISSES]];
  const says = (key: string): unknown => kit.ask('FILTER', 'CHECK', key);
  const reply = (filterSays: number, exists: number): unknown => {
    return ['filter_says', filterSays, 'actually_exists', exists, 'false_positive', 0];
  };
  assert.deepEqual(says('here'), reply(1, 1));
  assert.deepEqual(says('late'), reply(0, 0));
  assert.deepEqual(says('never'), reply(0, 0));
  assert.deepEqual([stats[STORE_STAT.HITS], stats[STORE_STAT.MISSES]], before);
  assert.equal(statsOf(kit).get('lookup_operations'), 3);
});

test('what the filter takes is counted as memory of the store', async (t) => {
  const kit = await createKit(0.000_01);
  t.after(() => kit.node.stop());
  const { store } = kit.session;
  const [database] = store.databases;
  for (let i = 0; i < 5_000; i++) kit.ask('SET', `key:${i}`, 'v');
  const facts = measureFilter(store);
  assert.ok(facts !== null && facts.memoryUsage > (5_000 * facts.fingerprintBits) / 8);
  const { entries, filter } = database;
  assert.equal(filter?.byteCount, facts.memoryUsage - sideBytesOfOthers(kit));
  const before = store.countedBytes();
  database.filter = null;
  assert.equal(before - store.countedBytes(), filter?.sideByteCount);
  database.filter = filter;
  kit.ask('FLUSHALL');
  assert.equal(measureFilter(store)?.size, 0);
  assert.equal(database.memory.liveBytes, entries.byteCount - entries.sideByteCount);
});

function sideBytesOfOthers(kit: CommandKit): number {
  const [, ...others] = kit.session.store.databases;
  return others.reduce((sum, { filter }) => sum + (filter?.sideByteCount ?? 0), 0);
}

test('without a filter nothing is told of one, and FILTER refuses', async (t) => {
  const kit = await createCommandKit(1);
  t.after(() => kit.node.stop());
  assert.equal(kit.session.database.filter, null);
  const refusal = 'Error: ERR This store keeps no filter: see cache.cuckoo_filter';
  assert.equal(String(kit.ask('FILTER', 'STATS')), refusal);
  assert.equal(String(kit.ask('FILTER', 'CHECK', 'key')), refusal);
  assert.ok(!String(kit.ask('INFO')).includes('# Filter'));
  assert.ok(!String(kit.ask('INFO', 'everything')).includes('# Filter'));
  assert.ok(String(kit.ask('INFO', 'filter')).startsWith('# Filter'));
});

test('INFO has a line for each store that keeps a filter', async (t) => {
  const kit = await createKit(0.01);
  t.after(() => kit.node.stop());
  assert.equal(kit.ask('STORE', 'CREATE', 'plain', 'cuckoo_filter', 'false'), 'OK');
  assert.equal(kit.ask('STORE', 'CREATE', 'filtered', 'cuckoo_filter', 'true'), 'OK');
  kit.ask('SELECT', 'filtered');
  kit.ask('SET', 'key', 'v');
  const lines = String(kit.ask('INFO', 'filter')).split('\r\n');
  assert.equal(lines[0], '# Filter');
  assert.match(lines[1], /^default:size=0,/);
  assert.match(lines[2], /^filtered:size=1,.*false_positive_rate=0.01,/);
  assert.ok(!lines.some((line) => line.startsWith('plain')));
  assert.equal(statsOf(kit).get('size'), 1);
  kit.ask('SELECT', 'plain');
  assert.match(String(kit.ask('FILTER', 'STATS')), /ERR This store keeps no filter/);
});
