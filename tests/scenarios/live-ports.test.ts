import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { HyperCache } from '../../src/index.ts';
import { makeTestCertificates } from '../../src/testing/certificates.ts';
import type { Reply } from '../../src/testing/reply-decoder.ts';
import { findFreePort } from '../support/server.ts';
import { WireClient } from '../support/wire-client.ts';

/** CONFIG SET of ports, addresses and certificates while the node serves; the unix socket. */

const OK: Reply = { kind: 'simple', text: 'OK' };
const PONG: Reply = { kind: 'simple', text: 'PONG' };

async function startNode(t: TestContext, settings: Record<string, string | number> = {}) {
  const node = await HyperCache.start({ port: 0, settings });
  t.after(() => node.stop());
  return node;
}

async function refusesConnections(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, host);
    socket.on('error', () => resolve(true));
    socket.on('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}

function errorText(reply: Reply): string {
  assert.equal(reply.kind, 'error');
  return (reply as Reply & { kind: 'error' }).text;
}

test('CONFIG SET port: new clients come by the new port, old ones stay', async (t) => {
  const node = await startNode(t);
  const oldPort = node.port;
  const client = await WireClient.connect(oldPort);
  const port = await findFreePort();
  assert.deepEqual(await client.call('CONFIG', 'SET', 'port', String(port)), OK);
  assert.equal(node.port, port);
  const late = await WireClient.connect(port);
  assert.deepEqual(await late.call('PING'), PONG);
  assert.deepEqual(await client.call('PING'), PONG);
  assert.equal(await refusesConnections(oldPort), true);
  assert.match(String(node.command('INFO', 'server')), new RegExp(`tcp_port:${port}\r\n`));
  late.end();
  client.end();
});

test('CONFIG SET port of a port in use is refused, and the old one still serves', async (t) => {
  const node = await startNode(t);
  const other = await startNode(t);
  const client = await WireClient.connect(node.port);
  const before = node.command('CONFIG', 'GET', 'port');
  const reply = await client.call('CONFIG', 'SET', 'maxclients', '77', 'port', `${other.port}`);
  assert.match(errorText(reply), /argument 'port'\) - Unable to listen on this port\./);
  assert.deepEqual(node.command('CONFIG', 'GET', 'port'), before);
  assert.deepEqual(node.command('CONFIG', 'GET', 'maxclients'), new Map([['maxclients', '10000']]));
  const late = await WireClient.connect(node.port);
  assert.deepEqual(await late.call('PING'), PONG);
  late.end();
  client.end();
});

test('a change refused for another reason leaves no port behind', async (t) => {
  const node = await startNode(t);
  const client = await WireClient.connect(node.port);
  const port = await findFreePort();
  const clients = ['maxclients', '4000000000'];
  const reply = await client.call('CONFIG', 'SET', 'port', `${port}`, ...clients);
  assert.match(errorText(reply), /argument 'maxclients'/);
  assert.deepEqual(await client.call('PING'), PONG);
  assert.equal(await refusesConnections(port), true);
  assert.equal(await refusesConnections(node.port), false);
  client.end();
});

test('CONFIG SET bind to an overlapping address, and back when it cannot be', async (t) => {
  const node = await startNode(t);
  const { port } = node;
  const client = await WireClient.connect(port);
  assert.deepEqual(await client.call('CONFIG', 'SET', 'bind', '*'), OK);
  assert.equal(await refusesConnections(port, '127.0.0.2'), false);
  const reply = await client.call('CONFIG', 'SET', 'bind', '127.0.0.1 192.0.2.7');
  assert.match(errorText(reply), /argument 'bind'\) - Failed to bind to specified addresses\./);
  assert.equal(await refusesConnections(port, '127.0.0.2'), false, 'as before');
  assert.deepEqual(await client.call('CONFIG', 'SET', 'bind', '127.0.0.1 -192.0.2.7'), OK);
  assert.equal(await refusesConnections(port, '127.0.0.2'), true);
  assert.equal(await refusesConnections(port), false);
  client.end();
});

test('CONFIG SET port 0 closes the port, another number opens it again', async (t) => {
  const node = await startNode(t);
  const oldPort = node.port;
  const client = await WireClient.connect(oldPort);
  assert.deepEqual(await client.call('CONFIG', 'SET', 'port', '0'), OK);
  assert.equal(node.port, 0);
  assert.equal(await refusesConnections(oldPort), true);
  assert.deepEqual(await client.call('CONFIG', 'SET', 'port', String(oldPort)), OK);
  assert.equal(await refusesConnections(oldPort), false);
  client.end();
});

test('inside of a transaction a port cannot be bound, and nothing changes', async (t) => {
  const node = await startNode(t);
  const client = await WireClient.connect(node.port);
  await client.call('MULTI');
  await client.call('CONFIG', 'SET', 'port', String(await findFreePort()));
  const reply = (await client.call('EXEC')) as Reply & { kind: 'array' };
  assert.match(errorText(reply.items[0]), /Unable to listen/);
  assert.equal(await refusesConnections(node.port), false);
  client.end();
});

