import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastBuffer } from '../../base/fast-buffer.ts';
import { LIMITS } from '../../base/limits.ts';
import { replyJson } from './reply-json.ts';

function read(text: string): unknown {
  return replyJson(Buffer.from(text, 'latin1') as FastBuffer);
}

test('each type of RESP3 stays what it is', () => {
  assert.deepEqual(read('+OK\r\n'), { type: 'status', value: 'OK' });
  assert.deepEqual(read('-ERR no\r\n'), { type: 'error', value: 'ERR no' });
  assert.deepEqual(read(':42\r\n'), { type: 'integer', value: 42 });
  assert.deepEqual(read(',42\r\n'), { type: 'double', value: '42' });
  assert.deepEqual(read(',inf\r\n'), { type: 'double', value: 'inf' });
  assert.deepEqual(read('(3492890328409238509\r\n'), {
    type: 'bignum',
    value: '3492890328409238509',
  });
  assert.deepEqual(read('#t\r\n'), { type: 'boolean', value: true });
  assert.deepEqual(read('_\r\n'), { type: 'null' });
  assert.deepEqual(read('$-1\r\n'), { type: 'null' });
  assert.deepEqual(read('$0\r\n\r\n'), { type: 'bulk', value: '' });
  assert.deepEqual(read('=7\r\ntxt:abc\r\n'), { type: 'verbatim', value: 'abc' });
});

test('an integer that no double holds is text', () => {
  assert.deepEqual(read(':9223372036854775807\r\n'), {
    type: 'integer',
    value: '9223372036854775807',
  });
});

test('bytes that are no UTF-8 are in base64', () => {
  assert.deepEqual(read('$2\r\n\xff\x00\r\n'), { type: 'bulk', base64: '/wA=' });
  assert.deepEqual(read('$2\r\n\xc3\xa9\r\n'), { type: 'bulk', value: 'é' });
});

test('collections hold replies of any type, and map keys may be anything', () => {
  assert.deepEqual(read('*2\r\n:1\r\n~1\r\n#f\r\n'), {
    type: 'array',
    value: [
      { type: 'integer', value: 1 },
      { type: 'set', value: [{ type: 'boolean', value: false }] },
    ],
  });
  assert.deepEqual(read('%1\r\n:1\r\n*0\r\n'), {
    type: 'map',
    value: [
      [
        { type: 'integer', value: 1 },
        { type: 'array', value: [] },
      ],
    ],
  });
});

test('a reply beyond the bound is none, and is not read to its end', () => {
  const half = LIMITS.httpConsoleReplyBytesMax / 2;
  const bulk = `$${half}\r\n${'x'.repeat(half)}\r\n`;
  assert.equal(read(`*3\r\n${bulk}${bulk}`), null);
});
