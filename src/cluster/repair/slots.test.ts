import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOfKey } from '../../base/digest/key-slot.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { createRepairKit, type RepairKit, type RepairNode } from '../../testing/repair-kit.ts';
import type { OwnershipTable } from '../placement/ownership.ts';

const KEY_COUNT = 400;

/** Nodes of which each key is held by some; the ring is that of the first `memberCount`. */
async function createSlotKit(
  nodeCount: number,
  { factor = 2, memberCount = nodeCount }: { factor?: number; memberCount?: number } = {},
): Promise<RepairKit> {
  const kit = await createRepairKit(nodeCount, {
    configure: (configuration) => {
      configuration.cluster.replicationFactor = factor;
    },
  });
  place(kit, kit.nodes.slice(0, memberCount), factor);
  kit.settle();
  return kit;
}

/** These own all slots from now on, as all nodes see it; the others are to join. */
function place(kit: RepairKit, members: readonly RepairNode[], factor = 2): void {
  const ids = members.map(({ id }) => id);
  for (const node of kit.nodes) {
    const joinerId = members.includes(node) ? '' : node.id;
    node.base.ownership.setRing(ids, factor, joinerId);
  }
  kit.base.settle();
}

function tableOf({ nodes }: RepairKit): OwnershipTable {
  return nodes[0].base.ownership.table;
}

function slotOf(key: string): number {
  const bytes = Buffer.from(key);
  return slotOfKey(bytes, 0, bytes.length);
}

function ownerOf(kit: RepairKit, key: string): RepairNode {
  const id = tableOf(kit).ownerOfSlot(slotOf(key));
  const owner = kit.nodes.find((node) => node.id === id);
  assert.ok(owner !== undefined);
  return owner;
}

/** Runs a command of one key where its slot is owned. */
function write(
  kit: RepairKit,
  command: string,
  key: string,
  ...rest: (string | number)[]
): unknown {
  return ownerOf(kit, key).run(command, key, ...rest);
}

function writeAll(kit: RepairKit): string[] {
  const keys = Array.from({ length: KEY_COUNT }, (_, i) => `key:${i}`);
  for (const [i, key] of keys.entries()) {
    if (i % 4 === 0) write(kit, 'HSET', key, 'f', i, 'g', 'x');
    else write(kit, 'SET', key, i);
  }
  kit.settle();
  return keys;
}

/** Each key is the same on all nodes that the table names for it, and on no other. */
function checkHolders(kit: RepairKit, keys: readonly string[]): void {
  const table = tableOf(kit);
  for (const key of keys) {
    const digest = ownerOf(kit, key).run('DEBUG', 'DIGEST-VALUE', key);
    const holders = kit.nodes.filter((node) => node.run('EXISTS', key) === 1);
    assert.deepEqual(
      holders.map(({ id }) => id).sort(),
      [...table.holdersOfSlot(slotOf(key))].sort(),
      key,
    );
    for (const node of holders) {
      assert.deepEqual(node.run('DEBUG', 'DIGEST-VALUE', key), digest, `${key} at ${node.id}`);
    }
  }
}

function entryCounts({ nodes }: RepairKit): number {
  return nodes.reduce((sum, { base }) => sum + base.store.entryCount, 0);
}

test('a node that joins fills what it will hold, and others drop it', async () => {
  const kit = await createSlotKit(4, { memberCount: 3 });
  const joiner = kit.nodes[3];
  const keys = writeAll(kit);
  const { target } = joiner.base.ownership;
  const wanted = keys.filter((key) => target.isHolder(joiner.id, slotOf(key)));
  assert.equal(joiner.base.store.entryCount, wanted.length);
  assert.ok(!joiner.isBusy);
  assert.equal(entryCounts(kit), 2 * KEY_COUNT + wanted.length, 'nothing is dropped before');
  place(kit, kit.nodes);
  kit.settle();
  kit.pass(500);
  checkHolders(kit, keys);
  assert.equal(entryCounts(kit), 2 * KEY_COUNT);
});

