import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture } from '../../testing/engine-fixture.ts';
import { seeded } from '../../testing/seeded.ts';
import { checkTree } from '../../testing/tree-check.ts';
import { TIE_BYTES, TreeModel } from '../../testing/tree-model.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import type { Database } from '../database.ts';
import { DatabaseBlocks } from '../database-blocks.ts';
import { FORMAT } from './page-layout.ts';

function fill(database: Database, elementCount: number, random: SeededRandom): TreeModel {
  const { trees } = database;
  const model = new TreeModel(trees, trees.create(FORMAT.SLOTTED32));
  for (let i = 0; i < elementCount; i++) {
    const isLong = random.below(40) === 0;
    const length = TIE_BYTES + random.below(isLong ? 3000 : 60);
    const element = { key: random.u32(), tie: i, length, count: 1 };
    const place = model.placeOf(element.key, element.tie);
    trees.cursor.seek(model.id, element.key);
    trees.cursor.insertHere(element.key, length);
    model.write(trees.cursor, element);
    model.elements.splice(place, 0, element);
  }
  return model;
}

test('a copy has pages of its own, in the same database or another', () => {
  seeded((random) => {
    const { store } = createEngineFixture({ seed: random.u32() });
    const [first, second] = store.databases as [Database, Database];
    const model = fill(first, 3000, random);
    const byteCount = first.trees.byteCount(model.id);
    for (const target of [first, second]) {
      const copy = new TreeModel(target.trees, model.trees.copy(model.id, target.trees));
      copy.elements.push(...model.elements);
      assert.equal(copy.compareAll(target.trees.cursor), byteCount);
      target.trees.cursor.seekFirst(copy.id);
      target.trees.cursor.beforeChange();
      target.trees.cursor.removeHere();
      model.compareAll(first.trees.cursor);
    }
  });
});

test('a large released tree is freed in steps, and compaction may run between them', () => {
  seeded((random) => {
    const { store } = createEngineFixture({ seed: random.u32() });
    const database = store.databases[0] as Database;
    const kept = fill(database, 2000, random);
    const released = [fill(database, 4000, random), fill(database, 5000, random)];
    for (const model of released) database.trees.release(model.id);
    assert.ok(database.trees.hasGraves);
    let previousBytes = database.memory.liveBytes;
    let stepCount = 0;
    while (database.trees.drain(1 + random.below(9))) {
      assert.ok(database.memory.liveBytes < previousBytes, 'each step frees some');
      database.memory.compact(new DatabaseBlocks(database), random.below(60_000));
      previousBytes = database.memory.liveBytes;
      stepCount++;
    }
    assert.ok(stepCount > 10);
    assert.ok(!database.trees.hasGraves);
    assert.equal(database.memory.liveBytes, kept.compareAll(database.trees.cursor));
    assert.equal(database.trees.table.treeCount, 1);
  });
});

test('released trees are freed in the background, and before anything is evicted', () => {
  seeded((random) => {
    const { store } = createEngineFixture({ seed: random.u32(), memoryBytesMax: 500_000 });
    const database = store.databases[0] as Database;
    const model = fill(database, 3000, random);
    database.trees.release(model.id);
    assert.ok(store.countedBytes() > 100_000);
    assert.ok(store.makeRoom(490_000));
    assert.ok(store.countedBytes() < 10_000);
    const other = fill(database, 3000, random);
    database.trees.release(other.id);
    store.runSlice(1000);
    assert.equal(database.memory.liveBytes, 0);
  });
});

test('ids are given again, and the table goes when the last tree goes', () => {
  const { store } = createEngineFixture({ seed: 1 });
  const database = store.databases[0] as Database;
  const ids = Array.from({ length: 100 }, () => database.trees.create(FORMAT.SLOTTED64));
  assert.equal(new Set(ids).size, 100);
  assert.ok(!ids.includes(0), '0 is no tree');
  for (const id of ids.slice(50)) database.trees.release(id);
  const again = Array.from({ length: 50 }, () => database.trees.create(FORMAT.BLOCK));
  assert.deepEqual(again.sort(), ids.slice(50).sort());
  for (const id of ids.slice(0, 50)) assert.ok(checkTree(database.trees, id) > 0);
  for (const id of [...ids.slice(0, 50), ...again]) database.trees.release(id);
  assert.equal(database.countedBytes(), store.databases[1].countedBytes());
});

test('insertion in order, up or down, leaves leaves full', () => {
  const { store } = createEngineFixture({ seed: 1 });
  for (const direction of [1, -1]) {
    const { trees, memory } = store.databases[direction === 1 ? 0 : 1] as Database;
    const id = trees.create(FORMAT.SLOTTED64);
    for (let i = 0; i < 50_000; i++) {
      trees.cursor.seek(id, i * direction);
      trees.cursor.insertHere(i * direction, 9);
    }
    checkTree(trees, id);
    const bytesEach = memory.liveBytes / 50_000;
    assert.ok(bytesEach < 20.5, `${bytesEach} for 20 bytes`);
  }
});

test('flushing and swapping databases take the trees along', () => {
  seeded((random) => {
    const { store } = createEngineFixture({ seed: random.u32() });
    const [first, second] = store.databases as [Database, Database];
    const model = fill(first, 1000, random);
    store.swapDatabases(0, 1);
    assert.equal(second.trees, model.trees);
    model.compareAll(second.trees.cursor);
    second.flush();
    assert.equal(second.countedBytes(), first.countedBytes());
    fill(second, 100, random).compareAll(second.trees.cursor);
  });
});
