import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture } from '../../testing/engine-fixture.ts';
import { rounds, seeded } from '../../testing/seeded.ts';
import { checkTree } from '../../testing/tree-check.ts';
import { type ModelElement, TIE_BYTES, TreeModel } from '../../testing/tree-model.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import type { Database } from '../database.ts';
import { DatabaseBlocks } from '../database-blocks.ts';
import { FORMAT } from './page-layout.ts';
import { TreeCursor } from './tree-cursor.ts';

const KEY_KINDS: Record<string, (random: SeededRandom) => number> = {
  'no keys': () => 0,
  'many keys': (random) => random.below(1_000_000),
};

for (const [name, drawKey] of Object.entries(KEY_KINDS)) {
  test(`a tree of blocks equals an array of blocks under random use: ${name}`, () => {
    seeded((random) => {
      const { store } = createEngineFixture({ seed: random.u32() });
      const database = store.databases[0] as Database;
      const model = new TreeModel(database.trees, database.trees.create(FORMAT.BLOCK));
      for (let phase = 0; phase < 6; phase++) {
        const insertsOf10 = [9, 7, 1, 8, 5, 1][phase] as number;
        for (let step = 0; step < rounds(1200); step++) {
          if (random.below(10) < insertsOf10) insertOne(model, drawKey(random), random);
          else changeOne(model, random);
          if (step % 20 === 0) {
            database.memory.compact(new DatabaseBlocks(database), random.below(40_000));
          }
        }
        const byteCount = model.compareAll(database.trees.cursor);
        assert.equal(database.memory.liveBytes, byteCount);
      }
      while (model.elements.length > 0) removeAt(model, random.below(model.elements.length));
      model.compareAll(database.trees.cursor);
      database.trees.release(model.id);
      assert.equal(database.memory.liveBytes, 0);
    });
  });
}

test('blocks added at either end, thousands of them, are found by rank', () => {
  const { store } = createEngineFixture({ seed: 1 });
  const { trees } = store.databases[0] as Database;
  const model = new TreeModel(trees, trees.create(FORMAT.BLOCK));
  for (let i = 0; i < 3000; i++) {
    const element = { key: 0, tie: i, length: TIE_BYTES, count: 1 + (i % 5) };
    if (i % 3 === 0) {
      trees.cursor.seekFirst(model.id);
      model.elements.unshift(element);
    } else {
      trees.cursor.seekEnd(model.id);
      model.elements.push(element);
    }
    trees.cursor.insertBlockHere(0, element.count, TIE_BYTES);
    model.write(trees.cursor, element);
  }
  model.compareAll(trees.cursor);
  let rank = 0;
  for (const [place, element] of model.elements.entries()) {
    assert.ok(trees.cursor.seekRank(model.id, rank + element.count - 1));
    model.compareHere(trees.cursor, place);
    assert.equal(trees.cursor.rankInBlock, element.count - 1);
    assert.equal(trees.cursor.rankHere(), rank);
    rank += element.count;
  }
  assert.ok(!trees.cursor.seekRank(model.id, rank));
  assert.equal(trees.cursor.rankHere(), rank);
});

test('a first block whose key was lowered is found when others come before it', () => {
  const { store } = createEngineFixture({ seed: 1 });
  const { trees } = store.databases[0] as Database;
  const id = trees.create(FORMAT.BLOCK);
  trees.cursor.seekEnd(id);
  trees.cursor.insertBlockHere(100, 1, TIE_BYTES);
  trees.cursor.setBlockKey(50);
  assert.ok(trees.cursor.seek(id, 10));
  trees.cursor.insertBlockHere(10, 1, TIE_BYTES);
  checkTree(trees, id);
  assert.ok(trees.cursor.seek(id, 20));
  assert.equal(trees.cursor.key, 50);
});

test('inner pages are joined and filled up as blocks go, and keep their order', () => {
  seeded((random) => {
    const { store } = createEngineFixture({ seed: random.u32() });
    const { trees } = store.databases[0] as Database;
    const { cursor } = trees;
    const id = trees.create(FORMAT.BLOCK);
    for (let i = 0; i < 3000; i++) {
      cursor.seekEnd(id);
      cursor.insertBlockHere(i * 1000, 1, TIE_BYTES);
    }
    cursor.seekFirst(id);
    do cursor.setBlockKey(cursor.key - 500);
    while (cursor.next());
    while (trees.count(id) > 150) {
      // Whole stretches, so that a page is left with few beside one with many.
      cursor.seekRank(id, random.below(trees.count(id)));
      for (let left = random.below(150); left > 0 && cursor.isAtElement; left--) {
        cursor.removeBlock();
      }
      checkTree(trees, id);
    }
    const innerBytes = trees.byteCount(id) - 32 * trees.count(id);
    assert.ok(innerBytes <= 3 * 4096, `${innerBytes} bytes above ${trees.count(id)} blocks`);
  });
});

