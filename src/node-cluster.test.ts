import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeKit, type NodeKit } from './testing/node-kit.ts';

const CLUSTER = { 'cluster.enabled': 'yes', 'persistence.enabled': 'no' };

/** Lets promises and the world take turns until the node has stopped. */
async function stop({ node, world }: NodeKit): Promise<void> {
  let isStopped = false;
  void node.stop().then(() => {
    isStopped = true;
  });
  for (let turn = 0; !isStopped; turn++) {
    assert.ok(turn < 2_000, 'the node stops');
    world.advance(10);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

test('a node alone is ready, owns its store, and leaves nothing behind', async () => {
  const kit = await createNodeKit({ settings: CLUSTER });
  const { services } = kit.node;
  assert.equal(services.cluster.isOn, true);
  assert.deepEqual(
    services.cluster.nodes.map(({ id, status }) => [id, status]),
    [['node-1', 'ready']],
  );
  assert.deepEqual(services.health.issues(), []);
  const client = kit.connect();
  assert.equal(client.ask('SET k v', 'GET k', 'INCR n'), '+OK\r\n$1\r\nv\r\n:1\r\n');
  assert.equal(services.cluster.ownerOfSlot(0)?.isSelf, true);
  assert.equal(kit.world.network.openSocketCount, 1, 'of the client alone');
  await stop(kit);
  assert.equal(kit.world.network.openSocketCount, 0);
  assert.equal(kit.world.timers.pendingTimerCount, 0);
});

test('without a cluster no port of one is open, and nothing asks for it', async () => {
  const kit = await createNodeKit();
  assert.equal(kit.node.services.cluster.isOn, false);
  assert.throws(() => kit.world.connect(7946));
  assert.throws(() => kit.world.connect(6946));
  await stop(kit);
});

test('a gossip address that others reach needs a key', async () => {
  const open = { ...CLUSTER, 'network.gossip_bind_addr': '10.0.0.1' };
  await assert.rejects(createNodeKit({ settings: open }), {
    code: 'BAD_CONFIGURATION',
    message: /^network\.gossip_bind_addr is 10\.0\.0\.1, which others reach: set cluster\.key/,
  });
  const kit = await createNodeKit({ settings: { ...open, 'cluster.key': 'secret' } });
  await stop(kit);
});

test('a store has one owner for all slots only where every node holds every key', async () => {
  const fewer = { ...CLUSTER, 'cluster.replication_factor': '2' };
  const kit = await createNodeKit({ settings: fewer });
  const client = kit.connect();
  assert.match(
    client.ask('STORE CREATE s ownership store'),
    /^-ERR ownership store, and cluster\.replication_factor is 2: /,
  );
  assert.equal(client.ask('STORE CREATE s ownership slot'), '+OK\r\n');
  assert.equal(client.ask('STORE CREATE t'), '+OK\r\n');
  await stop(kit);
  const balanced = { ...fewer, 'cluster.placement': 'balanced' };
  await assert.rejects(createNodeKit({ settings: balanced }), {
    code: 'BAD_CONFIGURATION',
    message: /^cluster\.placement balanced with cluster\.replication_factor 2: /,
  });
  const all = await createNodeKit({ settings: { ...CLUSTER, 'cluster.placement': 'balanced' } });
  assert.equal(all.connect().ask('STORE CREATE s ownership slot'), '+OK\r\n');
  await stop(all);
});

test('a store on disk that one node owns is refused where not all hold all', async () => {
  const before = await createNodeKit({ settings: { 'node.data_dir': '/data' } });
  assert.equal(before.connect().ask('STORE CREATE s ownership store'), '+OK\r\n');
  await stop(before);
  const settings = {
    'node.data_dir': '/data',
    'cluster.enabled': 'yes',
    'cluster.replication_factor': '2',
  };
  await assert.rejects(createNodeKit({ settings, disk: before.world.disk.copy(), seed: 2 }), {
    code: 'BAD_CONFIGURATION',
    message: /^The store 's' has ownership store, and cluster\.replication_factor is 2/,
  });
});
