import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seeded } from '../../testing/seeded.ts';
import { StampTable } from '../replication/stamp-table.ts';
import { compareSlot, StampRun } from './stamp-run.ts';

const SLOT = 33;
const FIRST_TAG = (SLOT % 16) * 2 ** 27;

interface Entry {
  readonly low: number;
  readonly isAbsent: boolean;
}

test('the comparison of a slot finds each key that differs, once, and what is later', () => {
  seeded((random) => {
    const [mine, theirs] = [new Map<number, Entry>(), new Map<number, Entry>()];
    for (let i = 0; i < 60; i++) {
      const tag = FIRST_TAG + 1 + random.below(40);
      const entry = { low: 1 + random.below(5), isAbsent: random.below(3) === 0 };
      if (random.below(3) > 0) mine.set(tag, entry);
      if (random.below(3) > 0) theirs.set(tag, entry);
    }
    const expected: string[] = [];
    for (const tag of [...new Set([...mine.keys(), ...theirs.keys()])].sort((a, b) => a - b)) {
      const here = mine.get(tag);
      const there = theirs.get(tag);
      if (here?.low === there?.low) continue;
      const isTheirs = here === undefined || (there !== undefined && there.low > here.low);
      const winner = (isTheirs ? there : here) as Entry;
      expected.push(`${isTheirs ? 'theirs' : 'mine'} ${winner.isAbsent} ${tag} ${winner.low}`);
    }
    const told: string[] = [];
    const tell = (what: string) => (tag: number, _high: number, low: number) => {
      told.push(`${what} ${tag} ${low}`);
    };
    const run = runOf(theirs);
    run.eachSlot((slot, first, count) => {
      assert.equal(slot, SLOT);
      compareSlot(runOf(mine), run, first, count, {
        onTheirs: tell('theirs false'),
        onRemovedThere: tell('theirs true'),
        onMine: tell('mine false'),
        onRemovedHere: tell('mine true'),
      });
    });
    assert.deepEqual(told, expected);
  });
});

function runOf(entries: ReadonlyMap<number, Entry>): StampRun {
  const table = new StampTable({ seed0: 1, seed1: 2 });
  for (const [tag, { low, isAbsent }] of entries) table.put(SLOT, tag, 5, low, isAbsent);
  const run = new StampRun();
  run.addSlot(table, SLOT, false);
  return run;
}

test('a slot without entries is told as such, and left out when cells are gathered', () => {
  const table = new StampTable({ seed0: 1, seed1: 2 });
  const run = new StampRun();
  run.addSlot(table, SLOT, false);
  let slots = 0;
  run.eachSlot(() => slots++);
  assert.equal(slots, 1);
  run.clear();
  run.beginSlot(SLOT);
  run.closeSlot();
  assert.equal(run.length, 0);
});
