/** What each policy prefers to keep, and what OBJECT tells under it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';

interface Fixture extends CommandKit {
  /** Evicts that many. */
  evict(count: number): void;
  /** Keys `name0` ... that are left of so many. */
  left(name: string, count: number): number;
  /** SETs `name0` ... */
  fill(name: string, count: number, ...options: (string | number)[]): void;
  /** GETs `name0` ... */
  use(name: string, count: number): void;
}

async function createFixture(policy: string): Promise<Fixture> {
  const kit = await createCommandKit(1, { records: false });
  const { store } = kit.session;
  store.setPolicy(policy);
  const each = (count: number, act: (i: number) => void) => {
    for (let i = 0; i < count; i++) act(i);
  };
  return {
    ...kit,
    evict: (count) => each(count, () => assert.ok(store.evictOne())),
    left: (name, count) => {
      let found = 0;
      each(count, (i) => (found += Number(kit.ask('EXISTS', `${name}${i}`))));
      return found;
    },
    fill: (name, count, ...options) =>
      each(count, (i) => assert.equal(kit.ask('SET', `${name}${i}`, 'v', ...options), 'OK')),
    use: (name, count) => each(count, (i) => assert.equal(kit.ask('GET', `${name}${i}`), 'v')),
  };
}

test('lru keeps what was used lately', async () => {
  const kit = await createFixture('lru');
  kit.fill('cold', 500);
  kit.advance(10_000);
  kit.fill('hot', 500);
  kit.advance(10_000);
  kit.use('hot', 500);
  kit.evict(250);
  assert.ok(kit.left('hot', 500) > 495);
});

test('lfu keeps what is used often, though it was used longer ago', async () => {
  const kit = await createFixture('lfu');
  kit.fill('often', 300);
  for (let round = 0; round < 60; round++) kit.use('often', 300);
  kit.advance(59_000);
  kit.fill('once', 300);
  kit.use('once', 300);
  kit.evict(150);
  assert.ok(kit.left('often', 300) > 295);
});

test('lfu forgets: what is not used any more loses its count by the minute', async () => {
  const kit = await createFixture('lfu');
  kit.fill('k', 1);
  for (let i = 0; i < 200; i++) kit.use('k', 1);
  const before = Number(kit.ask('OBJECT', 'FREQ', 'k0'));
  assert.ok(before > 8, `${before}`);
  kit.advance(180_000);
  assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), before - 3);
  kit.ask('CONFIG', 'SET', 'lfu-decay-time', '0');
  assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), before);
  kit.ask('CONFIG', 'SET', 'lfu-decay-time', '1');
  kit.advance(3_600_000);
  assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), 0);
});

test('lfu-log-factor 0 counts every use', async () => {
  const kit = await createFixture('lfu');
  kit.ask('CONFIG', 'SET', 'lfu-log-factor', '0');
  kit.fill('k', 1);
  assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), 5);
  for (let i = 0; i < 10; i++) kit.use('k', 1);
  assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), 15);
  kit.ask('SET', 'k0', 'a longer value, in a block of its own');
  assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), 16);
  for (let i = 0; i < 300; i++) kit.ask('GET', 'k0');
  assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), 255);
  kit.ask('RENAME', 'k0', 'renamed');
  assert.equal(kit.ask('OBJECT', 'FREQ', 'renamed'), 255);
  kit.ask('COPY', 'renamed', 'copy');
  assert.equal(kit.ask('OBJECT', 'FREQ', 'copy'), 5);
});

test('fifo takes the oldest, whatever was done with it', async () => {
  const kit = await createFixture('fifo');
  kit.fill('old', 200);
  kit.fill('new', 200);
  kit.use('old', 200);
  kit.fill('old', 200);
  for (let i = 0; i < 200; i++) kit.ask('APPEND', `old${i}`, 'x'.repeat(i * 3));
  for (let i = 0; i < 20; i++) {
    kit.evict(10);
    assert.equal(kit.ask('EXISTS', `old${i * 10 + 9}`), 0);
    assert.equal(kit.ask('EXISTS', `old${i * 10 + 10}`), i === 19 ? 0 : 1);
  }
  assert.equal(kit.left('new', 200), 200);
});

test('fifo takes a key that was deleted and made anew for a new one', async () => {
  const kit = await createFixture('fifo');
  kit.fill('k', 300);
  for (let i = 0; i < 100; i++) kit.ask('DEL', `k${i}`);
  kit.fill('k', 100);
  kit.evict(200);
  assert.equal(kit.left('k', 100), 100);
  kit.evict(100);
  assert.equal(kit.session.store.entryCount, 0);
});

