import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { FakeNet } from '../../testing/fake-net.ts';
import { CommandKeys, drawCommand, drawFilling } from '../../testing/random-commands.ts';
import {
  createReplicationKit,
  FakeOwnership,
  ReplicationNode,
} from '../../testing/replication-kit.ts';
import { rounds, seededDraws, seedOfRun } from '../../testing/seeded.ts';

function drawSeed(): number {
  return seedOfRun();
}

test('what the owner executes is the same on every node', async () => {
  const kit = await createReplicationKit(3);
  const [owner, second, third] = kit.nodes;
  owner.run('SET', 'a', '1', 'PX', 5000);
  owner.run('RPUSH', 'l', 'x', 'y');
  owner.run('HSET', 'h', 'f', 'v');
  owner.run('HPEXPIRE', 'h', 9000, 'FIELDS', 1, 'f');
  owner.run('DEL', 'nothing');
  kit.settle();
  assert.equal(second.run('PTTL', 'a'), 5000);
  assert.deepEqual(third.run('LRANGE', 'l', 0, -1), ['x', 'y']);
  assert.deepEqual(third.run('HPTTL', 'h', 'FIELDS', 1, 'f'), [9000]);
  kit.check('');
});

test('random commands of all types leave the same on every node', async () => {
  const seed = drawSeed();
  const draw = seededDraws(seed);
  const kit = await createReplicationKit(3, { seed });
  const keys = new CommandKeys(draw, 6);
  const { owner } = kit;
  for (let i = 0; i < rounds(800); i++) {
    const [command, ...args] = draw(12) === 0 ? drawFilling(draw, keys) : drawCommand(draw, keys);
    owner.run(command, ...args);
    if (draw(4) > 0) continue;
    kit.settle(draw);
    if (draw(9) === 0) kit.advance(draw(400));
    if (draw(60) === 0) kit.check(`after command ${i}, TEST_SEED=${seed}`);
  }
  kit.settle();
  for (let i = 0; i < 50; i++) kit.advance(20);
  kit.settle();
  kit.check(`TEST_SEED=${seed}`);
  for (const { parts } of kit.nodes.slice(1)) {
    assert.equal(parts.applier.unknownCount, 0, `TEST_SEED=${seed}`);
  }
});

test('a lost batch is noticed by the next one; keys that do not fit are fetched', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  owner.run('RPUSH', 'l', 'a');
  owner.run('SET', 's', '1');
  kit.settle();
  owner.run('RPUSH', 'l', 'b');
  owner.run('SET', 's', '2');
  owner.endTurn();
  kit.net.lose(owner.bus, replica.bus);
  owner.run('RPUSH', 'l', 'c');
  owner.run('SET', 's', '3');
  owner.endTurn();
  kit.net.deliver();
  assert.deepEqual(replica.syncs, ['gap']);
  assert.equal(replica.replication.dutyOf(replica.store), 'filling');
  assert.deepEqual(replica.run('LRANGE', 'l', 0, -1), ['a'], 'what fills the store brings it');
  assert.equal(replica.run('GET', 's'), '3');
  kit.trust();
  owner.run('RPUSH', 'l', 'd');
  kit.settle();
  assert.deepEqual(replica.run('LRANGE', 'l', 0, -1), ['a', 'b', 'c', 'd']);
  assert.equal(replica.parts.applier.unknownCount, 2);
  kit.check('');
});

test('a lost batch that was the last one is noticed all the same', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  owner.run('SET', 's', '1');
  owner.endTurn();
  kit.net.lose(owner.bus, replica.bus);
  kit.settle();
  assert.deepEqual(replica.syncs, []);
  kit.advance(600);
  kit.settle();
  assert.deepEqual(replica.syncs, ['gap']);
});

test('batches that come twice change nothing the second time', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  owner.run('INCR', 'n');
  owner.run('RPUSH', 'l', 'a');
  owner.run('RENAME', 'l', 'm');
  owner.run('LMOVE', 'm', 'k', 'LEFT', 'LEFT');
  owner.endTurn();
  kit.net.double(owner.bus, replica.bus);
  kit.settle();
  assert.equal(replica.run('GET', 'n'), '1');
  assert.equal(replica.parts.applier.skippedCount, 4);
  kit.check('');
});

