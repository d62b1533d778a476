import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplicaLags } from './replica-lags.ts';

test('who has everything, or was never looked at, lags by nothing', () => {
  const lags = new ReplicaLags();
  assert.equal(lags.lagMs('b', 0, 100), 0);
  lags.mark('b', 0, 0, 100);
  assert.equal(lags.lagMs('b', 0, 9_000), 0);
  lags.mark('b', 0, 7, 9_000);
  assert.equal(lags.lagMs('b', 7, 9_400), 0);
});

test('a lag grows from the mark that is not acknowledged, however much comes behind it', () => {
  const lags = new ReplicaLags();
  lags.mark('b', 0, 10, 1_000);
  lags.mark('b', 9, 20, 1_500);
  lags.mark('b', 9, 30, 2_000);
  assert.equal(lags.lagMs('b', 9, 2_100), 1_100);
  assert.equal(lags.lagMs('b', 10, 2_100), 0);
  lags.mark('b', 10, 30, 2_500);
  assert.equal(lags.lagMs('b', 29, 2_700), 200);
  assert.equal(lags.lagMs('c', 0, 2_700), 0);
});
