import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters, METRIC, METRIC_ROWS, resetCounters } from './metric-table.ts';

test('every counted row has a slot of its own and no sampled row has one', () => {
  const slots = Object.values(METRIC);
  assert.equal(new Set(slots).size, slots.length);
  assert.deepEqual(
    [...slots].sort((a, b) => a - b),
    slots.map((_, index) => index),
  );
  for (const [name, row] of Object.entries(METRIC_ROWS)) {
    assert.equal(name in METRIC, row.source === 'counted', name);
  }
  assert.equal(createCounters().length, slots.length);
});

test('metric names are unique and keep to the rules of the text format', () => {
  const names = Object.values(METRIC_ROWS).map((row) => row.name);
  assert.equal(new Set(names).size, names.length);
  for (const row of Object.values(METRIC_ROWS)) {
    assert.match(row.name, /^hypercache_[a-z][a-z0-9_]*$/);
    assert.equal(
      row.name.endsWith('_total') && row.type !== 'untyped',
      row.type === 'counter',
      row.name,
    );
    assert.ok(row.help.length > 0 && row.help.endsWith('.'), row.name);
    assert.ok(row.labels.length > 0, row.name);
  }
});

test('counters belong to one node and reset to zero', () => {
  const first = createCounters();
  const second = createCounters();
  first[METRIC.errorReplies]++;
  assert.equal(first[METRIC.errorReplies], 1);
  assert.equal(second[METRIC.errorReplies], 0);
  resetCounters(first);
  assert.equal(first[METRIC.errorReplies], 0);
});
