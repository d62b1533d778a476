import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TurnClock } from '../../../base/turn-clock.ts';
import { createSimulatedWorld } from '../../../world/simulated/simulated-world.ts';
import { drawGraph } from './latency-graph.ts';
import { HISTOGRAM_BOUNDS_S, LatencyHistogram } from './latency-histogram.ts';
import { LatencyMonitor } from './latency-monitor.ts';

function createMonitor() {
  const world = createSimulatedWorld(1);
  const clock = new TurnClock(world.clock);
  const settings = { monitorThresholdMs: 5, tracking: true, trackingPercentiles: [50] };
  const monitor = new LatencyMonitor(settings, clock);
  const advance = (ms: number): void => {
    world.advance(ms);
    clock.refresh();
  };
  return { monitor, settings, advance, clock };
}

test('LatencyMonitor keeps the worst of each second and the last 160', () => {
  const { monitor, advance } = createMonitor();
  monitor.record('command', 4);
  assert.equal(monitor.events.size, 0);
  for (let i = 0; i < 170; i++) {
    monitor.record('command', 5);
    monitor.record('command', 5 + i);
    monitor.record('command', 6);
    advance(1000);
  }
  const event = monitor.events.get('command');
  assert.equal(event?.samples.length, 160);
  assert.equal(event?.samples.at(-1)?.latencyMs, 174);
  assert.equal(event?.maxMs, 174);
  assert.equal(monitor.reset(['none']), 0);
  assert.equal(monitor.reset([]), 1);
});

test('LatencyMonitor is off while the threshold is 0', () => {
  const { monitor, settings } = createMonitor();
  settings.monitorThresholdMs = 0;
  monitor.record('command', 1e6);
  assert.equal(monitor.events.size, 0);
});

test('LatencyMonitor counts each command by itself, also after it was reset', () => {
  const { monitor } = createMonitor();
  const totals = (): [string, number][] =>
    [...monitor.histograms].map(([name, histogram]) => [name, histogram.total]);
  for (const name of ['get', 'get', 'zrange', 'get']) monitor.recordCommand(name, 5);
  assert.deepEqual(totals(), [
    ['get', 3],
    ['zrange', 1],
  ]);
  monitor.resetHistograms();
  monitor.recordCommand('get', 5);
  assert.deepEqual(totals(), [['get', 1]]);
});

test('LatencyHistogram reports at the bounds that Redis reports at', () => {
  const histogram = new LatencyHistogram();
  for (const us of [1, 8, 132, 16_500, 20_000, 33_000]) histogram.record(us);
  histogram.record(5, 2);
  assert.deepEqual(histogram.cumulative(), [
    [1, 1],
    [8, 4],
    [132, 5],
    [16_908, 6],
    [33_816, 8],
  ]);
  assert.equal(histogram.total, 8);
});

test('LatencyHistogram percentiles are at most 13 % above the truth and never below', () => {
  const histogram = new LatencyHistogram();
  for (let us = 1; us <= 10_000; us++) histogram.record(us);
  for (const percent of [1, 50, 99, 99.9, 100]) {
    const truth = percent * 100;
    const told = histogram.percentileUs(percent);
    assert.ok(told >= truth && told <= truth * 1.13, `p${percent}: ${told} for ${truth}`);
  }
  assert.equal(new LatencyHistogram().percentileUs(50), 0);
});

test('LatencyHistogram counts within bounds that double, each call on one side of each', () => {
  const histogram = new LatencyHistogram();
  const times = Array.from({ length: 2000 }, (_, i) => 0.5 * 1.008 ** i).filter((us) => us < 2e6);
  for (const us of times) histogram.record(us, 2);
  const counts = histogram.countsWithinBounds();
  assert.equal(counts.length, HISTOGRAM_BOUNDS_S.length);
  for (const [i, bound] of HISTOGRAM_BOUNDS_S.entries()) {
    if (i > 0) assert.ok(Math.abs(bound / HISTOGRAM_BOUNDS_S[i - 1] - 2) < 1e-9);
    assert.equal(counts[i], 2 * times.filter((us) => us * 1000 < bound * 1e9).length, `${bound}`);
  }
  assert.ok(counts[counts.length - 1] < histogram.total);
});

test('drawGraph draws what redis-server drew for the same samples', () => {
  const samples = [20, 30, 5].map((latencyMs, i) => ({ timeS: 100 + i, latencyMs }));
  const graph = drawGraph({ name: 'command', samples, maxMs: 30 }, 102);
  assert.equal(
    graph,
    'command - high 30 ms, low 5 ms (all time high 30 ms)\n' +
      `${'-'.repeat(80)}\n #\u0020\no|\u0020\n||\u0020\n||_\n   \n210\nsss\n`,
  );
});