test('what is dropped is a removal for nobody, and no eviction', async () => {
  const kit = await createSlotKit(4, { memberCount: 3 });
  writeAll(kit);
  const sent = kit.nodes.map(({ base }) => base.parts.stream.position);
  place(kit, kit.nodes);
  kit.settle();
  kit.pass(500);
  assert.equal(entryCounts(kit), 2 * KEY_COUNT);
  assert.deepEqual(
    kit.nodes.map(({ base }) => base.parts.stream.position),
    sent,
  );
  for (const { base } of kit.nodes) assert.equal(base.store.stats[STORE_STAT.EVICTED], 0);
});

test('when a holder is gone another node takes its place', async () => {
  const kit = await createSlotKit(4);
  const keys = writeAll(kit);
  const gone = kit.nodes[1];
  for (const other of kit.nodes) {
    if (other !== gone) kit.net.cut(gone.base.bus, other.base.bus);
  }
  kit.nodes.splice(1, 1);
  place(kit, kit.nodes);
  kit.settle();
  kit.pass(500);
  checkHolders(kit, keys);
});

test('who comes to own what it has not takes it from a node that has', async () => {
  const kit = await createSlotKit(4, { factor: 1 });
  const [, , , late] = kit.nodes;
  // It does not begin to fill anything, and the table gives it slots all the same.
  const ids = kit.nodes.slice(0, 3).map(({ id }) => id);
  for (const { base } of kit.nodes) base.ownership.setRing(ids, 1);
  const keys = writeAll(kit);
  assert.equal(late.base.store.entryCount, 0);
  place(kit, kit.nodes, 1);
  const [key] = keys.filter((name) => ownerOf(kit, name) === late);
  const { replication, store } = late.base;
  assert.equal(replication.dutyOfSlot(store, slotOf(key)), 'waiting');
  kit.settle();
  assert.equal(replication.dutyOfSlot(store, slotOf(key)), 'owner');
  kit.pass(500);
  checkHolders(kit, keys);
});

test('a node that leaves gives what it alone has', async () => {
  const kit = await createSlotKit(3, { factor: 1 });
  const keys = writeAll(kit);
  const leaver = kit.nodes[2];
  const count = leaver.base.store.entryCount;
  const ids = kit.nodes.slice(0, 2).map(({ id }) => id);
  for (const { base } of kit.nodes) base.ownership.setRing(ids, 1);
  assert.ok(!leaver.repair.isGiven(leaver.base.store));
  kit.settle();
  kit.pass(500);
  assert.ok(leaver.repair.isGiven(leaver.base.store));
  assert.equal(leaver.base.store.entryCount, count, 'it is gone in a moment: nothing is dropped');
  for (const key of keys) assert.equal(ownerOf(kit, key).run('EXISTS', key), 1, key);
});

test('a holder that missed changes of one owner gets those, and no others', async () => {
  const kit = await createSlotKit(3);
  const keys = writeAll(kit);
  const [left, right] = kit.nodes;
  kit.net.cut(left.base.bus, right.base.bus);
  for (const [i, key] of keys.entries()) {
    if (i % 4 === 0) write(kit, 'HSET', key, 'g', i);
    else if (i % 4 === 1) write(kit, 'DEL', key);
  }
  kit.base.settle();
  kit.net.joinAll();
  kit.settle();
  checkHolders(
    kit,
    keys.filter((_, i) => i % 4 !== 1),
  );
  const sum = entryCounts(kit);
  assert.equal(sum, 2 * (KEY_COUNT - KEY_COUNT / 4));
});

test('a difference that nobody knew of is found, slot by slot', async () => {
  const kit = await createSlotKit(3);
  const keys = writeAll(kit);
  const owner = ownerOf(kit, keys[1]);
  const { base } = kit.nodes.filter(
    (node) => node !== owner && node.run('EXISTS', keys[1]) === 1,
  )[0];
  const { stamps } = base.parts;
  stamps.isApplying = true;
  base.run('SET', keys[1], 'wrong');
  const key = Buffer.from(keys[1]);
  const table = stamps.tableOf(0);
  const slot = slotOf(keys[1]);
  const view = new DataView(key.buffer, key.byteOffset, key.length);
  table.put(slot, table.tagOf(view, 0, key.length, slot), 7, 7, false);
  stamps.isApplying = false;
  kit.pass(16_000);
  assert.equal(base.run('GET', keys[1]), '1');
});

