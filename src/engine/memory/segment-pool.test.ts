import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SegmentPool } from './segment-pool.ts';

const KIB = 1024;

test('a released segment is lent again at once', () => {
  const pool = new SegmentPool(0);
  const segment = pool.acquire(128 * KIB);
  assert.ok(segment !== null);
  pool.release(segment);
  assert.equal(pool.idleBytes, 128 * KIB);
  assert.equal(pool.acquire(128 * KIB), segment);
  assert.equal(pool.idleBytes, 0);
  assert.equal(pool.heldBytes, 128 * KIB);
});

test('the limit refuses what would pass it, and idle segments of other sizes make way', () => {
  const pool = new SegmentPool(256 * KIB);
  const first = pool.acquire(128 * KIB);
  assert.ok(first !== null);
  assert.equal(pool.acquire(256 * KIB), null);
  assert.equal(pool.heldBytes, 128 * KIB);
  pool.release(first);
  assert.ok(pool.acquire(256 * KIB) !== null);
  assert.equal(pool.heldBytes, 256 * KIB);
  assert.equal(pool.idleBytes, 0);
  assert.equal(pool.acquireExact(8), null);
});

test('idle segments go back to the system so many at a time, the largest first', () => {
  const pool = new SegmentPool(0);
  const lent = [64, 64, 256, 128].map((size) => pool.acquire(size * KIB));
  for (const segment of lent) if (segment !== null) pool.release(segment);
  assert.equal(pool.releaseIdle(2), (256 + 128) * KIB);
  assert.equal(pool.idleBytes, 128 * KIB);
  assert.equal(pool.releaseIdle(9), 128 * KIB);
  assert.equal(pool.heldBytes, 0);
});

test('a size that is none of the ladder, and a second release, stop the node', () => {
  const pool = new SegmentPool(0);
  assert.throws(() => pool.acquire(100 * KIB));
  const segment = pool.acquire(64 * KIB);
  assert.ok(segment !== null);
  pool.release(segment);
  assert.throws(() => pool.release(segment));
});
