/** A node of ours, as it is shipped, and an agent of HashiCorp's Serf. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findFreePort, type RunningServer, skipWithout, startOurs } from '../support/server.ts';
import { type Agent, startAgent, waitForStatus } from './serf-kit.ts';

const skip = skipWithout('serf');
const KEY = Buffer.alloc(32, 3).toString('base64');

let agent: Agent | null = null;
let node: RunningServer | null = null;

after(async () => {
  await node?.stop('SIGKILL');
  await agent?.kill();
});

test('an operator sees a node with an agent, which is no node itself', { skip }, async () => {
  agent = await startAgent('operator', { key: KEY });
  const gossipPort = await findFreePort();
  node = await startOurs({
    env: {
      HYPERCACHE_CLUSTER_ENABLED: 'yes',
      HYPERCACHE_NODE_ID: 'node-1',
      HYPERCACHE_CLUSTER_KEY: KEY,
      HYPERCACHE_GOSSIP_PORT: String(gossipPort),
      HYPERCACHE_LINK_PORT: '0',
      HYPERCACHE_SEEDS: `127.0.0.1:${agent.port}`,
      HYPERCACHE_HTTP_ENABLED: 'yes',
      HYPERCACHE_HTTP_PORT: String(await findFreePort()),
    },
  });
  await waitForStatus([agent], ['node-1'], 'alive');
  const tags = await agent.tagsOf('node-1');
  assert.equal(tags['resp'], String(node.port));
  assert.equal(tags['hc'], '1');
  const stats = await fetch(`http://127.0.0.1:${tags['http']}/api/cluster/status`);
  const { cluster_size: size } = (await stats.json()) as { cluster_size: number };
  assert.equal(size, 1);
  assert.equal(await node.stop(), 0);
  node = null;
  await waitForStatus([agent], ['node-1'], 'left');
});