test('a unix socket serves, has the permissions asked for, and is removed at the end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hypercache-unix-'));
  const path = join(folder, 'node.sock');
  // What a killed process leaves.
  const left = net.createServer().listen(path);
  await new Promise((resolve) => left.once('listening', resolve));
  const settings = { 'network.unix_socket': path, 'network.unix_socket_permissions': '700' };
  const node = await HyperCache.start({ password: 'secret', settings });
  try {
    assert.equal(node.port, 0);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    const client = await WireClient.connect(path);
    assert.match(errorText(await client.call('PING')), /NOAUTH/);
    assert.deepEqual(await client.call('AUTH', 'secret'), OK);
    const info = (await client.call('CLIENT', 'INFO')) as Reply & { kind: 'bulk' };
    assert.match(info.bytes.toString(), new RegExp(` addr=${path}:0 laddr=${path}:0 `));
    client.end();
  } finally {
    await node.stop();
    left.close();
  }
  assert.equal(existsSync(path), false);
  rmSync(folder, { recursive: true });
});

test('a file in the place of the unix socket is not removed, but refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hypercache-unix-'));
  const path = join(folder, 'precious');
  writeFileSync(path, 'text');
  const settings = { 'network.unix_socket': path };
  await assert.rejects(HyperCache.start({ settings }), { code: 'PORT_REFUSED' });
  assert.equal(statSync(path).size, 4);
  rmSync(folder, { recursive: true });
});

test('certificates are replaced for new connections; bad ones are refused', async (t) => {
  const [first, second] = [makeTestCertificates(), makeTestCertificates()];
  const folder = mkdtempSync(join(tmpdir(), 'hypercache-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const port = await findFreePort();
  const node = await startNode(t, {
    'tls.port': port,
    'tls.cert_file': write('1.crt', first.server.certificate),
    'tls.key_file': write('1.key', first.server.key),
    'tls.ca_cert_file': write('1.ca', first.authority.certificate),
    'tls.auth_clients': 'no',
  });
  const client = await WireClient.connect(node.port);
  const shown = await certificateAt(port);
  const [crt, key] = [write('2.crt', second.server.certificate), write('2.key', second.server.key)];
  const names = ['tls-cert-file', crt, 'tls-key-file', key] as const;
  const reply = await client.call('CONFIG', 'SET', 'tls-cert-file', crt);
  assert.match(errorText(reply), /Unable to update TLS configuration/, 'not the key of that one');
  assert.equal(await certificateAt(port), shown);
  assert.deepEqual(await client.call('CONFIG', 'SET', ...names), OK);
  assert.notEqual(await certificateAt(port), shown);
  writeFileSync(key, 'not a key');
  assert.notEqual(await certificateAt(port), shown, 'read once, not at each connection');
  await assert.rejects(startNode(t, { 'tls.port': await findFreePort(), 'tls.key_file': key }), {
    code: 'BAD_CERTIFICATE',
  });
  client.end();
});

test('tls-auth-clients can be made stricter while the node runs', async (t) => {
  const certificates = makeTestCertificates();
  const folder = mkdtempSync(join(tmpdir(), 'hypercache-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const tlsPort = await findFreePort();
  const node = await startNode(t, {
    'tls.cert_file': write('crt', certificates.server.certificate),
    'tls.key_file': write('key', certificates.server.key),
    'tls.auth_clients': 'no',
  });
  const client = await WireClient.connect(node.port);
  assert.deepEqual(await client.call('CONFIG', 'SET', 'tls-port', `${tlsPort}`), OK);
  assert.equal(await pingOverTls(tlsPort), '+PONG\r\n');
  const demand = ['tls-auth-clients', 'yes'];
  const refusal = await client.call('CONFIG', 'SET', ...demand);
  assert.match(errorText(refusal), /Unable to update TLS configuration/, 'nobody to check them by');
  assert.equal(await pingOverTls(tlsPort), '+PONG\r\n');
  const ca = write('ca', certificates.authority.certificate);
  assert.deepEqual(await client.call('CONFIG', 'SET', 'tls-ca-cert-file', ca, ...demand), OK);
  assert.equal(await pingOverTls(tlsPort), '');
  const { certificate, key } = certificates.client;
  assert.equal(await pingOverTls(tlsPort, { cert: certificate, key }), '+PONG\r\n');
  client.end();
});

function pingOverTls(port: number, options: tls.ConnectionOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({ ...options, port, host: '127.0.0.1', rejectUnauthorized: false });
    let text = '';
    socket.on('secureConnect', () => socket.write('PING\r\nQUIT\r\n'));
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes('PONG')) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text.slice(0, '+PONG\r\n'.length)));
  });
}

function certificateAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