test('a link that takes no more makes a gap, and holds nothing in memory', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  owner.bus.isFull = true;
  for (let i = 0; i < 100; i++) {
    owner.run('SET', `k${i}`, 'x'.repeat(10_000));
    owner.endTurn();
  }
  assert.equal(owner.parts.stream.heldBytes, 0);
  assert.equal(owner.parts.stream.refusedCount, 100);
  owner.bus.isFull = false;
  owner.run('SET', 'last', '1');
  kit.settle();
  assert.deepEqual(replica.syncs, ['gap']);
});

test('acknowledgements tell how far a replica has come; who waits is called', async () => {
  const kit = await createReplicationKit(3);
  const [owner, second, third] = kit.nodes;
  const { replication, store } = owner;
  const before = replication.positionOf(store);
  owner.run('SET', 'a', '1');
  const position = replication.positionOf(store);
  assert.equal(position, before + 1);
  const told: string[] = [];
  replication.whenAcknowledged(store, position, 1, 0, (isMet) => told.push(`one ${isMet}`));
  replication.whenAcknowledged(store, position, 2, 1000, (isMet) => told.push(`two ${isMet}`));
  replication.whenAcknowledged(store, position, 3, 500, (isMet) => told.push(`three ${isMet}`));
  owner.endTurn();
  kit.net.deliver();
  assert.equal(replication.acknowledgedCount(store, position), 0);
  second.endTurn();
  kit.net.deliver();
  assert.deepEqual(told, ['one true']);
  third.endTurn();
  kit.net.deliver();
  assert.deepEqual(told, ['one true', 'two true']);
  kit.advance(600);
  assert.deepEqual(told, ['one true', 'two true', 'three false']);
  replication.whenAcknowledged(store, position, 2, 1000, (isMet) => told.push(`now ${isMet}`));
  assert.equal(told.at(-1), 'now true');
});

test('a replica that has missed something acknowledges nothing more', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  owner.run('SET', 'a', '1');
  owner.endTurn();
  kit.net.lose(owner.bus, replica.bus);
  owner.run('SET', 'b', '1');
  kit.settle();
  const position = owner.replication.positionOf(owner.store);
  assert.equal(owner.replication.acknowledgedCount(owner.store, position), 0);
  kit.trust();
  kit.settle();
  assert.equal(owner.replication.acknowledgedCount(owner.store, position), 1);
});

test('EXEC and scripts are applied as one, and logged as one', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  const told: string[] = [];
  replica.store.sink.attach({
    onEffect: (effect) => told.push(effect.frame.latin1(0)),
    onGroupBegin: () => told.push('('),
    onGroupEnd: () => told.push(')'),
  });
  owner.run('MULTI');
  owner.run('SET', 'a', '1');
  owner.run('INCR', 'a');
  owner.run('EXEC');
  owner.run('EVAL', "redis.call('SET','b','1') redis.call('DEL','a')", 0);
  owner.run('SET', 'c', '1');
  kit.settle();
  assert.equal(told.join(' '), '( SET SET ) ( SET DEL ) SET');
  kit.check('');
});

test('functions and named stores go the same way', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  const code = "#!lua name=l\nredis.register_function('f', function(k) return 7 end)";
  owner.run('FUNCTION', 'LOAD', code);
  owner.run('STORE', 'CREATE', 'carts', 'max_memory', '1mb');
  kit.settle();
  assert.equal(replica.run('FCALL', 'f', 0), 7);
  assert.equal(replica.run('SELECT', 'carts'), 'OK');
  kit.trust();
  owner.run('SELECT', 'carts');
  owner.run('SET', 'k', 'v');
  kit.settle();
  assert.equal(replica.run('GET', 'k'), 'v');
  owner.run('STORE', 'DROP', 'carts');
  kit.settle();
  assert.equal(replica.kit.node.services.stores.find('carts'), null);
});

test('a flush leaves what was written elsewhere after it', async () => {
  const kit = await createReplicationKit(2);
  const [left, right] = kit.nodes;
  left.run('SET', 'old', '1');
  kit.settle();
  left.run('FLUSHALL');
  left.endTurn();
  kit.advance(1);
  right.run('SET', 'new', '2');
  kit.settle();
  for (const node of kit.nodes) assert.deepEqual(node.run('KEYS', '*'), ['new']);
  kit.check('');
});

