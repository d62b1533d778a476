import assert from 'node:assert/strict';
import net from 'node:net';
import os from 'node:os';
import { after, before, test } from 'node:test';
import { LIMITS } from '../../src/base/limits.ts';
import { HyperCache } from '../../src/index.ts';
import { RawClient, residentBytes, talk } from '../support/raw.ts';
import { type RunningServer, startOurs, waitFor } from '../support/server.ts';

/** SECURITY.md, lines 1, 3, 6 and 15: who may come in, and what they may do there. */

const MIB = 1024 * 1024;
const NO_AUTH = '-NOAUTH Authentication required.\r\n';

let guarded: RunningServer;
before(async () => {
  guarded = await startOurs({ args: ['--requirepass', 'secret', '--network.login_timeout=2s'] });
});
after(() => guarded.stop());

function ownAddress(): string | undefined {
  const all = Object.values(os.networkInterfaces()).flat();
  return all.find((found) => found?.family === 'IPv4' && !found.internal)?.address;
}

test('SECURITY 1: the default is loopback; the embedded node opens no port', async (t) => {
  const node = await HyperCache.start();
  const isListening = process.getActiveResourcesInfo().includes('TCPServerWrap');
  await node.stop();
  assert.equal(isListening, false);
  const address = ownAddress();
  if (address === undefined) return t.skip('the machine has no other address than loopback');
  const server = await startOurs();
  t.after(() => server.stop());
  await assert.rejects(RawClient.connect(server.port, address), { code: 'ECONNREFUSED' });
});

test('SECURITY 1: protected mode denies and closes who comes from elsewhere', async (t) => {
  const address = ownAddress();
  if (address === undefined) return t.skip('the machine has no other address than loopback');
  const server = await startOurs({ args: ['--bind', '0.0.0.0'] });
  t.after(() => server.stop());
  const stranger = await RawClient.connect(server.port, address);
  stranger.send('PING\r\n');
  assert.match(await stranger.untilClosed(), /^-DENIED Redis is running in protected mode/);
  assert.equal(await talk(server.port, 'CONFIG SET requirepass x\r\nQUIT\r\n'), '+OK\r\n+OK\r\n');
  const known = await RawClient.connect(server.port, address);
  known.send('PING\r\nAUTH x\r\nPING\r\nQUIT\r\n');
  assert.equal(await known.untilClosed(), `${NO_AUTH}+OK\r\n+PONG\r\n+OK\r\n`);
});

test('SECURITY 3: before login only AUTH, HELLO, QUIT and RESET run', async () => {
  const commands = ['GET a', 'PING', 'INFO', 'CONFIG GET *', 'MULTI', 'SUBSCRIBE a', 'MONITOR'];
  const lines = [...commands, 'COMMAND', 'SHUTDOWN', 'CLIENT LIST', 'RESET'];
  const text = await talk(guarded.port, `${lines.join('\r\n')}\r\nQUIT\r\n`);
  assert.equal(text, `${NO_AUTH.repeat(lines.length - 1)}+RESET\r\n+OK\r\n`);
});

test('SECURITY 3: before login input is bounded', async () => {
  const bulk = LIMITS.unauthenticatedBulkBytesMax + 1;
  const refused = [
    ['*11\r\n', '-ERR Protocol error: unauthenticated multibulk length\r\n'],
    [`*2\r\n$4\r\nAUTH\r\n$${bulk}\r\n`, '-ERR Protocol error: unauthenticated bulk length\r\n'],
    ['x'.repeat(65 * 1024), '-ERR Protocol error: too big inline request\r\n'],
  ];
  for (const [bytes, reply] of refused) assert.equal(await talk(guarded.port, bytes), reply);
});

