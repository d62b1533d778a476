import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { HyperCache, NodeError } from '../../src/index.ts';
import { makeTestCertificates, type TestCertificates } from '../../src/testing/certificates.ts';
import { encodeCommand, type Reply } from '../../src/testing/reply-decoder.ts';
import { patiently } from '../support/patience.ts';
import { findFreePort, waitFor } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

/** What only real sockets can show. */

let node: HyperCache;
before(async () => {
  node = await HyperCache.start({ port: 0 });
});
after(() => node.stop());

test('a pipeline of a million commands does not keep others waiting', async () => {
  const [hog, other] = await Promise.all([
    WireClient.connect(node.port),
    WireClient.connect(node.port),
  ]);
  await other.call('PING');
  const pingCount = 1_000_000;
  let hogBytes = 0;
  hog.socket.removeAllListeners('data');
  hog.socket.on('data', (bytes: Buffer) => {
    hogBytes += bytes.length;
  });
  hog.send(Buffer.from('PING\r\n'.repeat(pingCount)));
  const waitsMs: number[] = [];
  const hogBytesAll = pingCount * '+PONG\r\n'.length;
  while (hogBytes < hogBytesAll) {
    const startMs = performance.now();
    await other.call('PING');
    waitsMs.push(performance.now() - startMs);
  }
  assert.equal(hogBytes, hogBytesAll);
  waitsMs.sort((a, b) => a - b);
  // The bench holds this to 10 ms; here the client shares the process and the machine is busy.
  assert.ok(waitsMs[Math.floor(waitsMs.length / 2)] < patiently(100), `${waitsMs}`);
  assert.ok(waitsMs.length > 3, 'others were served while the pipeline ran');
  hog.end();
  other.end();
});

test('a command split at every byte is one command', async () => {
  const client = await WireClient.connect(node.port);
  const bytes = encodeCommand(['SET', 'split', 'in\r\nto']);
  for (let cut = 1; cut < bytes.length; cut++) {
    client.send(bytes.subarray(0, cut));
    await new Promise(setImmediate);
    client.send(bytes.subarray(cut));
    const [reply] = await client.take(1);
    assert.deepEqual(reply, { kind: 'simple', text: 'OK' });
  }
  assert.equal(node.store().get('split'), 'in\r\nto');
  client.end();
});

test('a reply of 64 MB arrives whole, and the node serves others meanwhile', async () => {
  const client = await WireClient.connect(node.port);
  const value = Buffer.alloc(64 * 1024 * 1024, 'x');
  node.store().set('large', value);
  const reply = (await client.call('GET', 'large')) as Reply & { kind: 'bulk' };
  assert.ok(reply.bytes.equals(value));
  node.store().del('large');
  client.end();
});

test('clients that vanish leave nothing: subscriptions, watches, memory of them', async () => {
  const clients = await Promise.all(
    Array.from({ length: 50 }, () => WireClient.connect(node.port)),
  );
  for (const client of clients) {
    await client.call('WATCH', 'k');
    await client.call('SUBSCRIBE', 'news');
  }
  assert.deepEqual(node.command('PUBSUB', 'NUMSUB', 'news'), ['news', 50]);
  for (const [i, client] of clients.entries()) {
    if (i % 2 === 0) client.socket.resetAndDestroy();
    else client.socket.end();
  }
  await waitFor('all to be gone', 10_000, () => {
    const [, count] = node.command('PUBSUB', 'NUMSUB', 'news') as [string, number];
    return count === 0 || undefined;
  });
  assert.equal(node.command('CLIENT', 'LIST'), '');
});

test('a port that is taken is refused with its number', async () => {
  await assert.rejects(HyperCache.start({ port: node.port }), (error) => {
    assert.ok(error instanceof NodeError);
    assert.equal(error.code, 'PORT_REFUSED');
    assert.match(error.message, new RegExp(String(node.port)));
    return true;
  });
});

