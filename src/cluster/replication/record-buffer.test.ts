import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordBuffer } from './record-buffer.ts';

const MIB = 1024 * 1024;

test('a large buffer may be kept by others once it was reset, and is not written again', () => {
  const out = new RecordBuffer();
  const value = new Uint8Array(3 * MIB).fill(7);
  out.block(value, 0, value.length);
  const { bytes, end } = out;
  assert.ok(out.mayLend(end));
  const before = bytes.slice(0, end);
  out.reset();
  out.block(value.fill(9), 0, 100);
  assert.ok(Buffer.compare(bytes.subarray(0, end), before) === 0);
});

test('a part of a buffer, a small one, and one that is nearly empty are not lent', () => {
  const small = new RecordBuffer();
  small.u32(1);
  assert.equal(small.mayLend(small.end), false);
  const large = new RecordBuffer();
  large.block(new Uint8Array(3 * MIB), 0, 3 * MIB);
  assert.equal(large.mayLend(large.end - 1), false);
  large.dropBefore(2 * MIB);
  assert.equal(large.mayLend(large.end), false);
});

test('short bytes behind a long value do not double the buffer', () => {
  const out = new RecordBuffer();
  out.block(new Uint8Array(3 * MIB), 0, 3 * MIB);
  out.word('PXAT');
  assert.ok(out.bytes.length < 3 * MIB + 1_000, `${out.bytes.length}`);
});
