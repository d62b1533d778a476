import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type CommandKit, createCommandKit } from '../../testing/command-kit.ts';

let kit: CommandKit;

beforeEach(async () => {
  kit = await createCommandKit();
});
afterEach(async () => {
  await kit.node.stop();
});

const LAST_ID = '18446744073709551615-18446744073709551615';

test('XADD * takes the clock, and goes on from the last id where that is ahead', () => {
  const first = String(kit.ask('XADD', 's', '*', 'f', 1));
  const ms = Number(first.split('-')[0]);
  assert.equal(first, `${ms}-0`);
  assert.equal(kit.ask('XADD', 's', '*', 'f', 2), `${ms}-1`);
  kit.advance(7);
  assert.equal(kit.ask('XADD', 's', '*', 'f', 3), `${ms + 7}-0`);
  kit.ask('XADD', 's', `${ms + 1000}-18446744073709551615`, 'f', 4);
  assert.equal(kit.ask('XADD', 's', '*', 'f', 5), `${ms + 1001}-0`);
  kit.ask('XADD', 's', LAST_ID, 'f', 6);
  assert.match(String(kit.ask('XADD', 's', '*', 'f', 7)), /ERR The stream has exhausted/);
  assert.equal(kit.ask('XLEN', 's'), 6);
});

test('XADD * is recorded with its id; a default time to live follows it', () => {
  kit.session.store.defaultTtlMs = 5000;
  const id = kit.ask('XADD', 's', 'MAXLEN', '~', 10, '*', 'f', 'v');
  const dueMs = kit.node.services.clock.nowMs + 5000;
  assert.deepEqual(kit.takeEffects(), [`XADD s MAXLEN = 1 ${id} f v`, `PEXPIREAT s ${dueMs}`]);
  kit.ask('XADD', 'none', 'NOMKSTREAM', '*', 'f', 'v');
  assert.deepEqual(kit.takeEffects(), []);
});

test('XREAD + reads the last entry, and of an empty stream what comes', () => {
  kit.ask('XADD', 's', '1-1', 'f', 'a');
  kit.ask('XADD', 's', '1-2', 'f', 'b');
  kit.ask('XADD', 's', '1-3', 'f', 'c');
  kit.ask('XDEL', 's', '1-3');
  assert.deepEqual(kit.ask('XREAD', 'STREAMS', 's', '+'), [['s', [['1-2', ['f', 'b']]]]]);
  kit.ask('XTRIM', 's', 'MAXLEN', 0);
  assert.equal(kit.ask('XREAD', 'STREAMS', 's', '+'), null);
  assert.equal(kit.ask('XREAD', 'BLOCK', 1, 'STREAMS', 's', '+'), null);
});

test('pending entries tell their consumer, idle time and deliveries', () => {
  kit.ask('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
  for (let i = 1; i <= 3; i++) kit.ask('XADD', 's', `1-${i}`, 'f', i);
  kit.ask('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', 2, 'STREAMS', 's', '>');
  kit.advance(500);
  kit.ask('XREADGROUP', 'GROUP', 'g', 'b', 'STREAMS', 's', '>');
  kit.advance(20);
  assert.deepEqual(kit.ask('XPENDING', 's', 'g', '-', '+', 10), [
    ['1-1', 'a', 520, 1],
    ['1-2', 'a', 520, 1],
    ['1-3', 'b', 20, 1],
  ]);
  assert.deepEqual(kit.ask('XPENDING', 's', 'g', 'IDLE', 100, '(1-1', '+', 10), [
    ['1-2', 'a', 520, 1],
  ]);
  assert.deepEqual(kit.ask('XCLAIM', 's', 'g', 'b', 100, '1-2', '1-3', 'JUSTID'), ['1-2']);
  kit.ask('XCLAIM', 's', 'g', 'b', 0, '1-1', 'IDLE', 300, 'RETRYCOUNT', 9);
  kit.ask('XREADGROUP', 'GROUP', 'g', 'b', 'COUNT', 1, 'STREAMS', 's', '1-1');
  assert.deepEqual(kit.ask('XPENDING', 's', 'g', '-', '+', 10, 'b'), [
    ['1-1', 'b', 300, 9],
    ['1-2', 'b', 0, 2],
    ['1-3', 'b', 20, 1],
  ]);
  assert.deepEqual(kit.ask('XPENDING', 's', 'g', '-', '+', 10, 'a'), []);
});

test('an entry whose stream entry is gone leaves the group when it is claimed', () => {
  kit.ask('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
  for (let i = 1; i <= 3; i++) kit.ask('XADD', 's', `1-${i}`, 'f', i);
  kit.ask('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>');
  kit.ask('XDEL', 's', '1-1');
  assert.deepEqual(kit.ask('XAUTOCLAIM', 's', 'g', 'b', 0, '-', 'COUNT', 2), [
    '1-3',
    [['1-2', ['f', '2']]],
    ['1-1'],
  ]);
  assert.deepEqual(kit.ask('XPENDING', 's', 'g'), [
    2,
    '1-2',
    '1-3',
    [
      ['a', '1'],
      ['b', '1'],
    ],
  ]);
});

test('ids beyond 2^53 are exact', () => {
  const ids = ['9007199254740992-9007199254740993', '9007199254740993-0', LAST_ID];
  kit.ask('XGROUP', 'CREATE', 's', 'g', '0', 'MKSTREAM');
  for (const id of ids) assert.equal(kit.ask('XADD', 's', id, 'f', 'v'), id);
  const entries = ids.map((id) => [id, ['f', 'v']]);
  assert.deepEqual(kit.ask('XRANGE', 's', '-', '+'), entries);
  assert.deepEqual(kit.ask('XRANGE', 's', '9007199254740993', '9007199254740993'), [entries[1]]);
  kit.ask('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>');
  assert.equal(kit.ask('XACK', 's', 'g', '9007199254740993-1', ids[1]), 1);
  assert.deepEqual(kit.ask('XPENDING', 's', 'g'), [2, ids[0], ids[2], [['c', '2']]]);
});

test('a script may not wait for entries', () => {
  const script = "return redis.pcall('xread', 'block', 1, 'streams', 's', '$')";
  const refusal = /ERR xread command is not allowed with BLOCK option from scripts/;
  assert.match(String(kit.ask('EVAL', script, 0)), refusal);
});
