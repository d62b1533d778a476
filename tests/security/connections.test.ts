import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { LIMITS } from '../../src/base/limits.ts';
import { METRIC } from '../../src/observability/metrics/metric-table.ts';
import { AcceptErrors } from '../../src/server/accept-errors.ts';
import { createNodeKit } from '../../src/testing/node-kit.ts';
import { RawClient, residentBytes, talk } from '../support/raw.ts';
import {
  findFreePort,
  MAIN,
  type RunningServer,
  scratchFolder,
  startOurs,
  waitFor,
} from '../support/server.ts';
import { createTlsSettings } from '../support/tls-settings.ts';

/** SECURITY.md, lines 4, 5 and 10: what many, slow, deaf and hasty clients may cost. */

const MIB = 1024 * 1024;

async function start(t: TestContext, ...args: string[]): Promise<RunningServer> {
  const server = await startOurs({ args });
  t.after(() => server.stop());
  return server;
}

function connectMany(port: number, count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => RawClient.connect(port)));
}

async function clientCount(port: number): Promise<number> {
  const text = await talk(port, 'INFO clients\r\nQUIT\r\n');
  return Number(/connected_clients:(\d+)/.exec(text)?.[1]);
}

test('SECURITY 4: maxclients refuses with its error, and those who are in go on', async (t) => {
  const server = await start(t, '--maxclients', '20');
  const clients = await connectMany(server.port, 20);
  // They count once they are accepted, in order.
  clients[19].send('PING\r\n');
  await clients[19].until(({ text }) => text === '+PONG\r\n');
  const refused = await connectMany(server.port, 30);
  for (const client of refused) {
    assert.equal(await client.untilClosed(), '-ERR max number of clients reached\r\n');
  }
  clients[0].send('PING\r\n');
  await clients[0].until(({ text }) => text === '+PONG\r\n');
  clients[1].end();
  await waitFor('a free place', 5_000, async () => {
    const next = await RawClient.connect(server.port);
    next.send('PING\r\n');
    const text = await next.until((client) => client.text !== '');
    next.end();
    return text === '+PONG\r\n' || undefined;
  });
  for (const client of clients) client.end();
});

test('SECURITY 4: the idle timeout closes', async (t) => {
  const server = await start(t, '--timeout', '1');
  const client = await RawClient.connect(server.port);
  client.send('PING\r\n');
  assert.equal(await client.untilClosed(5_000), '+PONG\r\n');
});

