import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createNodeKit, type KitClient, type NodeKit } from '../../testing/node-kit.ts';
import { addWaitingCommands } from '../../testing/waiting-commands.ts';

addWaitingCommands();

const GONE = '-UNBLOCKED the stream key no longer exists\r\n';

let kit: NodeKit;
let writer: KitClient;

beforeEach(async () => {
  kit = await createNodeKit();
  writer = kit.connect();
});

/** A client that waits, and was seen to. */
function waiting(...lines: string[]): KitClient {
  const client = kit.connect();
  assert.equal(client.ask(...lines), '');
  return client;
}

function waiterCount(): number {
  return kit.node.services.blocking.count;
}

test('a client that waits is answered by the write that fills its key', () => {
  const client = waiting('TAKE a b 0');
  assert.equal(writer.ask('SET b 1', 'EXISTS b'), '+OK\r\n:0\r\n');
  assert.equal(client.take(), '$1\r\nb\r\n');
  assert.equal(client.ask('PING'), '+PONG\r\n');
  assert.equal(waiterCount(), 0);
});

test('a command that waits holds back what follows it, and it alone', () => {
  const client = kit.connect();
  assert.equal(client.ask('PING', 'TAKE a 0', 'ECHO x', 'ECHO y'), '+PONG\r\n');
  assert.equal(client.ask('ECHO z'), '');
  writer.ask('SET a 1');
  assert.equal(client.take(), '$1\r\na\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n');
});

test('clients of one key are served in order of arrival, one for each value', () => {
  const clients = Array.from({ length: 100 }, () => waiting('TAKE a 0'));
  for (const [index, client] of clients.entries()) {
    writer.ask(`SET a ${index}`);
    assert.equal(client.take(), '$1\r\na\r\n');
    assert.equal(waiterCount(), 99 - index);
    assert.deepEqual(
      clients.slice(index + 1, index + 3).map((other) => other.take()),
      clients.slice(index + 1, index + 3).map(() => ''),
    );
  }
});

test('of a pipeline each write serves the next client before the next command runs', () => {
  const first = waiting('TAKE a 0');
  const second = waiting('TAKE a 0');
  assert.equal(
    writer.ask('SET a 1', 'SET a 2', 'SET a 3', 'GET a'),
    '+OK\r\n+OK\r\n+OK\r\n$1\r\n3\r\n',
  );
  assert.equal(first.take() + second.take(), '$1\r\na\r\n$1\r\na\r\n');
});

test('keys serve in the order in which they became ready', () => {
  const client = waiting('TAKE a b 0');
  writer.ask('MULTI', 'SET b 1', 'SET a 1', 'EXEC');
  assert.equal(client.take(), '$1\r\nb\r\n');
  assert.equal(writer.ask('EXISTS a'), ':1\r\n');
});

test('within MULTI nobody is served before EXEC has run all', () => {
  const client = waiting('TAKE a 0');
  assert.equal(
    writer.ask('MULTI', 'SET a 1', 'DEL a', 'EXEC'),
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:1\r\n',
  );
  assert.equal(client.take(), '');
  writer.ask('SET a 1');
  assert.equal(client.take(), '$1\r\na\r\n');
});

test('within MULTI nothing waits', () => {
  const replies = writer.ask('MULTI', 'TAKE a 0', 'WAIT 1 0', 'EXEC');
  assert.equal(replies, '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$-1\r\n:0\r\n');
  assert.equal(waiterCount(), 0);
});

test('a client that is served may make a key of another ready, in the same turn', () => {
  const last = waiting('TAKE c 0');
  const middle = waiting('HAND b c 0');
  const first = waiting('HAND a b 0');
  assert.equal(writer.ask('SET a 1', 'EXISTS a b c'), '+OK\r\n:0\r\n');
  assert.equal(first.take(), '+HANDED\r\n');
  assert.equal(middle.take(), '+HANDED\r\n');
  assert.equal(last.take(), '$1\r\nc\r\n');
});

test('a ring of clients that hand on ends when each was served once', () => {
  const there = waiting('HAND a b 0');
  const back = waiting('HAND b a 0');
  writer.ask('SET a 1');
  assert.equal(there.take() + back.take(), '+HANDED\r\n+HANDED\r\n');
  assert.equal(writer.ask('EXISTS a', 'EXISTS b'), ':1\r\n:0\r\n');
});

