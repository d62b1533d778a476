import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilterModel } from '../../testing/filter-model.ts';
import { seeded } from '../../testing/seeded.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { SegmentPool } from '../memory/segment-pool.ts';
import { FILTER_COUNT } from './key-filter.ts';

function createModel(random: SeededRandom, rate: number): FilterModel {
  const seeds = [random.u32(), random.u32(), random.u32(), random.u32()];
  return new FilterModel({ pool: new SegmentPool(0), rate, seeds });
}

/** Inserts, overwrites and removes; of 10 steps about `insertsOf10` insert. */
function churn(model: FilterModel, random: SeededRandom, steps: number, insertsOf10: number): void {
  for (let step = 0; step < steps; step++) {
    if (random.below(10) < insertsOf10 || model.keys.length === 0) {
      model.set(`key:${random.below(1_000_000)}`);
    } else {
      assert.ok(model.remove(model.keys[random.below(model.keys.length)]));
    }
    if (step % 16 === 0 && model.keys.length > 0) {
      const drawn = model.keys[random.below(model.keys.length)];
      model.set(drawn);
      assert.ok(model.mayHold(drawn));
    }
    if (step % 512 === 0) model.compact(20_000);
  }
}

for (const rate of [0.5, 0.03, 0.01, 0.001, 0.0001, 0.000001]) {
  test(`a filter at ${rate} agrees with a Set while it grows, shrinks and is compacted`, () => {
    seeded((random) => {
      const model = createModel(random, rate);
      for (const insertsOf10 of [10, 3, 9, 0, 5, 10, 1, 10, 0]) {
        churn(model, random, 4_000, insertsOf10);
        model.checkAll();
      }
      assert.ok(model.filter.counts[FILTER_COUNT.GROWTHS] > 5);
      assert.ok(model.filter.counts[FILTER_COUNT.SHRINKINGS] > 2);
      assert.equal(model.filter.counts[FILTER_COUNT.FAILED_ADDS], 0);
    });
  });
}

test('a filter that loses all its keys gives its tables up, and serves again', () => {
  seeded((random) => {
    const model = createModel(random, 0.01);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 40_000; i++) model.set(`key:${i}`);
      assert.ok(model.filter.tableCount >= 8, `${model.filter.tableCount} tables`);
      const { sideByteCount } = model.filter;
      while (model.keys.length > 0) model.remove(model.keys[random.below(model.keys.length)]);
      assert.equal(model.filter.tableCount, 1);
      assert.ok(model.filter.sideByteCount < sideByteCount * 4, 'the directory is halved again');
      assert.ok(model.filter.capacity <= 2 * model.plan.shape.pageSlots);
      assert.ok(!model.mayHold('key:1'));
      model.checkAll();
    }
  });
});

test('clear forgets all, and the filter serves again', () => {
  seeded((random) => {
    const model = createModel(random, 0.001);
    for (let i = 0; i < 20_000; i++) model.set(`key:${i}`);
    model.clear();
    assert.equal(model.filter.byteCount, model.filter.sideByteCount);
    for (let i = 0; i < 20_000; i++) assert.ok(!model.mayHold(`key:${i}`));
    for (let i = 0; i < 20_000; i++) model.set(`other:${i}`);
    model.checkAll();
  });
});

for (const rate of [0.03, 0.01, 0.001]) {
  test(`at ${rate} absent keys pass no oftener, whatever came and went before`, () => {
    seeded((random) => {
      const model = createModel(random, rate);
      for (const insertsOf10 of [10, 5, 8, 3, 9]) churn(model, random, 20_000, insertsOf10);
      const askedCount = 200_000;
      const measured = model.measureRate(askedCount);
      // Five standard deviations of what is expected: chance fails one test in a million.
      const chance = 5 * Math.sqrt(rate / askedCount);
      assert.ok(measured <= rate + chance, `${measured}`);
      const expected = model.filter.estimatedRate();
      assert.ok(Math.abs(measured - expected) <= chance, `${measured}, expected ${expected}`);
    });
  });
}

/** With such seeds keys collide that differ in the way `collidingKey` makes them differ. */
const WEAK_SEEDS = [1, 1];

/** Sixteen bytes of one hash: what changes the first word of a lane is undone by its second. */
function collidingKey(number: number): string {
  const low = number & 0xff;
  const high = (number >>> 8) & 0xff;
  const text = (...bytes: number[]): string => String.fromCharCode(...bytes);
  // The rotation by 16 of the difference: bytes 2 and 3 take back what bytes 0 and 1 did.
  return `${text(low, high, 0, 0)}AAAA${text(0, 0, low, high)}AAAA`;
}

