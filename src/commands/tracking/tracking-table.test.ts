import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit, type NodeKit } from '../../testing/node-kit.ts';

/** `>2 invalidate` with these keys, as a RESP3 client gets it. */
function invalidation(...keys: string[]): string {
  const list = keys.map((key) => `$${key.length}\r\n${key}\r\n`).join('');
  return `>2\r\n$10\r\ninvalidate\r\n*${keys.length}\r\n${list}`;
}

function trackingClient(kit: NodeKit, ...options: string[]) {
  const client = kit.connect();
  client.ask('hello 3', `client tracking on ${options.join(' ')}`);
  return client;
}

test('nobody tracks: changes are not read, and the table is empty', async () => {
  const kit = await createNodeKit();
  const { tracking, stores } = kit.node.services;
  const [reader, writer] = [trackingClient(kit), kit.connect()];
  assert.equal(stores.default.sink.isActive, true);
  reader.ask('mget a b c');
  assert.deepEqual([tracking.clientCount, tracking.keyCount, tracking.itemCount], [1, 3, 3]);
  assert.ok(tracking.heldBytes > 0);
  reader.ask('client tracking off');
  assert.equal(stores.default.sink.isActive, false);
  assert.deepEqual([tracking.clientCount, tracking.keyCount, tracking.itemCount], [0, 0, 0]);
  assert.equal(tracking.heldBytes, 0);
  assert.equal(writer.ask('set a 1'), '+OK\r\n');
  assert.equal(reader.take(), '');
});

test('a client that ends tracks no more, and leaves nothing behind', async () => {
  const kit = await createNodeKit();
  const { tracking } = kit.node.services;
  const [one, two, writer] = [trackingClient(kit), trackingClient(kit, 'bcast'), kit.connect()];
  one.ask('get a');
  assert.deepEqual([tracking.clientCount, tracking.prefixCount], [2, 1]);
  one.ask('quit');
  two.ask('quit');
  assert.deepEqual([tracking.clientCount, tracking.prefixCount], [0, 0]);
  assert.equal(writer.ask('set a 1'), '+OK\r\n');
});

test('the table keeps to its limit, and who read what it forgets is told', async () => {
  const kit = await createNodeKit();
  const { tracking } = kit.node.services;
  kit.configure('tracking-table-max-keys', '10');
  const [reader, other] = [trackingClient(kit), trackingClient(kit, 'noloop')];
  let told = '';
  for (let i = 0; i < 30; i++) {
    told += (i % 2 === 0 ? reader : other).ask(`get key:${i}`);
    assert.ok(tracking.keyCount <= 10);
  }
  told += reader.take() + other.take();
  const forgotten = told.match(/key:\d+/g) ?? [];
  assert.equal(new Set(forgotten).size, 20);
  assert.equal(forgotten.length, 20);
  assert.equal(tracking.keyCount, 10);
  const info = reader.ask('info stats');
  assert.match(info, /tracking_total_keys:10\r\ntracking_total_items:10\r\n/);
});

test('keys that expire and keys that are evicted are told, also to NOLOOP', async () => {
  const kit = await createNodeKit();
  const [reader, writer] = [trackingClient(kit, 'noloop'), kit.connect()];
  writer.ask('set short 1 px 100');
  reader.ask('get short');
  kit.advance(1_000);
  assert.equal(reader.take(), invalidation('short'));
  writer.ask('set big 1', 'config set maxmemory-policy allkeys-lru');
  reader.ask('get big');
  writer.ask('config set maxmemory-eviction-tenacity 100');
  writer.ask('config set maxmemory 1', 'set more 1');
  assert.equal(reader.take(), invalidation('big'));
});

test('what a multi-key read finds expired is told after the whole reply', async () => {
  const kit = await createNodeKit();
  kit.node.services.stores.default.activeExpiryEnabled = false;
  const reader = trackingClient(kit);
  reader.ask('mset a 1 b 2', 'pexpire a 10', 'pexpire b 10', 'mget a b');
  kit.advance(100);
  const wanted = `*2\r\n_\r\n_\r\n${invalidation('a')}${invalidation('b')}`;
  assert.equal(reader.ask('mget a b'), wanted);
});

test('tracking that begins within EXEC tells after the array', async () => {
  const kit = await createNodeKit();
  const client = kit.connect();
  client.ask('hello 3');
  const told = client.ask('multi', 'client tracking on', 'get k', 'set k 1', 'ping', 'exec');
  const answers = `+OK\r\n${'+QUEUED\r\n'.repeat(4)}*4\r\n+OK\r\n_\r\n+OK\r\n+PONG\r\n`;
  assert.equal(told, answers + invalidation('k'));
});

test('who receives for another is told between its replies, not within one', async () => {
  const kit = await createNodeKit();
  const [reader, receiver] = [kit.connect(), kit.connect()];
  receiver.ask('hello 3');
  const id = receiver.ask('client id').slice(1).trim();
  reader.ask(`client tracking on redirect ${id}`, 'mget a b');
  const told = receiver.ask('multi', 'set a 1', 'set b 1', 'exec');
  const answers = '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n';
  assert.equal(told, answers + invalidation('a') + invalidation('b'));
});

test('a flush is told in the protocol of the receiver', async () => {
  const kit = await createNodeKit();
  const [reader, receiver, writer] = [kit.connect(), kit.connect(), kit.connect()];
  const id = receiver.ask('client id').slice(1).trim();
  receiver.ask('subscribe x');
  reader.ask('hello 3', `client tracking on redirect ${id}`);
  writer.ask('flushall');
  assert.equal(receiver.take(), '*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n');
});

test('names of any bytes are told as they are', async () => {
  const kit = await createNodeKit();
  const [reader, broadcast, writer] = [
    trackingClient(kit),
    trackingClient(kit, 'bcast'),
    kit.connect(),
  ];
  const key = '\xff\x00\xe9';
  const call = (...args: string[]) =>
    Buffer.from(
      `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`,
      'latin1',
    );
  reader.peer.send(call('GET', key));
  assert.equal(reader.take(), '_\r\n');
  writer.peer.send(call('SET', key, '1'));
  writer.take();
  assert.equal(reader.take(), invalidation(key));
  assert.equal(broadcast.take(), invalidation(key));
});

test('CLIENT LIST and INFO show who tracks and how', async () => {
  const kit = await createNodeKit();
  const [reader, broadcast] = [trackingClient(kit), trackingClient(kit, 'bcast', 'prefix', 'p')];
  assert.match(reader.ask('client info'), / flags=t .* redir=0 /);
  assert.match(broadcast.ask('client info'), / flags=tB .* redir=0 /);
  reader.ask('client tracking on redirect 999', 'get k');
  assert.match(reader.ask('info clients'), /tracking_clients:2\r\n/);
  assert.match(reader.ask('info stats'), /tracking_total_prefixes:1\r\n/);
});