test('SECURITY 3: before login replies that nobody reads are bounded', async () => {
  const startBytes = residentBytes(guarded.pid);
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => RawClient.connect(guarded.port)),
  );
  // 34 bytes of reply for 4 of input.
  const flood = Buffer.from('x\r\n'.repeat(1_000_000));
  for (const { socket } of clients) {
    socket.pause();
    socket.write(flood);
  }
  await waitFor('the deaf to be closed', 20_000, async () => {
    const text = await talk(guarded.port, 'AUTH secret\r\nINFO clients\r\nQUIT\r\n');
    return /connected_clients:1\r\n/.test(text) || undefined;
  });
  assert.ok(residentBytes(guarded.pid) - startBytes < 60 * MIB);
  for (const client of clients) client.end();
});

test('SECURITY 3: who does not log in in time is closed', async () => {
  const silent = await RawClient.connect(guarded.port);
  const known = await RawClient.connect(guarded.port);
  known.send('AUTH secret\r\n');
  await silent.untilClosed();
  assert.equal(silent.text, '');
  assert.equal(known.isClosed, false);
  known.send('PING\r\n');
  await known.until(({ text }) => text === '+OK\r\n+PONG\r\n');
  known.end();
});

test('SECURITY 6: what a browser can be made to send closes the connection', async () => {
  const server = await startOurs();
  try {
    const requests = [
      'POST / HTTP/1.1\r\nHost: localhost\r\n\r\nFLUSHALL\r\n',
      'post /\r\nFLUSHALL\r\n',
      'GET / HTTP/1.1\r\nHost: localhost\r\n\r\nSET hacked 1\r\n',
      'PUT /key HTTP/1.0\r\n\r\nSET hacked 1\r\n',
      'Host: localhost\r\nSET hacked 1\r\n',
      'HOST: localhost\r\nSET hacked 1\r\n',
      '*1\r\n$5\r\nHost:\r\nSET hacked 1\r\n',
    ];
    for (const request of requests) assert.equal(await talk(server.port, request), '', request);
    const inline = 'SET key 1\r\nGET key\r\nEXISTS hacked\r\nQUIT\r\n';
    assert.equal(await talk(server.port, inline), '+OK\r\n$1\r\n1\r\n:0\r\n+OK\r\n');
  } finally {
    await server.stop();
  }
});

test('SECURITY 15: what reaches out of the cache is off over the network', async () => {
  const server = await startOurs();
  try {
    const lines = [
      'CONFIG SET dir /tmp',
      'CONFIG SET dbfilename x.so',
      'CONFIG SET node.data_dir /tmp',
      'CONFIG SET enable-debug-command yes',
      'CONFIG SET enable-protected-configs yes',
      'CONFIG SET unixsocket /tmp/x',
      'CONFIG SET logfile /tmp/x',
      'DEBUG SLEEP 0',
      'MODULE LOAD /tmp/x.so',
      'REPLICAOF 127.0.0.1 1',
      'SLAVEOF 127.0.0.1 1',
    ];
    const text = await talk(server.port, `${lines.join('\r\n')}\r\nQUIT\r\n`);
    const replies = text.split('\r\n').slice(0, lines.length);
    for (const [i, reply] of replies.entries()) assert.match(reply, /^-ERR /, lines[i]);
  } finally {
    await server.stop();
  }
});

test('SECURITY 15: `local` opens them to this machine', async () => {
  const args = ['--enable-debug-command', 'local', '--enable-protected-configs', 'local'];
  const server = await startOurs({ args: [...args, '--enable-module-command', 'local'] });
  try {
    const text = await talk(
      server.port,
      'DEBUG SLEEP 0\r\nCONFIG SET dbfilename x.rdb\r\nMODULE LOAD /tmp/x.so\r\nQUIT\r\n',
    );
    assert.equal(
      text,
      '+OK\r\n+OK\r\n-ERR Error loading the extension. Please check the server logs.\r\n+OK\r\n',
    );
  } finally {
    await server.stop();
  }
});

test('SECURITY 1: a refused address is a refused start', async () => {
  const holder = net.createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as net.AddressInfo;
  const settings = { 'network.resp_bind_addr': '127.0.0.2,127.0.0.1' };
  await assert.rejects(HyperCache.start({ port, settings }), { code: 'PORT_REFUSED' });
  await assert.rejects(RawClient.connect(port, '127.0.0.2'), { code: 'ECONNREFUSED' });
  holder.close();
});