test('ttl and volatile-ttl go by the deadline, the soonest first', async () => {
  for (const policy of ['ttl', 'volatile-ttl']) {
    const kit = await createFixture(policy);
    kit.fill('forever', 100);
    for (let i = 0; i < 30; i++) kit.ask('SET', `s${i}`, 'v', 'PX', 1_000 + ((i * 37) % 30) * 500);
    kit.fill('hour', 100, 'EX', 3_600);
    kit.fill('week', 100, 'EX', 604_800);
    const deadlines = () => {
      const all = [];
      for (let i = 0; i < 30; i++) all.push(Number(kit.ask('PTTL', `s${i}`)));
      return all.filter((ms) => ms > 0).sort((left, right) => left - right);
    };
    const sorted = deadlines();
    for (let i = 1; i <= 30; i++) {
      kit.evict(1);
      assert.deepEqual(deadlines(), sorted.slice(i));
    }
    assert.equal(kit.left('hour', 100), 100);
    kit.evict(100);
    assert.equal(kit.left('week', 100), 100);
    kit.evict(100);
    assert.equal(kit.left('forever', 100), 100);
    assert.equal(kit.session.store.evictOne(), policy === 'ttl');
  }
});

test('ttl: where all live equally long the oldest go, at any distance', async () => {
  for (const policy of ['ttl', 'volatile-ttl']) {
    const kit = await createFixture(policy);
    for (let i = 0; i < 300; i++) {
      kit.advance(100);
      kit.ask('SET', `k${i}`, 'v', 'EX', 864_000);
    }
    kit.evict(100);
    assert.equal(kit.left('k', 100), 0);
    assert.equal(kit.left('k', 300), 200);
  }
});

test('ttl follows a deadline that is moved', async () => {
  const kit = await createFixture('ttl');
  kit.fill('k', 50, 'EX', 10);
  for (let i = 0; i < 25; i++) kit.ask('EXPIRE', `k${i}`, 5_000);
  kit.evict(25);
  assert.equal(kit.left('k', 25), 25);
});

test('session: who never came back goes first, who just came is spared', async () => {
  const kit = await createFixture('session');
  kit.fill('gone', 100);
  kit.fill('back', 100);
  kit.advance(100_000);
  kit.use('back', 100);
  kit.advance(250_000);
  kit.fill('young', 100);
  kit.evict(60);
  assert.ok(kit.left('back', 100) > 97);
  assert.equal(kit.left('young', 100), 100);
  kit.evict(100);
  assert.ok(kit.left('young', 100) > 97);
  kit.ask('CONFIG', 'SET', 'cache.session_grace', '0');
  assert.equal(kit.ask('OBJECT', 'IDLETIME', 'young0'), 0);
});

test('session: where all are young few samples more are drawn than where none is', async () => {
  const sampleCounts: number[] = [];
  for (const waitMs of [400_000, 0]) {
    const kit = await createFixture('session');
    kit.fill('k', 3_000);
    kit.advance(waitMs);
    const { entries } = kit.session.store.databases[0];
    const sampleRun = entries.sampleRun.bind(entries);
    let sampleCount = 0;
    entries.sampleRun = (...options) => {
      sampleCount++;
      sampleRun(...options);
    };
    kit.evict(1_600);
    sampleCounts.push(sampleCount);
  }
  const [ofOld, ofYoung] = sampleCounts;
  assert.ok(ofYoung < ofOld * 1.2, `${ofYoung} and ${ofOld}`);
});

for (const policy of ['sieve', 's3fifo', 'w-tinylfu']) {
  test(`${policy}: a scan leaves what is used alone`, async () => {
    const kit = await createFixture(policy);
    kit.fill('used', 400);
    for (let round = 0; round < 4; round++) kit.use('used', 400);
    kit.fill('before', 600);
    for (let i = 0; i < 4_000; i++) {
      kit.evict(1);
      kit.ask('SET', `scan${i}`, 'v');
      if (i % 10 === 0) kit.use('used', 40);
    }
    assert.equal(kit.left('used', 40), 40);
    assert.equal(kit.session.store.entryCount, 1_000);
  });
}

test('sieve leaves what it spares where it stands, older than all that is new', async () => {
  const kit = await createFixture('sieve');
  kit.fill('k', 10);
  kit.use('k', 1);
  kit.evict(1);
  kit.fill('new', 3);
  kit.evict(8 + 3);
  assert.equal(kit.left('new', 3), 0);
  assert.equal(kit.ask('EXISTS', 'k0'), 1);
});

test('fifo does not resist a scan: the tests above mean something', async () => {
  const kit = await createFixture('fifo');
  kit.fill('used', 400);
  for (let i = 0; i < 400; i++) {
    kit.use('used', 40);
    kit.ask('SET', `scan${i}`, 'v');
  }
  kit.evict(400);
  assert.equal(kit.left('used', 40), 0);
});

test('s3fifo: what comes back while its ghost is there stays', async () => {
  const kit = await createFixture('s3fifo');
  kit.fill('k', 1_000);
  kit.evict(500);
  const gone: string[] = [];
  for (let i = 0; i < 1_000 && gone.length < 50; i++) {
    if (kit.ask('EXISTS', `k${i}`) === 0) gone.push(`k${i}`);
  }
  for (const key of gone) kit.ask('SET', key, 'v');
  for (let i = 0; i < 500; i++) {
    kit.ask('SET', `fresh${i}`, 'v');
    kit.evict(1);
  }
  assert.equal(gone.filter((key) => kit.ask('EXISTS', key) === 1).length, 50);
});

