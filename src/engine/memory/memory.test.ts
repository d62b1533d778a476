import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockModel } from '../../testing/block-model.ts';
import { rounds, seeded } from '../../testing/seeded.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { Memory } from './memory.ts';
import { SegmentPool } from './segment-pool.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Mostly small, some of every class, a few huge. */
function drawByteCount(random: SeededRandom): number {
  const kind = random.u32() % 1000;
  if (kind < 700) return 8 + (random.u32() % 200);
  if (kind < 950) return 8 + (random.u32() % 4000);
  if (kind < 999) return 8 + (random.u32() % 60_000);
  return 8 + (random.u32() % (3 * MIB));
}

test('blocks keep their bytes and the accounts stay exact under random use and compaction', () => {
  seeded((random) => {
    const pool = new SegmentPool(0);
    const memory = new Memory(pool);
    const model = new BlockModel(memory);
    for (let phase = 0; phase < 12; phase++) {
      const freesOf10 = [2, 5, 8, 5][phase % 4] as number;
      for (let step = 0; step < rounds(12_000); step++) {
        const isFree = random.u32() % 10 < freesOf10 && model.addresses.length > 0;
        if (isFree) model.freeOne(random.u32());
        else assert.ok(model.allocate(drawByteCount(random)));
        if (step % 16 === 0 && memory.compactionIsDue()) {
          memory.compact(model, random.u32() % 20_000);
        }
      }
      model.checkAccounts();
      model.checkAll();
    }
    assert.equal(pool.heldBytes - pool.idleBytes, memory.heldBytes);
  });
});

test('overwriting with random sizes keeps what is held within 1.25 of what is live', () => {
  seeded((random) => {
    const memory = new Memory(new SegmentPool(0));
    const model = new BlockModel(memory);
    for (let i = 0; i < 60_000; i++) model.allocate(16 + (random.u32() % 1985));
    let heldShareMax = 0;
    for (let step = 0; step < rounds(300_000); step++) {
      model.freeOne(random.u32());
      model.allocate(16 + (random.u32() % 1985));
      if (step % 32 === 0 && memory.compactionIsDue()) memory.compact(model, 64 * KIB);
      heldShareMax = Math.max(heldShareMax, memory.heldBytes / memory.liveBytes);
    }
    model.checkAccounts();
    assert.ok(heldShareMax <= 1.25, `held ${heldShareMax.toFixed(3)} times what is live`);
  });
});

test('compaction gives nearly everything back after most was freed, and then comes to rest', () => {
  seeded((random) => {
    const memory = new Memory(new SegmentPool(0));
    const model = new BlockModel(memory);
    for (let i = 0; i < 100_000; i++) model.allocate(16 + (random.u32() % 500));
    while (model.addresses.length > 2_000) model.freeOne(random.u32());
    let steps = 0;
    while (memory.compactionIsDue()) {
      memory.compact(model, 10_000);
      assert.ok(++steps < 100_000, 'compaction ends');
    }
    model.checkAccounts();
    model.checkAll();
    assert.ok(memory.heldBytes < memory.liveBytes * 1.5, `${memory.heldBytes} held`);
  });
});

test('a store of one block holds one small segment', () => {
  const memory = new Memory(new SegmentPool(0));
  assert.notEqual(memory.allocate(100), 0);
  assert.equal(memory.heldBytes, 64 * KIB);
});

