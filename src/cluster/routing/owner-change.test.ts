import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRoutingKit, type RoutingKit } from '../../testing/routing-kit.ts';

const IDS = ['node-1', 'node-2', 'node-3'];

/** That node sees the owner; the others do not yet. */
function tell(kit: RoutingKit, index: number, ownerId: string, nodeIds = IDS): void {
  kit.nodes[index].ownership.set(nodeIds, ownerId);
  kit.settle();
}

test('a command waits until the nodes agree who executes it', async () => {
  const kit = await createRoutingKit(3);
  const client = kit.connect(2);
  tell(kit, 2, 'node-2');
  assert.equal(client.ask('incr a', 'incr a'), '');
  kit.advance(100);
  assert.equal(client.take(), '');
  tell(kit, 0, 'node-2');
  tell(kit, 1, 'node-2');
  kit.advance(1_200);
  assert.equal(client.take(), ':1\r\n:2\r\n');
  await kit.stop();
});

test('where they do not agree in time it is to be tried again', async () => {
  const kit = await createRoutingKit(3);
  const client = kit.connect(2);
  tell(kit, 2, 'node-2');
  assert.equal(client.ask('incr a', 'get a', 'ping'), '');
  for (let i = 0; i < 29; i++) kit.advance(100);
  assert.equal(client.take(), '');
  for (let i = 0; i < 3; i++) kit.advance(100);
  assert.match(client.take(), /^-TRYAGAIN [^\r]*\r\n-TRYAGAIN [^\r]*\r\n\+PONG\r\n$/);
  tell(kit, 2, 'node-1');
  assert.equal(client.ask('incr a'), ':1\r\n');
  await kit.stop();
});

test('a pipeline that one owner hands back goes to the next in order', async () => {
  const kit = await createRoutingKit(3);
  const client = kit.connect(2);
  client.client.send('rpush list 1', 'rpush list 2', 'rpush list 3');
  kit.nodes[2].kit.world.runUntilIdle();
  // On its way when the owner changes.
  kit.elect('node-2');
  client.client.send('rpush list 4', 'lrange list 0 -1');
  kit.advance(1_200);
  assert.equal(
    client.take(),
    ':1\r\n:2\r\n:3\r\n:4\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n',
  );
  await kit.stop();
});

test('when the owner is lost reads go to the next, and writes may have been done', async () => {
  const kit = await createRoutingKit(3);
  const client = kit.connect(2);
  client.client.send('set a 1', 'get a', 'ping', 'set b 2');
  kit.nodes[2].kit.world.runUntilIdle();
  kit.net.remove(kit.nodes[0].bus);
  kit.nodes.splice(0, 1);
  kit.elect('node-2', ['node-2', 'node-3']);
  kit.advance(1_200);
  assert.match(
    client.take(),
    /^-ERR The node [^\r]* not known\r\n\$-1\r\n\+PONG\r\n-ERR The node [^\r]* not known\r\n$/,
  );
  assert.equal(client.ask('set a 3', 'get a'), '+OK\r\n$1\r\n3\r\n');
  await kit.stop();
});

test('this node executes what its clients sent to an owner before it', async () => {
  const kit = await createRoutingKit(3);
  const client = kit.connect(2);
  tell(kit, 2, 'node-2');
  assert.equal(client.ask('incr a', 'blpop list 0'), '');
  kit.elect('node-3');
  kit.advance(2_200);
  assert.equal(client.take(), ':1\r\n');
  assert.equal(kit.connect(0).ask('rpush list x'), ':1\r\n');
  assert.equal(client.take(), '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n');
  assert.equal(client.ask('incr a', 'ping'), ':2\r\n+PONG\r\n');
  await kit.stop();
});