test('of two owners the later version wins on all nodes, the other is counted', async () => {
  const kit = await createReplicationKit(3);
  const [left, right, third] = kit.nodes;
  left.run('SET', 'k', 'zero');
  kit.settle();
  left.run('SET', 'k', 'left');
  kit.advance(5);
  right.run('SET', 'k', 'right');
  right.run('RPUSH', 'l', 'x');
  left.run('RPUSH', 'l', 'y');
  kit.settle();
  for (const node of kit.nodes) assert.equal(node.run('GET', 'k'), 'right');
  kit.check('');
  assert.equal(left.parts.applier.lostCount + third.parts.applier.lostCount, 2);
});

test('a key that has expired on one of two nodes makes no difference', async () => {
  const kit = await createReplicationKit(2, { aheadMs: [0, 400] });
  const [owner, replica] = kit.nodes;
  owner.run('SET', 'k', 'a', 'PX', 300);
  owner.run('HSET', 'h', 'f', '1', 'g', '2');
  owner.run('HPEXPIRE', 'h', 300, 'FIELDS', 1, 'f');
  kit.settle();
  kit.advance(100);
  assert.equal(replica.run('GET', 'k'), null, 'it has expired there');
  assert.deepEqual(replica.run('HKEYS', 'h'), ['g']);
  assert.equal(owner.run('APPEND', 'k', 'b'), 2);
  owner.run('PERSIST', 'k');
  owner.run('HINCRBY', 'h', 'f', 1);
  owner.run('HPERSIST', 'h', 'FIELDS', 1, 'f');
  kit.settle();
  assert.equal(replica.run('GET', 'k'), 'ab');
  assert.equal(replica.run('HGET', 'h', 'f'), '2');
  kit.check('');
});

test('a key that the owner found expired is gone at a replica whose clock is behind', async () => {
  const kit = await createReplicationKit(2, { aheadMs: [400, 0] });
  const [owner, replica] = kit.nodes;
  owner.run('SET', 'k', '5', 'PX', 300);
  kit.settle();
  kit.advance(350);
  assert.equal(owner.run('INCR', 'k'), 1);
  kit.settle();
  assert.equal(replica.run('GET', 'k'), '1');
  assert.equal(replica.run('PTTL', 'k'), -1);
  assert.equal(replica.parts.applier.unknownCount, 0);
  kit.check('');
});

test('only the owner evicts, and what it evicts goes everywhere', async () => {
  const kit = await createReplicationKit(2, {
    configure: ({ cache }) => {
      cache.maxMemoryBytes = 400_000;
      cache.evictionPolicy = 'lru';
    },
  });
  const [owner, replica] = kit.nodes;
  replica.store.memoryBytesMax = 200_000;
  for (let i = 0; i < 2000; i++) owner.run('SET', `k${i}`, 'x'.repeat(200));
  kit.settle();
  kit.advance(1000);
  kit.settle();
  assert.ok(owner.store.entryCount < 1900);
  assert.equal(replica.store.entryCount, owner.store.entryCount);
  kit.check('');
});

test('a change that fails at a replica is fetched, and told', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  owner.run('SET', 'k', 'text');
  kit.settle();
  // Under the same stamp, what never should be.
  replica.parts.stamps.isApplying = true;
  replica.run('DEL', 'k');
  replica.run('RPUSH', 'k', 'x');
  replica.parts.stamps.isApplying = false;
  owner.run('APPEND', 'k', '!');
  kit.settle();
  assert.equal(replica.run('GET', 'k'), 'text!');
  kit.check('');
});

test('commands that the settings have renamed go under their real names', async () => {
  const kit = await createReplicationKit(2, {
    configure: ({ security }) => {
      security.renamedCommands.push({ from: 'pfmerge', to: 'hidden' });
      security.renamedCommands.push({ from: 'rpush', to: 'push' });
    },
  });
  const [owner] = kit.nodes;
  owner.run('PUSH', 'l', 'a');
  owner.run('PFADD', 'p', 'a', 'b');
  owner.run('HIDDEN', 'q', 'p');
  kit.settle();
  kit.check('');
  assert.equal(kit.nodes[1].run('PFCOUNT', 'q'), 2);
});

