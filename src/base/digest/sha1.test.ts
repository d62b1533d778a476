import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha1, sha1Into } from './sha1.ts';

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

async function expectedOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-1', bytes)));
}

test('sha1 agrees with the published examples', () => {
  assert.equal(hex(sha1(Buffer.from('abc'))), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  assert.equal(hex(sha1(new Uint8Array(0))), 'da39a3ee5e6b4b0d3255bfef95601890afd80709');
});

test('sha1 agrees with the platform at every length around the block size', async () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, i) => (i * 131) & 255);
  for (let length = 0; length <= 290; length++) {
    const part = bytes.subarray(7, 7 + length);
    assert.equal(hex(sha1(bytes, 7, length)), await expectedOf(part), `length ${length}`);
  }
});

test('sha1Into may overwrite what it hashes', async () => {
  const digest = sha1(Buffer.from('abc'));
  const expected = await expectedOf(digest.slice());
  sha1Into(digest, digest, 0, 20);
  assert.equal(hex(digest), expected);
});