test('many keys of one hash are held, found by the second one, and leave again', () => {
  seeded((random) => {
    const seeds = [...WEAK_SEEDS, random.u32(), random.u32()];
    const model = new FilterModel({ pool: new SegmentPool(0), rate: 0.001, seeds });
    const hash = model.hashOf(collidingKey(0));
    for (let i = 0; i < 3_000; i++) {
      assert.equal(model.hashOf(collidingKey(i)), hash, 'the keys collide');
      assert.ok(model.set(collidingKey(i)));
    }
    assert.equal(model.filter.counts[FILTER_COUNT.FAILED_ADDS], 0);
    model.checkAll();
    let positiveCount = 0;
    for (let i = 3_000; i < 13_000; i++) if (model.mayHold(collidingKey(i))) positiveCount++;
    assert.ok(positiveCount < 100, `${positiveCount} of 10,000`);
    for (let i = 0; i < 3_000; i++) assert.ok(model.remove(collidingKey(i)));
    model.checkAll();
  });
});

test('more keys of one hash than a table holds: it says "may be" of all, and recovers', () => {
  seeded((random) => {
    const seeds = [...WEAK_SEEDS, random.u32(), random.u32()];
    const model = new FilterModel({ pool: new SegmentPool(0), rate: 0.001, seeds });
    for (let i = 0; i < 9_000; i++) model.set(collidingKey(i));
    assert.ok(model.filter.counts[FILTER_COUNT.FAILED_ADDS] > 0);
    model.checkAll();
    assert.ok(model.mayHold(collidingKey(20_000)), 'a saturated table excludes nothing');
    assert.ok(model.filter.tableCount <= 19, `${model.filter.tableCount} tables`);
    for (let i = 0; i < 8_000; i++) model.remove(collidingKey(i));
    model.checkAll();
    let positiveCount = 0;
    for (let i = 20_000; i < 30_000; i++) if (model.mayHold(collidingKey(i))) positiveCount++;
    assert.ok(positiveCount < 100, `${positiveCount} of 10,000`);
  });
});

test('keys that agree in both hashes beyond two buckets are held, and leave again', () => {
  const seeds = [...WEAK_SEEDS, ...WEAK_SEEDS];
  const model = new FilterModel({ pool: new SegmentPool(0), rate: 0.001, seeds });
  for (let i = 0; i < 600; i++) {
    model.set(collidingKey(i));
    model.set(`plain:${i}`);
  }
  assert.ok(model.filter.counts[FILTER_COUNT.FAILED_ADDS] > 0);
  model.checkAll();
  for (let i = 0; i < 600; i++) assert.ok(model.remove(collidingKey(i)));
  for (let i = 0; i < 300; i++) assert.ok(model.remove(`plain:${i}`));
  model.checkAll();
  assert.ok(model.filter.capacity > 0, 'the table stores fingerprints again');
});

test('hashes that the index raises are the same keys to the filter', () => {
  const seeds = [1, 2, 3, 4];
  const model = new FilterModel({ pool: new SegmentPool(0), rate: 0.001, seeds });
  const low: string[] = [];
  for (let i = 0; low.length < 1; i++) {
    const key = `${i}`;
    if (model.hashOf(key) >>> 0 < 512) low.push(key);
  }
  for (let i = 0; i < 20_000; i++) model.set(`key:${i}`);
  for (const key of low) {
    model.set(key);
    assert.ok(model.mayHold(key));
  }
  model.checkAll();
  for (const key of low) model.remove(key);
  model.checkAll();
});

test('a filter that gets no memory says "may be" of all, and recovers', () => {
  seeded((random) => {
    const model = createModel(random, 0.001);
    for (let i = 0; i < 10_000; i++) model.set(`key:${i}`);
    const { memory } = model;
    const allocate = memory.allocate.bind(memory);
    const { pageBytes } = model.plan.shape;
    memory.allocate = (byteCount) => (byteCount === pageBytes ? 0 : allocate(byteCount));
    for (let i = 10_000; i < 30_000; i++) model.set(`key:${i}`);
    assert.ok(model.filter.counts[FILTER_COUNT.FAILED_ADDS] > 0, 'memory refused pages');
    assert.ok(model.filter.estimatedRate() > 0.1, 'saturated tables exclude nothing');
    model.checkAll();
    memory.allocate = allocate;
    for (let i = 30_000; i < 60_000; i++) model.set(`key:${i}`);
    while (model.keys.length > 20_000) model.remove(model.keys[random.below(model.keys.length)]);
    model.checkAll();
    assert.ok(model.filter.estimatedRate() < 0.001, 'no table is saturated any more');
  });
});
