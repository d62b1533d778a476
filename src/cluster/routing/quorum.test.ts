import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOfKey } from '../../base/digest/key-slot.ts';
import { createRoutingKit } from '../../testing/routing-kit.ts';

const QUORUM = { 'cluster.consistency_level': 'quorum' };
const OK = '+OK\r\n';
const UNKNOWN = /^-ERR The command was done, but no majority [^\r]*\r\n/;

test('a write is answered when a majority has it, through any node', async () => {
  const kit = await createRoutingKit(3, QUORUM);
  for (const index of [0, 1]) {
    const client = kit.connect(index);
    assert.equal(client.ask('set a 1', 'get a', 'incr a'), `${OK}$1\r\n1\r\n:2\r\n`);
    assert.equal(client.ask('watch a', 'multi', 'incr a'), `${OK.repeat(2)}+QUEUED\r\n`);
    assert.equal(client.ask('exec'), '*1\r\n:3\r\n');
    assert.equal(
      client.ask('rpush list x', 'blpop list 0'),
      ':1\r\n*2\r\n$4\r\nlist\r\n$1\r\nx\r\n',
    );
  }
  await kit.stop();
});

test('without a majority in reach no write begins, and reads are answered', async () => {
  const kit = await createRoutingKit(3, QUORUM);
  const [owner, other] = [kit.connect(0), kit.connect(1)];
  assert.equal(owner.ask('set a 1'), OK);
  const [first, second, third] = kit.nodes;
  kit.net.cut(first.bus, second.bus);
  kit.net.cut(first.bus, third.bus);
  first.ownership.set(['node-1'], 'node-1');
  assert.match(owner.ask('set a 2'), /^-NOREPLICAS /);
  assert.match(owner.ask('multi', 'set a 2', 'exec'), /-EXECABORT [^\r]* NOREPLICAS [^\r]*\r\n$/);
  assert.equal(owner.ask('get a', 'multi', 'get a', 'exec').slice(-11), '*1\r\n$1\r\n1\r\n');
  kit.net.cut(second.bus, third.bus);
  assert.equal(other.ask('get a'), '$1\r\n1\r\n');
  await kit.stop();
});

test('a write that no majority has in time answers that its outcome is not known', async () => {
  const kit = await createRoutingKit(3, QUORUM);
  const owner = kit.connect(0);
  const [first, second, third] = kit.nodes;
  owner.client.send('set a 1', 'get a', 'incr a');
  first.kit.world.runUntilIdle();
  kit.net.lose(first.bus, second.bus);
  kit.net.lose(first.bus, third.bus);
  first.kit.advance(500);
  assert.equal(owner.client.peer.takeText(), '');
  first.kit.advance(600);
  const replies = owner.client.peer.takeText().split(/(?<=\r\n)/);
  assert.match(replies[0], UNKNOWN);
  assert.match(replies[replies.length - 1], UNKNOWN);
  await kit.stop();
});

test('where few nodes hold a key, a majority of those counts', async () => {
  const kit = await createRoutingKit(4, { ...QUORUM, 'cluster.replication_factor': '3' });
  for (const index of [0, 1, 2, 3]) {
    const client = kit.connect(index);
    assert.equal(client.ask('set a 1', 'incr a', 'mset b 1 c 2'), `${OK}:2\r\n${OK}`);
  }
  const { table } = kit.nodes[0].ownership;
  const ofFirst = Array.from({ length: 1000 }, (_, i) => `k${i}`).filter(
    (key) => table.ownerOfSlot(slotOf(key)) === 'node-1',
  );
  const isAt = (key: string, id: string) => table.isHolder(id, slotOf(key));
  const far = ofFirst.find((key) => isAt(key, 'node-2') && isAt(key, 'node-3'));
  const near = ofFirst.find((key) => isAt(key, 'node-2') && isAt(key, 'node-4'));
  const owner = kit.connect(0);
  const [first, second, third] = kit.nodes;
  owner.client.send(`set ${far} 1`, `set ${near} 1`);
  first.kit.world.runUntilIdle();
  kit.net.lose(first.bus, second.bus);
  kit.net.lose(first.bus, third.bus);
  kit.settle();
  assert.equal(owner.client.peer.takeText(), '');
  first.kit.advance(1_100);
  const [unknown, done] = owner.client.peer.takeText().split(/(?<=\r\n)/);
  assert.match(unknown, UNKNOWN);
  assert.equal(done, OK);
  await kit.stop();
});

function slotOf(key: string): number {
  return slotOfKey(Buffer.from(key), 0, key.length);
}
