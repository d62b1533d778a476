import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededDraws } from '../../testing/seeded.ts';
import { type Dated, DeadlineHeap } from './deadline-heap.ts';

const byDeadline = (left: Dated, right: Dated): number =>
  left.deadlineMs - right.deadlineMs || left.order - right.order;

test('the first is the nearest of those that are left, whatever was removed', () => {
  const seed = 20_260_101;
  const draw = seededDraws(seed);
  const heap = new DeadlineHeap<Dated>();
  let model: Dated[] = [];
  for (let order = 0; order < 20_000; order++) {
    if (model.length < 3 || draw(5) < 3) {
      const item: Dated = { deadlineMs: draw(50), order, heapIndex: -1 };
      heap.add(item);
      model.push(item);
    } else {
      const item = draw(2) === 0 ? heap.first : model[draw(model.length)];
      assert.ok(item !== null);
      heap.remove(item);
      heap.remove(item);
      model = model.filter((other) => other !== item);
    }
    assert.equal(heap.count, model.length);
    if (order % 7 === 0)
      assert.equal(heap.first, [...model].sort(byDeadline)[0] ?? null, `${seed}`);
    if (model.length > 300) {
      for (const item of model.sort(byDeadline)) {
        assert.equal(heap.first, item, `seed ${seed}`);
        heap.remove(item);
      }
      model = [];
    }
  }
});