test('SECURITY 4: clients that send byte by byte cost what they sent', async (t) => {
  const server = await start(t);
  const clients = await connectMany(server.port, 300);
  const startBytes = residentBytes(server.pid);
  const bytes = Buffer.from(`*2\r\n$4\r\nECHO\r\n$20\r\n${'x'.repeat(20)}\r\n`);
  for (const byte of bytes) {
    for (const { socket } of clients) socket.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  const expected = `$20\r\n${'x'.repeat(20)}\r\n`;
  for (const client of clients) {
    assert.equal(await client.until(({ text }) => text.length >= expected.length), expected);
  }
  const grownBytes = residentBytes(server.pid) - startBytes;
  assert.ok(grownBytes < 40 * MIB, `${grownBytes / MIB} MiB`);
  for (const client of clients) client.end();
});

test('SECURITY 4: a storm of connections leaves nothing behind', async (t) => {
  const server = await start(t);
  for (let round = 0; round < 10; round++) {
    const clients = await connectMany(server.port, 200);
    for (const [i, { socket }] of clients.entries()) {
      if (i % 3 === 0) socket.resetAndDestroy();
      else if (i % 3 === 1) socket.end('PING\r\n');
      else socket.destroy();
    }
  }
  await waitFor('all to be forgotten', 10_000, async () => {
    return (await clientCount(server.port)) === 1 || undefined;
  });
  assert.equal(await talk(server.port, 'PING\r\nQUIT\r\n'), '+PONG\r\n+OK\r\n');
});

test('SECURITY 4: with few descriptors it refuses in words and goes on', async (t) => {
  const port = await findFreePort();
  const command = 'ulimit -n 60; exec "$0" "$@"';
  const child = spawn('bash', ['-c', command, process.execPath, MAIN, '--port', `${port}`], {
    cwd: scratchFolder(),
  });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stdout.on('data', (bytes: Buffer) => {
    log += bytes.toString();
  });
  await waitFor('the start', 10_000, () => /"started"/.test(log) || undefined);
  const line = log.split('\n').find((text) => text.includes('"maxclients"')) ?? '';
  assert.equal(JSON.parse(line).fields.max_clients, 60 - LIMITS.reservedFileCount);
  const first = await RawClient.connect(port);
  first.send('SET k v\r\n');
  await first.until(({ text }) => text === '+OK\r\n');
  // More than there are descriptors: the last ones are closed without a word.
  const clients = await connectMany(port, 150);
  const refused = clients.slice(60 - LIMITS.reservedFileCount - 1);
  for (const client of refused) await client.untilClosed();
  const texts = new Set(refused.map(({ text }) => text));
  assert.ok(texts.delete('-ERR max number of clients reached\r\n'));
  assert.deepEqual(
    [...texts].filter((text) => text !== ''),
    [],
  );
  first.send('GET k\r\nCONFIG SET maxclients 100\r\n');
  await first.until(({ text }) => text.includes('-ERR'));
  assert.match(first.text, /^\+OK\r\n\$1\r\nv\r\n-ERR CONFIG SET failed .* try with 28\r\n$/);
  for (const client of clients) client.end();
  await waitFor('new clients to be served', 10_000, async () => {
    const next = await RawClient.connect(port);
    next.send('PING\r\n');
    await next.until((client) => client.text !== '' || client.isClosed);
    next.end();
    return next.text === '+PONG\r\n' || undefined;
  });
  first.end();
});

test('SECURITY 4: failed accepts are counted and told once in a while', async () => {
  const kit = await createNodeKit();
  const { clock, counters } = kit.node.services;
  const errors = new AcceptErrors(kit.node.services);
  for (let i = 0; i < 1_000; i++) errors.record('EMFILE');
  assert.equal(kit.complaints.length, 1);
  kit.advance(LIMITS.acceptErrorLineMs);
  clock.refresh();
  errors.record('EMFILE');
  assert.deepEqual(kit.complaints, ['accept-failed', 'accept-failed']);
  assert.equal(counters[METRIC.acceptErrors], 1_001);
});

test('SECURITY 4: output limits hold for normal clients too', async (t) => {
  const server = await start(t, '--client-output-buffer-limit', 'normal 4mb 0 0');
  await talk(server.port, `SET big ${'x'.repeat(60_000)}\r\nQUIT\r\n`);
  const deaf = await RawClient.connect(server.port);
  deaf.socket.pause();
  deaf.send('GET big\r\n'.repeat(1_000));
  await waitFor('the deaf client to be closed', 10_000, async () => {
    return (await clientCount(server.port)) === 1 || undefined;
  });
  const text = await talk(server.port, 'PING\r\nQUIT\r\n');
  assert.equal(text, '+PONG\r\n+OK\r\n');
  await waitFor('the log line', 10_000, () => {
    return /does not read its replies/.test(server.output()) || undefined;
  });
  deaf.end();
});

test('SECURITY 10: who does not read is not served; memory stays, nothing is lost', async (t) => {
  const server = await start(t);
  await talk(server.port, `SET big ${'x'.repeat(60_000)}\r\nQUIT\r\n`);
  const startBytes = residentBytes(server.pid);
  const deaf = await RawClient.connect(server.port);
  deaf.socket.pause();
  // 360 MB of replies.
  const getCount = 6_000;
  deaf.send('GET big\r\n'.repeat(getCount));
  deaf.send('PING\r\n');
  const other = await RawClient.connect(server.port);
  for (let i = 0; i < 50; i++) {
    other.text = '';
    other.send('PING\r\n');
    await other.until(({ text }) => text === '+PONG\r\n', 2_000);
  }
  const grownBytes = residentBytes(server.pid) - startBytes;
  assert.ok(grownBytes < 160 * MIB, `${grownBytes / MIB} MiB`);
  const bytesAll = getCount * '$60000\r\n\r\n'.length + getCount * 60_000 + '+PONG\r\n'.length;
  let byteCount = 0;
  deaf.socket.removeAllListeners('data');
  deaf.socket.on('data', (bytes: Buffer) => {
    byteCount += bytes.length;
  });
  deaf.socket.resume();
  await deaf.until(() => byteCount === bytesAll, 30_000);
  deaf.end();
  other.end();
});

test('SECURITY 10: errors in the middle of a pipeline keep their places', async (t) => {
  const server = await start(t);
  const lines = ['SET a 1', 'NOPE', 'INCR', 'INCR a', 'GETRANGE a', 'LPUSH', 'GET a', 'QUIT'];
  assert.deepEqual((await talk(server.port, `${lines.join('\r\n')}\r\n`)).split('\r\n'), [
    '+OK',
    "-ERR unknown command 'NOPE', with args beginning with: ",
    "-ERR wrong number of arguments for 'incr' command",
    ':2',
    "-ERR wrong number of arguments for 'getrange' command",
    "-ERR wrong number of arguments for 'lpush' command",
    '$1',
    '2',
    '+OK',
    '',
  ]);
});

test('SECURITY 4: what clients hold is counted where INFO and CLIENT LIST show it', async () => {
  const kit = await createNodeKit();
  const client = kit.connect({ fragmentation: 'whole' });
  const heldBytes = 500_000;
  client.peer.send(`*2\r\n$4\r\nECHO\r\n$1000000\r\n${'x'.repeat(heldBytes)}`);
  kit.world.runUntilIdle();
  const watcher = kit.connect();
  const memory = watcher.ask('info memory');
  assert.ok(Number(/mem_clients_normal:(\d+)/.exec(memory)?.[1]) >= heldBytes);
  const list = watcher.ask('client list');
  const total = Math.max(...[...list.matchAll(/tot-mem=(\d+)/g)].map((match) => Number(match[1])));
  assert.ok(total >= heldBytes, list);
});

test('SECURITY 5: TLS 1.2 at least; plain text on the port is cut off; others go on', async (t) => {
  const tlsPort = await findFreePort();
  const { args, authority, remove } = createTlsSettings(tlsPort);
  t.after(remove);
  const server = await start(t, ...args, '--tls-auth-clients', 'no');
  const options = {
    port: tlsPort,
    host: '127.0.0.1',
    ca: authority,
    checkServerIdentity: () => undefined,
  };
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const old = {
      ...options,
      minVersion: version,
      maxVersion: version,
      ciphers: 'ALL:@SECLEVEL=0',
    };
    assert.notEqual(await protocolOf(old), version);
  }
  assert.equal(await protocolOf({ ...options, maxVersion: 'TLSv1.2' }), 'TLSv1.2');
  assert.equal(await protocolOf(options), 'TLSv1.3');
  for (const bytes of ['PING\r\n', '\x16\x03\x01\xff\xff', '\0'.repeat(100)]) {
    const plain = await RawClient.connect(tlsPort);
    plain.send(bytes);
    plain.socket.end();
    const text = await plain.untilClosed(5_000);
    assert.doesNotMatch(text, /PONG/);
  }
  assert.equal(await protocolOf(options), 'TLSv1.3');
  assert.equal(await talk(server.port, 'PING\r\nQUIT\r\n'), '+PONG\r\n+OK\r\n');
});

