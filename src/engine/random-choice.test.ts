import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from '../base/world.ts';
import { chooseRanks, type RankChoice } from './random-choice.ts';

/** A linear congruential generator: the same row of numbers in each run. */
function seededRandom(): Random {
  let state = 1;
  const u32 = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  return { u32 } as Random;
}

function choose(random: Random, choice: RankChoice): { ranks: number[]; steps: number } {
  const ranks: number[] = [];
  let steps = 0;
  chooseRanks(random, choice, {
    advance: () => steps++,
    visit(rank, isWalk) {
      ranks.push(rank);
      if (isWalk) assert.equal(rank, steps - 1, 'a walk stands on the rank it shows');
    },
  });
  return { ranks, steps };
}

test('few of many are drawn without a walk', () => {
  const { ranks, steps } = choose(seededRandom(), { total: 1_000_000, count: 3 });
  assert.equal(steps, 0);
  assert.equal(new Set(ranks).size, 3);
});

test('many are met on one walk, in their order and each once', () => {
  const { ranks, steps } = choose(seededRandom(), { total: 1000, count: 500 });
  assert.ok(steps <= 1000);
  assert.equal(new Set(ranks).size, 500);
  assert.deepEqual(
    ranks,
    ranks.toSorted((a, b) => a - b),
  );
});

test('what cannot be sought by rank is walked, however few are wanted', () => {
  const choice = { total: 1000, count: 1, isWalkOnly: true };
  const { ranks, steps } = choose(seededRandom(), choice);
  assert.equal(ranks.length, 1);
  assert.equal(steps, (ranks[0] as number) + 1);
});

test('all, and none', () => {
  const random = seededRandom();
  assert.deepEqual(choose(random, { total: 4, count: 4 }).ranks, [0, 1, 2, 3]);
  assert.deepEqual(choose(random, { total: 4, count: 0 }).ranks, []);
  assert.deepEqual(choose(random, { total: 0, count: 0 }).ranks, []);
});

test('each rank is as likely as any other, drawn or walked', () => {
  for (const [total, count] of [
    [70, 2],
    [10, 5],
  ] as const) {
    const random = seededRandom();
    const seen = new Array<number>(total).fill(0);
    const rounds = 7000;
    for (let i = 0; i < rounds; i++) {
      for (const rank of choose(random, { total, count }).ranks) seen[rank] = (seen[rank] ?? 0) + 1;
    }
    const expected = (rounds * count) / total;
    for (const n of seen) assert.ok(Math.abs(n - expected) < 6 * Math.sqrt(expected), `${seen}`);
  }
});
