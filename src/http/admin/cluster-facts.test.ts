import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterNode } from '../../commands/cluster-service.ts';
import { fakeNode, joinFakeCluster } from '../../testing/fake-cluster.ts';
import { createHttpKit, type HttpKit } from '../../testing/http-kit.ts';

const SLOTS = {
  ownedCount: 40,
  heldCount: 90,
  waitingCount: 3,
  fillingCount: 5,
  leavingCount: 7,
};

async function withCluster(
  nodes: readonly ClusterNode[],
  issues: readonly string[],
  work: (kit: HttpKit) => Promise<void>,
): Promise<void> {
  const kit = await createHttpKit({ 'node.id': 'a' });
  const { services } = kit.node;
  const ownerOfSlot = (slot: number) => nodes[slot % 2];
  joinFakeCluster(services, { nodes, ownerOfSlot, issues, slots: SLOTS });
  services.health.addPeerCheck(() => services.cluster.issues());
  try {
    await work(kit);
  } finally {
    await kit.stop();
  }
}

test('members are told with what they own, and those that failed or left as such', () =>
  withCluster(
    [
      fakeNode('a'),
      fakeNode('b', { address: '10.0.0.2', tags: new Map([['version', '9.9.9']]) }),
      fakeNode('c', { status: 'filling' }),
      fakeNode('d', { status: 'failed' }),
      fakeNode('e', { status: 'left' }),
    ],
    [],
    async ({ ask, node }) => {
      const { json } = await ask('/api/cluster/members');
      assert.equal(json.total_count, 5);
      assert.deepEqual(
        json.members.map((member) => `${member.node_id} ${member.status} ${member.metadata.state}`),
        ['a alive ready', 'b alive ready', 'c alive filling', 'd failed failed', 'e left left'],
      );
      assert.deepEqual(json.members[1], {
        node_id: 'b',
        address: '10.0.0.2',
        port: 6379,
        status: 'alive',
        metadata: {
          version: '9.9.9',
          resp_port: 6379,
          http_port: 9080,
          gossip_port: 7946,
          link_port: 6946,
          state: 'ready',
          owned_slots: 8192,
          held_slots: 16_384,
          owned_stores: [],
        },
        last_seen: '1970-01-01T00:00:02.000Z',
        joined_at: '1970-01-01T00:00:01.000Z',
      });
      assert.equal(json.members[0].metadata.version, node.services.version);
      assert.deepEqual(json.members[0].metadata.owned_stores, ['default']);
    },
  ));

test('the size counts who is there, and is the same wherever it is told', () =>
  withCluster(
    [
      fakeNode('a'),
      fakeNode('b'),
      fakeNode('c', { status: 'suspect' }),
      fakeNode('d', { status: 'failed' }),
    ],
    [],
    async ({ ask }) => {
      const status = await ask('/api/cluster/status');
      assert.equal(status.json.cluster_size, 3);
      assert.equal(status.json.mode, 'gossip');
      assert.equal(status.json.coordinator, 'a');
      assert.deepEqual(status.json.table, { version: 3, digest: 'fake' });
      assert.deepEqual(status.json.repair, [
        {
          store: 'default',
          owner: 'b',
          keys_done: 5,
          keys_total: 10,
          bytes_done: 50,
          share: 0.5,
        },
      ]);
      assert.deepEqual(status.json.slots, [
        { store: 'default', owned: 40, held: 90, waiting: 3, filling: 5, leaving: 7 },
      ]);
      const health = await ask('/health');
      assert.deepEqual([health.status, health.json.cluster_size], [200, 3]);
      const { text } = await ask('/metrics');
      assert.match(text, /^hypercache_cluster_slots_moving\{node="a",store="default"\} 15$/m);
      assert.match(text, /^hypercache_cluster_size\{node="a"\} 3$/m);
      // Not all of them are reachable.
      assert.match(text, /^hypercache_cluster_healthy\{node="a"\} 0$/m);
    },
  ));

test('a peer that others see and this node lacks makes it unhealthy, and ready all the same', () =>
  withCluster([fakeNode('a'), fakeNode('b')], ["cluster: the node 'c' is missing"], async (kit) => {
    const health = await kit.ask('/health');
    assert.equal(health.status, 503);
    assert.deepEqual(health.json.issues, ["cluster: the node 'c' is missing"]);
    assert.equal((await kit.ask('/health/ready')).status, 200);
    assert.equal((await kit.ask('/health/live')).status, 200);
    const status = await kit.ask('/api/cluster/status');
    assert.deepEqual(status.json.issues, ["cluster: the node 'c' is missing"]);
    const { text } = await kit.ask('/metrics');
    assert.match(text, /^hypercache_cluster_healthy\{node="a"\} 0$/m);
  }));

test('INFO says that it is a cluster when there is another node', async () => {
  await withCluster([fakeNode('a')], [], async (kit) => {
    assert.match(infoOf(kit), /^cluster_enabled:0\r$/m);
    assert.match(infoOf(kit), /^cluster_members:1\r$/m);
  });
  await withCluster([fakeNode('a'), fakeNode('b')], [], async (kit) => {
    assert.match(infoOf(kit), /^cluster_enabled:1\r$/m);
    assert.match(infoOf(kit), /^cluster_node_id:a\r$/m);
    const client = kit.connect();
    assert.match(client.ask('info server'), /^redis_mode:cluster\r$/m);
    assert.match(client.ask('hello'), /mode\r\n\$7\r\ncluster\r\n/);
    assert.match(infoOf(kit), /^cluster_table_version:3\r$/m);
  });
});

function infoOf(kit: HttpKit): string {
  return kit.connect().ask('info cluster');
}
