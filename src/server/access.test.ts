import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../base/limits.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { createNodeKit } from '../testing/node-kit.ts';

const NO_AUTH = '-NOAUTH Authentication required.\r\n';
const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';

test('with a password only AUTH, HELLO, QUIT and RESET run before login', async () => {
  const kit = await createNodeKit({ settings: { 'security.requirepass': 'secret' } });
  const client = kit.connect();
  assert.equal(client.ask('ping', 'get a', 'multi'), NO_AUTH.repeat(3));
  assert.equal(client.ask('reset'), '+RESET\r\n');
  assert.match(client.ask('hello 3'), /^-NOAUTH HELLO must be called/);
  assert.equal(client.ask('auth wrong', 'auth default wrong', 'auth joe secret'), WRONG.repeat(3));
  assert.equal(client.ask('get a'), NO_AUTH);
  assert.equal(client.ask('auth secret', 'get a'), '+OK\r\n$-1\r\n');
  assert.equal(client.ask('reset', 'get a'), `+RESET\r\n${NO_AUTH}`);
  assert.match(client.ask('hello 3 auth default secret setname me'), /^%7\r\n/);
  assert.equal(client.ask('client getname'), '$2\r\nme\r\n');
  assert.equal(kit.node.services.counters[METRIC.deniedLogins], 3);
});

test('a password set later asks those who come after it', async () => {
  const kit = await createNodeKit();
  const early = kit.connect();
  assert.equal(early.ask('ping'), '+PONG\r\n');
  kit.configure('requirepass', 'secret');
  assert.equal(early.ask('ping'), '+PONG\r\n');
  const late = kit.connect();
  assert.equal(late.ask('ping'), NO_AUTH);
  kit.configure('requirepass', '');
  assert.equal(late.ask('ping'), '+PONG\r\n');
  assert.equal(late.ask('*12', ...new Array(12).fill('$4\r\nECHO')).slice(0, 11), '-ERR wrong ');
});

test('before login input is bounded, after it no more', async () => {
  const kit = await createNodeKit({ settings: { 'security.requirepass': 'secret' } });
  const many = kit.connect();
  assert.equal(many.ask('*11'), '-ERR Protocol error: unauthenticated multibulk length\r\n');
  assert.equal(many.isClosed, true);
  const large = kit.connect();
  const bulk = LIMITS.unauthenticatedBulkBytesMax + 1;
  assert.equal(
    large.ask('*2', '$4', 'ECHO', `$${bulk}`),
    '-ERR Protocol error: unauthenticated bulk length\r\n',
  );
  const known = kit.connect();
  known.ask('auth secret');
  assert.equal(known.ask('*2', '$4', 'ECHO', `$${bulk}`, 'x'.repeat(bulk)).length, bulk + 10);
});

test('who does not log in in time is closed; who did stays', async () => {
  const settings = { 'security.requirepass': 'secret', 'network.login_timeout': '5s' };
  const kit = await createNodeKit({ settings });
  const silent = kit.connect();
  const busy = kit.connect();
  const known = kit.connect();
  known.ask('auth secret');
  for (let i = 0; i < 7; i++) {
    kit.advance(1000);
    busy.ask('ping');
  }
  assert.equal(silent.isClosed, true);
  assert.equal(busy.isClosed, true, 'noise is no login');
  assert.equal(known.isClosed, false);
});

test('failed logins of an address slow down its next ones, and nobody else', async () => {
  const kit = await createNodeKit({
    settings: { 'security.requirepass': 'secret', 'network.login_timeout': '0' },
  });
  const guesser = kit.connect({ remoteAddress: '10.0.0.9' });
  for (let i = 0; i < LIMITS.freeLoginFailureCount; i++) {
    assert.equal(guesser.ask(`auth guess${i}`), WRONG);
  }
  assert.equal(guesser.ask('auth guess', 'ping'), '');
  assert.equal(kit.connect({ remoteAddress: '10.0.0.8' }).ask('auth secret'), '+OK\r\n');
  kit.advance(LIMITS.loginDelayMsMin);
  assert.equal(guesser.take(), WRONG + NO_AUTH);
  guesser.ask('auth guess');
  kit.advance(LIMITS.loginDelayMsMin + 1);
  assert.equal(guesser.take(), '', 'the delay has doubled');
  kit.advance(LIMITS.loginDelayMsMin);
  assert.equal(guesser.take(), WRONG);
  const honest = kit.connect({ remoteAddress: '10.0.0.9' });
  assert.equal(honest.ask('auth secret'), '');
  kit.advance(LIMITS.loginDelayMsMax);
  assert.equal(honest.take(), '+OK\r\n');
  assert.equal(kit.connect({ remoteAddress: '10.0.0.9' }).ask('auth secret'), '+OK\r\n');
});

test('protected mode lets in loopback only, until there is a password', async () => {
  const kit = await createNodeKit();
  const stranger = kit.connect({ remoteAddress: '192.0.2.1' });
  assert.match(stranger.take(), /^-DENIED Redis is running in protected mode because /);
  assert.equal(stranger.isClosed, true);
  for (const remoteAddress of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    assert.equal(kit.connect({ remoteAddress }).ask('ping'), '+PONG\r\n', remoteAddress);
  }
  kit.configure('requirepass', 'secret');
  assert.equal(kit.connect({ remoteAddress: '192.0.2.1' }).ask('auth secret'), '+OK\r\n');
  kit.configure('requirepass', '');
  kit.configure('protected-mode', 'no');
  assert.equal(kit.connect({ remoteAddress: '192.0.2.1' }).ask('ping'), '+PONG\r\n');
});

test('maxclients refuses the next one, and takes it when another has gone', async () => {
  const kit = await createNodeKit({ settings: { 'network.max_clients': '2' } });
  const first = kit.connect();
  assert.equal(first.ask('ping') + kit.connect().ask('ping'), '+PONG\r\n+PONG\r\n');
  const third = kit.connect();
  assert.equal(third.take(), '-ERR max number of clients reached\r\n');
  assert.equal(third.isClosed, true);
  first.ask('quit');
  assert.equal(kit.connect().ask('ping'), '+PONG\r\n');
  assert.equal(kit.node.services.counters[METRIC.connectionsRejected], 1);
});

test('the idle timeout closes who says nothing, but not who listens', async () => {
  const kit = await createNodeKit();
  kit.configure('timeout', '10');
  const [idle, listener, monitor, busy] = [1, 2, 3, 4].map(() => kit.connect());
  idle.ask('ping');
  listener.ask('subscribe news');
  monitor.ask('monitor');
  for (let i = 0; i < 13; i++) {
    kit.advance(1000);
    busy.ask('ping');
  }
  assert.deepEqual(
    [idle, listener, monitor, busy].map((client) => client.isClosed),
    [true, false, false, false],
  );
  assert.equal(kit.node.services.counters[METRIC.idleDisconnections], 1);
});

test('maxmemory-clients closes the client that holds the most, except the protected', async () => {
  const kit = await createNodeKit();
  const clients = [1, 2, 3].map(() => kit.connect({ fragmentation: 'whole' }));
  clients[2].ask('client no-evict on');
  kit.configure('maxmemory-clients', '1000000');
  const sizes = [300_000, 600_000, 900_000];
  for (const [i, size] of sizes.entries()) {
    clients[i].peer.send(`*2\r\n$4\r\nECHO\r\n$2000000\r\n${'x'.repeat(size)}`);
  }
  kit.advance(1_000);
  assert.deepEqual(
    clients.map((client) => client.isClosed),
    [true, true, false],
  );
  assert.equal(kit.node.services.counters[METRIC.evictedClients], 2);
});
