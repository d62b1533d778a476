import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../base/limits.ts';
import type { Socket } from '../../base/world.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import {
  createLinkKit,
  KIT_CLUSTER_KEY,
  type LinkKit,
  type LinkNode,
} from '../../testing/link-kit.ts';
import { TakingSocket } from '../../testing/taking-socket.ts';
import { encodeHello, type Hello } from './greeting.ts';
import { clusterDigest, linkSecret } from './link-key.ts';
import { MessageQueue } from './message-queue.ts';
import { MESSAGE } from './message-table.ts';

/** A connection to a node's port, of somebody who knows the key. */
class Stranger {
  readonly kit: LinkKit;
  socket: Socket | null = null;
  isClosed = false;
  receivedBytes = 0;

  constructor(kit: LinkKit) {
    this.kit = kit;
  }

  async connect(node: LinkNode, clusterKey: string = KIT_CLUSTER_KEY): Promise<this> {
    const { fabric } = this.kit;
    const machine = fabric.machines.get('10.0.0.9') ?? fabric.addMachine({ address: '10.0.0.9' });
    const secret = linkSecret(clusterKey);
    const place = { host: node.address, port: node.bus.port };
    const socket = await fabric.await(machine.network.dial({ ...place, timeoutMs: 1_000, secret }));
    socket.setHandler({
      onReadable: (_bytes, start, end) => {
        this.receivedBytes += end - start;
      },
      onDrained: () => {},
      onEnd: () => socket.end(),
      onClose: () => {
        this.isClosed = true;
      },
    });
    this.socket = socket;
    return this;
  }

  async send(bytes: Uint8Array): Promise<void> {
    const copy = bytes.slice();
    this.socket?.write(copy, 0, copy.length);
    await this.kit.fabric.pass(10);
  }
}

function bytesOf(write: (queue: MessageQueue) => void): Uint8Array {
  const queue = new MessageQueue();
  const socket = new TakingSocket();
  write(queue);
  while (queue.byteCount > 0) queue.send(socket, Number.POSITIVE_INFINITY);
  return socket.taken();
}

function helloTo(node: LinkNode, changes: Partial<Hello> = {}): Uint8Array {
  const hello: Hello = {
    versionMin: 1,
    versionMax: 1,
    id: 'guest',
    incarnation: 7,
    wallMs: node.world.clock.wallMs(),
    clusterDigest: clusterDigest(KIT_CLUSTER_KEY),
    wantedId: node.bus.id,
    databaseCount: 16,
    ...changes,
  };
  return bytesOf((queue) => encodeHello(queue.begin(MESSAGE.hello), hello));
}

async function openNode(): Promise<{ kit: LinkKit; node: LinkNode }> {
  const kit = await createLinkKit(1);
  return { kit, node: kit.nodes[0] };
}

test('who says nothing, or not all of a greeting, is closed in time', async () => {
  const { kit, node } = await openNode();
  const silent = await new Stranger(kit).connect(node);
  const slow = await new Stranger(kit).connect(node);
  const hello = helloTo(node);
  for (let i = 0; i < hello.length - 1; i++) {
    await slow.send(hello.subarray(i, i + 1));
    await kit.fabric.pass(LIMITS.greetingMs / 10);
  }
  await kit.fabric.pass(LIMITS.greetingMs);
  assert.ok(silent.isClosed && slow.isClosed);
  assert.equal(node.bus.acceptedCount, 0);
  assert.equal(node.counters[METRIC.linkRefusals], 2);
});

test('a greeting comes through byte by byte', async () => {
  const { kit, node } = await openNode();
  const guest = await new Stranger(kit).connect(node);
  for (const byte of helloTo(node)) await guest.send(Uint8Array.of(byte));
  assert.ok(guest.receivedBytes > 0);
  assert.equal(node.bus.find('guest')?.incarnation, 7);
  // Who came by itself, and is gone, is nobody.
  guest.socket?.destroy();
  await kit.fabric.pass(100);
  assert.equal(node.bus.peers.length, 0);
  assert.deepEqual(node.failures, []);
});

test('what is no greeting ends the link with one line, and is counted', async () => {
  const { kit, node } = await openNode();
  const bad: Uint8Array[] = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from('PING\r\nPING\r\nPING\r\n'),
    Uint8Array.of(0, 0, 0, 0),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0),
    bytesOf((queue) => queue.begin(MESSAGE.effects).text('x').end()),
    bytesOf((queue) => queue.begin(MESSAGE.hello).u32(1).end()),
    bytesOf((queue) => queue.begin(MESSAGE.hello).text('x'.repeat(5_000)).end()),
  ];
  for (const bytes of bad) {
    const guest = await new Stranger(kit).connect(node);
    await guest.send(bytes);
    assert.ok(guest.isClosed, Buffer.from(bytes).toString('latin1').slice(0, 20));
  }
  assert.equal(node.counters[METRIC.linkMessagesBroken], bad.length);
  assert.equal(node.complaints.length, bad.length);
  assert.deepEqual(node.failures, []);
  assert.equal(node.bus.acceptedCount, 0);
});

