import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventRing } from './event-ring.ts';
import { LamportClock } from './lamport-clock.ts';

test('an event is new once; others of its time are others', () => {
  const ring = new EventRing<string>((left, right) => left === right);
  assert.equal(ring.add(5, 'a', 6), true);
  assert.equal(ring.add(5, 'a', 6), false);
  assert.equal(ring.add(5, 'b', 6), true);
  assert.equal(ring.add(6, 'a', 7), true);
  assert.equal(ring.items.length, 3);
});

test('what is older than the ring is long is not new', () => {
  const ring = new EventRing<string>((left, right) => left === right);
  assert.equal(ring.add(600, 'a', 601), true);
  assert.equal(ring.add(88, 'a', 601), false);
  assert.equal(ring.add(89, 'b', 601), true);
});

test('the ring holds no more than its places, whatever comes', () => {
  const ring = new EventRing<number>((left, right) => left === right);
  for (let time = 0; time < 10_000; time++) ring.add(time, time, time + 1);
  assert.equal(ring.items.length, 512);
  for (let item = 0; item < 10_000; item++) ring.add(10_000, item, 10_001);
  assert.ok(ring.items.length < 600);
});

test('a clock is beyond what it has seen, and not poisoned', () => {
  const clock = new LamportClock();
  assert.deepEqual([clock.next(), clock.next()], [1, 2]);
  clock.witness(10);
  assert.equal(clock.next(), 11);
  clock.witness(3);
  assert.equal(clock.next(), 12);
  clock.witness(Number.MAX_SAFE_INTEGER);
  assert.equal(clock.next(), 13);
});
