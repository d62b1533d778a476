import assert from 'node:assert/strict';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { patiently } from '../support/patience.ts';
import { waitFor } from '../support/server.ts';
import {
  nextEvent,
  openBench,
  testQueues,
  WITHIN_MS,
  waitForJobs,
  waitForState,
} from './bullmq-kit.ts';

testQueues('bullmq: jobs', {
  'what is added is processed, and who waits for the result gets it': async (t, port) => {
    const bench = openBench(t, port, 'add');
    const events = await bench.events();
    const worker = bench.worker(async (job) => {
      await job.updateProgress({ percent: 50 });
      await job.log(`adds ${job.data.a} and ${job.data.b}`);
      return { sum: job.data.a + job.data.b, text: 'käse ✓' };
    });
    const progress = nextEvent<{ data: unknown }>(events, 'progress');
    const job = await bench.queue.add('sum', { a: 2, b: 3 });
    assert.deepEqual(await job.waitUntilFinished(events, patiently(WITHIN_MS)), {
      sum: 5,
      text: 'käse ✓',
    });
    assert.deepEqual((await progress).data, { percent: 50 });

    const kept = await bench.queue.getJob(job.id!);
    assert.deepEqual(kept?.data, { a: 2, b: 3 });
    assert.deepEqual(kept?.returnvalue, { sum: 5, text: 'käse ✓' });
    assert.deepEqual(kept?.progress, { percent: 50 });
    assert.equal(kept?.attemptsMade, 1);
    assert.equal(await kept?.getState(), 'completed');
    assert.ok(kept!.processedOn! >= kept!.timestamp && kept!.finishedOn! >= kept!.processedOn!);
    assert.deepEqual(await bench.queue.getJobLogs(job.id!), { logs: ['adds 2 and 3'], count: 1 });
    assert.equal(worker.isRunning(), true);
  },

  'many jobs added at once are each processed once, by several workers': async (t, port) => {
    const bench = openBench(t, port, 'bulk');
    const seen: number[] = [];
    const process = async (job: Job) => seen.push(job.data.i);
    const workers = [1, 2, 3].map(() => bench.worker(process, { concurrency: 10 }));
    const jobs = await bench.queue.addBulk(
      Array.from({ length: 300 }, (_, i) => ({ name: 'n', data: { i } })),
    );
    assert.equal(new Set(jobs.map((job) => job.id)).size, 300);
    await waitFor('all jobs to complete', WITHIN_MS, async () => {
      return (await bench.queue.getCompletedCount()) === 300 || undefined;
    });
    assert.deepEqual(
      seen.sort((a, b) => a - b),
      Array.from({ length: 300 }, (_, i) => i),
    );
    for (const worker of workers) assert.equal(worker.isRunning(), true);
  },

  'a delayed job waits for its time; it can be put off, or promoted': async (t, port) => {
    const bench = openBench(t, port, 'delay');
    const worker = bench.worker(async () => performance.now());
    await worker.waitUntilReady();
    const done = waitForJobs(worker, 2);
    const putOff = await bench.queue.add('put off', {}, { delay: 3_000 });
    const promoted = await bench.queue.add('promoted', {}, { delay: 600_000 });
    const late = await bench.queue.add('late', {}, { delay: 600_000 });
    assert.equal(await late.getState(), 'delayed');
    assert.equal(await bench.queue.getDelayedCount(), 3);
    await putOff.changeDelay(600_000);
    await promoted.promote();
    const startMs = performance.now();
    await bench.queue.add('soon', {}, { delay: 150 });
    const [first, second] = await done;
    assert.deepEqual([first.name, second.name], ['promoted', 'soon']);
    assert.ok(second.returnvalue - startMs >= 149, 'ran before its time');
    assert.ok(second.returnvalue - startMs < patiently(3_000), 'ran long after its time');
    assert.equal(await putOff.getState(), 'delayed');

    const rest = waitForJobs(worker, 2);
    await bench.queue.promoteJobs();
    assert.deepEqual((await rest).map((job) => job.id).sort(), [putOff.id, late.id].sort());
  },

  'higher priorities go first, equal ones in order, none before all': async (t, port) => {
    const bench = openBench(t, port, 'priority');
    await bench.queue.pause();
    const jobs = [
      ...['p5-a', 'p1', 'p5-b', 'p2097151', 'p0-a', 'p0-b'],
      ...Array.from({ length: 10 }, (_, i) => `p7-${i}`),
    ];
    for (const name of jobs) {
      const priority = Number(/\d+/.exec(name)?.[0]);
      await bench.queue.add(name, {}, { priority });
    }
    const raised = await bench.queue.add('p900', {}, { priority: 900 });
    await bench.queue.add('last in', {}, { lifo: true });
    await raised.changePriority({ priority: 2 });
    assert.equal(await bench.queue.getPrioritizedCount(), 15);
    const counts = await bench.queue.getCountsPerPriority([0, 1, 5, 7]);
    assert.deepEqual(counts, { 0: 3, 1: 1, 5: 2, 7: 10 });

    const worker = bench.worker(async () => 1, { concurrency: 1 });
    const done = waitForJobs(worker, jobs.length + 2);
    await bench.queue.resume();
    const sevens = Array.from({ length: 10 }, (_, i) => `p7-${i}`);
    assert.deepEqual(
      (await done).map((job) => job.name),
      ['last in', 'p0-a', 'p0-b', 'p1', 'p900', 'p5-a', 'p5-b', ...sevens, 'p2097151'],
    );
  },

  'a failed job is tried again after its backoff, and then is done or failed': async (t, port) => {
    const bench = openBench(t, port, 'retry');
    const attemptsMs: Record<string, number[]> = {};
    const worker = bench.worker(
      async (job) => {
        (attemptsMs[job.name] ??= []).push(performance.now());
        if (job.name === 'hopeless') throw new UnrecoverableError('never');
        if (job.attemptsMade < job.data.failures) throw new Error(`no ${job.attemptsMade}`);
        return 'at last';
      },
      { concurrency: 5, settings: { backoffStrategy: (made) => made * 20 } },
    );
    const done = waitForJobs(worker, 4);
    await bench.queue.addBulk([
      {
        name: 'exponential',
        data: { failures: 2 },
        opts: { attempts: 3, backoff: { type: 'exponential', delay: 40 } },
      },
      {
        name: 'fixed',
        data: { failures: 9 },
        opts: { attempts: 3, backoff: { type: 'fixed', delay: 30 } },
      },
      {
        name: 'own',
        data: { failures: 1 },
        opts: { attempts: 2, backoff: { type: 'custom' } },
      },
      { name: 'hopeless', data: {}, opts: { attempts: 5 } },
    ]);
    const byName = new Map((await done).map((job) => [job.name, job]));
    assert.deepEqual([...byName.keys()].sort(), ['exponential', 'fixed', 'hopeless', 'own']);
    assert.equal(byName.get('exponential')?.returnvalue, 'at last');
    assert.equal(byName.get('own')?.returnvalue, 'at last');
    const [first, second, third] = attemptsMs['exponential'];
    assert.ok(second - first >= 39 && third - second >= 79, `${attemptsMs['exponential']}`);
    assert.equal(attemptsMs['fixed'].length, 3);
    assert.equal(attemptsMs['hopeless'].length, 1);

    const failed = await bench.queue.getFailed();
    assert.deepEqual(failed.map((job) => job.name).sort(), ['fixed', 'hopeless']);
    const fixed = failed.find((job) => job.name === 'fixed');
    assert.equal(fixed?.failedReason, 'no 2');
    assert.equal(fixed?.stacktrace?.length, 3);
    assert.match(fixed?.stacktrace?.[0] ?? '', /Error: no 0/);
  },

  'failed jobs can be tried again by hand, one or all': async (t, port) => {
    const bench = openBench(t, port, 'again');
    let isHealthy = false;
    const worker = bench.worker(async () => {
      if (!isHealthy) throw new Error('ill');
      return 'well';
    });
    const failed = waitForJobs(worker, 5);
    const jobs = await bench.queue.addBulk(
      Array.from({ length: 5 }, (_, i) => ({ name: `j${i}`, data: {} })),
    );
    await failed;
    assert.equal(await bench.queue.getFailedCount(), 5);
    isHealthy = true;
    const one = waitForJobs(worker, 1);
    await (await bench.queue.getJob(jobs[0].id!))?.retry();
    assert.equal((await one)[0].id, jobs[0].id);
    const rest = waitForJobs(worker, 4);
    await bench.queue.retryJobs({ state: 'failed' });
    await rest;
    const counts = await bench.queue.getJobCounts('completed', 'failed');
    assert.deepEqual(counts, { completed: 5, failed: 0 });
  },

  'a limiter spreads the jobs over time': async (t, port) => {
    const bench = openBench(t, port, 'limit');
    const worker = bench.worker(async () => 1, {
      concurrency: 10,
      limiter: { max: 3, duration: 150 },
    });
    const done = waitForJobs(worker, 8);
    await bench.queue.addBulk(Array.from({ length: 8 }, () => ({ name: 'j', data: {} })));
    const startsMs = (await done).map((job) => job.processedOn!).sort((a, b) => a - b);
    // The fourth belongs to the second window, the seventh to the third. A start is noted before
    // the request leaves, the window begins when it arrives: hence the 50 ms.
    const sinceFirstMs = startsMs.map((ms) => ms - startsMs[0]);
    assert.ok(sinceFirstMs[3] >= 100 && sinceFirstMs[6] >= 250, `${sinceFirstMs}`);
    assert.ok(sinceFirstMs[7] < 7 * 150, `one at a time: ${sinceFirstMs}`);
  },

  'a job may say that its worker has reached the limit of somebody else': async (t, port) => {
    const bench = openBench(t, port, 'limit-by-hand');
    let callCount = 0;
    const worker = bench.worker(
      async (): Promise<string> => {
        if (++callCount === 1) {
          await worker.rateLimit(120);
          throw Worker.RateLimitError();
        }
        return 'done';
      },
      { limiter: { max: 100, duration: 1_000 } },
    );
    const startMs = performance.now();
    const done = waitForJobs(worker, 1);
    await bench.queue.add('j', {});
    const [job] = await done;
    assert.equal(job.returnvalue, 'done');
    assert.equal(job.attemptsMade, 1, 'a limit is no attempt');
    assert.ok(performance.now() - startMs >= 115);

    await bench.queue.rateLimit(60_000);
    assert.ok((await bench.queue.getRateLimitTtl()) > 50_000);
    await bench.queue.removeRateLimitKey();
    await bench.queue.setGlobalRateLimit(7, 1_000);
    assert.deepEqual(await bench.queue.getGlobalRateLimit(), { max: 7, duration: 1_000 });
  },

  'a paused queue keeps its jobs, a paused worker leaves them to others': async (t, port) => {
    const bench = openBench(t, port, 'pause');
    const worker = bench.worker(async () => 1);
    await bench.queue.pause();
    assert.equal(await bench.queue.isPaused(), true);
    const jobs = await bench.queue.addBulk([1, 2, 3].map((i) => ({ name: `j${i}`, data: {} })));
    const counts = await bench.queue.getJobCounts('waiting', 'active', 'completed');
    assert.deepEqual(counts, { waiting: 3, active: 0, completed: 0 });
    let done = waitForJobs(worker, 3);
    await bench.queue.resume();
    await done;

    await worker.pause();
    assert.equal(worker.isPaused(), true);
    const job = await bench.queue.add('later', {});
    const other = bench.worker(async () => 'other');
    assert.equal((await waitForJobs(other, 1))[0].id, job.id);
    await other.close();
    done = waitForJobs(worker, 1);
    worker.resume();
    await bench.queue.add('last', {});
    assert.equal((await done)[0].name, 'last');
    assert.equal(jobs.length, 3);
  },

  'no more run at once than the queue allows over all workers': async (t, port) => {
    const bench = openBench(t, port, 'concurrency');
    await bench.queue.setGlobalConcurrency(2);
    assert.equal(await bench.queue.getGlobalConcurrency(), 2);
    let runningCount = 0;
    let runningMax = 0;
    const process = async () => {
      runningMax = Math.max(runningMax, ++runningCount);
      await new Promise((resolve) => setTimeout(resolve, 10));
      runningCount--;
    };
    for (let i = 0; i < 3; i++) bench.worker(process, { concurrency: 5 });
    await bench.queue.addBulk(Array.from({ length: 12 }, () => ({ name: 'j', data: {} })));
    await waitFor('all jobs to complete', WITHIN_MS, async () => {
      return (await bench.queue.getCompletedCount()) === 12 || undefined;
    });
    assert.equal(runningMax, 2);
  },

  'a program can take jobs by hand, keep their locks, and put them back': async (t, port) => {
    const bench = openBench(t, port, 'by-hand');
    const worker = bench.worker(null as never, { lockDuration: 30_000 });
    await bench.queue.addBulk(['a', 'b', 'c', 'd'].map((name) => ({ name, data: {} })));
    const [a, b, c, d] = await Promise.all([1, 2, 3, 4].map((n) => worker.getNextJob(`t${n}`)));
    assert.deepEqual([a, b, c, d].map((job) => job.name).sort(), ['a', 'b', 'c', 'd']);
    assert.equal(await a.extendLock(a.token!, 60_000), 1);
    assert.equal(await a.extendLock('not mine', 60_000), 0);
    await a.moveToCompleted('by hand', a.token!, false);
    await b.moveToFailed(new Error('by hand'), b.token!, false);
    await c.moveToDelayed(Date.now() + 600_000, c.token!);
    await d.moveToWait(d.token!);
    await assert.rejects(a.moveToCompleted('twice', a.token!, false), /./);
    await waitForState(bench.queue, d.id!, 'waiting');
    const states = await Promise.all([a, b, c].map((job) => job.getState()));
    assert.deepEqual(states, ['completed', 'failed', 'delayed']);
  },
});
