import { once } from 'node:events';
import type { TestContext } from 'node:test';
import {
  FlowProducer,
  type Job,
  type Processor,
  Queue,
  QueueEvents,
  type QueueOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';
import { Redis } from 'ioredis';
import { type Scenario, testBothServers } from '../support/both-servers.ts';
import { patiently } from '../support/patience.ts';
import { waitFor } from '../support/server.ts';

/** Longer than any job here takes; a failing test does not wait for ever. */
export const WITHIN_MS = 10_000;

/** On servers that never give up a job for a newer one, as BullMQ wants them. */
export function testQueues(title: string, scenarios: Readonly<Record<string, Scenario>>): void {
  testBothServers(title, scenarios, { args: ['--maxmemory-policy', 'noeviction'] });
}

/** The pieces of BullMQ on one queue, closed after the test in the order that does not hang. */
export interface Bench {
  readonly name: string;
  readonly queue: Queue;
  readonly flows: FlowProducer;
  worker(processor: Processor, options?: Partial<WorkerOptions>): Worker;
  /** Listens from the moment it returns. */
  events(): Promise<QueueEvents>;
  another(name: string, options?: Partial<QueueOptions>): Queue;
  /** A worker of another queue of this bench. */
  workerOf(name: string, processor: Processor, options?: Partial<WorkerOptions>): Worker;
}

/** Every queue has a name of its own, so that scenarios share a server. */
export function openBench(t: TestContext, port: number, name: string): Bench {
  const connection = { host: '127.0.0.1', port };
  const closers: (() => Promise<unknown>)[] = [];
  t.after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const keep = <T extends { close(): Promise<unknown> }>(part: T): T => {
    closers.push(() => part.close());
    return part;
  };
  const another = (name: string, options: Partial<QueueOptions> = {}) =>
    keep(new Queue(name, { connection, ...options }));
  const workerOf = (name: string, processor: Processor, options: Partial<WorkerOptions> = {}) => {
    const worker = new Worker(name, processor, { connection, ...options });
    worker.on('error', (error) => t.diagnostic(`worker of ${name}: ${error.message}`));
    closers.push(() => worker.close(true));
    return worker;
  };
  return {
    name,
    queue: another(name),
    flows: keep(new FlowProducer({ connection })),
    another,
    workerOf,
    worker: (processor, options) => workerOf(name, processor, options),
    async events() {
      const events = keep(new QueueEvents(name, { connection }));
      await events.waitUntilReady();
      // The reader asks for what comes after its first XREAD: it must have been sent.
      await hasBlockedReader(t, port, name);
      return events;
    },
  };
}

/** Waits until as many jobs as that have come to their end. */
export function waitForJobs(worker: Worker, count: number): Promise<Job[]> {
  const done: Job[] = [];
  const all = new Promise<Job[]>((resolve) => {
    const note = (job: Job | undefined) => {
      if (job !== undefined) done.push(job);
      if (done.length === count) resolve(done);
    };
    worker.on('completed', note);
    worker.on('failed', (job) => {
      // A failure that is tried again is no end.
      if (job !== undefined && job.finishedOn !== undefined) note(job);
    });
  });
  return within(all, () => `${count} jobs, of which ${done.length} have ended`);
}

export async function within<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const withinMs = patiently(WITHIN_MS);
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited ${withinMs} ms in vain for ${what()}`)),
      withinMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The next event of that name, its first argument. */
export async function nextEvent<T>(emitter: NodeJS.EventEmitter, event: string): Promise<T> {
  return (await within(once(emitter, event), () => `the event ${event}`))[0];
}

export function waitForState(queue: Queue, jobId: string, state: string): Promise<string> {
  return waitFor(`job ${jobId} to be ${state}`, WITHIN_MS, async () => {
    const now = await queue.getJobState(jobId);
    return now === state ? now : undefined;
  });
}

async function hasBlockedReader(t: TestContext, port: number, name: string): Promise<void> {
  const client = new Redis({ port });
  t.after(() => client.disconnect());
  const encoded = `bull:${Buffer.from(name).toString('base64')}:qe`;
  await waitFor(`${name}'s listener to block`, WITHIN_MS, async () => {
    const list = String(await client.client('LIST'));
    return list.split('\n').find((line) => line.includes(encoded) && / cmd=xread/.test(line));
  });
}
