import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameOf } from '../testing/engine-fixture.ts';
import { type Command, CommandTable } from './command-table.ts';

function findGet(): { table: CommandTable; get: Command } {
  const table = new CommandTable();
  const get = table.find('get');
  assert.ok(get !== null);
  return { table, get };
}

/** What the door does. @returns the calls that this one stands for, 0 when it is not timed */
function call(table: CommandTable, command: Command, nowMs: number): number {
  if (--command.untimedLeft > 0) return 0;
  const weight = command.beginTimed();
  command.endTimed(table.choosePeriod(nowMs));
  return weight;
}

test('the quicker commands come, the fewer are timed, and back', () => {
  const { table } = findGet();
  const periodAfter = (stepMs: number, fromMs: number): number => {
    let period = 0;
    for (let i = 0; i < 10; i++) period = table.choosePeriod(fromMs + i * stepMs);
    return period;
  };
  assert.equal(periodAfter(1, 1000), 17);
  assert.equal(periodAfter(0.001, 2000), 257);
  // A hundred microseconds apart is neither too often nor too seldom.
  assert.equal(periodAfter(0.1, 2000.1), 257);
  assert.equal(periodAfter(1, 3000), 17);
});

test('each call is counted, and each timed one stands for those since the one before', () => {
  const { table, get } = findGet();
  let weightSum = 0;
  assert.equal(get.calls, 0);
  for (let i = 1; i <= 100_000; i++) {
    const weight = call(table, get, i * (i < 50_000 ? 0.0002 : 0.1));
    if (i === 1) assert.equal(weight, 1);
    weightSum += weight;
    if (weight > 0) assert.equal(weightSum, i);
    assert.equal(get.calls, i);
  }
  assert.ok(weightSum > 100_000 - 257);
  assert.equal(table.calls, 100_000);
});

test('a change of the threshold and a reset have the next call timed', () => {
  const { table, get } = findGet();
  for (let i = 0; i < 100; i++) call(table, get, 0);
  assert.ok(get.untimedLeft > 1);
  table.timeNext();
  assert.equal(get.calls, 100);
  assert.equal(call(table, get, 0), 1);
  assert.equal(get.calls, 101);
  table.resetCounters();
  assert.equal(get.calls, 0);
  assert.equal(call(table, get, 0), 1);
  assert.equal(table.calls, 1);
});

test('a call that is timed is counted when it has ended', () => {
  const { get } = findGet();
  get.endTimed(17);
  for (let i = 0; i < 16; i++) get.untimedLeft--;
  assert.equal(get.calls, 17);
  get.untimedLeft--;
  assert.equal(get.beginTimed(), 17);
  assert.equal(get.calls, 17);
  get.endTimed(1);
  assert.equal(get.calls, 18);
});

test('the table tells whether the command found last is one of ranges', () => {
  const table = new CommandTable();
  for (const name of ['zrange', 'zrevrangebylex', 'zcount', 'zremrangebyscore']) {
    table.findFrame(frameOf(name));
    assert.ok(table.lastFound.namesBounds, name);
  }
  for (const name of ['zadd', 'hget', 'zscore']) {
    table.findFrame(frameOf(name));
    assert.ok(!table.lastFound.namesBounds, name);
  }
});
