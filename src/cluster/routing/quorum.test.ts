import assert from 'node:assert/strict';
import { test } from 'node:test';
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
