import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { EventHeap, type HeapEntry } from './event-heap.ts';
import { SeededRandom } from './seeded-random.ts';

test('the first entry is always the earliest of those that are in, whoever leaves', () => {
  const random = new SeededRandom(3);
  const heap = new EventHeap<HeapEntry>();
  const model: HeapEntry[] = [];
  for (let round = 0; round < 20_000; round++) {
    if (model.length === 0 || random.below(100) < (round < 10_000 ? 60 : 45)) {
      const entry = { dueMs: random.below(50), order: round, place: -1 };
      heap.push(entry);
      model.push(entry);
    } else {
      const [entry] = model.splice(random.below(model.length), 1);
      heap.remove(entry);
      heap.remove(entry);
      assert.equal(entry.place, -1);
    }
    assert.equal(heap.size, model.length);
    if (round % 10 === 0) assert.equal(heap.first, earliest(model));
  }
});

function earliest(entries: readonly HeapEntry[]): HeapEntry | null {
  let found: HeapEntry | null = null;
  for (const entry of entries) {
    const isEarlier =
      found === null ||
      entry.dueMs < found.dueMs ||
      (entry.dueMs === found.dueMs && entry.order < found.order);
    if (isEarlier) found = entry;
  }
  return found;
}
