/**
 * A worker process that takes a job, says so, and never ends it: what it leaves behind when it is
 * killed is what others must find.
 *   node bullmq-worker.js <port> <queue>
 */
import { Worker } from 'bullmq';

const [port, queue] = process.argv.slice(2);
const worker = new Worker(
  queue,
  (job) => {
    process.stdout.write(`took ${job.id}\n`);
    return new Promise(() => {});
  },
  {
    connection: { host: '127.0.0.1', port: Number(port) },
    concurrency: 3,
    lockDuration: 600,
    stalledInterval: 100,
  },
);
worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
