import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { type Draw, seeded } from '../../testing/seeded.ts';
import { SlotTable, type SlotTableOptions } from './slot-table.ts';

function tableOf(nodeIds: readonly string[], options: Partial<SlotTableOptions> = {}): SlotTable {
  return new SlotTable({
    version: 1,
    placement: 'ring',
    replicationFactor: 0,
    ...options,
    nodeIds,
  });
}

function idsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `node-${i + 1}`);
}

function ownersOf(table: SlotTable): string[] {
  return Array.from({ length: SLOT_COUNT }, (_, slot) => table.ownerOfSlot(slot));
}

/** The largest number of slots that one node has, over the mean. */
function loadOf(table: SlotTable): number {
  const counts = new Map<string, number>();
  for (const owner of ownersOf(table)) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  return Math.max(...counts.values()) / (SLOT_COUNT / table.nodeIds.length);
}

/** Slots whose owner differs: to the node that only the second one has, and all others. */
function movesBetween(from: SlotTable, to: SlotTable): { toNew: number; other: number } {
  const before = ownersOf(from);
  const moves = { toNew: 0, other: 0 };
  for (const [slot, owner] of ownersOf(to).entries()) {
    if (owner === before[slot]) continue;
    if (from.nodeIds.includes(owner)) moves.other++;
    else moves.toNew++;
  }
  return moves;
}

test('three nodes have within 1.4 % of the mean, and a fourth takes 24.8 % from them', () => {
  const three = tableOf(idsOf(3));
  assert.equal(loadOf(three).toFixed(3), '1.013');
  const { other, toNew } = movesBetween(three, tableOf(idsOf(4)));
  assert.equal(((toNew * 100) / SLOT_COUNT).toFixed(1), '24.8');
  assert.equal(other, 0);
});

test('a table is the same in whatever order its nodes came, and no other has its digest', () => {
  seeded((random) => {
    const draw: Draw = (below) => random.below(below);
    for (let round = 0; round < 20; round++) {
      const ids = drawIds(draw);
      const table = tableOf(ids);
      const shuffled = tableOf(shuffle(ids, draw), { version: 7 });
      assert.equal(shuffled.digest, table.digest);
      assert.deepEqual(shuffled.nodeIds, table.nodeIds);
      assert.deepEqual(ownersOf(shuffled), ownersOf(table));
      assert.equal(shuffled.ownerOfStore('default'), table.ownerOfStore('DEFAULT'));
      assert.notEqual(tableOf([...ids, 'one more']).digest, table.digest);
      assert.notEqual(tableOf(ids, { replicationFactor: 1 }).digest, table.digest);
    }
  });
});

test('every slot has an owner, none owns much more than the mean, and few move needlessly', () => {
  seeded((random) => {
    const draw: Draw = (below) => random.below(below);
    for (let round = 0; round < 20; round++) {
      const ids = drawIds(draw);
      const table = tableOf(ids);
      for (const owner of ownersOf(table)) assert.ok(ids.includes(owner));
      const roundingUp = ids.length / SLOT_COUNT;
      assert.ok(loadOf(table) <= 1.05 + roundingUp, `load ${loadOf(table)} of ${ids.length}`);
      const { other, toNew } = movesBetween(table, tableOf([...ids, 'a new one']));
      const ideal = SLOT_COUNT / (ids.length + 1);
      assert.ok(toNew <= ideal * 1.05 + 1, `${toNew} of ${ideal} moved`);
      // What is passed on because its owner has its share.
      assert.ok(other <= SLOT_COUNT * 0.03, `${other} moved between others`);
    }
  });
});

test('a store has an owner, which stays when another node than that comes or goes', () => {
  const ids = idsOf(9);
  for (const name of ['default', 'sessions', 'pages']) {
    const owner = tableOf(ids).ownerOfStore(name);
    for (const gone of ids) {
      if (gone === owner) continue;
      const rest = ids.filter((id) => id !== gone);
      assert.equal(tableOf(rest).ownerOfStore(name), owner);
    }
  }
});

