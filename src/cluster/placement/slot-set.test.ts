import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { seeded } from '../../testing/seeded.ts';
import { SlotSet } from './slot-set.ts';

test('a set of slots has what was added and not deleted since, in order', () => {
  seeded((random) => {
    const set = new SlotSet();
    const model = new Set<number>([0, SLOT_COUNT - 1]);
    for (const slot of model) set.add(slot);
    for (let step = 0; step < 2_000; step++) {
      const slot = random.below(SLOT_COUNT);
      const isAdded = random.below(3) > 0;
      if (isAdded) set.add(slot);
      else set.delete(slot);
      if (isAdded) model.add(slot);
      else model.delete(slot);
      assert.equal(set.has(slot), isAdded);
    }
    const told: number[] = [];
    set.each((slot) => told.push(slot));
    assert.deepEqual(
      told,
      [...model].sort((left, right) => left - right),
    );
    assert.equal(set.count, model.size);
    const found: number[] = [];
    for (let slot = set.next(0); slot < SLOT_COUNT; slot = set.next(slot + 1)) found.push(slot);
    assert.deepEqual(found, told);
    const other = new SlotSet();
    const places = [0, 5, 4_711];
    for (const slot of places) other.add(slot);
    other.addBytes(set.bytes, 0);
    assert.equal(other.count, new Set([...told, ...places]).size);
    assert.ok(set.isWithin(other));
    set.clear();
    set.each(() => assert.fail('it is empty'));
    assert.equal(set.count, 0);
  });
});
