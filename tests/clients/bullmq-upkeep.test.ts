import assert from 'node:assert/strict';
import { type Job, QueueEventsProducer } from 'bullmq';
import { Redis } from 'ioredis';
import { waitFor } from '../support/server.ts';
import { nextEvent, openBench, testQueues, WITHIN_MS, waitForJobs } from './bullmq-kit.ts';

const EVENTS = [
  ...['added', 'waiting', 'active', 'progress', 'completed', 'failed', 'delayed', 'paused'],
  ...['resumed', 'removed', 'retries-exhausted', 'duplicated', 'cleaned'],
] as const;

testQueues('bullmq: events and upkeep', {
  'every event of a life is told, in order': async (t, port) => {
    const bench = openBench(t, port, 'events');
    const events = await bench.events();
    const told: string[] = [];
    for (const event of EVENTS) {
      events.on(event, (args: object) => {
        told.push('jobId' in args ? `${event} ${args.jobId}` : event);
      });
    }
    const options = { attempts: 2, backoff: 10 };
    await bench.queue.add('bad', {}, { ...options, jobId: 'bad' });
    const worker = bench.worker(async (job) => {
      await job.updateProgress(1);
      if (job.name === 'bad') throw new Error('bad');
    });
    await waitForJobs(worker, 1);
    await worker.close();
    await bench.queue.add('same', {}, { jobId: 'bad' });
    await bench.queue.pause();
    await bench.queue.resume();
    await bench.queue.remove('bad');
    await waitFor('the last event', WITHIN_MS, () => told.includes('removed bad') || undefined);
    const life = [
      ...['added', 'waiting', 'active', 'progress', 'delayed', 'waiting', 'active', 'progress'],
      ...['failed', 'retries-exhausted', 'duplicated'],
    ].map((event) => `${event} bad`);
    assert.deepEqual(told, [...life, 'paused', 'resumed', 'removed bad']);
  },

  'events of own making travel, and the stream is cut to length': async (t, port) => {
    const bench = openBench(t, port, 'own-events');
    const events = await bench.events();
    const connection = { host: '127.0.0.1', port };
    const producer = new QueueEventsProducer('own-events', { connection });
    t.after(() => producer.close());
    const heard = nextEvent(events, 'greeting');
    await producer.publishEvent({ eventName: 'greeting', text: 'hello' });
    assert.deepEqual(await heard, { text: 'hello' });

    for (let i = 0; i < 150; i++) await bench.queue.add('j', {});
    await bench.queue.trimEvents(0);
    const client = new Redis(connection);
    t.after(() => client.disconnect());
    assert.ok((await client.xlen('bull:own-events:events')) < 150);
  },

  'jobs are counted and listed by state': async (t, port) => {
    const bench = openBench(t, port, 'counts');
    const worker = bench.worker(async (job) => {
      if (job.name === 'bad') throw new Error('bad');
    });
    const done = waitForJobs(worker, 5);
    await bench.queue.addBulk(['ok', 'ok', 'bad', 'ok', 'bad'].map((name) => ({ name, data: {} })));
    await done;
    await worker.close();
    const wait = await bench.queue.addBulk(
      Array.from({ length: 12 }, (_, i) => ({ name: `w${i}`, data: {} })),
    );
    await bench.queue.add('later', {}, { delay: 600_000 });
    await bench.queue.add('first', {}, { priority: 1 });
    const counts = await bench.queue.getJobCounts();
    assert.deepEqual(counts, {
      active: 0,
      completed: 3,
      delayed: 1,
      failed: 2,
      prioritized: 1,
      waiting: 12,
      'waiting-children': 0,
    });
    assert.equal(await bench.queue.count(), 14);
    assert.equal(await bench.queue.getJobCountByTypes('waiting', 'delayed'), 13);
    const names = async (...range: [number, number, boolean?]) =>
      (await bench.queue.getJobs(['waiting'], ...range)).map((job) => job.name);
    assert.deepEqual(await names(0, 2, true), ['w0', 'w1', 'w2']);
    assert.deepEqual(await names(0, 2), ['w11', 'w10', 'w9']);
    assert.deepEqual(await names(10, -1, true), ['w10', 'w11']);
    const mixed = await bench.queue.getJobs(['failed', 'delayed', 'prioritized']);
    assert.deepEqual(mixed.map((job) => job.name).sort(), ['bad', 'bad', 'first', 'later']);
    assert.equal(await bench.queue.getJobState(wait[0].id!), 'waiting');
    assert.equal(await bench.queue.getJobState('no such job'), 'unknown');
    assert.equal(await bench.queue.getJob('no such job'), undefined);
  },

  'finished jobs are kept as long as wished': async (t, port) => {
    const bench = openBench(t, port, 'keeping');
    const worker = bench.worker(
      async (job) => {
        if (job.name === 'bad') throw new Error('bad');
      },
      { removeOnComplete: { count: 3 } },
    );
    let done = waitForJobs(worker, 10);
    await bench.queue.addBulk(Array.from({ length: 10 }, (_, i) => ({ name: `j${i}`, data: {} })));
    await done;
    const kept = await bench.queue.getCompleted();
    assert.deepEqual(kept.map((job) => job.name).sort(), ['j7', 'j8', 'j9']);

    done = waitForJobs(worker, 3);
    await bench.queue.add('gone', {}, { removeOnComplete: true });
    await bench.queue.add('bad', {}, { removeOnFail: true });
    await bench.queue.add('aged', {}, { removeOnComplete: { age: 600, count: 1 } });
    await done;
    assert.equal(await bench.queue.getFailedCount(), 0);
    const left = await bench.queue.getCompleted();
    assert.deepEqual(
      left.map((job) => job.name),
      ['aged'],
    );
  },

  'jobs are removed, drained, cleaned, and all is wiped out': async (t, port) => {
    const bench = openBench(t, port, 'wiping');
    const client = new Redis({ port });
    t.after(() => client.disconnect());
    const worker = bench.worker(async () => 1);
    const done = waitForJobs(worker, 20);
    await bench.queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'j', data: {} })));
    await done;
    await worker.close();
    const jobs = await bench.queue.addBulk([1, 2, 3].map((i) => ({ name: `w${i}`, data: {} })));
    assert.equal(await bench.queue.remove(jobs[1].id!), 1);
    assert.deepEqual(
      (await bench.queue.getWaiting()).map((job) => job.name),
      ['w1', 'w3'],
    );
    assert.equal(await client.exists(`bull:wiping:${jobs[1].id}`), 0);
    await bench.queue.add('later', {}, { delay: 600_000 });
    await bench.queue.drain();
    assert.deepEqual(await bench.queue.getJobCounts('waiting', 'delayed', 'completed'), {
      waiting: 0,
      delayed: 1,
      completed: 20,
    });
    await bench.queue.drain(true);
    assert.equal(await bench.queue.getDelayedCount(), 0);
    assert.equal((await bench.queue.clean(0, 8, 'completed')).length, 8);
    assert.equal(await bench.queue.getCompletedCount(), 12);
    await bench.queue.obliterate();
    assert.deepEqual(await client.keys('bull:wiping:*'), []);
  },

  'of equal jobs one is kept while it is there, for a time, or the last': async (t, port) => {
    const bench = openBench(t, port, 'equal');
    const add = async (name: string, deduplication: { id: string; ttl?: number }) =>
      (await bench.queue.add(name, {}, { deduplication })).id;
    const first = await add('a', { id: 'simple' });
    assert.equal(await add('b', { id: 'simple' }), first);
    assert.equal(await bench.queue.getDeduplicationJobId('simple'), first);
    assert.equal(await bench.queue.removeDeduplicationKey('simple'), 1);
    assert.notEqual(await add('c', { id: 'simple' }), first);

    const throttled = await add('t', { id: 'throttle', ttl: 300 });
    assert.equal(await add('t', { id: 'throttle', ttl: 300 }), throttled);
    await waitFor('the throttle to end', WITHIN_MS, async () => {
      return (await add('t', { id: 'throttle', ttl: 300 })) !== throttled || undefined;
    });

    const bounce = { delay: 600_000 };
    const deduplication = { id: 'bounce', ttl: 600_000, extend: true, replace: true };
    await bench.queue.add('early', { n: 1 }, { ...bounce, deduplication });
    await bench.queue.add('late', { n: 2 }, { ...bounce, deduplication });
    const delayed = await bench.queue.getDelayed();
    assert.deepEqual(
      delayed.map((job) => [job.name, job.data.n]),
      [['late', 2]],
    );
  },

  'logs, data and metrics are kept': async (t, port) => {
    const bench = openBench(t, port, 'notes');
    const job = await bench.queue.add('j', { n: 1 });
    for (const row of ['one', 'two', 'three']) await job.log(row);
    assert.deepEqual(await bench.queue.getJobLogs(job.id!, 0, 1), {
      logs: ['one', 'two'],
      count: 3,
    });
    await job.clearLogs(1);
    assert.deepEqual((await bench.queue.getJobLogs(job.id!)).logs, ['three']);
    await job.updateData({ n: 2 });
    const worker = bench.worker(async (job) => job.data.n, { metrics: { maxDataPoints: 60 } });
    const [done] = await waitForJobs(worker, 1);
    assert.equal(done.returnvalue, 2);
    const metrics = await bench.queue.getMetrics('completed');
    assert.equal(metrics.meta.count, 1);
    assert.match(await bench.queue.exportPrometheusMetrics(), /state="completed"} 1/);
  },

  'questions about one job, and repairs': async (t, port) => {
    const bench = openBench(t, port, 'questions');
    const connection = { host: '127.0.0.1', port };
    const client = new Redis(connection);
    t.after(() => client.disconnect());
    const unique = { deduplication: { id: 'unique' } };
    const job = await bench.queue.add('j', {}, { attempts: 2, ...unique });
    const delayed = await bench.queue.add('later', {}, { delay: 600_000 });
    assert.deepEqual(await ask(job), ['waiting']);
    assert.deepEqual(await ask(delayed), ['delayed']);
    assert.equal(await job.removeDeduplicationKey(), true);
    assert.equal(await job.removeDeduplicationKey(), false);
    assert.deepEqual(await bench.queue.getRanges(['wait', 'delayed'], 0, -1, true), [
      job.id,
      delayed.id,
    ]);
    await bench.queue.setGlobalConcurrency(1);
    assert.equal(await bench.queue.isMaxed(), false);
    let isMaxed: boolean | undefined;
    const worker = bench.worker(async (job) => {
      isMaxed = await bench.queue.isMaxed();
      assert.deepEqual(await ask(job), ['active']);
      if (job.attemptsMade === 0) throw new Error('tried again at once');
    });
    const [done] = await waitForJobs(worker, 1);
    assert.equal(isMaxed, true);
    assert.equal(done.attemptsMade, 2);
    assert.deepEqual(done.stacktrace?.length, 1);
    assert.deepEqual(await ask(job), ['completed']);

    const { job: parent } = await bench.flows.add({
      name: 'parent',
      queueName: 'questions',
      children: [1, 2, 3].map((n) => ({ name: 'child', queueName: 'questions-parts', data: n })),
    });
    const pending = await bench.queue.getDependencies(parent.id!, 'pending', 0, 1);
    assert.equal(pending.total, 3);
    assert.ok(pending.items.length >= 2);

    await client.hset('bull:questions:lost', 'name', 'in no list', 'timestamp', '1', 'data', '{}');
    assert.equal(await bench.queue.removeOrphanedJobs(), 1);
    assert.equal(await client.exists('bull:questions:lost'), 0);
    assert.equal(await bench.queue.getJobState(delayed.id!), 'delayed');
  },

  'who works on a queue is known': async (t, port) => {
    const bench = openBench(t, port, 'staff');
    const workers = ['ada', 'bob'].map((name) => bench.worker(async () => 1, { name }));
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    await waitFor('both workers to be named', WITHIN_MS, async () => {
      return (await bench.queue.getWorkersCount()) === 2 || undefined;
    });
    const names = (await bench.queue.getWorkers()).map((worker) => worker['rawname']);
    assert.deepEqual(names.map((name) => name.split(':').at(-1)).sort(), ['ada', 'bob']);
    assert.match((await bench.queue.getVersion()) ?? '', /^bullmq/);
    await bench.events();
    assert.equal((await bench.queue.getQueueEvents()).length, 1);
  },
});

/** Every state by its own question. */
async function ask(job: Job): Promise<string[]> {
  const answers = {
    waiting: await job.isWaiting(),
    active: await job.isActive(),
    delayed: await job.isDelayed(),
    completed: await job.isCompleted(),
    failed: await job.isFailed(),
    'waiting-children': await job.isWaitingChildren(),
  };
  return Object.entries(answers).flatMap(([state, is]) => (is ? [state] : []));
}
