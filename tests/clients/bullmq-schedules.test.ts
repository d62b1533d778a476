import assert from 'node:assert/strict';
import { type Job, WaitingChildrenError } from 'bullmq';
import { waitFor } from '../support/server.ts';
import { openBench, testQueues, WITHIN_MS, waitForJobs, waitForState } from './bullmq-kit.ts';

testQueues('bullmq: schedules and flows', {
  'a scheduler makes a job again and again, as often as it may': async (t, port) => {
    const bench = openBench(t, port, 'every');
    const worker = bench.worker(async (job) => job.data.n);
    const done = waitForJobs(worker, 4);
    await bench.queue.upsertJobScheduler(
      'tick',
      { every: 50, limit: 4 },
      { name: 'ticked', data: { n: 7 } },
    );
    const jobs = await done;
    assert.deepEqual(
      jobs.map((job) => [job.name, job.returnvalue]),
      [1, 2, 3, 4].map(() => ['ticked', 7]),
    );
    assert.equal(new Set(jobs.map((job) => job.id)).size, 4);
    const [first, , , last] = jobs.map((job) => job.processedOn!);
    assert.ok(last - first >= 100, 'three ticks of 50 ms, the first of which is cut');
    await waitFor('the scheduler to end', WITHIN_MS, async () => {
      return (await bench.queue.getDelayedCount()) === 0 || undefined;
    });
  },

  'schedulers are listed, changed and removed': async (t, port) => {
    const bench = openBench(t, port, 'schedulers');
    const nightly = await bench.queue.upsertJobScheduler(
      'nightly',
      { pattern: '0 15 3 * * *', tz: 'Europe/Berlin' },
      { name: 'report', data: { page: 1 }, opts: { priority: 3 } },
    );
    await bench.queue.upsertJobScheduler('hourly', { every: 3_600_000 });
    assert.equal(await nightly.getState(), 'delayed');
    assert.equal(await bench.queue.getJobSchedulersCount(), 2);
    const kept = await bench.queue.getJobScheduler('nightly');
    assert.equal(kept?.pattern, '0 15 3 * * *');
    assert.equal(kept?.tz, 'Europe/Berlin');
    assert.deepEqual(kept?.template?.data, { page: 1 });
    assert.ok(kept!.next! > Date.now() && kept!.next! <= Date.now() + 25 * 3_600_000);

    await bench.queue.upsertJobScheduler('nightly', { every: 7_200_000 }, { name: 'other' });
    const changed = await bench.queue.getJobScheduler('nightly');
    assert.equal(changed?.every, 7_200_000);
    assert.equal(changed?.name, 'other');
    const listed = await bench.queue.getJobSchedulers(0, 9, true);
    assert.deepEqual(listed.map(({ key }) => key).sort(), ['hourly', 'nightly']);
    assert.equal(await bench.queue.removeJobScheduler('nightly'), true);
    assert.equal(await bench.queue.removeJobScheduler('nightly'), false);
    assert.equal(await bench.queue.getJobScheduler('nightly'), undefined);
    assert.equal(await bench.queue.getJobSchedulersCount(), 1);
  },

  'a parent runs when all its children have, over several queues': async (t, port) => {
    const bench = openBench(t, port, 'flow');
    const order: string[] = [];
    const process = async (job: Job) => {
      order.push(job.name);
      const values = Object.values(await job.getChildrenValues<number>());
      return values.reduce((sum, n) => sum + n, job.data.n ?? 0);
    };
    const worker = bench.worker(process);
    bench.workerOf('flow-parts', process, { concurrency: 4 });
    const done = waitForJobs(worker, 2);
    const tree = await bench.flows.add({
      name: 'root',
      queueName: 'flow',
      data: { n: 1 },
      children: [
        { name: 'leaf', queueName: 'flow-parts', data: { n: 10 } },
        {
          name: 'branch',
          queueName: 'flow',
          data: { n: 100 },
          children: [1_000, 2_000].map((n) => ({
            name: 'twig',
            queueName: 'flow-parts',
            data: { n },
            opts: { delay: 30 },
          })),
        },
      ],
    });
    assert.equal(await tree.job.getState(), 'waiting-children');
    const [branch, root] = await done;
    assert.equal(branch.returnvalue, 3_100);
    assert.equal(root.id, tree.job.id);
    assert.equal(root.returnvalue, 3_111);
    assert.deepEqual(order.slice(-2), ['branch', 'root']);
    assert.deepEqual(await root.getDependenciesCount(), {
      failed: 0,
      ignored: 0,
      processed: 2,
      unprocessed: 0,
    });
    const flow = await bench.flows.getFlow({ queueName: 'flow', id: root.id! });
    const names = flow.children?.map(({ job }) => job.name).sort();
    assert.deepEqual(names, ['branch', 'leaf']);
  },

  'the failure of a child fails, frees or leaves its parent, as it says': async (t, port) => {
    const bench = openBench(t, port, 'failing');
    const parents = bench.worker(async (job) => {
      return Object.values(await job.getIgnoredChildrenFailures());
    });
    bench.workerOf('failing-parts', async (job) => {
      if (job.data.fails === true) throw new Error('a child fell');
    });
    const flowWith = (name: string, opts: object) => ({
      name,
      queueName: 'failing',
      children: [
        { name: 'bad', queueName: 'failing-parts', data: { fails: true }, opts },
        { name: 'good', queueName: 'failing-parts', data: {} },
      ],
    });
    const done = waitForJobs(parents, 4);
    const flows = await bench.flows.addBulk([
      flowWith('fails', { failParentOnFailure: true }),
      flowWith('ignores', { ignoreDependencyOnFailure: true }),
      flowWith('removes', { removeDependencyOnFailure: true }),
      flowWith('goes on', { continueParentOnFailure: true }),
      flowWith('waits', {}),
    ]);
    const byName = new Map((await done).map((job) => [job.name, job]));
    assert.deepEqual([...byName.keys()].sort(), ['fails', 'goes on', 'ignores', 'removes']);
    assert.match(byName.get('fails')?.failedReason ?? '', /child .* failed/);
    assert.deepEqual(byName.get('ignores')?.returnvalue, ['a child fell']);
    assert.deepEqual(byName.get('removes')?.returnvalue, []);
    assert.equal(await flows[4].job.getState(), 'waiting-children');
    const counts = await bench.queue.getJobCounts('completed', 'failed', 'waiting-children');
    assert.deepEqual(counts, { completed: 3, failed: 1, 'waiting-children': 1 });
    await bench.queue.remove(flows[4].job.id!, { removeChildren: true });
    assert.equal(await bench.queue.getWaitingChildrenCount(), 0);
  },

  'a job may add children while it runs, and wait for them': async (t, port) => {
    const bench = openBench(t, port, 'steps');
    const parts = bench.another('steps-parts');
    bench.workerOf('steps-parts', async (job) => job.data.n * 2);
    const worker = bench.worker(async (job, token) => {
      if (job.data.step !== 'waiting') {
        const parent = { id: job.id!, queue: job.queueQualifiedName };
        for (const n of [1, 2, 3]) await parts.add('part', { n }, { parent });
        await job.updateData({ step: 'waiting' });
        if (await job.moveToWaitingChildren(token!)) throw new WaitingChildrenError();
      }
      const values = await job.getChildrenValues<number>();
      return Object.values(values).sort();
    });
    const done = waitForJobs(worker, 1);
    await bench.queue.add('parent', {});
    assert.deepEqual((await done)[0].returnvalue, [2, 4, 6]);
  },

  'a child can leave its parent, which then need not wait for it': async (t, port) => {
    const bench = openBench(t, port, 'leaving');
    const worker = bench.worker(async () => 'parent ran');
    const done = waitForJobs(worker, 1);
    const tree = await bench.flows.add({
      name: 'parent',
      queueName: 'leaving',
      children: [{ name: 'child', queueName: 'leaving-parts' }],
    });
    const child = tree.children![0].job;
    assert.equal(await child.removeChildDependency(), true);
    assert.equal((await done)[0].id, tree.job.id);
    assert.equal(await child.getState(), 'waiting');
  },

  'removing what a parent still waits for sets it free': async (t, port) => {
    const bench = openBench(t, port, 'freeing');
    const tree = await bench.flows.add({
      name: 'parent',
      queueName: 'freeing',
      children: [1, 2].map(() => ({ name: 'child', queueName: 'freeing-parts' })),
    });
    const { unprocessed } = await tree.job.getDependencies();
    assert.equal(unprocessed?.length, 2);
    await tree.job.removeUnprocessedChildren();
    await waitForState(bench.queue, tree.job.id!, 'waiting');
    assert.equal(await bench.another('freeing-parts').count(), 0);
  },
});
