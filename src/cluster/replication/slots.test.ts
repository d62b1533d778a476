import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOfKey } from '../../base/digest/key-slot.ts';
import {
  createReplicationKit,
  type ReplicationKit,
  type ReplicationNode,
} from '../../testing/replication-kit.ts';

const KEYS = Array.from({ length: 60 }, (_, i) => `key:${i}`);

/** Four nodes, of which two hold each key. */
async function createSlotKit(consistency: 'eventual' | 'quorum' = 'eventual') {
  const kit = await createReplicationKit(4, {
    configure: ({ cluster }) => {
      cluster.replicationFactor = 2;
      cluster.consistencyLevel = consistency;
    },
  });
  place(kit, kit.nodes);
  return kit;
}

/** These own all slots, as all nodes see it, and what they are to be equal to they are. */
function place(kit: ReplicationKit, members: readonly ReplicationNode[]): void {
  const ids = members.map(({ id }) => id);
  for (const { id, ownership } of kit.nodes) {
    ownership.setRing(ids, 2, ids.includes(id) ? '' : id);
  }
  kit.settle();
  kit.trust();
  kit.settle();
}

function slotOf(key: string): number {
  const bytes = Buffer.from(key);
  return slotOfKey(bytes, 0, bytes.length);
}

function holdersOf(kit: ReplicationKit, key: string): ReplicationNode[] {
  const ids = kit.nodes[0].ownership.table.holdersOfSlot(slotOf(key));
  return ids.map((id) => requireNode(kit, id));
}

function requireNode(kit: ReplicationKit, id: string): ReplicationNode {
  const found = kit.nodes.find((node) => node.id === id);
  assert.ok(found !== undefined);
  return found;
}

function write(kit: ReplicationKit, key: string, value: string): void {
  assert.equal(holdersOf(kit, key)[0].run('SET', key, value), 'OK');
}

/** Where each key is. */
function checkKeys(kit: ReplicationKit): void {
  for (const key of KEYS) {
    const ids = kit.nodes.filter((node) => node.run('EXISTS', key) === 1).map(({ id }) => id);
    const expected = holdersOf(kit, key).map(({ id }) => id);
    assert.deepEqual(ids, expected.sort(), key);
  }
}

test('changes go to those that hold the key, and what is for all to all', async () => {
  const kit = await createSlotKit();
  for (const key of KEYS) write(kit, key, 'a');
  kit.settle();
  checkKeys(kit);
  kit.nodes[0].run('FLUSHALL');
  kit.settle();
  for (const node of kit.nodes) assert.equal(node.run('DBSIZE'), 0);
});

test('what is not for a node is no gap, and it acknowledges all the same', async () => {
  const kit = await createSlotKit();
  for (let round = 0; round < 5; round++) {
    for (const key of KEYS) {
      write(kit, key, String(round));
      if (key.endsWith('3')) kit.settle();
    }
  }
  kit.advance(600);
  kit.settle();
  kit.advance(600);
  kit.settle();
  for (const { replication, store } of kit.nodes) {
    assert.equal(replication.slotsOf(store)?.isSettled, true);
    assert.equal(replication.isDrained, true);
    for (const peer of kit.nodes) {
      if (peer.replication === replication) continue;
      const { position } = peer.parts.stream;
      assert.equal(peer.parts.acknowledgements.countAt(position, null), 3);
    }
  }
});

test('a batch that a node has missed is a gap in what it keeps of that owner', async () => {
  const kit = await createSlotKit();
  const [key] = KEYS;
  const [owner, holder] = holdersOf(kit, key);
  write(kit, key, 'a');
  owner.endTurn();
  kit.net.cut(owner.bus, holder.bus);
  kit.net.join(owner.bus, holder.bus);
  kit.settle();
  const duties = holder.replication.slotsOf(holder.store);
  assert.deepEqual([...(duties?.sources.keys() ?? [])], [owner.id]);
  assert.equal(duties?.dutyOf(slotOf(key)), 'filling');
  const other = kit.nodes.find((node) => node !== owner && node !== holder);
  assert.equal(other?.replication.slotsOf(other.store)?.isSettled, true);
});

test('a node that gets slots again compares what it did not hear meanwhile', async () => {
  const kit = await createSlotKit();
  const [owner, holder] = kit.nodes;
  const ids = kit.nodes.map(({ id }) => id);
  // The owner alone takes another node for a holder of some, and then these ones again.
  owner.ownership.setRing([...ids, 'node-5'], 2);
  kit.settle();
  const duties = holder.replication.slotsOf(holder.store);
  // It has heard by which table that one goes, and leaves reads to it.
  assert.equal(duties?.isSettled, false);
  owner.ownership.setRing(ids, 2);
  kit.settle();
  assert.deepEqual([...(duties?.sources.keys() ?? [])], [owner.id]);
});

test('WAIT counts holders alone, and so does a majority', async () => {
  const kit = await createSlotKit('quorum');
  const [key] = KEYS;
  const [owner, holder] = holdersOf(kit, key);
  const { parts, replication, store } = owner;
  const { quorum } = parts;
  assert.ok(quorum !== null);
  for (const isLost of [true, false]) {
    const told: boolean[] = [];
    write(kit, key, 'b');
    const position = replication.positionOf(store);
    replication.whenAcknowledged(store, position, 1, 100, (isMet) => told.push(isMet));
    quorum.whenReached(position, (isReached) => told.push(isReached), slotOf(key));
    owner.endTurn();
    if (isLost) assert.ok(kit.net.lose(owner.bus, holder.bus) > 0);
    kit.settle();
    if (isLost) assert.deepEqual(told, [], 'others have acknowledged it, and do not count');
    else assert.deepEqual(told, [true, true]);
    kit.advance(1_100);
    if (isLost) assert.deepEqual(told, [false, false]);
    kit.settle();
    kit.trust();
    kit.settle();
  }
  assert.equal(quorum.refusal(slotOf(key)), null);
  kit.net.cut(owner.bus, holder.bus);
  assert.match(String(quorum.refusal(slotOf(key))), /^NOREPLICAS/);
});
