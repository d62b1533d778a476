import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture, frameOf } from '../../testing/engine-fixture.ts';
import { rounds, seeded } from '../../testing/seeded.ts';
import { NO_DEADLINE } from '../database.ts';
import { EVENT } from '../event-table.ts';
import type { Store } from '../store.ts';
import { setStringArgument } from '../values/string/string-value.ts';
import { MemoryPressure } from './memory-pressure.ts';
import { NodeMemory, type PressureChange } from './node-memory.ts';
import { shareOut } from './share-out.ts';

const MIB = 1024 * 1024;
const SHARES = { pressureWarning: 0.85, pressureCritical: 0.9, pressurePanic: 0.95 };

function createStore(memoryBytesMax: number, policy = 'lru'): Store {
  return createEngineFixture({ seed: 1, memoryBytesMax, policy, records: false }).store;
}

function createMemory(limitBytes: number, stores: readonly Store[]): NodeMemory {
  const memory = new NodeMemory({ limitBytes, shares: SHARES });
  for (const store of stores) memory.admit(store);
  return memory;
}

/** Writes keys of about 1 KB as the door does. @returns how many there was no room for */
function write(store: Store, count: number, name = 'key'): number {
  const [database] = store.databases;
  let refusedCount = 0;
  for (let i = 0; i < count; i++) {
    const frame = frameOf('SET', `${name}:${i}`, 'v'.repeat(1_000));
    if (!store.makeRoom(1_020)) refusedCount++;
    else setStringArgument(database, database.find(frame, 1), frame, 1, 2, NO_DEADLINE, EVENT.set);
  }
  return refusedCount;
}

test('what is wanted is given where it fits, else all get as much up to one level', () => {
  const sharer = (usedBytes: number, wantedBytes: number, keptBytes = 0) => {
    return { usedBytes, wantedBytes, keptBytes };
  };
  assert.deepEqual(shareOut([sharer(0, 10), sharer(0, 20)], 100, 0), [10, 20]);
  assert.deepEqual(shareOut([sharer(0, 10), sharer(0, 200), sharer(0, 300)], 100, 0), [10, 45, 45]);
  // Who cannot give back keeps what it has.
  assert.deepEqual(shareOut([sharer(80, 90, 80), sharer(0, 200)], 100, 0), [80, 20]);
  // Who must shrink has not yet: the other gets what is free, and a little in any case.
  assert.deepEqual(shareOut([sharer(100, 200), sharer(0, 200)], 100, 5), [50, 5]);
});

test('limits never add up to more than there is, and nobody gets more than it wants', () => {
  seeded((random) => {
    for (let round = 0; round < rounds(500); round++) {
      const totalBytes = 1_000 + random.below(100_000);
      const sharers = Array.from({ length: 1 + random.below(12) }, () => {
        const usedBytes = random.below(totalBytes / 12);
        return { usedBytes, keptBytes: 0, wantedBytes: usedBytes + random.below(totalBytes) };
      });
      const limits = shareOut(sharers, totalBytes, 0);
      const sum = limits.reduce((total, limit) => total + limit, 0);
      assert.ok(sum <= totalBytes, `${sum} of ${totalBytes}`);
      for (const [i, limit] of limits.entries()) assert.ok(limit <= sharers[i].wantedBytes);
    }
  });
});

test('a limit of its own is reserved; stores without one share the rest, less the buffers', () => {
  const [reserved, one, other] = [createStore(6 * MIB), createStore(0), createStore(0)];
  const memory = createMemory(10 * MIB, [reserved, one, other]);
  assert.equal(memory.sharedBytesMax, 4 * MIB);
  memory.observe(1 * MIB);
  assert.equal(memory.sharedBytesMax, 3 * MIB);
  assert.equal(reserved.limitBytes, 6 * MIB);
  assert.equal(memory.refuse({ ...one.configuration, maxMemoryBytes: 3 * MIB }), null);
  const refusal = memory.refuse({ ...one.configuration, maxMemoryBytes: 3 * MIB + 1 });
  assert.match(String(refusal), /^ERR max_memory: .*\(cache\.node_max_memory\)$/);
  // Buffers that take what was reserved press all stores alike.
  memory.observe(7 * MIB);
  assert.equal(reserved.limitBytes, 3 * MIB);
  assert.equal(memory.sharedBytesMax, 0);
});

