import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCommandKit } from '../../testing/command-kit.ts';
import { fakeNode, joinFakeCluster } from '../../testing/fake-cluster.ts';

async function createKit(isOwner: boolean) {
  const kit = await createCommandKit();
  const { services } = kit.node;
  const seenMs = services.world.clock.wallMs();
  const nodes = [
    fakeNode('a'),
    fakeNode('b', { address: '10.0.0.2', seenMs }),
    fakeNode('c', { address: '10.0.0.3', respPort: 0, tlsPort: 6380, status: 'filling' }),
  ];
  const replicas = [
    { node: nodes[1], position: 42, behindCount: 1, lagMs: 20 },
    { node: nodes[2], position: 7, behindCount: 36, lagMs: 900 },
  ];
  const stream = isOwner ? { stream: { position: 43, replicas } } : {};
  joinFakeCluster(services, { nodes, ownerOfSlot: () => nodes[isOwner ? 0 : 1], ...stream });
  return kit;
}

function infoOf(text: unknown): Map<string, string> {
  const lines = String(text).split('\r\n');
  return new Map(lines.map((line) => line.split(/:(.*)/s, 2) as [string, string]));
}

test('who executes for the default store tells who has copies', async () => {
  const kit = await createKit(true);
  const info = infoOf(kit.ask('INFO', 'replication', 'cluster'));
  assert.equal(info.get('role'), 'master');
  assert.equal(info.get('connected_slaves'), '2');
  assert.equal(info.get('slave0'), 'ip=10.0.0.2,port=6379,state=online,offset=42,lag=0');
  assert.match(
    String(info.get('slave1')),
    /^ip=10.0.0.3,port=6380,state=send_bulk,offset=7,lag=\d+$/,
  );
  assert.equal(info.get('master_repl_offset'), '43');
  assert.equal(info.get('cluster_default_store_owner'), 'a');
  assert.deepEqual(kit.ask('ROLE'), [
    'master',
    43,
    [
      ['10.0.0.2', '6379', '42'],
      ['10.0.0.3', '6380', '7'],
    ],
  ]);
});

test('another node takes writes too, and says who executes them', async () => {
  const kit = await createKit(false);
  const info = infoOf(kit.ask('INFO', 'replication', 'cluster'));
  assert.deepEqual([info.get('role'), info.get('connected_slaves')], ['master', '0']);
  assert.equal(info.get('cluster_default_store_owner'), 'b');
  assert.deepEqual(kit.ask('ROLE'), ['master', 0, []]);
});
