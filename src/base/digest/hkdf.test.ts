import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hkdf, hmacSha256 } from './hkdf.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');

test('hmacSha256 gives what RFC 4231 says, for keys shorter and longer than a block', () => {
  assert.equal(
    hex(hmacSha256(text('Jefe'), text('what do ya want for nothing?'))),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
  const message = text('Test Using Larger Than Block-Size Key - Hash Key First');
  assert.equal(
    hex(hmacSha256(new Uint8Array(131).fill(0xaa), message)),
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  );
});

test('hkdf gives what RFC 5869 says, with salt and info and without', () => {
  const secret = new Uint8Array(22).fill(0x0b);
  const salt = Buffer.from('000102030405060708090a0b0c', 'hex');
  const info = Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex');
  assert.equal(
    hex(hkdf(secret, { salt, info, byteCount: 42 })),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  );
  const nothing = new Uint8Array(0);
  assert.equal(
    hex(hkdf(secret, { salt: nothing, info: nothing, byteCount: 42 })),
    '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  );
});
