import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packLzw } from '../../../testing/lzw.ts';
import { SeededRandom } from '../../../world/simulated/seeded-random.ts';
import { unpackLzw } from './lzw.ts';

function unpackText(packed: Uint8Array): string | null {
  const bytes = unpackLzw(packed, 10_000);
  return bytes === null ? null : Buffer.from(bytes).toString();
}

test('everything packed comes back: repeats, noise, more than the table holds', () => {
  const random = new SeededRandom(5);
  const inputs = [
    Buffer.from(''),
    Buffer.from('a'),
    Buffer.from('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'),
    Buffer.from('abcabcabcabc'.repeat(2_000)),
    Buffer.from(Uint8Array.from({ length: 60_000 }, () => random.below(256))),
    Buffer.from(Uint8Array.from({ length: 60_000 }, () => random.below(3))),
  ];
  for (const input of inputs) {
    const unpacked = unpackLzw(packLzw(input), 100_000);
    assert.ok(unpacked !== null && Buffer.from(unpacked).equals(input), `${input.length} bytes`);
  }
});

test('a stream that is cut is refused; one that unpacks to too much as well', () => {
  const packed = packLzw(Buffer.from('hello hello hello hello'));
  assert.equal(unpackText(packed), 'hello hello hello hello');
  for (let end = 0; end < packed.length - 1; end++) {
    assert.equal(unpackText(packed.subarray(0, end)), null);
  }
  const bomb = packLzw(new Uint8Array(1_000_000));
  assert.ok(bomb.length < 5_000);
  assert.equal(unpackLzw(bomb, 999_999), null);
  assert.equal(unpackLzw(bomb, 1_000_000)?.length, 1_000_000);
});

test('any bytes are unpacked or refused, never more than allowed', () => {
  const random = new SeededRandom(9);
  for (let i = 0; i < 4_000; i++) {
    const bytes = Uint8Array.from({ length: random.below(64) }, () => random.below(256));
    const unpacked = unpackLzw(bytes, 1_000);
    assert.ok(unpacked === null || unpacked.length <= 1_000);
  }
});
