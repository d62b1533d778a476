import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture, type EngineFixture, frameOf } from '../../testing/engine-fixture.ts';
import { seeded } from '../../testing/seeded.ts';
import { NO_DEADLINE } from '../database.ts';
import { EVENT } from '../event-table.ts';
import { STORE_STAT } from '../store-stats.ts';
import { setStringArgument } from '../values/string/string-value.ts';
import { evictAhead } from './store-room.ts';

const MIB = 1024 * 1024;

function create(memoryBytesMax: number, policy = 'lru'): EngineFixture {
  return createEngineFixture({ seed: 2, memoryBytesMax, policy, databaseCount: 1, records: false });
}

/** As the door: room for what the command carries, then the command. */
function write({ store }: EngineFixture, key: string, byteCount: number): boolean {
  const frame = frameOf('SET', key, 'v'.repeat(byteCount));
  if (!store.makeRoom(key.length + byteCount + 3)) return false;
  const [database] = store.databases;
  setStringArgument(database, database.find(frame, 1), frame, 1, 2, NO_DEADLINE, EVENT.set);
  return true;
}

test('writes of mixed sizes never pass the limit by more than 1 %, and none fails', () => {
  seeded((random) => {
    const fixture = create(8 * MIB);
    const { store } = fixture;
    for (let i = 0; i < 60_000; i++) {
      const byteCount = random.below(50) === 0 ? random.below(60_000) : random.below(400);
      assert.ok(write(fixture, `key:${random.below(200_000)}`, byteCount));
      assert.ok(store.countedBytes() <= 8 * MIB * 1.01, `${store.countedBytes()} at ${i}`);
    }
    assert.ok(store.stats[STORE_STAT.EVICTED] > 10_000);
  });
});

test('what is larger than the store is refused, and costs nobody its place', () => {
  const fixture = create(MIB);
  for (let i = 0; i < 500; i++) assert.ok(write(fixture, `key:${i}`, 500));
  assert.equal(write(fixture, 'huge', 2 * MIB), false);
  assert.equal(fixture.store.databases[0].count, 500);
  assert.equal(fixture.store.stats[STORE_STAT.REFUSED], 1);
});

test('a lowered limit is reached step by step: writes pass, each for a few evictions', () => {
  const fixture = create(16 * MIB);
  const { store } = fixture;
  for (let i = 0; i < 60_000; i++) assert.ok(write(fixture, `key:${i}`, 100));
  store.memoryBytesMax = 2 * MIB;
  const atFirst = store.countedBytes();
  let before = atFirst;
  for (let i = 0; i < 500; i++) {
    const evictedBefore = store.stats[STORE_STAT.EVICTED];
    assert.ok(write(fixture, `new:${i}`, 100));
    const evicted = store.stats[STORE_STAT.EVICTED] - evictedBefore;
    assert.ok(evicted > 0 && evicted < 40, `${evicted} for one write`);
    assert.ok(store.countedBytes() < before);
    before = store.countedBytes();
  }
  let steps = 0;
  while (evictAhead(store)) steps++;
  assert.ok(steps > 100, `${steps}`);
  assert.ok(store.countedBytes() <= 2 * MIB);
  assert.equal(store.ceilingBytes, 2 * MIB);
});

test('under noeviction a lowered limit refuses every write at once', () => {
  const fixture = create(16 * MIB, 'noeviction');
  for (let i = 0; i < 10_000; i++) assert.ok(write(fixture, `key:${i}`, 100));
  fixture.store.memoryBytesMax = MIB;
  assert.equal(write(fixture, 'more', 1), false);
  fixture.store.memoryBytesMax = 16 * MIB;
  assert.equal(write(fixture, 'more', 1), true);
});

test('the background keeps a 256th of the limit free, at most, and no more', () => {
  const fixture = create(16 * MIB);
  const { store } = fixture;
  for (let i = 0; i < 200_000; i++) assert.ok(write(fixture, `key:${i}`, 100));
  store.runSlice(1_000);
  const freeBytes = 16 * MIB - store.countedBytes();
  assert.ok(freeBytes >= (16 * MIB) / 256 && freeBytes < (16 * MIB) / 200, `${freeBytes}`);
  const evictedCount = store.stats[STORE_STAT.EVICTED];
  for (let i = 0; i < 100; i++) assert.ok(write(fixture, `later:${i}`, 100));
  assert.equal(store.stats[STORE_STAT.EVICTED], evictedCount);
});

test('what is held follows what is counted, through evictions of mixed sizes', () => {
  seeded((random) => {
    const fixture = create(16 * MIB);
    const { store } = fixture;
    for (let phase = 0; phase < 6; phase++) {
      const most = [40, 3_000, 200, 20_000, 90, 700][phase];
      for (let i = 0; i < 20_000; i++) {
        assert.ok(write(fixture, `key:${random.u32()}`, random.below(most)));
        if (i % 100 === 0) store.runSlice(1);
      }
      const ratio = store.heldBytes() / store.countedBytes();
      assert.ok(ratio < 1.3, `${ratio} in phase ${phase}`);
    }
  });
});
