import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngineFixture } from '../../testing/engine-fixture.ts';
import { seeded } from '../../testing/seeded.ts';
import { type ModelElement, TIE_BYTES, TreeModel } from '../../testing/tree-model.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import type { Database } from '../database.ts';
import { DatabaseBlocks } from '../database-blocks.ts';
import { FORMAT } from './page-layout.ts';

/** As many distinct keys as there may be elements, so that many are sought that are there. */
const KEY_COUNT = 6000;
const KEY_STEP = Math.floor(2 ** 32 / KEY_COUNT);
const WARMED_COUNT = 16;

class Warmed {
  readonly database: Database;
  readonly random: SeededRandom;
  readonly models: TreeModel[] = [];
  tie = 1;

  constructor(random: SeededRandom) {
    this.random = random;
    const { store } = createEngineFixture({ seed: random.u32() });
    this.database = store.databases[0] as Database;
    for (let i = 0; i < 3; i++) this.add();
  }

  add(): void {
    const { trees } = this.database;
    const model = new TreeModel(trees, trees.create(FORMAT.SLOTTED32));
    this.models.push(model);
    const count = this.random.below(2) === 0 ? 40 : 4000;
    for (let i = 0; i < count; i++) this.change(model, this.drawKey(), 9);
  }

  drawKey(): number {
    return this.random.below(KEY_COUNT) * KEY_STEP;
  }

  /** Seeks the key, compares, and does something there. */
  change(model: TreeModel, key: number, insertsOf10: number): void {
    const { random } = this;
    const { cursor } = this.database.trees;
    const place = model.placeOf(key, 0);
    const isThere = cursor.seek(model.id, key);
    assert.equal(isThere, place < model.elements.length);
    model.compareHere(cursor, place);
    const isFound = isThere && cursor.key === key;
    const isInsertion = random.below(10) < insertsOf10;
    if (isInsertion && !isFound) this.insert(model, key, place);
    else if (isInsertion && isFound) this.resize(model, place);
    else if (isFound && random.below(2) === 0) {
      cursor.removeHere();
      model.elements.splice(place, 1);
      model.compareHere(cursor, place);
    } else if (isThere) {
      cursor.next();
      model.compareHere(cursor, place + 1);
    }
    assert.equal(cursor.rankHere(), this.rankOf(model, place, cursor.isAtElement));
  }

  private rankOf(model: TreeModel, place: number, isAtElement: boolean): number {
    const { cursor } = this.database.trees;
    if (!isAtElement) return model.elements.length;
    const moved = model.elements[place]?.key === cursor.key ? place : place + 1;
    return moved;
  }

  private insert(model: TreeModel, key: number, place: number): void {
    const { cursor } = this.database.trees;
    const element: ModelElement = { key, tie: this.tie++, length: this.drawLength(), count: 1 };
    cursor.insertHere(key, element.length);
    model.write(cursor, element);
    model.elements.splice(place, 0, element);
    model.compareHere(cursor, place);
  }

  private resize(model: TreeModel, place: number): void {
    const { cursor } = this.database.trees;
    const element = model.elements[place] as ModelElement;
    const kept = element.length;
    element.length = this.random.below(3) === 0 ? this.drawLength() : kept;
    cursor.resizeHere(element.length);
    cursor.beforeChange();
    model.write(cursor, element, Math.min(kept, element.length));
    model.compareHere(cursor, place);
  }

  private drawLength(): number {
    const { random } = this;
    return TIE_BYTES + random.below(random.below(30) === 0 ? 700 : 60);
  }

  /** Warms keys for one tree, and seeks most of them while much else happens. */
  turn(insertsOf10: number): void {
    const { random, models } = this;
    const { trees, memory } = this.database;
    const model = models[random.below(models.length)] as TreeModel;
    const keys = Uint32Array.from({ length: WARMED_COUNT }, () => this.drawKey());
    trees.warmer.warmKeys(model.id, keys, WARMED_COUNT);
    if (random.below(5) === 0) memory.compact(new DatabaseBlocks(this.database), 60_000);
    for (const key of keys) {
      const kind = random.below(30);
      if (kind === 0) memory.compact(new DatabaseBlocks(this.database), random.below(40_000));
      if (kind === 1) this.change(this.models[0] as TreeModel, this.drawKey(), insertsOf10);
      if (kind === 2) this.change(model, key, insertsOf10);
      if (kind > 4) this.change(model, key, insertsOf10);
    }
  }

  replaceOne(): void {
    const [model] = this.models.splice(this.random.below(this.models.length), 1);
    this.database.trees.release((model as TreeModel).id);
    while (this.database.trees.hasGraves) this.database.trees.drain(200);
    this.add();
  }

  compareAll(): void {
    const { trees, memory } = this.database;
    let byteCount = 0;
    for (const model of this.models) byteCount += model.compareAll(trees.cursor);
    assert.equal(memory.liveBytes, byteCount, 'nothing else is held');
  }
}

test('a seek finds the same after a look ahead, whatever happens between them', () => {
  seeded((random) => {
    const warmed = new Warmed(random);
    for (let phase = 0; phase < 6; phase++) {
      for (let turn = 0; turn < 120; turn++) warmed.turn([8, 1, 5][phase % 3] as number);
      warmed.compareAll();
      warmed.replaceOne();
    }
    const { trees } = warmed.database;
    for (const model of warmed.models) trees.release(model.id);
    while (trees.hasGraves) trees.drain(200);
    assert.equal(warmed.database.memory.liveBytes, 0);
    assert.equal(trees.sideByteCount, 0);
  });
});
