import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../testing/seeded.ts';
import { exactAsin, exactCos, exactSin } from './exact-trigonometry.ts';

const SHIFT = 400n;
const ONE = 1n << SHIFT;
const DRAWS = 1_000;
/** One in a hundred thousand may be a bit off. Three of a run's 3,000 are an error. */
const MISSES_MAX = 2;

test('sine and cosine are the nearest double to the sum of the series', () => {
  seeded((random) => {
    const misses: number[] = [];
    for (let i = 0; i < DRAWS; i++) {
      // Over all magnitudes: most angles between places are small.
      const angle = ((random.u32() / 2 ** 31 - 1) * 3) / 2 ** (random.below(4) * 6);
      if (exactSin(angle) !== nearestOf(series(angle, 1))) misses.push(angle);
      if (exactCos(angle / 2) !== nearestOf(series(angle / 2, 0))) misses.push(angle / 2);
    }
    assert.ok(misses.length <= MISSES_MAX, `sin or cos of ${misses.join(' ')}`);
  });
});

test('the sine of an arcsine and that of its neighbours enclose the argument', () => {
  seeded((random) => {
    const misses: number[] = [];
    for (let i = 0; i < DRAWS; i++) {
      const sine = (random.u32() / 2 ** 31 - 1) / 2 ** (random.below(4) * 6);
      const angle = exactAsin(sine);
      const halfUnit = fixed(unitOf(angle)) >> 1n;
      const wanted = fixed(sine);
      const middle = fixed(angle);
      const isTooLarge = seriesOfFixed(middle - halfUnit, 1) > wanted;
      if (isTooLarge || seriesOfFixed(middle + halfUnit, 1) < wanted) misses.push(sine);
    }
    assert.ok(misses.length <= MISSES_MAX, `asin of ${misses.join(' ')}`);
  });
});

test('the ends of their ranges are those of Math', () => {
  assert.deepEqual([exactSin(0), exactCos(0), exactAsin(0)], [0, 1, 0]);
  assert.deepEqual([exactAsin(1), exactAsin(-1)], [Math.PI / 2, -Math.PI / 2]);
  assert.deepEqual([exactAsin(1.1), exactAsin(NaN)], [NaN, NaN]);
  assert.equal(exactSin(Math.PI / 6), 0.49999999999999994);
  assert.equal(exactCos(-Math.PI), -1);
});

/** The series of the sine (first power 1) or the cosine (0), in fixed point. */
function series(angle: number, firstPower: 0 | 1): bigint {
  return seriesOfFixed(fixed(angle), firstPower);
}

function seriesOfFixed(angle: bigint, firstPower: 0 | 1): bigint {
  const square = (angle * angle) / ONE;
  let term = firstPower === 1 ? angle : ONE;
  let sum = 0n;
  for (let power = BigInt(firstPower); term !== 0n; power += 2n) {
    sum += term;
    term = -(term * square) / ONE / ((power + 1n) * (power + 2n));
  }
  return sum;
}

/** Exact: the doubles drawn here have no bit below 2^-200. */
function fixed(value: number): bigint {
  return BigInt(value * 2 ** 200) << (SHIFT - 200n);
}

function nearestOf(value: bigint): number {
  return Number(value) / 2 ** Number(SHIFT);
}

/** The distance to the next double. */
function unitOf(value: number): number {
  return 2 ** (Math.floor(Math.log2(Math.abs(value))) - 52);
}
