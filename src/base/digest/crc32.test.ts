import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 as zlibCrc32 } from 'node:zlib';
import { crc32 } from './crc32.ts';

test('crc32 is the one of zlib, at every length and place', () => {
  const bytes = new Uint8Array(200);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 197 + 31) & 255;
  const view = new DataView(bytes.buffer);
  for (let start = 0; start < 9; start++) {
    for (let end = start; end < bytes.length; end++) {
      assert.equal(crc32(bytes, view, start, end), zlibCrc32(bytes.subarray(start, end)));
    }
  }
});

test('crc32 goes on where an earlier part ended', () => {
  const bytes = new TextEncoder().encode('the quick brown fox jumps');
  const view = new DataView(bytes.buffer);
  const first = crc32(bytes, view, 0, 11);
  assert.equal(crc32(bytes, view, 11, bytes.length, first), zlibCrc32(bytes));
});
