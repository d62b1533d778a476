import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { seeded } from '../../testing/seeded.ts';
import type { SeededRandom } from '../../world/simulated/seeded-random.ts';
import { SlotSet } from '../placement/slot-set.ts';
import { isNewer, mixLeft, mixRight } from './stamp.ts';
import { StampTable } from './stamp-table.ts';

const SEEDS = { seed0: 0x1234_5677, seed1: 0x89ab_cdef };

interface Row {
  slot: number;
  tag: number;
  high: number;
  low: number;
  isAbsent: boolean;
}

/** The same by a Map: what the table must answer. */
class StampModel {
  readonly rows = new Map<string, Row>();

  put(row: Row): void {
    this.rows.set(`${row.slot} ${row.tag}`, row);
  }

  ofSlot(slot: number): Row[] {
    const rows = [...this.rows.values()].filter((row) => row.slot === slot);
    return rows.sort((left, right) => left.tag - right.tag);
  }
}

/** Slots and tags are few, so that they meet; a tag says the lower bits of its slot. */
function drawRow(random: SeededRandom, hashes: number): Row {
  const slot = random.below(40);
  const hash = 1 + random.below(hashes) * (hashes > 1000 ? 131_071 : 1);
  return {
    slot,
    tag: ((slot & 15) << 27) | (hash & 0x7ff_ffff),
    high: random.below(50),
    low: random.u32(),
    isAbsent: random.below(3) === 0,
  };
}

function check(table: StampTable, model: StampModel): void {
  const used = [...model.rows.values()].map(({ slot }) => slot).sort((left, right) => left - right);
  for (const slot of used) assert.equal(table.nextUsed(slot), slot);
  assert.equal(table.nextUsed(64), SLOT_COUNT);
  for (let slot = 0; slot < 40; slot++) {
    const rows = model.ofSlot(slot);
    const seen: Row[] = [];
    table.entriesOf(slot, (tag, high, low, isAbsent) => {
      seen.push({ slot, tag, high, low, isAbsent });
    });
    assert.deepEqual(seen, rows, `entries of slot ${slot}`);
    let [left, right] = [0, 0];
    for (const { tag, high, low } of rows) {
      left ^= mixLeft(tag, high, low);
      right ^= mixRight(tag, high, low);
    }
    assert.equal(table.digestLeft(slot), left >>> 0);
    assert.equal(table.digestRight(slot), right >>> 0);
    assert.equal(table.entryCountOf(slot), rows.length);
    assert.equal(table.presentCountOf(slot), rows.filter(({ isAbsent }) => !isAbsent).length);
  }
  assert.equal(table.count, model.rows.size);
}

test('the table answers as a map of rows does, in any order of changes', () => {
  seeded((random) => {
    const table = new StampTable(SEEDS);
    const model = new StampModel();
    const hashes = random.below(2) === 0 ? 40 : 4_000_000;
    for (let i = 0; i < 4_000; i++) {
      const row = drawRow(random, hashes);
      const known = model.rows.get(`${row.slot} ${row.tag}`);
      const kind = random.below(12);
      if (kind < 8) {
        table.put(row.slot, row.tag, row.high, row.low, row.isAbsent);
        model.put(row);
      } else if (kind < 10) {
        table.mark(row.slot, row.tag, row.isAbsent);
        if (known !== undefined) known.isAbsent = row.isAbsent;
      } else if (kind === 10) {
        table.drop(row.slot, row.tag);
        model.rows.delete(`${row.slot} ${row.tag}`);
      }
      assert.equal(table.find(row.slot, row.tag), model.rows.has(`${row.slot} ${row.tag}`));
      if (i % 500 === 0) check(table, model);
    }
    table.purged.raise(20, 5, null);
    table.purge();
    for (const [name, row] of model.rows) {
      if (row.isAbsent && !isNewer(row.high, row.low, 20, 5)) model.rows.delete(name);
    }
    check(table, model);
    table.raiseFloor(30, 0);
    for (const [name, row] of model.rows) {
      if (!isNewer(row.high, row.low, 30, 0)) model.rows.delete(name);
    }
    check(table, model);
  });
});

test('of a key that is not known the floor is told, as its stamp of absence', () => {
  const table = new StampTable(SEEDS);
  assert.equal(table.find(3, 5), false);
  assert.deepEqual([table.high, table.low, table.isAbsent], [0, 0, true]);
  table.put(3, 5, 7, 7, false);
  table.raiseFloor(9, 1);
  assert.equal(table.find(3, 5), false);
  assert.deepEqual([table.high, table.low, table.isAbsent], [9, 1, true]);
  table.raiseFloor(8, 0);
  assert.equal(table.floorHigh, 9, 'a floor is never lowered');
});

test('a key has one slot and one tag on all nodes', () => {
  const [one, other] = [new StampTable(SEEDS), new StampTable(SEEDS)];
  const strange = new StampTable({ seed0: 1, seed1: 2 });
  let differing = 0;
  for (let i = 0; i < 100; i++) {
    const bytes = Buffer.from(`..{user:${i}}.cart`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const slot = one.slotOf(bytes, 2, bytes.length - 2);
    const tag = one.tagOf(view, 2, bytes.length - 2, slot);
    assert.equal(tag, other.tagOf(view, 2, bytes.length - 2, slot));
    assert.equal(tag >>> 27, slot & 15);
    if (strange.tagOf(view, 2, bytes.length - 2, slot) !== tag) differing++;
  }
  assert.ok(differing > 95);
});

test('a stamp takes less than 17 bytes a key at a million keys', () => {
  const table = new StampTable(SEEDS);
  const bytes = Buffer.alloc(16);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < 1_000_000; i++) {
    view.setUint32(0, i, true);
    const slot = table.slotOf(bytes, 0, 16);
    table.put(slot, table.tagOf(view, 0, 16, slot), 5, i, false);
  }
  assert.ok(table.count > 999_900);
  assert.ok(table.byteCount / table.count < 17, `${table.byteCount / table.count} bytes`);
});

test('keys that are all of one slot cost no more than others', () => {
  const table = new StampTable(SEEDS);
  const slot = 12_345;
  for (let i = 1; i <= 100_000; i++) {
    const hash = (Math.imul(i, 0x9e37_79b1) >>> 5) & 0x7ff_ffff;
    table.put(slot, ((slot & 15) << 27) | hash, 5, i, false);
  }
  assert.equal(table.presentCountOf(slot), table.count);
  assert.ok(table.byteCount / table.count < 17);
});

test('slots are forgotten, and tombstones of slots, and others are not', () => {
  const table = new StampTable(SEEDS);
  const slots = [3, 4, 5, 40];
  for (const slot of slots) {
    for (let hash = 1; hash <= 9; hash++) {
      table.put(slot, ((slot & 15) << 27) | hash, 10, slot, hash > 6);
    }
  }
  const some = new SlotSet();
  for (const slot of [4, 40]) some.add(slot);
  table.purged.raise(11, 0, some);
  table.purge();
  assert.deepEqual(
    slots.map((slot) => table.entryCountOf(slot)),
    [9, 6, 9, 6],
  );
  table.dropSlots((slot) => slot === 4 || slot === 5, 0, 64);
  assert.deepEqual(
    slots.map((slot) => table.entryCountOf(slot)),
    [9, 0, 0, 6],
  );
  table.purged.find(4);
  assert.equal(table.purged.high, 0);
});
