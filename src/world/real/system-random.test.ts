import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillRandom } from './system-random.ts';

test('every byte is filled, and never twice the same', () => {
  const seen = new Set<string>();
  for (let round = 0; round < 100; round++) {
    const bytes = new Uint8Array(32);
    fillRandom(bytes);
    seen.add(Buffer.from(bytes).toString('hex'));
    assert.ok(!Buffer.from(bytes).includes(Buffer.alloc(8)), 'a part was left as it was');
  }
  assert.equal(seen.size, 100);
  fillRandom(new Uint8Array(0));
});

test('a view fills its own part of a buffer only', () => {
  const bytes = new Uint8Array(96);
  fillRandom(bytes.subarray(32, 64));
  assert.deepEqual(bytes.subarray(0, 32), new Uint8Array(32));
  assert.deepEqual(bytes.subarray(64), new Uint8Array(32));
  assert.notDeepEqual(bytes.subarray(32, 64), new Uint8Array(32));
});
