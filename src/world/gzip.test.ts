import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { gzipCompression } from './gzip.ts';

async function* piecesOf(bytes: Uint8Array, pieceBytes: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

async function unpack(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const piece of gzipCompression.gunzip(pieces)) found.push(piece);
  return Buffer.concat(found);
}

const TEXT = Buffer.from('all that a store holds '.repeat(20_000));

test('members one behind the other are one file, for others as well', async () => {
  const half = TEXT.length / 2;
  const halves = [TEXT.subarray(0, half), TEXT.subarray(half)];
  const packed = Buffer.concat(await Promise.all(halves.map((one) => gzipCompression.gzip(one))));
  assert.ok(packed.length < TEXT.length / 20);
  assert.deepEqual(zlib.gunzipSync(packed), TEXT);
  for (const pieceBytes of [1, 777, packed.length]) {
    assert.deepEqual(await unpack(piecesOf(packed, pieceBytes)), TEXT);
  }
});

test('what is damaged or cut off is refused', async () => {
  const packed = await gzipCompression.gzip(TEXT);
  const damaged = Buffer.from(packed);
  damaged[packed.length >> 1] ^= 1;
  const refused = { code: 'DATA_DAMAGED' };
  await assert.rejects(unpack(piecesOf(damaged, 100)), refused);
  await assert.rejects(unpack(piecesOf(packed.subarray(0, -9), 100)), refused);
  await assert.rejects(unpack(piecesOf(Buffer.from('no gzip at all'), 100)), refused);
});

test('the failure of who delivers the pieces is told as it is', async () => {
  async function* failing(): AsyncIterable<Uint8Array> {
    yield new Uint8Array(0);
    throw new Error('the peer is gone');
  }
  await assert.rejects(unpack(failing()), /the peer is gone/);
});