test('rename, copy, move and SWAPDB bring a key as a write does', () => {
  const ways: [string, string[]][] = [
    ['TAKE a 0', ['SET x 1', 'RENAME x a']],
    ['TAKE a 0', ['SET x 1', 'COPY x a']],
    ['TAKE a 0', ['SELECT 1', 'SET a 1', 'MOVE a 0']],
    ['TAKE a 0', ['SELECT 1', 'SET a 1', 'COPY a a DB 0']],
    ['TAKE a 0', ['SELECT 1', 'SET a 1', 'SWAPDB 0 1']],
    ['TAKE a 0', ['SELECT 2', 'SET a 1', 'SWAPDB 2 0']],
    ['TAKE a 0', ['MSET y 1 a 2']],
  ];
  for (const [command, lines] of ways) {
    const client = waiting(command);
    const other = kit.connect();
    other.ask(...lines);
    assert.equal(client.take(), '$1\r\na\r\n', lines.join('; '));
    other.ask('FLUSHALL');
  }
});

test('a key of another database wakes nobody', () => {
  const client = waiting('TAKE a 0');
  writer.ask('SELECT 1', 'SET a 1');
  assert.equal(client.take(), '');
});

test('who asked for it hears that the key was removed, however that came', () => {
  const ways = ['DEL a', 'UNLINK a', 'FLUSHDB', 'FLUSHALL', 'RENAME a z', 'MOVE a 5', 'SWAPDB 0 9'];
  for (const line of ways) {
    writer.ask('FLUSHALL', 'SET a 1');
    const client = waiting('READS a 0');
    const plain = waiting('TAKE none 0');
    writer.ask(line);
    assert.equal(client.take(), GONE, line);
    assert.equal(plain.take(), '');
  }
  writer.ask('SET a 1 PX 50');
  const client = waiting('READS a 0');
  kit.advance(300);
  assert.equal(client.take(), GONE);
});

test('a key that was removed and is there again is no loss', () => {
  writer.ask('SET a 1');
  const client = waiting('READS a 0');
  writer.ask('MULTI', 'DEL a', 'SET a 2', 'EXEC');
  assert.equal(client.take(), '+FOUND\r\n');
});

test('a timeout is answered in its millisecond, and not before', () => {
  const client = waiting('TAKE a 0.25');
  const other = waiting('HAND a b 0.0001');
  kit.advance(1);
  assert.equal(other.take(), '$-1\r\n');
  kit.advance(248);
  assert.equal(client.take(), '');
  kit.advance(1);
  assert.equal(client.take(), '*-1\r\n');
  writer.ask('SET a 1');
  assert.equal(writer.ask('GET a'), '$1\r\n1\r\n');
  assert.equal(waiterCount(), 0);
});

test('timeouts are answered in the order of their deadlines', () => {
  const timeouts = [0.5, 0.02, 0.31, 0.02, 0.1, 0.09, 0.7, 0.3];
  const clients = timeouts.map((timeout) => waiting(`TAKE a ${timeout}`));
  for (let ms = 1; ms <= 700; ms++) {
    kit.advance(1);
    for (const [index, client] of clients.entries()) {
      assert.equal(client.take(), timeouts[index] * 1000 === ms ? '*-1\r\n' : '');
    }
  }
});

test('WAIT without replicas waits for its timeout, and answers none', () => {
  assert.equal(writer.ask('WAIT 0 0', 'WAIT -1 5'), ':0\r\n:0\r\n');
  const client = waiting('WAIT 1 20');
  kit.advance(20);
  assert.equal(client.take(), ':0\r\n');
});

