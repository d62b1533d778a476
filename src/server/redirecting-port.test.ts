import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeNode, joinFakeCluster } from '../testing/fake-cluster.ts';
import { createNodeKit, KitClient, type NodeKit } from '../testing/node-kit.ts';

const REDIRECT_PORT = 7_001;
/** Slot 12182, which the other node owns. */
const MOVED = '-MOVED 12182 10.0.0.2:7379\r\n';

async function startPair(settings: Record<string, string>): Promise<NodeKit> {
  const kit = await createNodeKit({
    settings: {
      'cluster.enabled': 'yes',
      'network.gossip_port': '0',
      'network.link_port': '0',
      'persistence.enabled': 'no',
      ...settings,
    },
  });
  const [a, b] = [fakeNode('a'), fakeNode('b', { address: '10.0.0.2' })];
  const { services } = kit.node;
  joinFakeCluster(services, { nodes: [a, b], ownerOfSlot: (slot) => (slot < 8192 ? a : b) });
  return kit;
}

function connectTo({ world }: NodeKit, port: number): KitClient {
  return new KitClient(world, world.connect(port, {}));
}

/** Its gossip and its clients take their time. */
async function stop({ node, world }: NodeKit): Promise<void> {
  let isStopped = false;
  void node.stop().then(() => {
    isStopped = true;
  });
  while (!isStopped) {
    world.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('the port that redirects sends clients to the owner, the usual one never does', async () => {
  const kit = await startPair({ 'network.redirect_port': String(REDIRECT_PORT) });
  assert.equal(kit.node.services.ports.redirect, REDIRECT_PORT);
  const usual = kit.connect();
  assert.equal(usual.ask('get foo'), '$-1\r\n');
  const redirected = connectTo(kit, REDIRECT_PORT);
  assert.equal(redirected.ask('get foo'), MOVED);
  assert.equal(redirected.ask('get bar', 'ping'), '$-1\r\n+PONG\r\n');
  assert.equal(redirected.ask('mget foo bar').startsWith('-CROSSSLOT '), true);
  assert.equal(redirected.ask('multi', 'get foo').endsWith(MOVED), true);
  assert.equal(redirected.ask('exec').startsWith('-EXECABORT '), true);
  // What is told of the other node is told of its port of the same kind.
  assert.match(redirected.ask('cluster slots'), /:7379\r\n/);
  assert.doesNotMatch(usual.ask('cluster slots'), /:7379\r\n/);
  await stop(kit);
});

test('as Redis Cluster, the usual port is the one that redirects', async () => {
  const kit = await startPair({ 'cluster.redis_protocol': 'yes' });
  assert.equal(kit.node.services.ports.redirect, 0);
  assert.equal(kit.connect().ask('get foo'), MOVED);
  await stop(kit);
});

test('without a cluster nothing redirects', async () => {
  const kit = await createNodeKit({
    settings: { 'network.redirect_port': String(REDIRECT_PORT), 'cluster.redis_protocol': 'yes' },
  });
  assert.equal(kit.node.services.ports.redirect, 0);
  assert.equal(kit.connect().ask('get foo'), '$-1\r\n');
  await stop(kit);
});