test('a block of 1 MiB shares a segment, a larger one has its own and gives it back', () => {
  const pool = new SegmentPool(0);
  const memory = new Memory(pool);
  const shared = memory.allocate(MIB);
  assert.equal(memory.hugeCount, 0);
  const huge = memory.allocate(MIB + 1);
  assert.ok(huge >= 0xe0000000);
  assert.equal(memory.hugeCount, 1);
  assert.equal(memory.classBytes(MIB + 1), MIB + 8);
  assert.equal(memory.liveBytes, MIB + MIB + 8);
  memory.view.setUint8(memory.base + MIB, 7);
  memory.locate(shared);
  memory.locate(huge);
  assert.equal(memory.bytes[MIB], 7);
  assert.equal(memory.base, 0);
  memory.free(huge, MIB + 1);
  memory.free(shared, MIB);
  assert.equal(memory.liveBytes, 0);
  assert.equal(pool.heldBytes, memory.heldBytes);
  const again = memory.allocate(5 * MIB);
  assert.equal(again, huge, 'ids of huge blocks are used again');
});

test('a refusal of the pool leaves everything as it was', () => {
  seeded((random) => {
    const pool = new SegmentPool(4 * MIB);
    const memory = new Memory(pool);
    const model = new BlockModel(memory);
    let refusedCount = 0;
    for (let step = 0; step < 60_000; step++) {
      const failureCount = memory.allocationFailureCount;
      if (random.u32() % 10 < 3 && model.addresses.length > 0) model.freeOne(random.u32());
      else if (!model.allocate(drawByteCount(random))) {
        refusedCount++;
        model.freeOne(random.u32());
        assert.equal(memory.allocationFailureCount, failureCount + 1);
      } else assert.equal(memory.allocationFailureCount, failureCount);
      // Compaction may ask in vain, too.
      if (step % 16 === 0 && memory.compactionIsDue()) memory.compact(model, 20_000);
      assert.ok(pool.heldBytes <= 4 * MIB);
    }
    assert.ok(refusedCount > 100, 'the limit was met');
    model.checkAccounts();
    model.checkAll();
    assert.ok(memory.liveBytes > 2.5 * MIB, `${memory.liveBytes} live of 4 MiB`);
  });
});

test('clear gives all segments back, and the same bytes serve again', () => {
  seeded((random) => {
    const pool = new SegmentPool(0);
    const memory = new Memory(pool);
    const model = new BlockModel(memory);
    for (let i = 0; i < 20_000; i++) model.allocate(drawByteCount(random));
    for (let i = 0; i < 15_000; i++) model.freeOne(random.u32());
    memory.compact(model, 5_000);
    const sharedBytes = memory.heldBytes - memory.hugeBytes;
    memory.clear();
    model.forget();
    model.checkAccounts();
    assert.equal(memory.heldBytes, 0);
    assert.equal(pool.idleBytes, pool.heldBytes);
    assert.ok(pool.idleBytes >= sharedBytes);
    const heldBefore = pool.heldBytes;
    for (let i = 0; i < 3_000; i++) model.allocate(8 + (random.u32() % 200));
    assert.equal(pool.heldBytes, heldBefore);
    model.checkAll();
    model.checkAccounts();
  });
});

test('a watcher hears of changes while it watches', () => {
  const memory = new Memory(new SegmentPool(0));
  const heard: number[] = [];
  const address = memory.allocate(16);
  memory.beforeChange(address);
  memory.watchChanges({ beforeChange: (changed) => heard.push(changed) });
  memory.beforeChange(address);
  memory.watchChanges(null);
  memory.beforeChange(address);
  assert.deepEqual(heard, [address]);
});

test('compaction comes to rest where blocks leave half of their segments free', () => {
  const memory = new Memory(new SegmentPool(0));
  const model = new BlockModel(memory);
  for (const byteCount of [578_025, 573_696, 585_293]) model.allocate(byteCount);
  assert.ok(memory.compactionIsDue());
  for (let step = 0; memory.compactionIsDue(); step++) {
    assert.ok(step < 5_000, 'it ends');
    memory.compact(model, 64 * KIB);
  }
  model.checkAll();
  for (let i = 0; i < 3_000; i++) model.allocate(1_000);
  for (let i = 0; model.addresses.length > 200; i++) model.freeOne(i * 7919);
  assert.ok(memory.compactionIsDue(), 'more is free than before');
});