test('CLIENT UNBLOCK ends a wait as its timeout would, or with an error', () => {
  const id = Number(/:(\d+)/.exec(writer.ask('CLIENT ID'))?.[1]);
  const timed = waiting('TAKE a 0');
  const failed = waiting('TAKE a 0', 'PING');
  const waits = waiting('WAIT 1 0');
  const replies = writer.ask(
    `CLIENT UNBLOCK ${id + 1}`,
    `CLIENT UNBLOCK ${id + 2} ERROR`,
    `CLIENT UNBLOCK ${id + 3} TIMEOUT`,
    `CLIENT UNBLOCK ${id + 1}`,
    'CLIENT UNBLOCK 9999',
  );
  assert.equal(replies, ':1\r\n:1\r\n:1\r\n:0\r\n:0\r\n');
  assert.equal(timed.take(), '*-1\r\n');
  assert.equal(failed.take(), '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n+PONG\r\n');
  assert.equal(waits.take(), ':0\r\n');
  assert.match(writer.ask('INFO errorstats'), /errorstat_UNBLOCKED:count=1/);
});

test('who is killed or leaves while it waits is forgotten at once', () => {
  const killed = waiting('TAKE a 0');
  const left = waiting('TAKE a 0');
  const third = waiting('TAKE a 0');
  const ids = [...kit.node.services.clients.all()].map((session) => session.id);
  writer.ask(`CLIENT KILL ID ${ids[1]}`);
  assert.ok(killed.isClosed);
  assert.equal(waiterCount(), 2);
  left.peer.end();
  kit.world.runUntilIdle();
  assert.equal(waiterCount(), 1);
  assert.ok(left.isClosed);
  writer.ask('SET a 1');
  assert.equal(third.take(), '$1\r\na\r\n');
});

test('input of a client that waits is kept up to the limit, and then it is closed', async () => {
  const { services } = kit.node;
  services.settings.set([['client-query-buffer-limit', '1048576']], { isLocal: true });
  const client = waiting('TAKE a 0');
  const line = `ECHO ${'x'.repeat(60_000)}`;
  for (let i = 0; i < 10; i++) assert.equal(client.ask(line), '');
  assert.ok(!client.isClosed);
  for (let i = 0; i < 10; i++) client.ask(line);
  assert.ok(client.isClosed);
  assert.equal(waiterCount(), 0);
});

test('CLIENT LIST and INFO tell who waits', () => {
  waiting('TAKE a b 0');
  waiting('TAKE b 100');
  waiting('READS c 0');
  const info = writer.ask('INFO clients');
  assert.match(info, /blocked_clients:3\r\n/);
  assert.match(info, /clients_in_timeout_table:1\r\n/);
  assert.match(info, /total_blocking_keys:3\r\ntotal_blocking_keys_on_nokey:1\r\n/);
  assert.equal(writer.ask('CLIENT LIST').match(/flags=b .* cmd=take/g)?.length, 2);
});

test('a command that waited is counted once, and shown to monitors once', () => {
  const monitor = kit.connect();
  monitor.ask('MONITOR');
  const client = waiting('TAKE a 0');
  writer.ask('SET a 1');
  assert.equal(client.take(), '$1\r\na\r\n');
  assert.equal(monitor.take().match(/"TAKE"/g)?.length, 1);
  const stats = writer.ask('INFO commandstats', 'INFO latencystats');
  assert.match(stats, /cmdstat_take:calls=1,/);
  assert.equal(kit.node.services.latency.histograms.get('take')?.total, 1);
});

test('CLIENT REPLY holds for the reply that comes late', () => {
  const off = waiting('CLIENT REPLY OFF', 'TAKE a 0');
  const skipped = waiting('CLIENT REPLY SKIP', 'TAKE b 0', 'PING');
  writer.ask('SET a 1', 'SET b 1');
  assert.equal(off.take(), '');
  assert.equal(off.ask('CLIENT REPLY ON'), '+OK\r\n');
  assert.equal(skipped.take(), '+PONG\r\n');
});

test('a command that fails when run again ends its client; after a change, the node', async () => {
  const broken = waiting('BREAKS a 0');
  assert.equal(writer.ask('SET a 1'), '+OK\r\n');
  assert.ok(broken.isClosed);
  assert.equal(writer.ask('GET a', 'DEL a'), '$1\r\n1\r\n:1\r\n');
  waiting('BREAKS a 1');
  writer.ask('SET a 1');
  assert.equal(await kit.node.stopped, 1);
});

test('a node that stops closes clients that wait', async () => {
  const client = waiting('TAKE a 0');
  const stopping = kit.node.stop();
  kit.world.runUntilIdle();
  await stopping;
  assert.ok(client.isClosed);
  assert.equal(waiterCount(), 0);
});