test('the owner stops, sends what it has, and hands over: nothing is lost', async () => {
  const kit = await createReplicationKit(3);
  const [first, second] = kit.nodes;
  for (let round = 0; round < 20; round++) {
    kit.owner.run('INCR', 'n');
    const [before, after] = round % 2 === 0 ? [first, second] : [second, first];
    after.ownership.set(['node-1', 'node-2', 'node-3'], after.id);
    assert.equal(after.replication.dutyOf(after.store), 'waiting');
    before.run('INCR', 'n');
    before.ownership.set(['node-1', 'node-2', 'node-3'], after.id);
    kit.nodes[2].ownership.set(['node-1', 'node-2', 'node-3'], after.id);
    kit.net.deliver();
    assert.equal(after.replication.dutyOf(after.store), 'owner');
    kit.trust();
  }
  kit.settle();
  assert.equal(second.run('GET', 'n'), '40');
  kit.check('');
});

test('a majority counts those that are gone and have not left', async () => {
  const kit = await createReplicationKit(3, {
    configure: ({ cluster }) => {
      cluster.consistencyLevel = 'quorum';
    },
  });
  const [owner, second, third] = kit.nodes;
  const quorum = owner.replication.quorumOf(owner.store);
  assert.ok(quorum !== null);
  const told: boolean[] = [];
  owner.run('SET', 'a', '1');
  quorum.whenReached(quorum.position, (isReached) => told.push(isReached));
  kit.settle();
  assert.deepEqual(told, [true]);
  kit.net.cut(owner.bus, second.bus);
  assert.equal(quorum.refusal(), null);
  kit.net.cut(owner.bus, third.bus);
  assert.match(String(quorum.refusal()), /^NOREPLICAS/);
  owner.run('SET', 'a', '2');
  quorum.whenReached(quorum.position, (isReached) => told.push(isReached));
  kit.advance(1100);
  assert.deepEqual(told, [true, false]);
});

test('the correlation id of a client goes along with its changes', async () => {
  const kit = await createReplicationKit(2);
  const [owner, replica] = kit.nodes;
  const told: string[] = [];
  const { listener } = replica.parts.applier;
  const listen = listener.onApplied;
  listener.isTraced = () => true;
  listener.onApplied = (frame, id) => {
    told.push(`${frame.latin1(1)} ${id}`);
    listen(frame, id);
  };
  const other = owner.kit.openSession();
  owner.run('CLIENT', 'CORRELATION', 'order-7');
  owner.run('SET', 'a', '1');
  owner.kit.runAs(other, 'SET', 'b', '1');
  owner.run('MULTI');
  owner.run('SET', 'c', '1');
  owner.run('EXEC');
  owner.kit.runAs(other, 'EVAL', "redis.call('SET', 'd', '1')", 0);
  owner.run('SET', 'e', '1');
  kit.settle();
  assert.equal(told.join(), 'a order-7,b ,c order-7,d ,e order-7');
});

test('a node by itself stamps nothing until another one comes', async () => {
  const made = await createCommandKit(1, { records: false });
  const net = new FakeNet();
  const ownership = new FakeOwnership(['node-1'], 'node-1');
  const node = new ReplicationNode(made, net.add('node-1'), ownership, true);
  const told: boolean[] = [];
  node.replication.whenAwake((isLate) => told.push(isLate));
  node.run('SET', 'before', '1');
  assert.equal(node.store.sink.isActive, false);
  assert.equal(node.parts.stamps.tableOf(0).count, 0);
  net.join(node.bus, net.add('node-2'));
  assert.deepEqual(told, [true]);
  node.run('SET', 'after', '1');
  assert.equal(node.parts.stamps.tableOf(0).count, 1);
  node.replication.whenAwake((isLate) => told.push(isLate));
  assert.deepEqual(told, [true, false]);
});

test('what a node executed unheard is brought to the owner', async () => {
  const kit = await createReplicationKit(2);
  const [owner, other] = kit.nodes;
  kit.net.cut(owner.bus, other.bus);
  other.run('SET', 'k', '1');
  kit.net.join(owner.bus, other.bus);
  kit.settle();
  assert.deepEqual(other.syncs, []);
  kit.advance(1100);
  kit.settle();
  assert.deepEqual(other.syncs, ['gap']);
  kit.trust();
  kit.advance(3000);
  kit.settle();
  assert.deepEqual(other.syncs, ['gap'], 'once it was compared');
});
