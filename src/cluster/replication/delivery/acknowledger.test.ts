import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../../base/limits.ts';
import { createReplicationKit } from '../../../testing/replication-kit.ts';

test('what is applied is acknowledged now and then, and at once to who waits for it', async () => {
  const kit = await createReplicationKit(3);
  const [owner] = kit.nodes;
  const { replication, store } = owner;
  const countOf = () => replication.acknowledgedCount(store, replication.positionOf(store));
  owner.run('SET', 'a', '1');
  kit.settle();
  owner.run('SET', 'a', '2');
  kit.settle();
  assert.equal(countOf(), 0);
  kit.advance(LIMITS.acknowledgeMs);
  kit.settle();
  assert.equal(countOf(), 2);
  owner.run('SET', 'a', '3');
  kit.settle();
  const told: boolean[] = [];
  const position = replication.positionOf(store);
  replication.whenAcknowledged(store, position, 2, 0, (isMet) => told.push(isMet));
  kit.settle();
  assert.deepEqual(told, [true]);
});

test('however many wait for one batch, each node is asked once', async () => {
  const kit = await createReplicationKit(2);
  const [owner] = kit.nodes;
  const { replication, store } = owner;
  let toldCount = 0;
  const before = kit.net.deliveredCount;
  for (let i = 0; i < 10; i++) owner.run('INCR', 'a');
  owner.endTurn();
  const position = replication.positionOf(store);
  for (let i = 0; i < 10; i++) {
    replication.whenAcknowledged(store, position, 1, 0, () => toldCount++);
  }
  kit.settle();
  assert.equal(toldCount, 10);
  // The batch, the question, and the answer.
  assert.equal(kit.net.deliveredCount - before, 3);
});

test('behind several changes of a turn the next wait, unless somebody waits for them', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  const { replication, store } = owner;
  const { stream } = owner.parts;
  const endTurn = () => {
    replication.endTurn();
    kit.net.deliver();
  };
  owner.run('SET', 'a', '1');
  endTurn();
  owner.run('SET', 'a', '2');
  endTurn();
  assert.equal(replica.run('GET', 'a'), '2', 'one change a turn never waits');
  owner.run('SET', 'a', '3');
  owner.run('SET', 'b', '1');
  endTurn();
  assert.equal(replica.run('GET', 'b'), '1');
  owner.run('SET', 'a', '4');
  endTurn();
  assert.ok(stream.heldBytes > 0);
  assert.equal(replica.run('GET', 'a'), '3');
  kit.advance(LIMITS.streamPaceMs);
  kit.net.deliver();
  assert.equal(replica.run('GET', 'a'), '4');
  owner.run('MSET', 'a', '5', 'b', '5');
  endTurn();
  owner.run('SET', 'a', '6');
  replication.whenAcknowledged(store, replication.positionOf(store), 1, 0, () => {});
  endTurn();
  assert.equal(replica.run('GET', 'a'), '6');
});