test('after the greeting too what goes the wrong way, or nobody knows, ends the link', async () => {
  const { kit, node } = await openNode();
  const two = await kit.add();
  kit.keepAll();
  await kit.untilUp();
  const peer = node.bus.find('node-2') ?? assert.fail();
  const types = [MESSAGE.hello, MESSAGE.welcome, MESSAGE.credit, MESSAGE.effects, 200];
  for (const type of types) {
    node.bus.begin(peer, type)?.u53(0).u53(0).end();
    await kit.fabric.pass(10);
    await kit.untilUp();
  }
  assert.equal(two.counters[METRIC.linkMessagesBroken], types.length);
  assert.deepEqual(two.failures, []);
});

test('a refusal is answered, then the link closed', async () => {
  const { kit, node } = await openNode();
  const nowMs = node.world.clock.wallMs();
  const changes: [Partial<Hello>, RegExp][] = [
    [{ versionMin: 2, versionMax: 9 }, /version/],
    [{ versionMin: 0, versionMax: 0 }, /version/],
    [{ clusterDigest: 'of another' }, /cluster/],
    [{ id: node.bus.id }, /id of this node/],
    [{ wantedId: 'somebody' }, /another node/],
    [{ databaseCount: 32 }, /cache.databases/],
    [{ wallMs: nowMs + 10_000 }, /clock/],
  ];
  for (const [change, why] of changes) {
    const guest = await new Stranger(kit).connect(node);
    await guest.send(helloTo(node, change));
    assert.ok(guest.receivedBytes > 0 && guest.isClosed, `${why}`);
    assert.match(node.complaints.pop() ?? '', why);
  }
  assert.equal(node.bus.peers.length, 0);
  assert.equal(node.bus.acceptedCount, 0);
});

test('a stream that is cut at any byte, of the greeting or later, leaves nothing', async () => {
  const { kit, node } = await openNode();
  const beat = bytesOf((queue) => queue.begin(MESSAGE.heartbeat).u32(1).u53(2).u32(3).end());
  const stream = Buffer.concat([helloTo(node), beat, beat]);
  for (let end = 0; end < stream.length; end++) {
    const guest = await new Stranger(kit).connect(node);
    await guest.send(stream.subarray(0, end));
    guest.socket?.destroy();
    await kit.fabric.pass(5);
    assert.equal(node.bus.acceptedCount, 0, `cut at ${end}`);
    assert.equal(node.bus.peers.length, 0, `cut at ${end}`);
  }
  assert.deepEqual(node.failures, []);
  assert.deepEqual(node.complaints, []);
});

test('half a close ends a link', async () => {
  const { kit, node } = await openNode();
  const guest = await createGuest(kit, node);
  guest.socket?.end();
  await kit.fabric.pass(100);
  assert.equal(node.bus.acceptedCount, 0);
  assert.equal(node.bus.peers.length, 0);
});

test('strangers beyond a few are closed unheard, and nodes come in later', async () => {
  const { kit, node } = await openNode();
  const strangers: Stranger[] = [];
  for (let i = 0; i < LIMITS.linkStrangerCountMax + 10; i++) {
    strangers.push(await new Stranger(kit).connect(node));
  }
  await kit.fabric.pass(100);
  assert.equal(node.bus.acceptedCount, LIMITS.linkStrangerCountMax);
  assert.equal(strangers.filter(({ isClosed }) => isClosed).length, 10);
  await kit.fabric.pass(LIMITS.greetingMs + 500);
  assert.equal(node.bus.acceptedCount, 0);
  await kit.add();
  kit.keepAll();
  await kit.untilUp();
});

test('without a cluster key nobody from another machine is heard or dialled', async () => {
  const kit = await createLinkKit(0);
  const one = await kit.add({ clusterKey: '' });
  await kit.add({ clusterKey: '' });
  kit.keepAll();
  await kit.fabric.pass(3_000);
  assert.equal(one.isUp('node-2'), false);
  assert.match(one.bus.issues()[0], /without a cluster key/);
  assert.match(one.complaints[0], /^link:/);
});

async function createGuest(kit: LinkKit, node: LinkNode): Promise<Stranger> {
  const guest = await new Stranger(kit).connect(node);
  await guest.send(helloTo(node));
  assert.equal(guest.isClosed, false);
  return guest;
}
