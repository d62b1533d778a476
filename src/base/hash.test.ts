import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../testing/seeded.ts';
import type { SeededRandom } from '../world/simulated/seeded-random.ts';
import { hashBytes } from './hash.ts';

function randomView(random: SeededRandom, byteCount: number): DataView {
  const bytes = new Uint8Array(byteCount);
  for (let at = 0; at < byteCount; at++) bytes[at] = random.u32() & 255;
  return new DataView(bytes.buffer);
}

test('each bit of the key changes each bit of the hash half the time', () => {
  seeded((random) => {
    const trialCount = 1_500;
    for (const length of [1, 3, 4, 7, 8, 13, 16]) {
      const flips = new Float64Array(length * 8 * 32);
      for (let trial = 0; trial < trialCount; trial++) {
        const view = randomView(random, length);
        const seed0 = random.u32();
        const seed1 = random.u32();
        const hash = hashBytes(view, 0, length, seed0, seed1);
        for (let bit = 0; bit < length * 8; bit++) {
          view.setUint8(bit >>> 3, view.getUint8(bit >>> 3) ^ (1 << (bit & 7)));
          const changed = hash ^ hashBytes(view, 0, length, seed0, seed1);
          view.setUint8(bit >>> 3, view.getUint8(bit >>> 3) ^ (1 << (bit & 7)));
          for (let out = 0; out < 32; out++) flips[bit * 32 + out] += (changed >>> out) & 1;
        }
      }
      for (const count of flips) {
        // 7 standard deviations of a fair coin.
        assert.ok(Math.abs(count / trialCount - 0.5) < 0.09, `${length} bytes: ${count}`);
      }
    }
  });
});

/** Chi-square over 256 boxes of a byte of the hash, as standard deviations from its mean. */
function unevenness(hashes: Uint32Array, shift: number): number {
  const boxes = new Float64Array(256);
  for (const hash of hashes) boxes[(hash >>> shift) & 255]++;
  const expected = hashes.length / 256;
  let sum = 0;
  for (const count of boxes) sum += (count - expected) ** 2 / expected;
  return (sum - 255) / Math.sqrt(2 * 255);
}

test('counted keys and sparse keys spread evenly over every byte of the hash', () => {
  seeded((random) => {
    const encoder = new TextEncoder();
    const families: ((i: number) => Uint8Array)[] = [
      (i) => encoder.encode(`user:${i}:profile`),
      (i) => encoder.encode(String(i).padStart(16, '0')),
      (i) => new Uint8Array([0, 0, i & 255, 0, 0, i >>> 8, 0, 0, i >>> 16, 0, 0, 0]),
    ];
    for (const family of families) {
      const seed0 = random.u32();
      const seed1 = random.u32();
      const hashes = new Uint32Array(60_000);
      for (let i = 0; i < hashes.length; i++) {
        const bytes = family(i);
        hashes[i] = hashBytes(new DataView(bytes.buffer), 0, bytes.length, seed0, seed1);
      }
      for (const shift of [0, 8, 16, 24]) {
        const deviation = unevenness(hashes, shift);
        assert.ok(Math.abs(deviation) < 8, `${deviation}`);
      }
      // 60,000 keys have 0.42 pairs of equal 32-bit hashes on average.
      assert.ok(hashes.length - new Set(hashes).size <= 8);
    }
  });
});

test('the hash depends on length, place does not matter, nothing beyond the key is read', () => {
  const zeros = new DataView(new ArrayBuffer(40));
  const seen = new Set<number>();
  for (let length = 0; length <= 40; length++) seen.add(hashBytes(zeros, 0, length, 1, 2));
  assert.equal(seen.size, 41);
  seeded((random) => {
    for (let length = 0; length <= 33; length++) {
      const view = randomView(random, length + 16);
      const hash = hashBytes(view, 3, length, 5, 6);
      const tight = new Uint8Array(view.buffer.slice(3, 3 + length));
      assert.equal(hashBytes(new DataView(tight.buffer), 0, length, 5, 6), hash);
      view.setUint8(2, view.getUint8(2) ^ 255);
      view.setUint8(3 + length, view.getUint8(3 + length) ^ 255);
      assert.equal(hashBytes(view, 3, length, 5, 6), hash);
    }
  });
});

test('keys whose top bits cancel under a fixed multiplier do not collide under any seed', () => {
  seeded((random) => {
    let collisionCount = 0;
    for (let trial = 0; trial < 2_000; trial++) {
      const view = randomView(random, 16);
      const seed0 = random.u32();
      const seed1 = random.u32();
      const hash = hashBytes(view, 0, 16, seed0, seed1);
      for (const at of [3, 11]) view.setUint8(at, view.getUint8(at) ^ 0x80);
      if (hashBytes(view, 0, 16, seed0, seed1) === hash) collisionCount++;
    }
    assert.equal(collisionCount, 0);
  });
});
