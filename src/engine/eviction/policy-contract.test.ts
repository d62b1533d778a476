/** What every policy of the table must keep, whatever it prefers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';
import { KeyModel } from '../../testing/key-model.ts';
import { rounds, seeded } from '../../testing/seeded.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import type { Store } from '../store.ts';
import { POLICY_TABLE } from './policy-table.ts';

const KIB = 1024;
const POLICIES = Object.keys(POLICY_TABLE).filter((name) => !name.startsWith('allkeys-'));
const EVICTING = POLICIES.filter((name) => name !== 'noeviction');
const OUT_OF_MEMORY = /OOM /;

interface Fixture {
  readonly kit: CommandKit;
  readonly store: Store;
  readonly model: KeyModel;
}

/** A node whose changes a model follows; nothing is evicted that the policy must spare. */
async function createFixture(policy: string, limitBytes: number): Promise<Fixture> {
  const kit = await createCommandKit(1, { records: false });
  const { store } = kit.session;
  store.setPolicy(policy);
  store.memoryBytesMax = limitBytes;
  const model = new KeyModel(() => store.policy.name);
  store.sink.attach(model);
  return { kit, store, model };
}

function isVolatile(policy: string): boolean {
  return policy.startsWith('volatile-');
}

/** What the policy may take, so that a store can be emptied by it. */
function expiryOf(policy: string): (string | number)[] {
  return isVolatile(policy) ? ['EX', 100_000] : [];
}

/** A command that may make, change, move or remove keys, or only read them. */
function drawCommand(random: SeededRandom): (string | number)[] {
  const key = `k${random.below(random.below(4) === 0 ? 20 : 400)}`;
  const other = `k${random.below(400)}`;
  const seconds = 1 + random.below(5_000);
  switch (random.below(20)) {
    case 0:
      return ['DEL', key];
    case 1:
      return ['EXPIRE', key, seconds];
    case 2:
      return ['PERSIST', key];
    case 3:
      return ['RENAME', key, other];
    case 4:
      return ['COPY', key, other, 'DB', random.below(3), 'REPLACE'];
    case 5:
      return ['MOVE', key, random.below(3)];
    case 6:
      return ['APPEND', key, 'a'.repeat(random.below(300))];
    case 7:
      return [
        'HSET',
        `h${random.below(100)}`,
        `f${random.below(50)}`,
        'v'.repeat(random.below(90)),
      ];
    case 8:
      return ['SELECT', random.below(3)];
    case 9:
      return random.below(15) === 0 ? ['FLUSHDB'] : ['RPUSH', `l${random.below(50)}`, key];
    case 10:
      return random.below(4) === 0 ? ['SWAPDB', random.below(3), random.below(3)] : ['GET', other];
    case 11:
    case 12:
      return ['SET', key, 'v'.repeat(random.below(5_000)), 'EX', seconds];
    case 13:
    case 14:
    case 15:
      return ['SET', key, 'v'.repeat(random.below(200))];
    default:
      return ['GET', key];
  }
}

for (const policy of POLICIES) {
  test(`${policy}: whatever is done, only what may go goes, and all the rest stays`, async () => {
    const { kit, store, model } = await createFixture(policy, 96 * KIB);
    const { session } = kit;
    seeded((random) => {
      // The first thousand fill the store.
      for (let i = 0; i < 1_000 + rounds(3_000); i++) {
        const words = drawCommand(random);
        const reply = String(kit.ask(...words));
        if (!isVolatile(policy) && policy !== 'noeviction')
          assert.doesNotMatch(reply, OUT_OF_MEMORY);
        if (i % 5 === 0) kit.advance(random.below(2_000));
        if (i % 50 === 0) store.runSlice(1);
        if (i % 200 !== 0) continue;
        model.assertEqual(store);
        const limitBytes = store.memoryBytesMax * 1.01 + 30_000;
        assert.ok(store.countedBytes() <= limitBytes, `${store.countedBytes()} bytes held`);
      }
    });
    assert.equal(session.store, store);
    if (policy !== 'noeviction')
      assert.ok(model.evictedCount > rounds(100) / 5, `${model.evictedCount}`);
    else assert.equal(model.evictedCount, 0);
  });

  test(`${policy}: it finds a victim as long as there is one, and no longer`, async () => {
    const { kit, store, model } = await createFixture(policy, 0);
    for (let i = 0; i < 3_000; i++) {
      kit.ask('SELECT', i % 3);
      if (i % 7 === 0) kit.ask('SET', `d${i}`, 'v', 'EX', 100 + (i % 900));
      else kit.ask('SET', `k${i}`, 'v');
      if (i % 11 === 0) kit.ask('DEL', `k${i - 3}`);
      if (i % 3 === 0) kit.ask('GET', `k${i}`);
    }
    const before = store.entryCount;
    const deadlineCount = store.databases.reduce((sum, one) => sum + one.deadlineCount, 0);
    let evictedCount = 0;
    while (store.evictOne()) evictedCount++;
    const expected = policy === 'noeviction' ? 0 : isVolatile(policy) ? deadlineCount : before;
    assert.equal(evictedCount, expected);
    assert.equal(store.entryCount, before - expected);
    model.assertEqual(store);
    for (let i = 0; i < 200; i++) kit.ask('SET', `again${i}`, 'v');
    assert.equal(store.evictOne(), !isVolatile(policy) && policy !== 'noeviction');
  });

  test(`${policy}: what it keeps is counted, and bounded while keys come and go`, async () => {
    const { kit, store } = await createFixture(policy, 0);
    const { tracker } = store;
    for (let i = 0; i < 6_000; i++) {
      kit.ask('SET', `k${i}`, 'v');
      if (i >= 100) kit.ask('DEL', `k${i - 100}`);
    }
    const trackedBytes = tracker === null ? 0 : tracker.byteCount;
    assert.ok(trackedBytes < 64 * KIB, `${trackedBytes} bytes for a hundred keys`);
    const [database] = store.databases;
    assert.equal(store.countedBytes(), database.countedBytes() + trackedBytes);
    kit.ask('FLUSHALL');
    if (tracker !== null) assert.ok(tracker.byteCount < 2 * KIB, `${tracker.byteCount}`);
  });

  test(`${policy}: entries that compaction moves are still its own`, async () => {
    const { kit, store, model } = await createFixture(policy, 0);
    const expiry = expiryOf(policy);
    for (let i = 0; i < 4_000; i++) kit.ask('SET', `k${i}`, 'v'.repeat(i % 200), ...expiry);
    for (let i = 0; i < 4_000; i++) if (i % 8 !== 0) kit.ask('DEL', `k${i}`);
    for (let i = 0; i < 10_000 && store.runSlice(1); i++);
    const before = store.entryCount;
    let evictedCount = 0;
    while (store.evictOne()) evictedCount++;
    assert.equal(evictedCount, policy === 'noeviction' ? 0 : before);
    model.assertEqual(store);
  });

  test(`${policy}: it takes a full store over from every other, and hands it on`, async () => {
    const { kit, store, model } = await createFixture('noeviction', 0);
    for (const from of POLICIES) {
      assert.ok(store.setPolicy(from));
      for (let i = 0; i < 200; i++) {
        kit.ask('SET', `${from}:${i}`, 'v'.repeat(i % 50), 'EX', 10_000 + i);
        kit.ask('GET', `${from}:${i % 30}`);
      }
      assert.ok(store.setPolicy(policy));
      kit.ask('DEL', `${from}:5`, `${from}:6`);
      for (let i = 0; i < 100; i++) kit.ask('SET', `${policy}:${i}`, 'v', 'EX', 10_000);
      const before = store.entryCount;
      for (let i = 0; i < 150; i++) assert.equal(store.evictOne(), policy !== 'noeviction');
      assert.equal(before - store.entryCount, policy === 'noeviction' ? 0 : 150);
      model.assertEqual(store);
    }
    while (store.evictOne());
    assert.equal(store.entryCount === 0, policy !== 'noeviction');
  });
}

