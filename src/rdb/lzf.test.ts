import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Draw, rounds, seeded } from '../testing/seeded.ts';
import { compressLzf, decompressLzf } from './lzf.ts';

/** Texts and what redis-server 7.0.15 (liblzf 3.6) made of them. */
const COMPRESSED: readonly [string, string][] = [
  ['x'.repeat(21), '017878e00a00'],
  ['x'.repeat(22), '017878e00a000078'],
  ['x'.repeat(44), '017878e01f00017878'],
  ['x'.repeat(1000), '017878e0ff00e0ff00e0ff00e0c300017878'],
  ['abcabcdab'.repeat(5).slice(0, 44), '0861626361626364616220052002e01208016461'],
  ['abcabcdab'.repeat(5), '0861626361626364616220052002e01308016162'],
];

/** Room as RDB files give it: what saves no more than four bytes is not worth it. */
function compress(bytes: Uint8Array, room = bytes.length - 4): Uint8Array | null {
  const output = new Uint8Array(3 + Math.max(0, room) + 20).fill(0xee);
  const written = compressLzf(bytes, 0, bytes.length, output, 3, room);
  assert.deepEqual([...output.subarray(0, 3)], [0xee, 0xee, 0xee]);
  assert.ok(written <= Math.max(0, room));
  assert.ok(output.subarray(3 + Math.max(0, room) + 4).every((byte) => byte === 0xee));
  return written === 0 ? null : output.slice(3, 3 + written);
}

function decompress(bytes: Uint8Array, length: number): Uint8Array | null {
  const output = new Uint8Array(length + 8).fill(0xee);
  const isWhole = decompressLzf(bytes, 0, bytes.length, output, 4, length);
  const around = [...output.subarray(0, 4), ...output.subarray(length + 4)];
  assert.ok(
    around.every((byte) => byte === 0xee),
    'nothing around is touched',
  );
  return isWhole ? output.slice(4, length + 4) : null;
}

test('what is compressed is byte for byte what redis-server writes', () => {
  for (const [text, wanted] of COMPRESSED) {
    const compressed = compress(Buffer.from(text, 'latin1'));
    assert.equal(compressed && Buffer.from(compressed).toString('hex'), wanted, text);
  }
});

test('what would save four bytes or fewer is not compressed', () => {
  const bytes = Buffer.from('abcabcdababcabcdab', 'latin1');
  const shortest = compress(bytes, 1_000) as Uint8Array;
  assert.ok(shortest.length < bytes.length);
  assert.deepEqual(compress(bytes, shortest.length + 4), shortest);
  assert.equal(compress(bytes, shortest.length - 1), null);
  assert.equal(compress(new Uint8Array(0)), null);
});

test('whatever is compressed comes back, and one call knows nothing of another', () => {
  seeded((random) => {
    const draw: Draw = (below) => random.below(below);
    for (let round = 0; round < rounds(400); round++) {
      const bytes = drawBytes(draw);
      const compressed = compress(bytes, bytes.length + (bytes.length >>> 3) + 8);
      if (bytes.length === 0) continue;
      assert.ok(compressed !== null, 'there is room for anything');
      assert.deepEqual(decompress(compressed, bytes.length), bytes);
      assert.deepEqual(compress(bytes, 2 * bytes.length + 8), compressed);
      assert.equal(decompress(compressed, bytes.length - 1), null);
      assert.equal(decompress(compressed, bytes.length + 1), null);
    }
  });
});

test('a reference to before the text is refused', () => {
  const references: [string, number][] = [
    ['2000', 3],
    ['006120', 4],
    ['00612000', 4],
    ['00612001', 4],
    ['0061e0000000', 11],
  ];
  const results = references.map(([hex, length]) => decompress(Buffer.from(hex, 'hex'), length));
  assert.deepEqual(results, [null, null, Uint8Array.from(Buffer.from('aaaa')), null, null]);
});

test('bytes that are no LZF are refused or give bytes, and nothing around is touched', () => {
  seeded((random) => {
    let wholeCount = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: random.below(24) }, () => random.below(256));
      if (decompress(bytes, random.below(80)) !== null) wholeCount++;
    }
    assert.ok(wholeCount > 0 && wholeCount < 10_000, `${wholeCount}`);
  });
});

/** Runs, repetitions near and far, and noise. */
function drawBytes(draw: Draw): Uint8Array {
  const parts: Uint8Array[] = [];
  const noise = (length: number, kinds: number) =>
    Uint8Array.from({ length }, () => 97 + draw(kinds));
  for (let left = draw(8); left >= 0; left--) {
    const earlier = parts[draw(Math.max(1, parts.length))];
    const kind = draw(5);
    if (kind === 0) parts.push(new Uint8Array(draw(700)).fill(draw(256)));
    else if (kind === 1 && earlier !== undefined) parts.push(earlier);
    else if (kind === 2) parts.push(noise(draw(9_000), 256));
    else parts.push(noise(draw(300), 1 + draw(6)));
  }
  return Uint8Array.from(Buffer.concat(parts));
}
