import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../base/limits.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { createCommandKit } from '../testing/command-kit.ts';

test('slices of background work are short and frequent while clients send something', async () => {
  const kit = await createCommandKit();
  const { counters, stores } = kit.node.services;
  const budgetsMs: number[] = [];
  stores.default.runSlice = (budgetMs) => {
    budgetsMs.push(budgetMs);
    return true;
  };
  const slicesIn = (elapsedMs: number, sentBytes: number): number[] => {
    budgetsMs.length = 0;
    for (let i = 0; i < elapsedMs; i++) {
      counters[METRIC.netInputBytes] += sentBytes;
      kit.advance(1);
    }
    return [...budgetsMs];
  };
  slicesIn(300, 0);
  const idle = slicesIn(300, 0);
  slicesIn(10, 1);
  const busy = slicesIn(300, 1);
  slicesIn(10, 0);
  const idleAgain = slicesIn(300, 0);
  await kit.node.stop();
  assert.deepEqual(new Set(idle), new Set([LIMITS.sliceMs]));
  assert.deepEqual(new Set(busy), new Set([LIMITS.busySliceMs]));
  assert.deepEqual(new Set(idleAgain), new Set([LIMITS.sliceMs]));
  assert.ok(busy.length > 1.5 * idle.length, `${busy.length} and ${idle.length} slices`);
});

test('a store above a limit that was lowered has longer slices meanwhile', async () => {
  const kit = await createCommandKit();
  const { counters, stores } = kit.node.services;
  const store = stores.default;
  kit.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  let budgetMs = 0;
  store.runSlice = (given) => {
    budgetMs = given;
    return true;
  };
  const budgetAt = (isAboveLimit: boolean): number => {
    Object.defineProperty(store, 'isAboveLimit', { value: isAboveLimit, configurable: true });
    for (let i = 0; i < 10; i++) {
      counters[METRIC.netInputBytes]++;
      kit.advance(1);
    }
    return budgetMs;
  };
  kit.advance(300);
  assert.equal(budgetAt(false), LIMITS.busySliceMs);
  assert.equal(budgetAt(true), LIMITS.shrinkingSliceMs);
  await kit.node.stop();
});