test('SECURITY 5: a TLS port that checks clients does not start without authorities', async (t) => {
  const tlsPort = await findFreePort();
  const { args, remove } = createTlsSettings(tlsPort);
  t.after(remove);
  const start = args.filter(
    (_arg, i) => !/tls-ca/.test(args[i]) && !/tls-ca/.test(args[i - 1] ?? ''),
  );
  await assert.rejects(startOurs({ args: start }), /needs tls.ca_cert_file/);
});

test('SECURITY 5: SIGHUP serves the renewed certificate', async (t) => {
  const tlsPort = await findFreePort();
  const { args, renew, remove } = createTlsSettings(tlsPort);
  t.after(remove);
  const server = await start(t, ...args, '--tls-auth-clients', 'no');
  const before = await fingerprintAt(tlsPort);
  renew();
  assert.equal(await fingerprintAt(tlsPort), before);
  server.process.kill('SIGHUP');
  await waitFor('the new certificate', 5_000, async () => {
    return (await fingerprintAt(tlsPort)) !== before || undefined;
  });
});

/** The protocol agreed on, or the error's code. */
function protocolOf(options: tls.ConnectionOptions): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = tls.connect(options, () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function fingerprintAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('SECURITY 4: half-open and half-closed clients are let go', async (t) => {
  const server = await start(t);
  const client = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  client.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const ended = new Promise((resolve) => client.once('end', resolve));
  client.end('PING\r\n');
  await ended;
  assert.equal(text, '+PONG\r\n');
  client.destroy();
  assert.equal(await clientCount(server.port), 1);
});
