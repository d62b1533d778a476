import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../world/simulated/seeded-random.ts';
import { itemNumbers, orderByComparison, orderByNumbers } from './stable-order.ts';

const EDGES = [0, -0, 1, -1, Infinity, -Infinity, 5e-324, -5e-324, Number.MAX_VALUE, 2 ** 53];

test('numbers are ordered as by a stable sort, few or many, and only within the range', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new SeededRandom(seed);
    const count = seed % 2 === 0 ? random.below(60) : 900 + random.below(3_000);
    const keys = Float64Array.from({ length: count }, () => {
      const kind = random.below(4);
      if (kind === 0) return EDGES[random.below(EDGES.length)];
      if (kind === 1) return random.below(50) - 25;
      return (random.u32() - 2 ** 31) * 10 ** (random.below(30) - 15);
    });
    const start = random.below(3);
    const end = Math.max(start, count - random.below(3));
    const order = itemNumbers(count);
    const wanted = Array.from(order);
    const middle = wanted.slice(start, end).sort((left, right) => keys[left] - keys[right] || 0);
    wanted.splice(start, middle.length, ...middle);
    const other = itemNumbers(count);
    orderByNumbers(order, keys, start, Math.min(end, count));
    assert.deepEqual(Array.from(order), wanted, `seed ${seed}`);
    orderByComparison(other, (left, right) => keys[left] - keys[right] || 0, start, end);
    assert.deepEqual(Array.from(other), wanted, `seed ${seed}, by comparison`);
  }
});
