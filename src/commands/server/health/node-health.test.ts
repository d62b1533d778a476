import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeHealth } from './node-health.ts';

function createHealth(healthLagMsMax = 1000) {
  const health = new NodeHealth({ healthLagMsMax });
  health.phase = 'running';
  let nowMs = 0;
  const observe = (lagMs: number, afterMs = 100) => {
    nowMs += afterMs;
    health.observeLag(lagMs, nowMs);
  };
  observe(0);
  return { health, observe };
}

test('a node that runs has no issues, in every other phase it tells which', () => {
  const { health } = createHealth();
  assert.deepEqual(health.issues(), []);
  for (const phase of ['starting', 'loading', 'stopping'] as const) {
    health.phase = phase;
    assert.equal(health.issues().length, 1);
    assert.match(health.issues()[0], /^lifecycle: /);
    assert.equal(health.hasStarted, phase === 'stopping');
  }
});

test('a late turn of the event loop is told for ten seconds, the longest of them', () => {
  const { health, observe } = createHealth();
  observe(999);
  assert.deepEqual(health.issues(), []);
  observe(2500);
  observe(1500);
  assert.deepEqual(health.issues(), ['event_loop: a turn took 2500 ms, 1000 may be']);
  observe(0, 9_000);
  assert.equal(health.issues().length, 1);
  observe(0, 1_200);
  assert.deepEqual(health.issues(), []);
});

test('with a limit of 0 no turn is too late', () => {
  const { health, observe } = createHealth(0);
  observe(60_000);
  assert.deepEqual(health.issues(), []);
});

test('checks of other rooms are asked each time', () => {
  const { health } = createHealth();
  const found: string[] = [];
  health.addCheck(() => found);
  assert.deepEqual(health.issues(), []);
  found.push('memory: full');
  assert.deepEqual(health.issues(), ['memory: full']);
});

test('what concerns other nodes is an issue, and none of its own', () => {
  const { health } = createHealth();
  health.addPeerCheck(() => ['cluster: node-2 is missing']);
  assert.deepEqual(health.issues(), ['cluster: node-2 is missing']);
  assert.deepEqual(health.ownIssues(), []);
});
