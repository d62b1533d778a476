import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandTable } from './command-table.ts';

/** Takes samples at one pace. @returns the weight of the last, and of all together */
function sampleEach(table: CommandTable, stepMs: number, count: number, fromMs = 1000) {
  let sum = 0;
  let weight = 0;
  for (let i = 0; i < count; i++) {
    weight = table.takeSample(fromMs + i * stepMs);
    sum += weight;
  }
  return { weight, sum };
}

test('the quicker commands come, the fewer are timed, and back', () => {
  const table = new CommandTable();
  assert.equal(table.untimedLeft, 1);
  assert.equal(sampleEach(table, 1, 10).weight, 17);
  assert.equal(sampleEach(table, 0.001, 10, 2000).weight, 257);
  assert.equal(table.untimedLeft, 257);
  // A hundred microseconds apart is neither too often nor too seldom.
  assert.equal(sampleEach(table, 0.1, 10, 2000.01).weight, 257);
  assert.equal(sampleEach(table, 1, 10, 3000).weight, 17);
});

test('each sample stands for the calls since the one before', () => {
  const table = new CommandTable();
  let callCount = 0;
  let weightSum = 0;
  for (let i = 0; i < 100_000; i++) {
    callCount++;
    if (--table.untimedLeft <= 0) weightSum += table.takeSample(i * (i < 50_000 ? 0.0002 : 0.1));
  }
  assert.ok(callCount - weightSum >= 0 && callCount - weightSum <= 257, `${weightSum}`);
});