for (const policy of EVICTING) {
  test(`writes failing under memory pressure: with ${policy} none does`, async () => {
    const limitBytes = 200 * KIB;
    const { kit, store } = await createFixture(policy, limitBytes);
    const expiry = expiryOf(policy);
    for (let i = 0; i < 5_000; i++) {
      const value = 'v'.repeat(i % 10 === 0 ? 3_000 : 60);
      assert.equal(kit.ask('SET', `k${i}`, value, ...expiry), 'OK');
      assert.ok(store.countedBytes() <= limitBytes * 1.01 + 4 * KIB, `${store.countedBytes()}`);
      if (i % 4 === 0) kit.ask('GET', `k${i - 20}`);
    }
    assert.ok(store.entryCount > 100);
  });

  test(`${policy}: one eviction looks at few entries, whatever was done before`, async () => {
    const { kit, store } = await createFixture(policy, 0);
    const expiry = expiryOf(policy);
    for (let i = 0; i < 5_000; i++) kit.ask('SET', `k${i}`, 'v', ...expiry);
    for (let i = 0; i < 5_000; i++) kit.ask('GET', `k${i}`);
    for (let i = 0; i < 2_000; i++) kit.ask('DEL', `k${i}`);
    const count = countLookedAt(store);
    let most = 0;
    for (let i = 0; i < 1_000; i++) {
      count.entries = 0;
      assert.ok(store.evictOne());
      most = Math.max(most, count.entries);
    }
    assert.ok(most < 500, `${most} looked at for one`);
  });

  test(`GET getting slower with the number of keys: under ${policy} it does not`, async () => {
    const { kit, store } = await createFixture(policy, 0);
    const perGet: number[] = [];
    const count = countLookedAt(store);
    for (const keyCount of [500, 5_000]) {
      for (let i = 0; i < keyCount; i++) kit.ask('SET', `k${i}`, 'v');
      count.entries = 0;
      for (let i = 0; i < 500; i++) kit.ask('GET', `k${i}`);
      perGet.push(count.entries / 500);
    }
    // Two keys in four billion may share a hash, and are both looked at then.
    assert.ok(perGet[1] <= perGet[0] + 0.01, `${perGet[0]} then ${perGet[1]}`);
  });
}

for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
  test(`${policy}: the only key with a deadline among many is found at once`, async () => {
    const { kit, store } = await createFixture(policy, 0);
    for (let i = 0; i < 10_000; i++) kit.ask('SET', `k${i}`, 'v');
    kit.ask('SET', 'due', 'v', 'EX', 5_000_000);
    const count = countLookedAt(store);
    assert.ok(store.evictOne());
    assert.equal(kit.ask('EXISTS', 'due'), 0);
    assert.ok(count.entries < 200, `${count.entries} looked at`);
    assert.equal(store.evictOne(), false);
    store.memoryBytesMax = store.countedBytes() - 1;
    assert.match(String(kit.ask('SET', 'k', 'v')), OUT_OF_MEMORY);
    assert.equal(store.entryCount, 10_000);
  });
}

/** Counts how often memory is asked where an entry lies. */
function countLookedAt(store: Store): { entries: number } {
  const count = { entries: 0 };
  const { memory } = store.databases[0];
  const locate = memory.locate.bind(memory);
  memory.locate = (address) => {
    count.entries++;
    locate(address);
  };
  return count;
}
