import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { FlowProducer, Queue, QueueEvents, Relay, type RelayMessage, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { waitFor } from '../support/server.ts';
import { nextEvent, openBench, testQueues, WITHIN_MS, waitForJobs } from './bullmq-kit.ts';

const STUCK_WORKER = path.join(import.meta.dirname, 'bullmq-worker.js');

testQueues('bullmq: recovery, other drivers, relay', {
  'the jobs of a killed worker process are done by another': async (t, port) => {
    const bench = openBench(t, port, 'killed');
    const events = await bench.events();
    const stalled = new Set<string>();
    events.on('stalled', ({ jobId }) => stalled.add(jobId));
    const jobs = await bench.queue.addBulk([1, 2, 3].map((n) => ({ name: 'work', data: { n } })));
    const child = startStuckWorker(t, port, 'killed');
    await waitForOutput(child, 3);
    assert.equal(await bench.queue.getActiveCount(), 3);

    const worker = bench.worker(async (job) => job.data.n * 10, {
      stalledInterval: 100,
      lockDuration: 1_000,
    });
    const done = waitForJobs(worker, 3);
    // While the process lives, it renews its locks, and nobody takes its jobs.
    await waitForRenewals(port, `bull:killed:${jobs[0].id}:lock`);
    assert.equal(await bench.queue.getActiveCount(), 3);
    child.kill('SIGKILL');
    const ended = await done;
    assert.deepEqual(ended.map((job) => job.returnvalue).sort(), [10, 20, 30]);
    for (const job of ended) assert.equal(job.stalledCounter, 1);
    await waitFor('the stalled events', WITHIN_MS, () => stalled.size === 3 || undefined);
    assert.deepEqual([...stalled].sort(), jobs.map((job) => job.id).sort());
  },

  'a job whose workers keep dying is given up': async (t, port) => {
    const bench = openBench(t, port, 'given-up');
    const events = await bench.events();
    const job = await bench.queue.add('deadly', {});
    const child = startStuckWorker(t, port, 'given-up');
    await waitForOutput(child, 1);
    child.kill('SIGKILL');
    const failed = nextEvent<{ jobId: string; failedReason: string }>(events, 'failed');
    bench.worker(async () => 'never run', { stalledInterval: 100, maxStalledCount: 0 });
    const { jobId, failedReason } = await failed;
    assert.equal(jobId, job.id);
    assert.equal(failedReason, 'job stalled more than allowable limit');
    assert.equal((await bench.queue.getFailed())[0].id, job.id);
  },

  'a worker cut off by the server connects again and goes on': async (t, port) => {
    const bench = openBench(t, port, 'cut');
    const worker = bench.worker(async (job) => job.data.n);
    const client = new Redis({ port });
    t.after(() => client.disconnect());
    let done = waitForJobs(worker, 1);
    await bench.queue.add('before', { n: 1 });
    assert.equal((await done)[0].returnvalue, 1);
    done = waitForJobs(worker, 1);
    assert.ok(Number(await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')) >= 2);
    await bench.queue.add('after', { n: 2 });
    assert.equal((await done)[0].returnvalue, 2);
  },

  'all goes over the client library redis as well': async (t, port) => {
    const open = async () => {
      const client = createClient({ url: `redis://127.0.0.1:${port}` });
      await client.connect();
      t.after(() => client.destroy());
      return client;
    };
    const connections = await Promise.all([1, 2, 3, 4].map(open));
    const queue = new Queue('node-redis', { connection: connections[0] });
    const events = new QueueEvents('node-redis', { connection: connections[1] });
    const flows = new FlowProducer({ connection: connections[2] });
    const worker = new Worker(
      'node-redis',
      async (job) => {
        const parts = Object.values(await job.getChildrenValues<number>());
        if (job.name === 'twice' && job.attemptsMade === 0) throw new Error('not yet');
        return parts.reduce((sum, n) => sum + n, job.data.n);
      },
      { connection: connections[3], concurrency: 2 },
    );
    t.after(async () => {
      for (const part of [worker, flows, events, queue]) await part.close();
    });
    await events.waitUntilReady();
    const done = waitForJobs(worker, 6);
    const completed = nextEvent<{ jobId: string }>(events, 'completed');
    const [first] = await queue.addBulk([
      { name: 'now', data: { n: 1 } },
      { name: 'later', data: { n: 2 }, opts: { delay: 60 } },
      { name: 'twice', data: { n: 3 }, opts: { attempts: 2, priority: 5 } },
    ]);
    await flows.add({
      name: 'parent',
      queueName: 'node-redis',
      data: { n: 100 },
      children: [4, 5].map((n) => ({ name: 'child', queueName: 'node-redis', data: { n } })),
    });
    const results = (await done).map((job) => job.returnvalue);
    assert.deepEqual(
      results.sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 109],
    );
    assert.ok(Number((await completed).jobId) >= Number(first.id));
    assert.deepEqual(await queue.getJobCounts('completed', 'failed'), {
      completed: 6,
      failed: 0,
    });
  },

  'a relay carries messages between nodes, and keeps what is to be kept': async (t, port) => {
    const connection = { host: '127.0.0.1', port };
    const open = async (name: string) => {
      const relay = new Relay({ connection, name, namespace: 'house', blockTimeout: 500 });
      t.after(() => relay.close());
      await relay.waitUntilReady();
      return relay;
    };
    const [sender, receiver] = [await open('sender'), await open('receiver')];
    const heard: RelayMessage[] = [];
    const subscription = await receiver.subscribe('doors.*', (message) => {
      heard.push(message);
    });
    await sender.publish('doors.front', { open: true });
    await sender.publish('windows.attic', { open: true });
    await sender.publish('doors.back', { open: false }, { retain: 60_000 });
    await waitFor('both messages', WITHIN_MS, () => heard.length === 2 || undefined);
    assert.deepEqual(
      heard.map(({ topic, data }) => [topic, data]),
      [
        ['doors.front', { open: true }],
        ['doors.back', { open: false }],
      ],
    );
    const late: RelayMessage[] = [];
    await sender.subscribe('doors.back', (message) => {
      late.push(message);
    });
    await waitFor('the kept message', WITHIN_MS, () => late.length === 1 || undefined);
    assert.equal(late[0].retained, true);
    assert.deepEqual((await sender.getNodes()).map(({ info }) => info.name).sort(), [
      'receiver',
      'sender',
    ]);
    assert.equal((await sender.getRetained()).length, 1);
    assert.equal(await sender.deleteRetained('doors.back'), true);
    await subscription.unsubscribe();
    assert.deepEqual(await sender.getNamespaces(), ['house']);
  },
});

function startStuckWorker(t: TestContext, port: number, queue: string): ChildProcess {
  const child = spawn(process.execPath, [STUCK_WORKER, String(port), queue], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function waitForOutput(child: ChildProcess, jobCount: number): Promise<void> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await waitFor(`the process to take ${jobCount} jobs`, WITHIN_MS, () => {
    return text.split('took ').length - 1 === jobCount || undefined;
  });
}

/** Sees the lock of a job renewed twice: meanwhile three checks for stalled jobs pass. */
async function waitForRenewals(port: number, lock: string): Promise<void> {
  const client = new Redis({ port });
  let renewalCount = 0;
  let leftMs = await client.pttl(lock);
  try {
    await waitFor('the lock to be renewed', WITHIN_MS, async () => {
      const nowMs = await client.pttl(lock);
      if (nowMs > leftMs) renewalCount++;
      leftMs = nowMs;
      return renewalCount === 2 || undefined;
    });
  } finally {
    client.disconnect();
  }
}