test('every address of both families can share a port', async () => {
  const wide = await HyperCache.start({
    port: 0,
    settings: { 'network.resp_bind_addr': '*,-::*', 'network.protected_mode': false },
  });
  const client = await WireClient.connect(wide.port);
  assert.deepEqual(await client.call('PING'), { kind: 'simple', text: 'PONG' });
  client.end();
  await wide.stop();
});

test('two nodes in one process keep apart', async () => {
  const other = await HyperCache.start({ port: 0 });
  const [one, two] = await Promise.all([
    WireClient.connect(node.port),
    WireClient.connect(other.port),
  ]);
  await one.call('SET', 'whose', 'mine');
  assert.deepEqual(await two.call('GET', 'whose'), { kind: 'null', form: '$' });
  await other.stop();
  await waitFor('the second client to be closed', 5_000, () => two.isClosed || undefined);
  assert.deepEqual(await one.call('PING'), { kind: 'simple', text: 'PONG' });
  one.end();
});

test('a program that stops its nodes ends by itself', () => {
  const index = resolve(import.meta.dirname, '../../src/index.js');
  const program = `
    import { HyperCache } from ${JSON.stringify(`file://${index}`)};
    import net from 'node:net';
    const options = [{ port: 0 }, {}, { port: 0 }];
    const nodes = await Promise.all(options.map((option) => HyperCache.start(option)));
    for (const node of nodes) node.store().set('a', 1);
    const socket = net.connect(nodes[0].port);
    socket.on('error', () => {});
    socket.on('data', () => {});
    await new Promise((resolve) => socket.on('connect', resolve));
    socket.write('subscribe a\\r\\n');
    await Promise.all(nodes.map((node) => node.stop()));
    console.log('stopped');
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: patiently(20_000),
  });
  assert.deepEqual([run.stdout, run.status, run.stderr], ['stopped\n', 0, '']);
});

test('a program with an embedded node without a port ends by itself, unstopped', () => {
  const index = resolve(import.meta.dirname, '../../src/index.js');
  const program = `
    import { HyperCache } from ${JSON.stringify(`file://${index}`)};
    (await HyperCache.start()).store().set('a', 1);
  `;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: patiently(20_000),
  });
  assert.deepEqual([run.status, run.stderr], [0, '']);
});

test('a TLS port speaks TLS, asks for certificates as told, and cuts off plain text', async () => {
  const certificates = makeTestCertificates();
  const folder = mkdtempSync(join(tmpdir(), 'hypercache-tls-'));
  const port = await findFreePort();
  const secure = await HyperCache.start({ settings: tlsSettings(folder, port, certificates) });
  try {
    const trusted = { ca: certificates.authority.certificate, servername: 'localhost' };
    const client = tls.connect(port, '127.0.0.1', {
      ...trusted,
      cert: certificates.client.certificate,
      key: certificates.client.key,
      checkServerIdentity: () => undefined,
    });
    await once(client, 'secureConnect');
    client.write('set a 1\r\nget a\r\n');
    let text = '';
    client.on('data', (bytes: Buffer) => {
      text += bytes.toString();
    });
    await waitFor('the replies', 5_000, () => text === '+OK\r\n$1\r\n1\r\n' || undefined);
    client.destroy();
    const stranger = tls.connect(port, '127.0.0.1', {
      ...trusted,
      checkServerIdentity: () => undefined,
    });
    stranger.on('error', () => {});
    stranger.on('secureConnect', () => stranger.write('ping\r\n'));
    await new Promise((resolve) => stranger.on('close', resolve));
    const plain = net.connect(port, '127.0.0.1');
    plain.on('error', () => {});
    plain.on('data', () => {});
    plain.write('PING\r\n');
    await new Promise((resolve) => plain.on('close', resolve));
    assert.equal(secure.store().get('a'), '1');
  } finally {
    await secure.stop();
    rmSync(folder, { recursive: true });
  }
});

function tlsSettings(folder: string, port: number, certificates: TestCertificates) {
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    'tls.port': port,
    'tls.cert_file': write('server.crt', certificates.server.certificate),
    'tls.key_file': write('server.key', certificates.server.key),
    'tls.ca_cert_file': write('ca.crt', certificates.authority.certificate),
    'tls.auth_clients': 'yes',
  };
}
