import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Crc64, crc64 } from './crc64.ts';

test('crc64 gives the check value of its family, lowest byte first', () => {
  const digest = crc64(Buffer.from('123456789', 'latin1'));
  assert.equal(Buffer.from(digest).reverse().toString('hex'), 'e9c6d914c4b8d9ca');
});

test('crc64 of a part is that of the part alone', () => {
  const bytes = Buffer.from('..123456789..', 'latin1');
  assert.deepEqual(crc64(bytes, 2, 9), crc64(Buffer.from('123456789', 'latin1')));
});

test('Crc64 gives the same in pieces of any length as in one', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i * 89 + 7) & 255);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const digest = new Crc64();
    digest.update(bytes, 0, cut);
    digest.update(bytes, cut, bytes.length);
    const written = new Uint8Array(8);
    digest.writeTo(written, 0);
    assert.deepEqual(written, bitByBit(bytes), `cut at ${cut}`);
    assert.equal(digest.isEqual(written, 0), true);
    written[cut & 7] ^= 1;
    assert.equal(digest.isEqual(written, 0), false);
  }
});

/** The definition: one bit after the other. */
function bitByBit(bytes: Uint8Array): Uint8Array {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++)
      crc = (crc & 1n) === 0n ? crc >> 1n : (crc >> 1n) ^ POLYNOMIAL;
  }
  const digest = new Uint8Array(8);
  new DataView(digest.buffer).setBigUint64(0, crc, true);
  return digest;
}

const POLYNOMIAL = 0x95ac9329ac4bc9b5n;
