import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rounds, seeded } from '../../../testing/seeded.ts';
import { HashQueue, POSITION_MASK } from './hash-queue.ts';

test('the queue agrees with two arrays, whatever is put, kept, taken and turned', () => {
  seeded((random) => {
    const queue = new HashQueue();
    let front: { hash: number; position: number }[] = [];
    let back: { hash: number; position: number }[] = [];
    const assertTaken = (
      expected: { hash: number; position: number } | undefined,
      got: boolean,
    ) => {
      assert.equal(got, expected !== undefined);
      if (expected === undefined) return;
      assert.equal(queue.hash, expected.hash);
      assert.equal(queue.position, expected.position);
      assert.equal(queue.position & ~POSITION_MASK, 0);
    };
    for (let step = 0; step < rounds(60_000); step++) {
      const hash = random.u32() | 0;
      const isFilling = Math.floor(step / 6_000) % 2 === 0;
      const kind = random.below(isFilling ? 14 : 30);
      if (kind < 8) back.push({ hash, position: queue.append(hash) });
      else if (kind < 10) front.push({ hash, position: queue.keep(hash) });
      else if (kind < 20)
        assertTaken(front.length > 0 ? front.shift() : back.shift(), queue.take());
      else if (kind < 28) assertTaken(back.shift(), queue.takeBehind());
      else if (kind === 28) assertTaken(front[0] ?? back[0], queue.peek());
      else if (back.length === 0) {
        queue.turn();
        [front, back] = [back, front];
      }
      assert.equal(queue.length, front.length + back.length);
      assert.equal(queue.behindLength, back.length);
    }
    for (const { hash, position } of [...front, ...back]) assert.ok(queue.holds(hash, position));
  });
});

test('chunks that were passed are given back', () => {
  const queue = new HashQueue();
  for (let i = 0; i < 100_000; i++) {
    queue.append(i);
    if (i >= 1_000) assert.ok(queue.take());
  }
  assert.ok(queue.byteCount <= 4 * 4_096, `${queue.byteCount} bytes for a thousand`);
  assert.ok(queue.holds(99_999, queue.append(99_999)));
  assert.ok(!queue.holds(5, 5));
  queue.clear();
  assert.equal(queue.byteCount, 0);
  assert.equal(queue.take(), false);
});
