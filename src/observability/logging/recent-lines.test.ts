import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import { RecentLines } from './recent-lines.ts';

test('a reader gets each line once, in order', () => {
  const recent = new RecentLines();
  for (const line of ['a\n', 'b\n']) recent.push(line);
  assert.deepEqual(recent.since(0), { first: 0, lines: ['a', 'b'] });
  recent.push('c\n');
  assert.deepEqual(recent.since(2), { first: 2, lines: ['c'] });
  assert.deepEqual(recent.since(3), { first: 3, lines: [] });
  assert.deepEqual(recent.since(99), { first: 3, lines: [] });
});

test('a slow reader is told from which line on there are any', () => {
  const recent = new RecentLines();
  const count = LIMITS.logLinesKeptMax + 5;
  for (let i = 0; i < count; i++) recent.push(`${i}\n`);
  const { first, lines } = recent.since(2);
  assert.equal(first, 5);
  assert.equal(lines.length, LIMITS.logLinesKeptMax);
  assert.deepEqual([lines[0], lines.at(-1)], ['5', String(count - 1)]);
});

test('a line beyond the bound is counted and not kept', () => {
  const recent = new RecentLines();
  recent.push('x'.repeat(LIMITS.logLineKeptCharsMax + 1));
  recent.push('b\n');
  assert.deepEqual(recent.since(0), { first: 0, lines: ['b'] });
});