test('who waits for a key waits on when its owner changes, and no longer in all', async () => {
  const kit = await createRoutingKit(3);
  const [first, second, third] = [kit.connect(0), kit.connect(1), kit.connect(2)];
  for (const client of [first, second, third]) assert.equal(client.ask('blpop list 10'), '');
  kit.advance(4_000);
  kit.elect('node-2');
  kit.advance(1_200);
  assert.equal(kit.connect(2).ask('rpush list x'), ':1\r\n');
  assert.equal(first.take() + second.take() + third.take(), '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n');
  kit.advance(3_500);
  assert.equal(first.take() + second.take() + third.take(), '');
  kit.advance(1_500);
  assert.equal(first.take() + second.take() + third.take(), '*-1\r\n*-1\r\n');
  await kit.stop();
});

test('a client that waited at a lost owner waits at the next', async () => {
  const kit = await createRoutingKit(3);
  const client = kit.connect(2);
  assert.equal(client.ask('blpop list 0'), '');
  kit.net.remove(kit.nodes[0].bus);
  kit.nodes.splice(0, 1);
  kit.elect('node-2', ['node-2', 'node-3']);
  kit.advance(1_200);
  assert.equal(client.take(), '');
  assert.equal(kit.connect(0).ask('rpush list x'), ':1\r\n');
  assert.equal(client.take(), '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n');
  await kit.stop();
});

test('EXEC does not run when its keys were watched at another owner', async () => {
  const kit = await createRoutingKit(3);
  const [first, third] = [kit.connect(0), kit.connect(2)];
  assert.equal(first.ask('watch a'), '+OK\r\n');
  assert.equal(third.ask('watch a'), '+OK\r\n');
  kit.elect('node-2');
  kit.advance(1_200);
  for (const client of [first, third]) {
    assert.equal(client.ask('multi', 'set a 1', 'exec'), '+OK\r\n+QUEUED\r\n*-1\r\n');
    assert.equal(client.ask('watch a', 'multi', 'set a 1'), '+OK\r\n+OK\r\n+QUEUED\r\n');
    assert.equal(client.ask('exec'), '*1\r\n+OK\r\n');
  }
  await kit.stop();
});

test('EXEC does not run when the link to the node that watches was lost between', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  assert.equal(client.ask('watch a'), '+OK\r\n');
  const [left, right] = kit.nodes;
  kit.net.cut(left.bus, right.bus);
  kit.net.join(left.bus, right.bus);
  kit.trust();
  assert.equal(client.ask('multi', 'set a 1', 'exec'), '+OK\r\n+QUEUED\r\n*-1\r\n');
  await kit.stop();
});

test('a node that takes another for dead, which does not, answers it all the same', async () => {
  const kit = await createRoutingKit(3);
  const [client, waiter] = [kit.connect(2), kit.connect(2)];
  assert.equal(waiter.ask('blpop list 0'), '');
  client.client.send('set a 1', 'incr a');
  kit.nodes[2].kit.world.runUntilIdle();
  const [first, , third] = kit.nodes;
  const peer = first.bus.find('node-3');
  assert.ok(peer !== null);
  peer.isHeard = false;
  first.ownership.set(['node-1', 'node-2'], 'node-1');
  peer.isHeard = true;
  assert.equal(client.take(), '+OK\r\n:2\r\n');
  assert.equal(third.kit.node.services.clients.count, 2);
  first.ownership.set(IDS, 'node-1');
  kit.advance(100);
  assert.equal(client.ask('rpush list x'), ':1\r\n');
  assert.equal(waiter.take(), '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n');
  await kit.stop();
});

test('an owner that others hear, and this node does not, keeps no client waiting', async () => {
  const kit = await createRoutingKit(3);
  const [first, , third] = kit.nodes;
  const client = kit.connect(2);
  client.client.send('set a 1', 'get a');
  third.kit.world.runUntilIdle();
  kit.net.lose(third.bus, first.bus);
  third.bus.silence('node-1', true);
  third.kit.advance(3_100);
  kit.settle();
  assert.match(client.take(), /^-ERR The node [^\r]* not known\r\n-TRYAGAIN [^\r]*\r\n$/);
  assert.equal(client.ask('set a 2'), '');
  third.bus.silence('node-1', false);
  assert.equal(client.take(), '+OK\r\n');
  await kit.stop();
});
