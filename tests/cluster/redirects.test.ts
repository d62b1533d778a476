/** As Redis Cluster: every port sends clients to the owner of their key. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { SLOT_COUNT, slotOfKey } from '../../src/base/digest/key-slot.ts';
import { patiently } from '../support/patience.ts';
import { skipWithout } from '../support/server.ts';
import { type ClusterNode, startCluster, waitUntilWhole } from './local-cluster.ts';

const run = promisify(execFile);
const KEY_COUNT = 200;
const RECOVERED_WITHIN_MS = 5_000;

test('clients that are redirected', async (t) => {
  const cluster = await startCluster(t, { settings: ['--cluster.redis_protocol=yes'] });
  const { nodes } = cluster;
  await waitUntilWhole(nodes);

  await t.test('all nodes tell one table, which covers every slot', async () => {
    const [first, ...others] = await Promise.all(nodes.map(ownersOf));
    assert.equal(first!.length, SLOT_COUNT);
    assert.deepEqual(new Set(first), new Set(nodes.map(({ port }) => port)));
    for (const other of others) assert.deepEqual(other, first);
  });

  await t.test('who asks another node than the owner is told which one it is', async () => {
    const owners = await ownersOf(nodes[0]!);
    for (let i = 0; i < 30; i++) {
      const key = `key:${i}`;
      const slot = slotOfKey(Buffer.from(key), 0, key.length);
      for (const node of nodes) {
        const reply = await node.call('SET', key, 'v');
        const isOwner = owners[slot] === node.port;
        assert.equal(reply, isOwner ? 'OK' : `-MOVED ${slot} 127.0.0.1:${owners[slot]}`);
      }
    }
    assert.match(String(await nodes[0]!.call('MSET', 'a', '1', 'b', '2')), /^-CROSSSLOT /);
  });

  await t.test('ioredis Cluster and node-redis createCluster', async (t) => {
    const io = openIoredis(t, nodes);
    const nodeRedis = createCluster({
      rootNodes: [{ url: `redis://127.0.0.1:${nodes[1]!.port}` }],
    });
    nodeRedis.on('error', (error: Error) => t.diagnostic(error.message));
    await nodeRedis.connect();
    for (let i = 0; i < KEY_COUNT; i++) {
      assert.equal(await io.set(`k:${i}`, `${i}`), 'OK');
      assert.equal(await nodeRedis.get(`k:${i}`), `${i}`);
    }
    const replies = await io.multi().set('{t}a', '1').incr('{t}a').get('{t}a').exec();
    assert.deepEqual(replies, [
      [null, 'OK'],
      [null, 2],
      [null, '2'],
    ]);
    nodeRedis.destroy();
  });

  await t.test('redis-cli -c, and its check', { skip: skipWithout('redis-cli') }, async () => {
    const cli = async (...args: string[]) =>
      (await run('redis-cli', ['-p', `${nodes[2]!.port}`, ...args])).stdout.trim();
    for (let i = 0; i < 10; i++) {
      assert.equal(await cli('-c', 'SET', `cli:${i}`, 'v'), 'OK');
      assert.equal(await cli('-c', 'GET', `cli:${i}`), 'v');
    }
    const told = await cli('--cluster', 'check', `127.0.0.1:${nodes[0]!.port}`);
    assert.match(told, /All nodes agree about slots configuration/);
    assert.match(told, /All 16384 slots covered/);
  });

  await t.test('a node dies: clients go on within five seconds', async (t) => {
    const io = openIoredis(t, nodes);
    await io.get('k:0');
    const victim = nodes[0]!;
    victim.signal('SIGKILL');
    const deadlineMs = performance.now() + patiently(RECOVERED_WITHIN_MS);
    const missing = new Set(Array.from({ length: KEY_COUNT }, (_, i) => i));
    while (missing.size > 0) {
      assert.ok(performance.now() < deadlineMs, `not served: ${[...missing].join()}`);
      for (const i of missing) {
        const value = await io.get(`k:${i}`).catch(() => null);
        if (value === `${i}`) missing.delete(i);
      }
      await sleep(20);
    }
    await cluster.restart();
    await waitUntilWhole(nodes);
  });
});

/** Port of the owner of each slot, as that node tells it. */
async function ownersOf(node: ClusterNode): Promise<number[]> {
  const ranges = (await node.call('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  const owners: number[] = [];
  for (const [start, end, [, port]] of ranges) {
    for (let slot = start; slot <= end; slot++) owners[slot] = port;
  }
  return owners;
}

function openIoredis(t: { after(fn: () => void): void }, nodes: readonly ClusterNode[]): Cluster {
  const client = new Cluster(
    nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { clusterRetryStrategy: () => 100, slotsRefreshTimeout: patiently(2_000) },
  );
  client.on('error', () => {});
  t.after(() => client.disconnect());
  return client;
}
