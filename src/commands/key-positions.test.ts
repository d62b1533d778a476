import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameOf } from '../testing/engine-fixture.ts';
import { type CommandRow, type KeySpec, keysAt } from './command-row.ts';
import { findKeyPositions, KeyPositions } from './key-positions.ts';

function positionsOf(keys: readonly KeySpec[], text: string): number[] | null {
  const row: CommandRow = {
    name: 'x',
    arity: -1,
    flags: [],
    keys,
    group: 'generic',
    since: '',
    complexity: '',
    summary: '',
    syntax: '',
  };
  const out = new KeyPositions();
  const count = findKeyPositions(row, frameOf(...text.split(' ')), out);
  return count < 0 ? null : [...out.positions.subarray(0, count)];
}

test('findKeyPositions follows fixed positions, ranges and steps', () => {
  assert.deepEqual(positionsOf([keysAt(1, 0, 1, 'RO')], 'get k x'), [1]);
  assert.deepEqual(positionsOf([keysAt(1, -1, 1, 'RM')], 'del a b c'), [1, 2, 3]);
  assert.deepEqual(positionsOf([keysAt(1, -1, 2, 'OW')], 'mset a 1 b 2'), [1, 3]);
  assert.deepEqual(positionsOf([keysAt(1, -2, 1, 'RW')], 'blpop a b 0'), [1, 2]);
  assert.deepEqual(
    positionsOf([keysAt(2, 0, 1, 'OW'), keysAt(3, -1, 1, 'RO')], 'bitop and d a b'),
    [2, 3, 4],
  );
  assert.equal(positionsOf([keysAt(1, -1, 1, 'RM')], 'del'), null);
  assert.deepEqual(positionsOf([keysAt(1, 0, 1, 'NOT_KEY')], 'spublish c m'), []);
});

test('findKeyPositions counts keys where an argument says how many', () => {
  const keys: KeySpec[] = [
    { flags: 'RW', begin: { index: 2 }, find: { keyCountIndex: 0, firstKey: 1, step: 1 } },
  ];
  assert.deepEqual(positionsOf(keys, 'eval script 2 a b x'), [3, 4]);
  assert.deepEqual(positionsOf(keys, 'eval script 0 x'), []);
  for (const text of ['eval script 3 a b', 'eval script -1 a', 'eval script x a', 'eval script']) {
    assert.equal(positionsOf(keys, text), null, text);
  }
  assert.equal(positionsOf(keys, 'eval script 99999999999999999999 a'), null);
});

test('no keys by count are no keys at all: ZUNIONSTORE names its destination in vain', () => {
  const keys: KeySpec[] = [
    keysAt(1, 0, 1, 'OW'),
    { flags: 'RO', begin: { index: 2 }, find: { keyCountIndex: 0, firstKey: 1, step: 1 } },
  ];
  assert.deepEqual(positionsOf(keys, 'zunionstore d 1 a'), [1, 3]);
  assert.deepEqual(positionsOf(keys, 'zunionstore d 0 a'), []);
});

test('findKeyPositions looks for a keyword from either end', () => {
  const find = { lastKey: -1, step: 1, limit: 2 };
  const streams: KeySpec = { flags: 'RO', begin: { keyword: 'STREAMS', startFrom: 1 }, find };
  assert.deepEqual(positionsOf([streams], 'xread count 1 streams a b 0 0'), [4, 5]);
  assert.deepEqual(positionsOf([streams], 'xread count 1'), []);
  const auth: KeySpec = {
    flags: 'RW',
    begin: { keyword: 'KEYS', startFrom: -2 },
    find: { lastKey: -1, step: 1, limit: 0 },
  };
  assert.deepEqual(positionsOf([auth], 'migrate h p "" 0 5 keys a b'), [7, 8]);
});

test('KeyPositions grows with the command', () => {
  const text = `del ${Array.from({ length: 100 }, (_value, i) => `k${i}`).join(' ')}`;
  assert.equal(positionsOf([keysAt(1, -1, 1, 'RM')], text)?.length, 100);
});

test('findKeyPositions finds what SORT stores to behind its options', () => {
  const isUnknown = true;
  const keys: KeySpec[] = [
    keysAt(1, 0, 1, 'RO ACCESS'),
    { flags: 'RO', begin: { isUnknown }, find: { isUnknown, finder: 'nothing' } },
    { flags: 'OW', begin: { isUnknown }, find: { isUnknown, finder: 'sortStore' } },
  ];
  assert.deepEqual(positionsOf(keys, 'sort k by store get store'), [1]);
  assert.deepEqual(positionsOf(keys, 'sort k limit 0 store store d'), [1, 6]);
  assert.deepEqual(positionsOf(keys, 'sort k store a alpha store b'), [1, 6]);
  assert.deepEqual(positionsOf(keys, 'sort k store'), [1]);
});
