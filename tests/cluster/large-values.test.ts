import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { patiently } from '../support/patience.ts';
import { type ClusterNode, startCluster, waitUntilWhole } from './local-cluster.ts';

const MB = 1_000_000;
const PATIENT = { timeout: patiently(100_000) };
/** Log lines of nodes that take one another for gone. */
const BREAKS = /"A node is down"|"Links with a node are down"/;

test('large values go through every node, and all live meanwhile', PATIENT, async (t) => {
  const { nodes } = await startCluster(t);
  await waitUntilWhole(nodes);
  for (const megabytes of [70, 200]) {
    for (const node of nodes) {
      await t.test(`${megabytes} MB through ${node.name}`, async () => {
        const key = `${megabytes}:${node.name}`;
        assert.equal(await setLarge(node, key, megabytes * MB), 'OK');
        await waitForLength(nodes, key, megabytes * MB, key);
        assert.deepEqual(breaksOf(nodes), []);
      });
    }
    for (const node of nodes) await nodes[0]!.call('DEL', `${megabytes}:${node.name}`);
  }
  await t.test('a pipeline of values of 1 MB', async () => {
    const client = await nodes[1]!.connect();
    const value = Buffer.alloc(MB, 'v');
    const count = 300;
    client.sendCommands(Array.from({ length: count }, (_, i) => ['SET', `piped:${i}`, value]));
    for (const reply of await client.take(count)) {
      assert.deepEqual(reply, { kind: 'simple', text: 'OK' });
    }
    client.end();
    for (let i = 0; i < count; i++) await waitForLength(nodes, `piped:${i}`, MB, 'v');
    assert.deepEqual(breaksOf(nodes), []);
  });
});

async function setLarge(node: ClusterNode, key: string, byteCount: number): Promise<unknown> {
  const client = await node.connect();
  const value = Buffer.alloc(byteCount, key);
  client.sendCommands([['SET', key, value]]);
  const [reply] = await client.take(1);
  client.end();
  return reply !== undefined && 'text' in reply ? reply.text : reply;
}

/** On every node, with the bytes that were set at its end. */
async function waitForLength(
  nodes: readonly ClusterNode[],
  key: string,
  byteCount: number,
  pattern: string,
): Promise<void> {
  const tail = Buffer.alloc(byteCount, pattern).subarray(-20).toString();
  const deadlineMs = performance.now() + patiently(10_000);
  for (const node of nodes) {
    while ((await node.call('STRLEN', key)) !== byteCount) {
      assert.ok(performance.now() < deadlineMs, `${node.name} has not got ${key}`);
    }
    assert.equal(await node.call('GETRANGE', key, '-20', '-1'), tail);
  }
}

function breaksOf(nodes: readonly ClusterNode[]): string[] {
  return nodes.flatMap(({ logPath }) =>
    fs
      .readFileSync(logPath, 'utf8')
      .split('\n')
      .filter((line) => BREAKS.test(line)),
  );
}
