import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../testing/seeded.ts';
import { KEY_ACTION, KeyMarks } from './key-marks.ts';

test('marks are those of a map, by slot and tag', () => {
  seeded((random) => {
    const marks = new KeyMarks();
    const model = new Map<string, number[]>();
    for (let i = 0; i < 5000; i++) {
      const slot = random.below(16_384);
      const tag = random.below(4) === 0 ? random.below(3) + 1 : random.u32() >>> 1;
      const mark = [1 + random.below(4), random.u32(), random.u32()];
      marks.mark(slot, tag, mark[0], mark[1], mark[2]);
      model.set(`${slot} ${tag}`, mark);
    }
    assert.equal(marks.count, model.size);
    const met = new Set<string>();
    for (const [key, mark] of model) {
      const [slot, tag] = key.split(' ').map(Number);
      if (random.below(2) === 0) continue;
      met.add(key);
      assert.deepEqual([marks.find(slot, tag), marks.high, marks.low], mark);
    }
    const unmet: string[] = [];
    marks.eachUnmet((slot, tag, action, high, low) => {
      assert.deepEqual([action, high, low], model.get(`${slot} ${tag}`));
      unmet.push(`${slot} ${tag}`);
    });
    assert.deepEqual(unmet.sort(), [...model.keys()].filter((key) => !met.has(key)).sort());
  });
});

test('a slot marked as a whole is to be sent, but for keys with a mark of their own', () => {
  const marks = new KeyMarks();
  assert.ok(marks.isEmpty);
  marks.wholeSlots.add(7);
  marks.mark(7, 1, KEY_ACTION.remove);
  assert.ok(!marks.isEmpty);
  assert.equal(marks.find(7, 2), KEY_ACTION.send);
  assert.equal(marks.find(7, 1), KEY_ACTION.remove);
  assert.equal(marks.find(8, 2), KEY_ACTION.none);
});
