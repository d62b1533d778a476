/** Clients that know of clusters, and clients that do not, against three real nodes. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { patiently } from '../support/patience.ts';
import { skipWithout } from '../support/server.ts';
import { type ClusterNode, startCluster, waitUntilEqual, waitUntilWhole } from './local-cluster.ts';

const run = promisify(execFile);
const KEY_COUNT = 300;
const RECOVERED_WITHIN_MS = 5_000;
/** TRIES=1000000 is the long form. */
const TRIES = Number(process.env['TRIES'] ?? 20_000);

test('clients of Redis Cluster', async (t) => {
  // BullMQ must not lose what it stored.
  const settings = ['--cache.eviction_policy=noeviction'];
  const cluster = await startCluster(t, { settings });
  const { nodes } = cluster;

  await t.test('ioredis Cluster: no redirect in steady state', async (t) => {
    const client = openIoredis(t, nodes);
    const before = await redirectsOf(nodes);
    for (let i = 0; i < KEY_COUNT; i++) assert.equal(await client.set(`io:${i}`, `${i}`), 'OK');
    for (let i = 0; i < KEY_COUNT; i++) assert.equal(await client.get(`io:${i}`), `${i}`);
    assert.equal(await client.incr('io:n'), 1);
    // It takes no pipeline over several nodes.
    const pipeline = client.pipeline();
    for (let i = 0; i < KEY_COUNT; i++) pipeline.set(`{io}:${i}`, `${i}`).get(`{io}:${i}`);
    const replies = (await pipeline.exec())!;
    assert.deepEqual(
      replies.map(([error, value]) => error ?? value),
      Array.from({ length: KEY_COUNT }, (_, i) => ['OK', `${i}`]).flat(),
    );
    assert.deepEqual(await redirectsOf(nodes), before);
  });

  await t.test('node-redis createCluster: no redirect in steady state', async (t) => {
    const client = createCluster({
      rootNodes: nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` })),
    });
    client.on('error', (error: Error) => t.diagnostic(error.message));
    await client.connect();
    const before = await redirectsOf(nodes);
    for (let i = 0; i < KEY_COUNT; i++) assert.equal(await client.set(`nr:${i}`, `${i}`), 'OK');
    for (let i = 0; i < KEY_COUNT; i++) assert.equal(await client.get(`nr:${i}`), `${i}`);
    assert.deepEqual(await redirectsOf(nodes), before);
    client.destroy();
  });

  await t.test('redis-cli -c', { skip: skipWithout('redis-cli') }, async () => {
    for (const [i, { port }] of nodes.entries()) {
      const cli = async (...args: string[]) =>
        (await run('redis-cli', ['-c', '-p', `${port}`, ...args])).stdout.trim();
      assert.equal(await cli('SET', `cli:${i}`, 'v'), 'OK');
      assert.equal(await cli('GET', `cli:${i}`), 'v');
      assert.match(await cli('CLUSTER', 'INFO'), /^cluster_state:ok/);
      assert.equal((await cli('CLUSTER', 'NODES')).split('\n').length, nodes.length);
    }
  });

  await t.test('redis-benchmark --cluster', { skip: skipWithout('redis-benchmark') }, async () => {
    const load = ['-t', 'set,get', '-n', '20000', '-r', '1000', '-q', '--csv'];
    const { stdout } = await run(
      'redis-benchmark',
      ['--cluster', '-p', `${nodes[1]!.port}`, ...load],
      { timeout: patiently(20_000) },
    );
    assert.match(stdout, /^"SET","[1-9]/m, stdout);
    assert.match(stdout, /^"GET","[1-9]/m, stdout);
    assert.doesNotMatch(stdout, /error/i);
  });

  await t.test('what is written through a node is read through it, always', async () => {
    await Promise.all(nodes.map((node, i) => readOwnWrites(node, i)));
  });

  await t.test('BullMQ through three nodes: each job is done once', async (t) => {
    await runQueue(t, nodes);
  });

  await t.test('a node dies: clients go on within five seconds', async (t) => {
    const io = openIoredis(t, nodes);
    await io.set('before', 'v');
    nodes[0]!.signal('SIGKILL');
    const killedMs = performance.now();
    const plain = new Redis({ port: nodes[1]!.port, maxRetriesPerRequest: null });
    t.after(() => plain.disconnect());
    for (const client of [io, plain]) {
      await untilSet(client, killedMs + patiently(RECOVERED_WITHIN_MS));
      const name = client === io ? 'ioredis Cluster' : 'a plain client of another node';
      t.diagnostic(`${name} goes on after ${Math.round(performance.now() - killedMs)} ms`);
      assert.equal(await client.get('before'), 'v');
    }
    await cluster.restart();
    await waitUntilWhole(nodes);
    await waitUntilEqual(nodes);
  });
});

function openIoredis(t: { after(fn: () => void): void }, nodes: readonly ClusterNode[]): Cluster {
  const client = new Cluster(
    nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    { clusterRetryStrategy: () => 100 },
  );
  client.on('error', () => {});
  t.after(() => client.disconnect());
  return client;
}

async function untilSet(client: Cluster | Redis, deadlineMs: number): Promise<void> {
  for (;;) {
    try {
      await client.set('after', 'v');
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await sleep(20);
    }
  }
}

/** Error replies that sent a client elsewhere, by node. */
async function redirectsOf(nodes: readonly ClusterNode[]): Promise<number[]> {
  return Promise.all(
    nodes.map(async (node) => {
      const text = String(await node.call('INFO', 'errorstats'));
      const counts = text.matchAll(/^errorstat_(?:MOVED|ASK|CROSSSLOT):count=(\d+)/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    }),
  );
}

async function readOwnWrites(node: ClusterNode, writer: number): Promise<void> {
  const client = await node.connect();
  const batch = 100;
  for (let at = 0; at < TRIES / 3; at += batch) {
    const commands = Array.from({ length: batch }, (_, i) => [
      ['SET', `ryw:${writer}:${i % 7}`, `${at + i}`],
      ['GET', `ryw:${writer}:${i % 7}`],
    ]).flat();
    // Half of them one by one: then the read is not in the batch of the write.
    if ((at / batch) % 2 === 0) {
      client.sendCommands(commands);
      const replies = await client.take(commands.length);
      for (let i = 0; i < batch; i++) requireValue(replies[2 * i + 1]!, at + i);
    } else {
      for (let i = 0; i < batch; i++) {
        await client.call(...commands[2 * i]!);
        requireValue(await client.call(...commands[2 * i + 1]!), at + i);
      }
    }
  }
  client.end();
}

function requireValue(reply: { kind: string }, value: number): void {
  const found = 'bytes' in reply ? String(reply.bytes) : JSON.stringify(reply);
  assert.equal(found, String(value));
}

const JOB_COUNT = 60;

async function runQueue(
  t: { after(fn: () => Promise<unknown>): void },
  nodes: readonly ClusterNode[],
): Promise<void> {
  const [first, second, third] = nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  const queue = new Queue('through-three', { connection: first! });
  const events = new QueueEvents('through-three', { connection: third! });
  await events.waitUntilReady();
  const done = new Map<string, number>();
  const workers = [second!, third!].map(
    (connection) =>
      new Worker(
        'through-three',
        async (job) => {
          done.set(job.id!, (done.get(job.id!) ?? 0) + 1);
          return job.data.n * 2;
        },
        { connection, concurrency: 4 },
      ),
  );
  t.after(async () => {
    for (const worker of workers) await worker.close(true);
    await events.close();
    await queue.close();
  });
  events.setMaxListeners(JOB_COUNT * 2);
  queue.setMaxListeners(JOB_COUNT * 2);
  const jobs = await queue.addBulk(
    Array.from({ length: JOB_COUNT }, (_, n) => ({ name: 'double', data: { n } })),
  );
  const results = await Promise.all(
    jobs.map((job) => job.waitUntilFinished(events, patiently(10_000))),
  );
  assert.deepEqual(
    results,
    Array.from({ length: JOB_COUNT }, (_, n) => n * 2),
  );
  assert.deepEqual([...done.values()], Array(JOB_COUNT).fill(1));
}
