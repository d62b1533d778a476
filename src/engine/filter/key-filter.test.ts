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
