import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xxhash64Hex, xxhash64Upper } from './xxhash64.ts';

function hexOf(text: string): string {
  const bytes = Buffer.from(`..${text}..`, 'latin1');
  return xxhash64Hex(bytes, 2, 2 + text.length);
}

test('xxhash64 gives the published values', () => {
  const vectors: [string, string][] = [
    ['', 'ef46db3751d8e999'],
    ['a', 'd24ec4f1a98c6e5b'],
    ['abc', '44bc2cf5ad770999'],
    ['xxhash', '32dd38952c4bc720'],
    ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
  ];
  for (const [text, hex] of vectors) assert.equal(hexOf(text), hex, text);
});

test('xxhash64 is its definition at every length up to four stripes', () => {
  for (let length = 0; length <= 130; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 167 + length * 31) & 255);
    const expected = definition(bytes);
    assert.equal(xxhash64Hex(bytes, 0, length), expected.toString(16).padStart(16, '0'));
    assert.equal(BigInt(xxhash64Upper(bytes, 0, length)), expected >> 11n, `length ${length}`);
  }
});

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function rotate(value: bigint, count: bigint): bigint {
  return u64(value << count) | (value >> (64n - count));
}

function round(lane: bigint, word: bigint): bigint {
  return u64(rotate(u64(lane + word * P2), 31n) * P1);
}

/** As the specification writes it. */
function definition(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer);
  let at = 0;
  let hash = P5;
  if (bytes.length >= 32) {
    const lanes = [u64(P1 + P2), P2, 0n, u64(-P1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], view.getBigUint64(at + i * 8, true));
    }
    const [a, b, c, d] = lanes;
    hash = u64(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
    for (const lane of lanes) hash = u64((hash ^ round(0n, lane)) * P1 + P4);
  }
  hash = u64(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash = u64(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  if (at + 4 <= bytes.length) {
    hash = u64(rotate(hash ^ u64(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash = u64(rotate(hash ^ u64(BigInt(bytes[at]) * P5), 11n) * P1);
  }
  hash = u64((hash ^ (hash >> 33n)) * P2);
  hash = u64((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}
