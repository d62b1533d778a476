import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture } from '../../testing/engine-fixture.ts';
import { rounds, seeded } from '../../testing/seeded.ts';
import { type ModelElement, TIE_BYTES, TreeModel } from '../../testing/tree-model.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import type { Database } from '../database.ts';
import { DatabaseBlocks } from '../database-blocks.ts';
import { FORMAT } from './page-layout.ts';

interface Plan {
  readonly format: number;
  readonly stepCount: number;
  drawKey(random: SeededRandom): number;
  drawLength(random: SeededRandom): number;
}

const shortPayload = (random: SeededRandom): number => TIE_BYTES + random.below(30);

const anyPayload = (random: SeededRandom): number => {
  const kind = random.below(100);
  if (kind < 80) return TIE_BYTES + random.below(40);
  if (kind < 95) return TIE_BYTES + random.below(270);
  return TIE_BYTES + random.below(5000);
};

const PLANS: Record<string, Plan> = {
  'hashes, short': {
    format: FORMAT.SLOTTED32,
    stepCount: 12_000,
    drawKey: (random) => random.u32(),
    drawLength: shortPayload,
  },
  'few hashes, any length': {
    format: FORMAT.SLOTTED32,
    stepCount: 8_000,
    drawKey: (random) => random.below(40),
    drawLength: anyPayload,
  },
  'scores, short': {
    format: FORMAT.SLOTTED64,
    stepCount: 12_000,
    drawKey: (random) => (random.below(1000) - 500) / 7,
    drawLength: shortPayload,
  },
  'one score': {
    format: FORMAT.SLOTTED64,
    stepCount: 10_000,
    drawKey: () => 0,
    drawLength: shortPayload,
  },
  'long payloads, many pages': {
    format: FORMAT.SLOTTED64,
    stepCount: 14_000,
    drawKey: (random) => random.below(1_000_000_000),
    drawLength: (random) => 190 + random.below(70),
  },
  'infinite scores, any length': {
    format: FORMAT.SLOTTED64,
    stepCount: 6_000,
    drawKey: (random) => [Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY][random.below(3)],
    drawLength: anyPayload,
  },
};

for (const [name, plan] of Object.entries(PLANS)) {
  test(`a tree equals a sorted array under random use and compaction: ${name}`, () => {
    seeded((random) => {
      const { store } = createEngineFixture({ seed: random.u32() });
      const database = store.databases[0] as Database;
      const model = new TreeModel(database.trees, database.trees.create(plan.format));
      for (let phase = 0; phase < 5; phase++) {
        const insertsOf10 = [9, 6, 3, 7, 1][phase] as number;
        for (let step = 0; step < plan.stepCount / 5; step++) {
          if (random.below(10) < insertsOf10) insertOne(model, plan, random);
          else changeOne(model, plan, random);
          if (step % 50 === 0) compact(database, random);
        }
        const byteCount = model.compareAll(database.trees.cursor);
        assert.equal(database.memory.liveBytes, byteCount, 'nothing else is held');
      }
      while (model.elements.length > 0) {
        removeAt(model, random.below(model.elements.length));
        if (model.elements.length % 64 === 0) compact(database, random);
        if (model.elements.length % 512 === 0) model.compareAll(database.trees.cursor);
      }
      model.compareAll(database.trees.cursor);
      database.trees.release(model.id);
      assert.equal(database.memory.liveBytes, 0);
      assert.equal(database.trees.sideByteCount, 0);
    });
  });
}

test('a small tree is whole after every single step', () => {
  seeded((random) => {
    const { store } = createEngineFixture({ seed: random.u32() });
    const database = store.databases[0] as Database;
    const plan = PLANS['infinite scores, any length'] as Plan;
    const model = new TreeModel(database.trees, database.trees.create(plan.format));
    for (let step = 0; step < rounds(1500); step++) {
      const isGrowing = step % 300 < 150;
      if (random.below(10) < (isGrowing ? 6 : 2)) insertOne(model, plan, random);
      else changeOne(model, plan, random);
      compact(database, random);
      assert.equal(database.memory.liveBytes, model.compareAll(database.trees.cursor));
    }
  });
});

function insertOne(model: TreeModel, plan: Plan, random: SeededRandom): void {
  const element: ModelElement = {
    key: plan.drawKey(random),
    tie: random.u32(),
    length: plan.drawLength(random),
    count: 1,
  };
  const { cursor } = model.trees;
  model.tie.sought = element.tie;
  const place = model.placeOf(element.key, element.tie);
  if (cursor.seekTied(model.id, element.key, model.tie)) return;
  model.compareHere(cursor, place);
  cursor.insertHere(element.key, element.length);
  model.write(cursor, element);
  model.elements.splice(place, 0, element);
  model.compareHere(cursor, place);
  assert.equal(cursor.rankHere(), place);
}

function changeOne(model: TreeModel, plan: Plan, random: SeededRandom): void {
  if (model.elements.length === 0) return;
  const place = random.below(model.elements.length);
  const element = model.elements[place] as ModelElement;
  const { cursor } = model.trees;
  switch (random.below(5)) {
    case 0:
      removeAt(model, place);
      return;
    case 1: {
      model.tie.sought = element.tie;
      assert.ok(cursor.seekTied(model.id, element.key, model.tie));
      const length = plan.drawLength(random);
      const kept = Math.min(length, element.length);
      cursor.resizeHere(length);
      element.length = length;
      cursor.beforeChange();
      model.write(cursor, element, kept);
      model.compareHere(cursor, place);
      assert.equal(cursor.rankHere(), place);
      return;
    }
    case 2: {
      const key = plan.drawKey(random);
      const first = model.placeOf(key, -1);
      assert.equal(cursor.seek(model.id, key), first < model.elements.length);
      model.compareHere(cursor, first);
      return;
    }
    case 3: {
      assert.ok(cursor.seekRank(model.id, place));
      model.compareHere(cursor, place);
      const key = keyBetween(model, place, random);
      cursor.setKeyHere(key);
      element.key = key;
      return;
    }
    default:
      assert.ok(cursor.seekRank(model.id, place));
      assert.equal(cursor.rankHere(), place);
      cursor.next();
      model.compareHere(cursor, place + 1);
      cursor.prev();
      assert.equal(cursor.prev(), place > 0);
      model.compareHere(cursor, Math.max(0, place - 1));
  }
}

function removeAt(model: TreeModel, place: number): void {
  const element = model.elements[place] as ModelElement;
  const { cursor } = model.trees;
  model.tie.sought = element.tie;
  assert.ok(cursor.seekTied(model.id, element.key, model.tie));
  cursor.removeHere();
  model.elements.splice(place, 1);
  model.compareHere(cursor, place);
  assert.equal(cursor.rankHere(), place);
}

/** A key that keeps the element's place: now and then its neighbour's, if the ties allow it. */
function keyBetween(model: TreeModel, place: number, random: SeededRandom): number {
  const element = model.elements[place] as ModelElement;
  const previous = model.elements[place - 1];
  const next = model.elements[place + 1];
  if (random.below(2) === 0 && next !== undefined && next.tie > element.tie) return next.key;
  if (previous !== undefined && previous.tie < element.tie) return previous.key;
  return element.key;
}

function compact(database: Database, random: SeededRandom): void {
  database.memory.compact(new DatabaseBlocks(database), random.below(40_000));
}
