import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GhostTable } from './ghost-table.ts';

/** Spread over all buckets, as hashes of keys are. */
function hashOf(key: number): number {
  return Math.imul(key + 1, 0x9e3779b1) | 0;
}

test('a ghost is told once, with how much came since', () => {
  const ghosts = new GhostTable();
  assert.equal(ghosts.take(hashOf(1)), -1);
  ghosts.fit(2_400);
  for (let key = 0; key < 1_200; key++) ghosts.insert(hashOf(key));
  const ages = [0, 600, 1_199].map((key) => ghosts.take(hashOf(key)));
  // In steps of a 24th of the capacity.
  for (const [i, age] of [0.5, 0.25, 0].entries()) {
    assert.ok(Math.abs(ages[i] - age) < 0.05, `${ages[i]} for ${age}`);
  }
  assert.equal(ghosts.take(hashOf(600)), -1);
});

test('as many are remembered as the table is for, about', () => {
  const ghosts = new GhostTable();
  ghosts.fit(2_400);
  for (let key = 0; key < 10_000; key++) ghosts.insert(hashOf(key));
  let lateCount = 0;
  for (let key = 10_000 - 2_000; key < 10_000; key++)
    lateCount += Number(ghosts.take(hashOf(key)) >= 0);
  let earlyCount = 0;
  for (let key = 0; key < 7_000; key++) earlyCount += Number(ghosts.take(hashOf(key)) >= 0);
  assert.ok(lateCount > 1_600, `${lateCount}`);
  assert.ok(earlyCount < 70, `${earlyCount}`);
  ghosts.clear();
  assert.equal(ghosts.take(hashOf(9_999)), -1);
});
