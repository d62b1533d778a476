import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../testing/seeded.ts';
import { partialSort } from './partial-sort.ts';

test('the range asked for is what a whole sort puts there, and no item is lost', () => {
  seeded((random) => {
    for (let round = 0; round < 300; round++) {
      const length = 1 + random.below(120);
      const items = Array.from({ length }, () => random.below(1 + random.below(60)));
      const first = random.below(length);
      const last = first + random.below(length - first);
      const wanted = [...items].sort((left, right) => left - right);
      partialSort(items, (left, right) => left - right, first, last);
      assert.deepEqual(items.slice(first, last + 1), wanted.slice(first, last + 1));
      assert.deepEqual(
        [...items].sort((left, right) => left - right),
        wanted,
      );
    }
  });
});
