import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlotSet } from '../placement/slot-set.ts';
import { PurgeMarks } from './purge-marks.ts';

function setOf(...slots: number[]): SlotSet {
  const set = new SlotSet();
  for (const slot of slots) set.add(slot);
  return set;
}

function markOf(marks: PurgeMarks, slot: number): number[] {
  marks.find(slot);
  return [marks.high, marks.low];
}

function earliestOf(marks: PurgeMarks, slots: SlotSet | null): number[] {
  marks.findEarliest(slots);
  return [marks.high, marks.low];
}

test('each slot has a mark of its own, which never goes back', () => {
  const marks = new PurgeMarks();
  assert.ok(marks.isUnused);
  marks.raise(10, 5, null);
  marks.raise(9, 9, null);
  assert.deepEqual(markOf(marks, 7), [10, 5]);
  marks.raise(20, 1, setOf(7, 8));
  marks.raise(15, 0, setOf(8, 9));
  assert.deepEqual(
    [6, 7, 8, 9].map((slot) => markOf(marks, slot)),
    [
      [10, 5],
      [20, 1],
      [20, 1],
      [15, 0],
    ],
  );
  marks.raise(16, 0, null);
  assert.deepEqual(
    [6, 7, 9].map((slot) => markOf(marks, slot)),
    [
      [16, 0],
      [20, 1],
      [16, 0],
    ],
  );
});

test('of several slots the earliest mark counts', () => {
  const marks = new PurgeMarks();
  marks.raise(10, 5, null);
  assert.deepEqual(earliestOf(marks, setOf(3)), [10, 5]);
  marks.raise(20, 1, setOf(3, 4));
  marks.raise(30, 1, setOf(3));
  assert.deepEqual(earliestOf(marks, setOf(3)), [30, 1]);
  assert.deepEqual(earliestOf(marks, setOf(3, 4)), [20, 1]);
  assert.deepEqual(earliestOf(marks, null), [10, 5]);
});

test('a slot of which nothing is known has no mark', () => {
  const marks = new PurgeMarks();
  marks.raise(10, 5, null);
  marks.clear(3);
  assert.deepEqual(markOf(marks, 3), [0, 0]);
  assert.deepEqual(earliestOf(marks, setOf(3, 4)), [0, 0]);
  assert.deepEqual(markOf(marks, 4), [10, 5]);
});
