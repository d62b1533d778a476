import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { LatencyHistogram } from './latency-histogram.ts';

const SHARES = [0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1];
const WIDTH = 1 / 128;

test('percentiles are those of the sorted durations, a bucket off at most', () => {
  const random = new SeededRandom(7);
  const histogram = new LatencyHistogram();
  const durationsMs: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    // From a microsecond to a quarter of an hour, as many in each decade.
    const ms = 10 ** ((random.u32() / 2 ** 32) * 9 - 3);
    durationsMs.push(ms);
    histogram.record(ms);
  }
  durationsMs.sort((left, right) => left - right);
  for (const share of SHARES) {
    const wantedMs = durationsMs[Math.ceil(share * durationsMs.length) - 1];
    const foundMs = histogram.percentileMs(share);
    assert.ok(foundMs >= wantedMs - 0.001, `${share}: ${foundMs}, sorted ${wantedMs}`);
    assert.ok(foundMs <= wantedMs * (1 + WIDTH) + 0.001, `${share}: ${foundMs} of ${wantedMs}`);
  }
  assert.equal(histogram.minMs, durationsMs[0]);
  assert.equal(histogram.maxMs, durationsMs.at(-1));
  const sum = durationsMs.reduce((total, ms) => total + ms, 0);
  assert.ok(Math.abs(histogram.meanMs - sum / durationsMs.length) < 1e-6);
});

test('every microsecond up to 256 has a bucket of its own', () => {
  for (let us = 0; us < 256; us++) {
    const histogram = new LatencyHistogram();
    histogram.record(us / 1000);
    histogram.record(1000);
    assert.equal(histogram.percentileMs(0.5), us / 1000);
  }
});

test('what is beyond an hour counts as the longest there is', () => {
  const histogram = new LatencyHistogram();
  histogram.record(1e9);
  histogram.record(1);
  assert.equal(histogram.count, 2);
  assert.equal(histogram.maxMs, 1e9);
  assert.ok(histogram.percentileMs(1) > 4e6);
});

test('added together they are as if one had recorded all; an empty one is all zeros', () => {
  const [one, other, both] = [1, 2, 3].map(() => new LatencyHistogram());
  assert.deepEqual([both.minMs, both.meanMs, both.maxMs, both.percentileMs(0.5)], [0, 0, 0, 0]);
  for (const ms of [1, 2, 3, 4]) one.record(ms);
  for (const ms of [100, 200]) other.record(ms);
  both.add(one);
  both.add(other);
  assert.deepEqual([both.count, both.minMs, both.maxMs], [6, 1, 200]);
  assert.ok(Math.abs(both.percentileMs(0.5) - 3) < 3 * WIDTH);
});
