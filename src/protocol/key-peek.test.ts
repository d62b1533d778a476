import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeCommand } from '../testing/reply-decoder.ts';
import { KeyHints, peekKeys } from './key-peek.ts';

function peeked(stream: Uint8Array, start = 0, capacity = 16): string[] {
  const hints = new KeyHints(capacity);
  peekKeys(stream, start, stream.length, hints, capacity);
  return Array.from({ length: hints.count }, (_, i) =>
    Buffer.from(stream).toString('latin1', hints.offsets[i], hints.offsets[i] + hints.lengths[i]),
  );
}

test('the argument behind each name is found, up to what is whole and to the capacity', () => {
  const stream = Buffer.concat([
    encodeCommand(['GET', 'a']),
    encodeCommand(['PING']),
    encodeCommand(['SET', '', 'value']),
    encodeCommand(['SET', 'key:3', 'x'.repeat(300), 'EX', '10']),
    encodeCommand(['GET', 'last']),
  ]);
  assert.deepEqual(peeked(stream), ['a', '', 'key:3', 'last']);
  assert.deepEqual(peeked(stream, 0, 2), ['a']);
  assert.deepEqual(peeked(stream, 0, 3), ['a', '']);
  assert.deepEqual(peeked(stream.subarray(0, stream.length - 3)), ['a', '', 'key:3']);
});

test('what is not a plain command ends the look ahead, inside the bytes, at every cut', () => {
  const valid = encodeCommand(['GET', 'k']);
  for (const tail of [
    'GET k\r\n',
    '*-1\r\n',
    '*99\r\n$1\r\n',
    '*2\r\n$-1\r\n',
    '*2\r\n$9999999999\r\n',
  ]) {
    const stream = Buffer.concat([valid, Buffer.from(tail)]);
    for (let end = 0; end <= stream.length; end++) {
      const found = peeked(stream.subarray(0, end));
      assert.deepEqual(found, end >= valid.length - 2 ? ['k'] : [], `${tail} at ${end}`);
    }
  }
});

test('commands that name nothing are counted: no look goes through the whole pipeline', () => {
  const hints = new KeyHints(16);
  const stream = Buffer.concat(Array.from({ length: 40 }, () => encodeCommand(['PING'])));
  assert.equal(peekKeys(stream, 0, stream.length, hints, 16), 16);
  assert.equal(hints.count, 0);
});
