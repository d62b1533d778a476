import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeTarHeader, encodeTarHeader, tarPaddingBytes } from './tar.ts';

test('a header says again what it was made of, also beyond 8 GiB', () => {
  for (const byteCount of [0, 1, 511, 512, 0o77777777777, 0o77777777777 + 1, 2 ** 45 + 3]) {
    const entry = { path: 'hypercache-backup/stores/a/dump.rdb', byteCount, modifiedMs: 1.7e12 };
    const header = encodeTarHeader(entry);
    assert.equal(header.length, 512);
    assert.deepEqual(decodeTarHeader(header), entry);
    assert.equal((byteCount + tarPaddingBytes(byteCount)) % 512, 0);
  }
});

test('an empty block is the end, and each flipped bit of another is seen', () => {
  assert.equal(decodeTarHeader(new Uint8Array(512)), null);
  const entry = { path: 'hypercache-backup/dump.rdb', byteCount: 12, modifiedMs: 1.7e12 };
  const header = encodeTarHeader(entry);
  for (let bit = 0; bit < 512 * 8; bit++) {
    const damaged = header.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    const found = decodeTarHeader(damaged);
    // Of the checksum's own text a space may be another filler.
    if (typeof found !== 'string') assert.deepEqual(found, entry, `bit ${bit}`);
  }
});

test('a link or a directory is refused', () => {
  const header = encodeTarHeader({ path: 'x', byteCount: 0, modifiedMs: 0 });
  header[156] += 2;
  // The checksum follows, as whoever makes such a file would have it.
  const sum = Number.parseInt(Buffer.from(header.subarray(148, 154)).toString(), 8) + 2;
  header.set(Buffer.from(sum.toString(8).padStart(6, '0')), 148);
  assert.equal(decodeTarHeader(header), 'it holds what is not a plain file');
});
