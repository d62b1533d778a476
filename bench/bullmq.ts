/**
 * Jobs of BullMQ through HyperCache and through redis-server, in turns: added in bulk, then
 * processed by one worker of 50 at a time. Every job is about ten scripts over hashes, lists,
 * sorted sets and a stream. The processor time is the server's alone.
 *   npm run bench:bullmq -- --jobs 5000 --rounds 8
 */
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import { type RunningServer, skipWithout, startRedis } from '../tests/support/server.ts';
import { startInMemory } from './support/in-memory.ts';
import { cpuS } from './support/process-stats.ts';
import { median, print, printJson, printMachine, printTable } from './support/report.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    rounds: { type: 'string' },
  },
});

const JOBS = Number(flags.jobs ?? (flags.tiny ? 200 : 5_000));
const ROUNDS = Number(flags.rounds ?? (flags.tiny ? 1 : 8));
/** The first rounds are compiled while they run: they are told apart. */
const WARM_FROM_ROUND = flags.tiny ? 0 : 3;
const BULK_MAX = 1_000;
const CONCURRENCY = 50;

const PHASES = ['add', 'process'] as const;
type Phase = (typeof PHASES)[number];
interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}
type Round = Readonly<Record<Phase, Cost>>;

if (skipWithout('redis-server')) print('bench:bullmq needs redis-server');
else await main();

async function main(): Promise<void> {
  printMachine();
  print(
    `${JOBS} jobs a round, ${ROUNDS} rounds, medians of those from the ${WARM_FROM_ROUND + 1}.`,
  );
  const redis = await startRedis();
  const ours = await startInMemory({ args: ['--cache.eviction_policy=noeviction'] });
  const rounds: { redis: Round[]; ours: Round[] } = { redis: [], ours: [] };
  try {
    for (let i = 0; i < ROUNDS; i++) {
      rounds.redis.push(await runRound(redis));
      rounds.ours.push(await runRound(ours));
    }
  } finally {
    await Promise.all([redis.stop(), ours.stop()]);
  }
  report(rounds.redis, rounds.ours);
}

async function runRound(server: RunningServer): Promise<Round> {
  const connection = { host: '127.0.0.1', port: server.port };
  const queue = new Queue('bench', { connection });
  await queue.waitUntilReady();
  const add = await measure(server, async () => {
    for (let i = 0; i < JOBS; i += BULK_MAX) {
      const count = Math.min(BULK_MAX, JOBS - i);
      await queue.addBulk(
        Array.from({ length: count }, (_, j) => ({ name: 'job', data: { n: i + j } })),
      );
    }
  });
  const process = await measure(server, async () => {
    const worker = new Worker('bench', async () => 1, { connection, concurrency: CONCURRENCY });
    let doneCount = 0;
    await new Promise<void>((resolve) => {
      worker.on('completed', () => {
        if (++doneCount === JOBS) resolve();
      });
    });
    await worker.close();
  });
  await queue.obliterate();
  await queue.close();
  return { add, process };
}

async function measure(server: RunningServer, run: () => Promise<void>): Promise<Cost> {
  const startS = cpuS(server.pid);
  const startMs = performance.now();
  await run();
  return { wallMs: performance.now() - startMs, cpuMs: (cpuS(server.pid) - startS) * 1_000 };
}

function report(redis: readonly Round[], ours: readonly Round[]): void {
  const rows: string[][] = [];
  const figures: Record<string, number> = {};
  const addRow = (phase: Phase, when: string, from: number, to: number) => {
    const of = (rounds: readonly Round[], unit: keyof Cost) =>
      median(rounds.slice(from, to).map((round) => round[phase][unit]));
    const cpuRatio = of(ours, 'cpuMs') / of(redis, 'cpuMs');
    const wallRatio = of(ours, 'wallMs') / of(redis, 'wallMs');
    figures[`${phase}, ${when}: cpu ratio`] = cpuRatio;
    figures[`${phase}, ${when}: time ratio`] = wallRatio;
    const perJob = [of(redis, 'cpuMs'), of(ours, 'cpuMs')].map(
      (ms) => `${((ms * 1_000) / JOBS).toFixed(0)} us`,
    );
    rows.push([`${phase}, ${when}`, ...perJob, cpuRatio.toFixed(2), wallRatio.toFixed(2)]);
  };
  for (const phase of PHASES) {
    addRow(phase, 'first round', 0, 1);
    addRow(phase, 'warm', WARM_FROM_ROUND, ROUNDS);
  }
  printTable(['', 'redis a job', 'ours a job', 'cpu ours/redis', 'time ours/redis'], rows);
  printJson('bullmq', figures);
}