test('each owner forgets removals of its own slots: that is no difference', async () => {
  const kit = await createSlotKit(3);
  const keys = writeAll(kit);
  for (const key of keys) write(kit, 'DEL', key);
  for (let i = 0; i < 400; i++) {
    kit.base.settle();
    kit.base.advance(250);
  }
  kit.settle();
  for (const { base, metrics } of kit.nodes) {
    assert.equal(base.parts.stamps.tableOf(0).count, 0, 'no tombstone is left');
    assert.equal(metrics[METRIC.repairDifferences], 0);
  }
});

test('slots that a node comes to hold again come whole', async () => {
  const kit = await createSlotKit(3);
  const [, , third] = kit.nodes;
  const some = kit.nodes.slice(0, 2);
  const keys = writeAll(kit);
  place(kit, some);
  kit.settle();
  kit.pass(100);
  place(kit, kit.nodes);
  kit.settle();
  kit.pass(500);
  checkHolders(kit, keys);
  assert.ok(third.base.store.entryCount > 0);
});

test('who gives a slot away tells single elements, though the owner wrote later', async () => {
  const kit = await createSlotKit(4);
  const [alone, ...others] = kit.nodes;
  const keys = writeAll(kit);
  for (const { base } of others) kit.net.cut(alone.base.bus, base.bus);
  const ids = others.map(({ id }) => id);
  alone.base.ownership.setRing([alone.id], 2);
  for (const { base } of others) base.ownership.setRing(ids, 2);
  kit.pass(1_000);
  const table = others[0].base.ownership.table;
  const hashes = keys.filter((_, i) => i % 4 === 0);
  for (const key of hashes) alone.run('HSET', key, 'left', 1);
  kit.pass(100);
  for (const key of hashes) {
    const owner = kit.nodes.find(({ id }) => id === table.ownerOfSlot(slotOf(key)));
    owner?.run('HSET', key, 'right', 1);
  }
  kit.pass(100);
  kit.net.joinAll();
  place(kit, kit.nodes);
  kit.settle();
  kit.pass(1_000);
  checkHolders(kit, keys);
  for (const key of hashes) {
    assert.deepEqual(write(kit, 'HMGET', key, 'left', 'right'), ['1', '1'], key);
  }
});

for (const isKnown of [true, false]) {
  const what = isKnown ? 'changes of the one before' : 'them without knowing';
  test(`an owner that missed ${what} takes them from a replica first`, () => followLost(isKnown));
}

async function followLost(isKnown: boolean): Promise<void> {
  const kit = await createSlotKit(3, { factor: 3 });
  const [dying, late] = kit.nodes;
  const keys = writeAll(kit);
  kit.net.cut(dying.base.bus, late.base.bus);
  const counters = keys.filter((key, i) => i % 4 === 1 && ownerOf(kit, key) === dying);
  for (const key of counters) dying.run('SET', key, 'later');
  kit.base.settle();
  kit.nodes.splice(0, 1);
  for (const { base } of kit.nodes) kit.net.cut(dying.base.bus, base.bus);
  const duties = late.base.replication.slotsOf(late.base.store);
  if (isKnown) duties?.unsettle(dying.id);
  place(kit, kit.nodes, 3);
  const mine = counters.filter((key) => ownerOf(kit, key) === late);
  assert.ok(mine.length > 0);
  for (const key of mine) assert.equal(duties?.dutyOf(slotOf(key)), 'waiting');
  kit.settle();
  for (const key of mine) {
    assert.equal(duties?.dutyOf(slotOf(key)), 'owner');
    assert.equal(late.run('GET', key), 'later');
  }
}
