import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc64 } from './crc64.ts';

test('crc64 gives the check value of its family, lowest byte first', () => {
  const digest = crc64(Buffer.from('123456789', 'latin1'));
  assert.equal(Buffer.from(digest).reverse().toString('hex'), 'e9c6d914c4b8d9ca');
});

test('crc64 of a part is that of the part alone', () => {
  const bytes = Buffer.from('..123456789..', 'latin1');
  assert.deepEqual(crc64(bytes, 2, 9), crc64(Buffer.from('123456789', 'latin1')));
});
