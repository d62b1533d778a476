import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NodeError } from '../base/errors.ts';
import { createNodeKit } from '../testing/node-kit.ts';

test('stop answers what has arrived, closes everything and leaves nothing behind', async () => {
  const kit = await createNodeKit();
  const clients = [1, 2, 3].map(() => kit.connect({ fragmentation: 'whole' }));
  clients[0].ask('ping');
  clients[1].ask('subscribe a');
  clients[2].ask('watch k', 'multi', 'set k v');
  clients[0].send('set a 1', 'get a');
  kit.world.step();
  const stopping = kit.node.stop();
  assert.equal(clients[0].take(), '+OK\r\n$1\r\n1\r\n');
  assert.deepEqual(
    clients.map((client) => client.isClosed),
    [true, true, true],
  );
  await stopping;
  assert.equal(await kit.node.stopped, 0);
  assert.equal(kit.world.network.openSocketCount, 0);
  assert.equal(kit.world.timers.pendingTimerCount, 0);
  assert.equal(kit.node.clients.count, 0);
  assert.equal(kit.node.services.stores.default.sink.isActive, false);
});

test('stop answers what was read in the very turn in which it is asked for', async () => {
  const kit = await createNodeKit();
  const clients = [1, 2].map(() => kit.connect({ fragmentation: 'whole' }));
  for (const client of clients) assert.equal(client.ask('ping'), '+PONG\r\n');
  clients[0].send('incr n');
  clients[1].send('incr n');
  // Read, and not executed before the turn's end.
  kit.world.network.takeTurn();
  const stopping = kit.node.stop();
  assert.deepEqual(clients.map((client) => client.take()).sort(), [':1\r\n', ':2\r\n']);
  await stopping;
});

test('stop does not wait for ever for a client that does not read', async () => {
  const kit = await createNodeKit({ settings: { 'node.shutdown_timeout': '3s' } });
  const client = kit.connect({ windowBytes: 0 });
  client.ask('ping');
  const stopping = kit.node.stop();
  kit.advance(2_900);
  assert.equal(client.isClosed, false);
  kit.advance(200);
  assert.equal(client.isClosed, true);
  await stopping;
  assert.equal(kit.world.timers.pendingTimerCount, 0);
});

test('SHUTDOWN stops the node without a reply', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  assert.equal(client.ask('shutdown nosave'), '');
  assert.equal(client.isClosed, true);
  assert.equal(await kit.node.stopped, 0);
});

test('a port that cannot be bound is a NodeError, and what was bound is let go', async () => {
  const kit = await createNodeKit({ settings: { 'network.resp_port': '7000' } });
  const settings = { 'network.resp_port': '7000' };
  await kit.node.stop();
  const again = await createNodeKit({ settings });
  assert.equal(again.node.respPort, 7000);
  const world = again.world;
  const listening = world.network.listen(
    {
      host: '127.0.0.1',
      port: 7000,
      backlog: 1,
      tls: null,
      socketPath: 'auto',
      keepAliveS: 0,
    },
    () => {},
  );
  await assert.rejects(listening, (error) => error instanceof NodeError);
});

test('keys expire, and an overfull store is cut back, without any command', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole' });
  client.ask(
    ...Array.from({ length: 500 }, (_, i) => `set key${i} v px ${100 + i}`),
    'set stays v',
  );
  const [store] = kit.node.services.stores;
  assert.equal(store.databases[0].count, 501);
  kit.advance(2_000);
  assert.equal(store.databases[0].count, 1);
});

test('rates are averages over the last samples', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  for (let i = 0; i < 30; i++) {
    client.ask('ping', 'ping');
    kit.advance(100);
  }
  const { rates } = kit.node.services;
  assert.ok(Math.abs(rates.commandsPerS - 20) < 2, `${rates.commandsPerS}`);
  kit.advance(3_000);
  assert.equal(rates.commandsPerS, 0);
});

test('settings that must be acted upon are followed while the node runs', async () => {
  const kit = await createNodeKit();
  const [store] = kit.node.services.stores;
  kit.configure('maxmemory', '12345678');
  assert.equal(store.memoryBytesMax, 12345678);
  kit.configure('maxmemory-policy', 'noeviction');
  assert.equal(store.policyName, 'noeviction');
  kit.configure('maxmemory-samples', '7');
  assert.equal(store.sampleCount, 7);
  const client = kit.connect();
  client.ask('ping');
  kit.configure('proto-max-bulk-len', '1048576');
  assert.equal(
    client.ask('*2', '$4', 'ECHO', '$1048577'),
    '-ERR Protocol error: invalid bulk length\r\n',
  );
});
