import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { TestContext } from 'node:test';
import {
  type ClusterNode,
  differencesOf,
  startCluster,
  waitUntilEqual,
  waitUntilWhole,
} from '../cluster/local-cluster.ts';
import { request } from '../http/http-kit.ts';
import { waitFor } from '../support/server.ts';
import { defect } from './defect-kit.ts';

const WITHIN_MS = 2_000;

async function startPair(t: TestContext, settings: readonly string[] = []) {
  const cluster = await startCluster(t, { nodeCount: 2, settings });
  const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
  return { cluster, first, second, nodes: cluster.nodes };
}

function untilReply(node: ClusterNode, wanted: unknown, ...args: string[]): Promise<true> {
  return waitFor(`${node.name}: ${args.join(' ')} to be ${wanted}`, WITHIN_MS, async () => {
    return (await node.call(...args)) === wanted || undefined;
  });
}

defect('writes of a named store replicated into `default`', async (t) => {
  const { first, second } = await startPair(t);
  assert.equal(await first.call('STORE', 'CREATE', 'named'), 'OK');
  await waitFor('the store to be there', WITHIN_MS, async () => {
    return (await second.call('SELECT', 'named')) === 'OK' || undefined;
  });
  assert.equal(await first.call('SELECT', 'named'), 'OK');
  assert.equal(await first.call('SET', 'k', 'in named'), 'OK');
  await untilReply(second, 'in named', 'GET', 'k');
  for (const node of [first, second]) {
    await node.call('SELECT', 'default');
    assert.equal(await node.call('DBSIZE'), 0);
  }
});

defect('stores created on one node only', async (t) => {
  const { first, second } = await startPair(t);
  const body = { name: 'made', eviction_policy: 'fifo', max_memory: '8mb', default_ttl: '1h' };
  assert.equal((await second.ask('POST', '/api/stores', body)).status, 201);
  const { json } = await waitFor('the store to be there', WITHIN_MS, async () => {
    const answer = await first.ask('GET', '/api/stores/made');
    return answer.status === 200 ? answer : undefined;
  });
  assert.equal(json.config.eviction_policy, 'fifo');
  assert.equal(json.config.max_memory, 8 * 1024 * 1024);
  assert.equal((await first.ask('DELETE', '/api/stores/made')).status, 200);
  await waitFor('the store to be gone', WITHIN_MS, async () => {
    return (await second.ask('GET', '/api/stores/made')).status === 404 || undefined;
  });
});

defect('FLUSHALL not replicated', async (t) => {
  const { first, second } = await startPair(t);
  for (let i = 0; i < 100; i++) await first.call('SET', `k${i}`, 'v');
  await untilReply(second, 100, 'DBSIZE');
  assert.equal(await second.call('FLUSHALL'), 'OK');
  await untilReply(first, 0, 'DBSIZE');
  await untilReply(second, 0, 'DBSIZE');
});

defect('a clock reset on restart so that replicas refuse writes', async (t) => {
  const { cluster, nodes } = await startPair(t);
  for (const node of nodes) {
    assert.equal(await node.call('SET', 'k', `before ${node.name}`), 'OK');
    await cluster.run(['stop', node.name]);
    await cluster.restart();
    await waitUntilWhole(nodes);
    for (const writer of nodes) {
      const value = `after ${node.name} by ${writer.name}`;
      assert.equal(await writer.call('SET', 'k', value), 'OK');
      for (const reader of nodes) await untilReply(reader, value, 'GET', 'k');
    }
  }
});

defect('local writes without a stamp', async (t) => {
  // What a node wrote before it met others is merged with theirs: the later version wins.
  const { cluster, first, second, nodes } = await startPair(t);
  await cluster.run(['stop', 'node-2']);
  assert.equal(await first.call('SET', 'k', 'old'), 'OK');
  assert.equal(await first.call('SET', 'only', 'here'), 'OK');
  await cluster.restart();
  await waitUntilWhole(nodes);
  assert.equal(await second.call('SET', 'k', 'new'), 'OK');
  await untilReply(first, 'new', 'GET', 'k');
  await untilReply(second, 'here', 'GET', 'only');
});

