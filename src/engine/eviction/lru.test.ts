import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { createEngineFixture, frameOf } from '../../testing/engine-fixture.ts';
import { rounds, seeded } from '../../testing/seeded.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { type Database, NO_DEADLINE } from '../database.ts';
import { EVENT } from '../event-table.ts';
import { setStringArgument } from '../values/string/string-value.ts';

const MIB = 1024 * 1024;
const OUT_OF_MEMORY = /^Error: (EXECABORT .*)?OOM /;

function set(database: Database, key: string, value: string): void {
  const frame = frameOf('SET', key, value);
  setStringArgument(database, database.find(frame, 1), frame, 1, 2, NO_DEADLINE, EVENT.set);
}

test('huge values leave like small ones, from whatever database they are in', () => {
  const fixture = createEngineFixture({
    seed: 1,
    memoryBytesMax: 20 * MIB,
    policy: 'lru',
    records: true,
  });
  const { store, effects } = fixture;
  const [a, b] = store.databases as [Database, Database];
  const huge = 'h'.repeat(3 * MIB);
  for (let i = 0; i < 40; i++) {
    fixture.advance(1_000);
    assert.ok(store.makeRoom(huge.length));
    set(i % 2 === 0 ? a : b, `huge:${i}`, huge);
    assert.ok(store.countedBytes() <= 20 * MIB);
    for (let k = 0; k < 20; k++) set(a, `small:${i}:${k}`, 'x'.repeat(100));
  }
  assert.ok(a.count + b.count < 40 + 800);
  assert.ok(b.find(frameOf('', 'huge:39'), 1) !== 0, 'the newest is still there');
  assert.equal(b.find(frameOf('', 'huge:1'), 1), 0);
  const evicted = effects.filter(({ event }) => event === 'evicted');
  assert.equal(evicted.length, 40 + 800 - a.count - b.count);
  assert.ok(evicted.every(({ actorId }) => actorId === 0));
});

test('with a limit of one byte everything leaves, and every write is refused', async () => {
  const kit = await createCommandKit();
  const { store } = kit.session;
  for (let i = 0; i < 500; i++) kit.ask('SET', `k${i}`, 'v'.repeat(i));
  kit.ask('SET', 'huge', 'h'.repeat(2 * MIB));
  store.setPolicy('lru');
  store.memoryBytesMax = 1;
  for (const words of [
    ['SET', 'k', 'v'],
    ['APPEND', 'k1', 'v'],
    ['SETBIT', 'b', '1', '1'],
  ]) {
    assert.match(String(kit.ask(...words)), OUT_OF_MEMORY);
  }
  kit.advance(1_000);
  assert.equal(kit.ask('DBSIZE'), 0);
  assert.equal(kit.ask('GET', 'k1'), null);
  store.memoryBytesMax = 0;
  assert.equal(kit.ask('SET', 'k', 'v'), 'OK');
});

/** Commands that grow by more than they carry. */
function drawCommand(random: SeededRandom): (string | number)[] {
  const key = `k${random.below(40)}`;
  const other = `k${random.below(40)}`;
  const offset = random.below(8) === 0 ? random.below(2 * MIB) : random.below(20_000);
  switch (random.below(8)) {
    case 0:
      return ['SETRANGE', key, offset, 'x'];
    case 1:
      return ['APPEND', key, 'a'.repeat(random.below(50_000))];
    case 2:
      return ['SETBIT', key, offset * 8, 1];
    case 3:
      return ['BITFIELD', key, 'SET', 'u8', offset * 8, 7];
    case 4:
      return ['BITOP', random.below(2) === 0 ? 'OR' : 'XOR', key, other, `k${random.below(40)}`];
    case 5:
      return ['COPY', other, key, 'REPLACE'];
    case 6:
      return ['SET', key, 'v'.repeat(random.below(100_000))];
    default:
      return ['MSET', key, 'm'.repeat(random.below(9_000)), other, 'm'];
  }
}

for (const policy of ['noeviction', 'lru']) {
  test(`the limit is passed by one command's growth at most (${policy})`, async () => {
    const kit = await createCommandKit(1, { records: false });
    const { store } = kit.session;
    store.setPolicy(policy);
    store.memoryBytesMax = 8 * MIB;
    // A value of 2 MiB, and half a megabyte of spare room when it grows again.
    const growthMax = 2 * 2 * MIB + 4_096;
    let refusedCount = 0;
    seeded((random) => {
      for (let i = 0; i < rounds(4_000); i++) {
        const words = drawCommand(random);
        const before = store.countedBytes();
        const isRefused = OUT_OF_MEMORY.test(String(kit.ask(...words)));
        const after = store.countedBytes();
        if (isRefused) refusedCount++;
        assert.ok(after <= store.memoryBytesMax + growthMax, `${after} after ${words[0]}`);
        if (isRefused) assert.ok(after <= before);
        else if (policy === 'noeviction') assert.ok(before <= store.memoryBytesMax);
        if (policy === 'noeviction' && i % 50 === 49) kit.ask('DEL', `k${random.below(40)}`);
      }
    });
    if (policy === 'lru') assert.equal(refusedCount, 0);
    else
      assert.ok(
        refusedCount > rounds(100) && refusedCount < rounds(4_000),
        `${refusedCount} refused`,
      );
  });
}
