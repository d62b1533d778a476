import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { request } from '../http/http-kit.ts';
import { waitFor } from '../support/server.ts';
import { type ClusterNode, startCluster, waitUntilWhole } from './local-cluster.ts';

const LOGGED_WITHIN_MS = 2_000;

test('the id of a request is in the logs of every node that took part in its write', async (t) => {
  const { nodes } = await startCluster(t, { settings: ['--logging.level=debug'] });
  for (const [i, node] of nodes.entries()) {
    const id = `of-request-${i}`;
    const answer = await request(node.httpPort, {
      method: 'PUT',
      path: '/api/cache/k',
      json: { value: i },
      headers: { 'x-correlation-id': id },
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-correlation-id'], id);
    for (const each of nodes) {
      await waitFor(`${id} in the log of ${each.name}`, LOGGED_WITHIN_MS, () => {
        return linesWith(each, id).length > 0 || undefined;
      });
    }
  }
});

test('a node that hangs takes no other out of service', async (t) => {
  const { nodes } = await startCluster(t);
  const [first, second, third] = nodes as [ClusterNode, ClusterNode, ClusterNode];
  third.signal('SIGSTOP');
  try {
    await waitFor('a node to miss the third', 20_000, async () => {
      const members = (await first.ask('GET', '/api/cluster/members')).json.members;
      const found = members.find((member: { node_id: string }) => member.node_id === third.name);
      return found.status !== 'alive' || undefined;
    });
    for (const node of [first, second]) {
      for (const path of ['/health/live', '/health/ready']) {
        assert.equal((await node.ask('GET', path)).status, 200, `${node.name} ${path}`);
      }
    }
  } finally {
    third.signal('SIGCONT');
  }
  await waitUntilWhole(nodes);
});

function linesWith(node: ClusterNode, id: string): string[] {
  const lines = fs.readFileSync(node.logPath, 'utf8').split('\n');
  return lines.filter((line) => line.includes(`"correlation_id":"${id}"`));
}