defect('concurrent writers diverging for ever', async (t) => {
  const { nodes } = await startPair(t);
  await Promise.all(
    nodes.map(async (node) => {
      for (let i = 0; i < 3_000; i++) await node.call('SET', `k${i % 30}`, `${node.name} ${i}`);
    }),
  );
  await waitUntilEqual(nodes, 1_000);
});

defect('late joiners never filled', async (t) => {
  const { cluster, first } = await startPair(t);
  for (let i = 0; i < 500; i++) await first.call('SET', `k${i}`, 'v');
  await first.call('STORE', 'CREATE', 'named');
  await first.call('SELECT', 'named');
  await first.call('RPUSH', 'list', 'a', 'b');
  await first.call('SELECT', 'default');
  const added = await cluster.add();
  assert.equal(await added.call('DBSIZE'), 500);
  assert.equal(await added.call('SELECT', 'named'), 'OK');
  assert.deepEqual(await added.call('LRANGE', 'list', '0', '-1'), ['a', 'b']);
});

defect('no repair after a partition; deleted keys coming back', async (t) => {
  const { cluster, first, nodes } = await startPair(t);
  for (const key of ['kept', 'changed', 'deleted']) await first.call('SET', key, 'v');
  await waitUntilEqual(nodes);
  // Killed: it keeps what it had, and misses all that follows.
  nodes[1]!.signal('SIGKILL');
  await waitFor('the first to go on alone', 10_000, async () => {
    return (await first.call('SET', 'changed', 'new')) === 'OK' || undefined;
  });
  assert.equal(await first.call('DEL', 'deleted'), 1);
  await cluster.restart();
  await waitUntilWhole(nodes);
  await waitUntilEqual(nodes);
  assert.deepEqual(await differencesOf(nodes), []);
  assert.equal(await nodes[1]!.call('GET', 'deleted'), null);
  assert.equal(await nodes[1]!.call('GET', 'changed'), 'new');
});

defect('a node missing from the ring of a peer while /health says healthy', async (t) => {
  const { cluster, nodes } = await startPair(t);
  const tables = await Promise.all(
    nodes.map(async (node) => (await node.ask('GET', '/api/cluster/status')).json),
  );
  assert.equal(new Set(tables.map(({ table }) => table.digest)).size, 1, 'one table on all nodes');
  const added = await cluster.add();
  for (const node of [...nodes, added]) {
    const { json, status } = await node.ask('GET', '/health');
    // Healthy is only who sees them all.
    if (status === 200) assert.equal(json.cluster_size, 3, node.name);
  }
  await waitUntilWhole(cluster.nodes);
});

defect('quorum failures answered as success', async (t) => {
  const settings = ['--cluster.consistency_level=quorum'];
  const cluster = await startCluster(t, { settings });
  const [first, second, third] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode];
  assert.equal(await first.call('SET', 'k', 'v'), 'OK');
  second.signal('SIGKILL');
  third.signal('SIGKILL');
  const deadlineMs = Date.now() + 10_000;
  let refusal = '';
  while (refusal === '' && Date.now() < deadlineMs) {
    const reply = String(await first.call('SET', 'k', 'alone'));
    // As long as it takes both for alive, the outcome of a write is unknown: never OK.
    assert.notEqual(reply, 'OK');
    if (reply.startsWith('-NOREPLICAS')) refusal = reply;
  }
  assert.match(refusal, /^-NOREPLICAS /);
  const put = await first.ask('PUT', '/api/cache/k', { value: 1 });
  assert.equal(put.status, 503);
  assert.equal(put.json.success, false);
});

defect('correlation ids lost between nodes', async (t) => {
  const { first, second, nodes } = await startPair(t, ['--logging.level=debug']);
  for (const node of [first, second]) {
    const id = `through-${node.name}`;
    const headers = { 'x-correlation-id': id };
    const asked = { method: 'PUT', path: '/api/cache/k', json: { value: 1 }, headers };
    assert.equal((await request(node.httpPort, asked)).status, 200);
    for (const each of nodes) {
      await waitFor(`${id} in the log of ${each.name}`, WITHIN_MS, () => {
        return fs.readFileSync(each.logPath, 'utf8').includes(id) || undefined;
      });
    }
  }
});
