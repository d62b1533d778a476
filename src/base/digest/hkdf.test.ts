import assert from 'node:assert/strict';
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { hkdf, hmacSha256 } from './hkdf.ts';

test('hkdf gives what RFC 5869 says', () => {
  const okm = hkdf(new Uint8Array(22).fill(0x0b), {
    salt: Buffer.from('000102030405060708090a0b0c', 'hex'),
    info: Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'),
    byteCount: 42,
  });
  assert.equal(
    Buffer.from(okm).toString('hex'),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  );
});

test('hkdf and hmac agree with OpenSSL at every length of the parts', () => {
  for (let length = 0; length < 140; length += 7) {
    const secret = randomBytes(length);
    const salt = randomBytes((length * 3) % 131);
    const info = randomBytes((length * 5) % 67);
    const byteCount = 1 + ((length * 11) % 300);
    assert.deepEqual(
      Buffer.from(hkdf(secret, { salt, info, byteCount })),
      Buffer.from(hkdfSync('sha256', secret, salt, info, byteCount)),
    );
    const expected = createHmac('sha256', salt).update(secret).digest();
    assert.deepEqual(Buffer.from(hmacSha256(salt, secret)), expected);
  }
});
