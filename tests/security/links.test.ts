import assert from 'node:assert/strict';
import { once } from 'node:events';
import os from 'node:os';
import { type TestContext, test } from 'node:test';
import tls from 'node:tls';
import { LIMITS } from '../../src/base/limits.ts';
import { encodeHello, type Hello } from '../../src/cluster/peers/greeting.ts';
import { clusterDigest, linkSecret } from '../../src/cluster/peers/link-key.ts';
import { MessageQueue } from '../../src/cluster/peers/message-queue.ts';
import { MESSAGE } from '../../src/cluster/peers/message-table.ts';
import { TakingSocket } from '../../src/testing/taking-socket.ts';
import { patiently } from '../support/patience.ts';
import { RawClient, talk } from '../support/raw.ts';
import { findFreePort, type RunningServer, startOurs, waitFor } from '../support/server.ts';

/** SECURITY.md, line 7: who may speak on the port of the links, and what others are told. */

const KEY = 'the cluster key of this test';
const OPEN_WITHIN_MS = 5_000;

async function startNode(
  t: TestContext,
  clusterKey: string,
): Promise<{ node: RunningServer; linkPort: number }> {
  const [linkPort, gossipPort] = [await findFreePort(), await findFreePort()];
  const settings = {
    'node.id': 'alone',
    'cluster.enabled': 'yes',
    'cluster.key': clusterKey,
    'network.link_port': linkPort,
    'network.gossip_port': gossipPort,
  };
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const node = await startOurs({ args });
  t.after(() => node.stop());
  // Clients are heard before the links are.
  await waitFor('the port of the links', OPEN_WITHIN_MS, async () => {
    const stranger = await RawClient.connect(linkPort).catch(() => undefined);
    stranger?.end();
    return stranger;
  });
  return { node, linkPort };
}

/** Somebody who has that key, or thinks so; null: the node does not let it in. */
async function connectWithKey(port: number, clusterKey: string): Promise<RawClient | null> {
  const secret = linkSecret(clusterKey);
  assert.ok(secret !== null);
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256',
    pskCallback: () => ({ psk: secret.key, identity: 'hypercache' }),
    checkServerIdentity: () => undefined,
  });
  const isIn = await Promise.race([
    once(socket, 'secureConnect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  return isIn ? RawClient.over(socket) : null;
}

function bytesOf(write: (queue: MessageQueue) => void): Uint8Array {
  const queue = new MessageQueue();
  const socket = new TakingSocket();
  write(queue);
  while (queue.byteCount > 0) queue.send(socket, Number.POSITIVE_INFINITY);
  return socket.taken();
}

function helloWith(changes: Partial<Hello>): Uint8Array {
  const hello: Hello = {
    versionMin: 1,
    versionMax: 1,
    id: 'guest',
    incarnation: 1,
    wallMs: Date.now(),
    clusterDigest: clusterDigest(KEY),
    wantedId: 'alone',
    databaseCount: 16,
    ...changes,
  };
  return bytesOf((queue) => encodeHello(queue.begin(MESSAGE.hello), hello));
}

async function checkAlive({ port }: RunningServer): Promise<void> {
  assert.equal(await talk(port, 'PING\r\nQUIT\r\n'), '+PONG\r\n+OK\r\n');
}

test('SECURITY 7: with a cluster key only who knows it gets a connection', async (t) => {
  const { node, linkPort } = await startNode(t, KEY);
  const plain = await RawClient.connect(linkPort);
  plain.send(helloWith({}));
  await plain.untilClosed();
  // An alert of TLS, and nothing of ours.
  assert.ok(plain.text.length <= 7, JSON.stringify(plain.text));
  assert.equal(await connectWithKey(linkPort, 'another key'), null);
  const member = await connectWithKey(linkPort, KEY);
  assert.ok(member !== null);
  member.send(helloWith({}));
  const welcome = await member.until(({ text }) => text.length > 5);
  assert.equal(welcome.charCodeAt(4), MESSAGE.welcome);
  assert.ok(welcome.includes('alone'));
  member.end();
  await checkAlive(node);
});

test('SECURITY 7: other clusters, versions, sizes and the silent are refused', async (t) => {
  const { node, linkPort } = await startNode(t, KEY);
  const refused = [
    helloWith({ clusterDigest: clusterDigest('another key') }),
    helloWith({ versionMin: 77, versionMax: 99 }),
    helloWith({ wantedId: 'somebody' }),
    helloWith({ wallMs: Date.now() + 60_000 }),
    Uint8Array.of(0xff, 0xff, 0xff, 0x7f, MESSAGE.hello),
    bytesOf((queue) => queue.begin(MESSAGE.effects).text('default').end()),
  ];
  for (const bytes of refused) {
    const guest = await connectWithKey(linkPort, KEY);
    assert.ok(guest !== null);
    guest.send(bytes);
    await guest.untilClosed();
  }
  const silent = await connectWithKey(linkPort, KEY);
  assert.ok(silent !== null);
  const sinceMs = Date.now();
  await silent.untilClosed();
  assert.ok(Date.now() - sinceMs < patiently(LIMITS.greetingMs + 1_000));
  await checkAlive(node);
});

test('SECURITY 7: without a cluster key only this machine is heard', async (t) => {
  const { node, linkPort } = await startNode(t, '');
  const guest = await RawClient.connect(linkPort);
  guest.send(helloWith({ clusterDigest: clusterDigest('') }));
  const welcome = await guest.until(({ text }) => text.length > 5);
  assert.equal(welcome.charCodeAt(4), MESSAGE.welcome);
  guest.end();
  const outside = Object.values(os.networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (outside !== undefined) {
    await assert.rejects(RawClient.connect(linkPort, outside.address), { code: 'ECONNREFUSED' });
  }
  await checkAlive(node);
});