test('holders begin with the owner, and are as many different nodes as are asked for', () => {
  for (const placement of ['ring', 'balanced'] as const) {
    for (const [replicationFactor, count] of [
      [0, 5],
      [1, 1],
      [3, 3],
      [9, 5],
    ]) {
      const table = tableOf(idsOf(5), { placement, replicationFactor });
      for (let slot = 0; slot < SLOT_COUNT; slot += 13) {
        const holders = table.holdersOfSlot(slot);
        assert.equal(holders[0], table.ownerOfSlot(slot));
        assert.equal(new Set(holders).size, count);
        assert.equal(holders.length, count);
        assert.equal(table.holdersOfSlot(slot), holders);
      }
    }
  }
});

test('where not all hold all, every slot goes to a holder of it when a node comes or goes', () => {
  const ids = idsOf(9);
  const table = tableOf(ids, { replicationFactor: 2 });
  assert.ok(loadOf(table) < 1.15, `${loadOf(table)}`);
  for (const gone of ids) {
    const rest = tableOf(
      ids.filter((id) => id !== gone),
      { replicationFactor: 2 },
    );
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      assert.ok(table.isHolder(rest.ownerOfSlot(slot), slot), `${slot} without ${gone}`);
    }
  }
  const more = tableOf([...ids, 'a new one'], { replicationFactor: 2 });
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const owner = more.ownerOfSlot(slot);
    assert.ok(owner === 'a new one' || owner === table.ownerOfSlot(slot));
    for (const id of more.holdersOfSlot(slot))
      assert.ok(id === 'a new one' || table.isHolder(id, slot));
  }
});

test('within a run all slots have one owner and the same holders', () => {
  for (const placement of ['ring', 'balanced'] as const) {
    for (const replicationFactor of [0, 2, 3]) {
      const table = tableOf(idsOf(5), { placement, replicationFactor });
      let runCount = 0;
      for (let slot = 0, end = 0; slot < SLOT_COUNT; slot = end, runCount++) {
        end = table.endOfRun(slot);
        assert.ok(end > slot && end <= SLOT_COUNT);
        for (let one = slot; one < end; one++) {
          assert.equal(table.endOfRun(one), end);
          assert.equal(table.ownerOfSlot(one), table.ownerOfSlot(slot));
          assert.deepEqual(table.holdersOfSlot(one), table.holdersOfSlot(slot));
        }
      }
      assert.ok(placement === 'balanced' ? runCount === 5 : runCount > 500 && runCount < 1_500);
    }
  }
});

test('the slots of a node are those that it owns', () => {
  const table = tableOf(idsOf(5), { replicationFactor: 2 });
  const count = table.nodeIds.reduce((sum, id) => sum + table.slotsOf(id).length, 0);
  assert.equal(count, SLOT_COUNT);
  for (const slot of table.slotsOf('node-4')) assert.equal(table.ownerOfSlot(slot), 'node-4');
  assert.deepEqual(table.slotsOf('nobody'), []);
});

test('balanced placement gives each node one range', () => {
  const table = tableOf(idsOf(7), { placement: 'balanced' });
  const owners = ownersOf(table);
  const changes = owners.filter((owner, slot) => slot > 0 && owner !== owners[slot - 1]);
  assert.equal(changes.length, 6);
  assert.ok(loadOf(table) < 1.001);
});

test('without nodes nobody owns anything', () => {
  const table = tableOf([]);
  assert.deepEqual(
    [table.ownerOfSlot(5), table.ownerOfStore('default'), table.holdersOfSlot(5)],
    ['', '', []],
  );
});

function drawIds(draw: Draw): string[] {
  const ids = new Set<string>();
  for (let left = 1 + draw(20); left > 0; left--) ids.add(`n${draw(1_000)}-é`);
  return [...ids];
}

function shuffle(ids: readonly string[], draw: Draw): string[] {
  const left = [...ids];
  const shuffled: string[] = [];
  while (left.length > 0) shuffled.push(...left.splice(draw(left.length), 1));
  return shuffled;
}
