import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestsEqual, sha256 } from './sha256.ts';

/** From FIPS 180-4's examples and, for the lengths around a block, from sha256sum. */
const VECTORS: readonly [string, string][] = [
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
];

test('sha256 gives the published digests', () => {
  for (const [text, digest] of VECTORS) {
    assert.equal(Buffer.from(sha256(Buffer.from(text))).toString('hex'), digest);
  }
});

test('digestsEqual sees one different bit, and different lengths', () => {
  const digest = sha256(Buffer.from('secret'));
  assert.equal(digestsEqual(digest, digest.slice()), true);
  for (let bit = 0; bit < 256; bit++) {
    const other = digest.slice();
    other[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(digestsEqual(digest, other), false);
  }
  assert.equal(digestsEqual(digest, digest.slice(0, 31)), false);
});
