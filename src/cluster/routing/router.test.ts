import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRoutingKit } from '../../testing/routing-kit.ts';

test('a write through another node is executed by the owner, and seen by both', async () => {
  const kit = await createRoutingKit(3);
  const [owner, second, third] = [kit.connect(0), kit.connect(1), kit.connect(2)];
  assert.equal(second.ask('set a 1'), '+OK\r\n');
  assert.equal(owner.ask('get a'), '$1\r\n1\r\n');
  assert.equal(second.ask('get a'), '$1\r\n1\r\n');
  assert.equal(third.ask('incr a', 'get a', 'ping', 'incr a'), ':2\r\n$1\r\n2\r\n+PONG\r\n:3\r\n');
  assert.equal(second.ask('get a'), '$1\r\n3\r\n');
  await kit.stop();
});

test('replies of this node stand behind those of the owner', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  assert.equal(
    client.ask('get a', 'set a 1', 'nonsense', 'get', 'echo x', 'get a', 'client getname'),
    '$-1\r\n+OK\r\n' +
      "-ERR unknown command 'nonsense', with args beginning with: \r\n" +
      "-ERR wrong number of arguments for 'get' command\r\n" +
      '$1\r\nx\r\n$1\r\n1\r\n$-1\r\n',
  );
  await kit.stop();
});

test('MULTI is queued here and run by the owner as one', async () => {
  const kit = await createRoutingKit(2);
  const client = kit.connect(1);
  assert.equal(
    client.ask('set a 5', 'multi', 'incr a', 'get a', 'lpush a x', 'exec', 'get a'),
    '+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n' +
      '*3\r\n:6\r\n$1\r\n6\r\n' +
      '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n$1\r\n6\r\n',
  );
  await kit.stop();
});

test('WATCH stands at the owner', async () => {
  const kit = await createRoutingKit(2);
  const [owner, client] = [kit.connect(0), kit.connect(1)];
  assert.equal(
    client.ask('watch a', 'multi', 'set a 1', 'exec'),
    '+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n',
  );
  assert.equal(client.ask('watch a'), '+OK\r\n');
  assert.equal(owner.ask('set a 2'), '+OK\r\n');
  assert.equal(
    client.ask('multi', 'set a 3', 'exec', 'get a'),
    '+OK\r\n+QUEUED\r\n*-1\r\n$1\r\n2\r\n',
  );
  assert.equal(client.ask('watch a', 'unwatch'), '+OK\r\n+OK\r\n');
  assert.equal(owner.ask('set a 4'), '+OK\r\n');
  assert.equal(client.ask('multi', 'set a 5', 'exec'), '+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n');
  await kit.stop();
});

test('who waits for a key waits at its owner', async () => {
  const kit = await createRoutingKit(3);
  const [owner, waiter, other] = [kit.connect(0), kit.connect(1), kit.connect(2)];
  assert.equal(waiter.ask('blpop list 0', 'ping'), '');
  assert.equal(other.ask('rpush list x'), ':1\r\n');
  assert.equal(waiter.take(), '*2\r\n$4\r\nlist\r\n$1\r\nx\r\n+PONG\r\n');
  assert.equal(waiter.ask('blpop list 1'), '');
  kit.advance(1100);
  assert.equal(waiter.take(), '*-1\r\n');
  assert.equal(waiter.ask('client id'), ':1\r\n');
  assert.equal(waiter.ask('blpop list 0'), '');
  const same = kit.connect(1);
  assert.equal(same.ask('client unblock 1 error'), ':1\r\n');
  assert.equal(waiter.take(), '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n');
  assert.equal(owner.ask('exists list'), ':0\r\n');
  await kit.stop();
});