test('volatile-lru forgets a candidate whose deadline was taken away', async () => {
  const kit = await createFixture('volatile-lru');
  kit.fill('k', 60, 'EX', 1_000);
  kit.advance(5_000);
  kit.evict(10);
  for (let i = 0; i < 60; i++) kit.ask('PERSIST', `k${i}`);
  kit.fill('late', 5, 'EX', 1_000);
  kit.evict(5);
  assert.equal(kit.left('late', 5), 0);
  assert.equal(kit.left('k', 60), 50);
  assert.equal(kit.session.store.evictOne(), false);
});

test('policies that change nothing: each leaves other keys than the others', async () => {
  const survivors = new Map<string, string>();
  const policies = ['lru', 'lfu', 'fifo', 'ttl', 'session', 'random', 's3fifo', 'sieve'];
  for (const policy of [...policies, 'w-tinylfu', 'volatile-lru']) {
    const kit = await createFixture('noeviction');
    assert.equal(kit.ask('CONFIG', 'SET', 'maxmemory-policy', named(policy)), 'OK');
    for (let i = 0; i < 300; i++) {
      kit.ask('SET', `k${i}`, 'v', 'EX', 1_000 + ((i * 7_919) % 3_000));
      if (i % 3 === 0) for (let use = 0; use < 20; use++) kit.ask('GET', `k${i}`);
      if (i % 5 === 0) kit.ask('GET', `k${i / 5}`);
      if (i % 7 === 0) kit.ask('PERSIST', `k${i}`);
      kit.advance(2_000);
    }
    kit.evict(150);
    for (let i = 0; i < 300; i++) {
      kit.ask('SET', `late${i}`, 'v', 'EX', 2_000);
      for (let use = 0; use < i % 4; use++) kit.ask('GET', `late${i - use * 9}`);
      kit.evict(1);
    }
    const left: number[] = [];
    for (let i = 0; i < 300; i++) if (kit.ask('EXISTS', `k${i}`) === 1) left.push(i);
    for (let i = 0; i < 300; i++) if (kit.ask('EXISTS', `late${i}`) === 1) left.push(-i);
    const text = left.join();
    for (const [other, theirs] of survivors) assert.notEqual(text, theirs, `${policy}, ${other}`);
    survivors.set(policy, text);
  }
});

test('the policy is told by the name that was set', async () => {
  const kit = await createFixture('noeviction');
  for (const name of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-ttl', 's3fifo']) {
    assert.equal(kit.ask('CONFIG', 'SET', 'maxmemory-policy', name), 'OK');
    assert.deepEqual(kit.ask('CONFIG', 'GET', 'maxmemory-policy'), ['maxmemory-policy', name]);
    assert.match(String(kit.ask('INFO', 'memory')), new RegExp(`maxmemory_policy:${name}\r`));
  }
});

test('OBJECT FREQ and IDLETIME tell what the policy keeps, and say what it does not', async () => {
  const kit = await createFixture('noeviction');
  kit.fill('k', 1);
  const told: Record<string, [unknown, unknown]> = {};
  for (const policy of ['noeviction', 'lru', 'lfu', 'fifo', 'ttl', 'session', 'random', 'sieve']) {
    kit.session.store.setPolicy(policy);
    kit.advance(3_000);
    told[policy] = [kit.ask('OBJECT', 'FREQ', 'k0'), kit.ask('OBJECT', 'IDLETIME', 'k0')];
  }
  const noFrequency = /LFU maxmemory policy is not selected/;
  for (const policy of ['noeviction', 'lru', 'ttl', 'session', 'random', 'fifo', 'sieve']) {
    assert.match(String(told[policy][0]), noFrequency);
  }
  assert.equal(told.lru[1], 6);
  // What another kind of policy left in the entry says nothing: idle since the policy came.
  assert.deepEqual(told.lfu[0], 5);
  assert.match(String(told.lfu[1]), /LFU maxmemory policy is selected/);
  assert.equal(told.session[1], 3);
  assert.equal(told.random[1], 3);
  for (const policy of ['fifo', 'sieve']) {
    assert.match(String(told[policy][1]), /idle time not tracked/);
  }
});

test('OBJECT FREQ under s3fifo and w-tinylfu is their own count', async () => {
  for (const [policy, most] of [
    ['s3fifo', 3],
    ['w-tinylfu', 15],
  ] as const) {
    const kit = await createFixture(policy);
    kit.fill('k', 1);
    const first = Number(kit.ask('OBJECT', 'FREQ', 'k0'));
    kit.use('k', 1);
    assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), first + 1);
    for (let i = 0; i < 40; i++) kit.use('k', 1);
    assert.equal(kit.ask('OBJECT', 'FREQ', 'k0'), most);
    assert.equal(kit.ask('OBJECT', 'FREQ', 'none'), null);
  }
});

/** As CONFIG SET maxmemory-policy takes it. */
function named(policy: string): string {
  return ['lru', 'lfu', 'random'].includes(policy) ? `allkeys-${policy}` : policy;
}
