/**
 * A queue of jobs, and the worker that does them: a job that fails is tried again, each time later.
 * The node must not give up jobs for newer data: start it with `--maxmemory-policy noeviction`.
 *
 *     npm install bullmq
 *     node worker.mjs
 */
import { Queue, Worker } from 'bullmq';

const { hostname, port } = new URL(process.env.REDIS_URL ?? 'redis://localhost:8080');
const connection = { host: hostname, port: Number(port) };

const queue = new Queue('mails', { connection });
const worker = new Worker('mails', send, { connection, concurrency: 2 });
worker.on('error', (error) => console.error(error.message));

/** Stands for whatever takes a while, and may fail. */
async function send({ data, attemptsMade }) {
  if (data.to === 'bob' && attemptsMade === 0) throw new Error('mailbox is busy');
  return `sent to ${data.to}`;
}

worker.on('failed', ({ data }, error) => console.log(`${data.to}: ${error.message}, again later`));
const done = new Promise((resolve) => {
  const left = new Set(['ada', 'bob', 'eve']);
  worker.on('completed', ({ data }, result) => {
    console.log(result);
    left.delete(data.to);
    if (left.size === 0) resolve();
  });
});

const options = { attempts: 3, backoff: { type: 'exponential', delay: 100 } };
await queue.addBulk(
  ['ada', 'bob', 'eve'].map((to) => ({ name: 'mail', data: { to }, opts: options })),
);
await done;
await worker.close();
console.log(`${await queue.getCompletedCount()} done, ${await queue.getFailedCount()} failed`);
await queue.obliterate();
await queue.close();