test('without a limit of the node nothing is bounded but what has a limit of its own', () => {
  const [own, free] = [createStore(MIB), createStore(0)];
  const memory = createMemory(0, [own, free]);
  memory.observe(0);
  assert.equal(free.limitBytes, Number.POSITIVE_INFINITY);
  assert.equal(own.limitBytes, MIB);
  assert.equal(memory.pressure.level, 'ok');
});

test('stores that share never hold more together, and each evicts its own alone', () => {
  const [one, other] = [createStore(0), createStore(0)];
  const memory = createMemory(8 * MIB, [one, other]);
  assert.equal(write(other, 1_000), 0);
  const before = other.databases[0].count;
  for (let round = 0; round < 40; round++) {
    assert.equal(write(one, 1_000, `round${round}`), 0);
    memory.observe(0);
    assert.ok(memory.storeBytes <= 8 * MIB * 1.01, `${memory.storeBytes}`);
  }
  assert.equal(other.databases[0].count, before);
  assert.ok(one.countedBytes() > 6 * MIB, `${one.countedBytes()}`);
});

test('a store that comes late gets its even share, and no write of either fails', () => {
  const [first, late] = [createStore(0), createStore(0)];
  const memory = createMemory(8 * MIB, [first]);
  assert.equal(write(first, 10_000), 0);
  memory.admit(late);
  for (let round = 0; round < 200; round++) {
    assert.equal(write(first, 100, `first${round}`), 0);
    assert.equal(write(late, 100, `late${round}`), 0);
    first.runSlice(1);
    late.runSlice(1);
    memory.observe(0);
    assert.ok(memory.storeBytes <= 8 * MIB * 1.01, `${memory.storeBytes} in round ${round}`);
  }
  const ratio = late.countedBytes() / first.countedBytes();
  assert.ok(ratio > 0.8 && ratio < 1.25, `${ratio}`);
});

test('a store that cannot evict keeps what it has, and refuses when the rest is taken', () => {
  const [fixed, evicting] = [createStore(0, 'noeviction'), createStore(0)];
  const memory = createMemory(8 * MIB, [fixed, evicting]);
  write(fixed, 3_000);
  const kept = fixed.databases[0].count;
  for (let round = 0; round < 40; round++) {
    assert.equal(write(evicting, 500, `round${round}`), 0);
    memory.observe(0);
  }
  assert.equal(fixed.databases[0].count, kept);
  assert.ok(memory.storeBytes <= 8 * MIB * 1.01);
});

test('a store that is gone leaves its memory to the others', () => {
  const [one, other] = [createStore(6 * MIB), createStore(0)];
  const memory = createMemory(8 * MIB, [one, other]);
  assert.equal(memory.sharedBytesMax, 2 * MIB);
  memory.dismiss(one);
  assert.equal(memory.sharedBytesMax, 8 * MIB);
  assert.equal(other.limitBytes, 8 * MIB);
});

test('levels are told once each, and left only a little below where they begin', () => {
  const pressure = new MemoryPressure();
  const told: string[] = [];
  for (const used of [50, 86, 84, 89, 91, 89, 96, 94, 92, 87, 84, 82, 10]) {
    if (pressure.observe(used, 100, SHARES)) told.push(`${used} ${pressure.level}`);
  }
  assert.deepEqual(told, [
    '86 warning',
    '91 critical',
    '96 panic',
    '92 critical',
    '87 warning',
    '82 ok',
  ]);
  pressure.observe(10, Number.POSITIVE_INFINITY, SHARES);
  assert.equal(pressure.ratio, 0);
});

test('in distress is who is at panic and can evict nothing', () => {
  const [fixed, evicting] = [createStore(MIB, 'noeviction'), createStore(MIB)];
  const timed = createStore(MIB, 'volatile-lru');
  const memory = createMemory(0, [fixed, evicting, timed]);
  const changes: PressureChange[] = [];
  memory.onPressure((change) => changes.push(change));
  assert.ok(write(fixed, 2_000) > 0);
  assert.equal(write(evicting, 2_000), 0);
  assert.ok(write(timed, 2_000) > 0);
  memory.observe(0);
  assert.deepEqual(memory.storesInDistress(), [fixed, timed]);
  assert.deepEqual(
    changes.map(({ store, level, canEvict }) => [store, level, canEvict]),
    [
      [fixed, 'panic', false],
      [evicting, 'panic', true],
      [timed, 'panic', false],
    ],
  );
  fixed.flushAll();
  memory.observe(0);
  assert.deepEqual(memory.storesInDistress(), [timed]);
});