test('either end of a tree is found again, whatever another cursor did meanwhile', () => {
  seeded((random) => {
    const { store } = createEngineFixture({ seed: random.u32() });
    const database = store.databases[0] as Database;
    const { trees } = database;
    const models = [FORMAT.BLOCK, FORMAT.SLOTTED64, FORMAT.SLOTTED32].map(
      (format) => new TreeModel(trees, trees.create(format)),
    );
    const ends = new TreeCursor(trees.table);
    let model = models[0] as TreeModel;
    let isLast = false;
    for (let step = 0; step < rounds(6000); step++) {
      if (random.below(20) === 0) model = models[random.below(models.length)] as TreeModel;
      if (random.below(20) === 0) isLast = !isLast;
      const { elements, id } = model;
      if (random.below(500) === 0) database.memory.compact(new DatabaseBlocks(database), 50_000);
      const change = random.below(step % 1000 < 500 ? 4 : 3);
      if (change < 2 && elements.length > 0) {
        const place = random.below(2) === 0 ? 0 : elements.length - 1;
        removeElement(model, place);
      } else if (change < 3) {
        insertElement(model, random.below(1_000), random);
      }
      if (random.below(4) === 0) ends.seekTied(id, random.below(1_000), model.tie);
      const place = isLast ? Math.max(0, elements.length - 1) : 0;
      assert.equal(isLast ? ends.seekLast(id) : ends.seekFirst(id), elements.length > 0);
      if (elements.length > 0) model.compareHere(ends, place);
    }
  });
});

test('a tree without a leaf has no end, wherever the cursor was before', () => {
  seeded((random) => {
    const { store } = createEngineFixture({ seed: random.u32() });
    const { trees } = store.databases[0] as Database;
    const empty = trees.create(FORMAT.BLOCK);
    const model = new TreeModel(trees, trees.create(FORMAT.BLOCK));
    insertElement(model, 7, random);
    const ends = new TreeCursor(trees.table);
    assert.ok(ends.seekFirst(model.id));
    for (let time = 0; time < 2; time++) assert.equal(ends.seekFirst(empty), false);
  });
});

function insertElement(model: TreeModel, key: number, random: SeededRandom): void {
  const { cursor } = model.trees;
  const length = TIE_BYTES + random.below(60);
  const element: ModelElement = { key, tie: random.u32(), length, count: 1 };
  model.tie.sought = element.tie;
  const place = model.placeOf(key, element.tie);
  cursor.seekTied(model.id, key, model.tie);
  if (cursor.format === FORMAT.BLOCK) cursor.insertBlockHere(key, 1, length);
  else cursor.insertHere(key, length);
  model.write(cursor, element);
  model.elements.splice(place, 0, element);
}

function removeElement(model: TreeModel, place: number): void {
  const { cursor } = model.trees;
  const element = model.elements[place] as ModelElement;
  model.tie.sought = element.tie;
  assert.ok(cursor.seekTied(model.id, element.key, model.tie));
  if (cursor.format === FORMAT.BLOCK) cursor.removeBlock();
  else cursor.removeHere();
  model.elements.splice(place, 1);
}

function drawLength(random: SeededRandom): number {
  if (random.below(400) === 0) return 1_048_000 + random.below(2000);
  return TIE_BYTES + random.below(random.below(4) === 0 ? 9000 : 200);
}

function drawElement(key: number, random: SeededRandom): ModelElement {
  return { key, tie: random.u32(), length: drawLength(random), count: random.below(200) };
}

function insertOne(model: TreeModel, key: number, random: SeededRandom): void {
  const element = drawElement(key, random);
  const { cursor } = model.trees;
  const place = model.placeOf(key, element.tie);
  model.tie.sought = element.tie;
  cursor.seekTied(model.id, key, model.tie);
  model.compareHere(cursor, place);
  if (place > 0 && random.below(2) === 0) {
    cursor.prev();
    cursor.insertBlockAfterHere(key, element.count, element.length);
  } else {
    cursor.insertBlockHere(key, element.count, element.length);
  }
  model.write(cursor, element);
  model.elements.splice(place, 0, element);
  model.compareHere(cursor, place);
  assert.equal(cursor.rankHere(), model.rankOf(place));
}

function changeOne(model: TreeModel, random: SeededRandom): void {
  if (model.elements.length === 0) return;
  const { cursor } = model.trees;
  const place = random.below(model.elements.length);
  const element = model.elements[place] as ModelElement;
  switch (random.below(4)) {
    case 0:
      removeAt(model, place);
      return;
    case 1: {
      model.tie.sought = element.tie;
      assert.ok(cursor.seekTied(model.id, element.key, model.tie));
      const kept = element.length;
      element.length = drawLength(random);
      cursor.resizeBlock(element.length);
      cursor.beforeChange();
      model.write(cursor, element, Math.min(kept, element.length));
      model.compareHere(cursor, place);
      return;
    }
    case 2:
      model.tie.sought = element.tie;
      assert.ok(cursor.seekTied(model.id, element.key, model.tie));
      element.count = random.below(300);
      cursor.setBlockCount(element.count);
      assert.equal(model.trees.count(model.id), model.elementCount);
      return;
    default: {
      const next = model.elements[place + 1];
      const previousKey = model.elements[place - 1]?.key ?? element.key - 2;
      let key = (previousKey + element.key) / 2;
      if (random.below(2) === 0 && (next === undefined || next.tie > element.tie)) {
        key = next?.key ?? element.key + 1;
      }
      if (key === previousKey) return;
      model.tie.sought = element.tie;
      assert.ok(cursor.seekTied(model.id, element.key, model.tie));
      cursor.setBlockKey(key);
      element.key = key;
    }
  }
}

function removeAt(model: TreeModel, place: number): void {
  const element = model.elements[place] as ModelElement;
  const { cursor } = model.trees;
  model.tie.sought = element.tie;
  assert.ok(cursor.seekTied(model.id, element.key, model.tie));
  cursor.removeBlock();
  model.elements.splice(place, 1);
  model.compareHere(cursor, place);
  assert.equal(cursor.rankHere(), model.rankOf(place));
}
