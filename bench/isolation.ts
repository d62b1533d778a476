/**
 * A noisy neighbour: store A is read and written at half the rate that it can be, with ten times as
 * many keys as fit into its budget, so that it evicts all the time. Store B has a working set of
 * its own: its hit ratio and its 99th percentile of latency, with and without A's load, in turns.
 * As a control A's load goes to a server of its own on the same machine: what B loses then, it
 * loses to the machine and not to its neighbour.
 *
 *     node .build/bench/isolation.js [--tiny] [--rounds 4] [--seconds 4] [--megabytes 64]
 */
import { parseArgs } from 'node:util';
import type { RunningServer } from '../tests/support/server.ts';
import { askInfo, askText } from './support/bulk-load.ts';
import { startInMemory } from './support/in-memory.ts';
import { median, print, printJson, printMachine, printTable, verdict } from './support/report.ts';
import { runStoreClient, type StoreFigures, type StoreTask } from './support/store-client.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    megabytes: { type: 'string' },
  },
});

const IS_TINY = flags.tiny;
const ROUNDS = Number(flags.rounds ?? (IS_TINY ? 1 : 4));
const SECONDS = Number(flags.seconds ?? (IS_TINY ? 0.1 : 4));
const BUDGET_BYTES = Number(flags.megabytes ?? (IS_TINY ? 1 : 64)) * 1024 * 1024;
const VALUE_BYTES = 100;
/** What such a key takes, about. */
const KEY_BYTES = 160;
const FITTING_COUNT = Math.floor(BUDGET_BYTES / KEY_BYTES);
const HIT_TARGET = 0.01;
const P99_TARGET = 2;
/** Shorter times are the machine's, not the server's. */
const P99_MS_MIN = 0.25;
const NOISY_CLIENT_COUNT = 2;
const PLACES = ['alone', 'beside', 'elsewhere'] as const;

await main();

async function main(): Promise<void> {
  const server = await startWithStores();
  const other = await startWithStores();
  try {
    await measure(server, other);
  } finally {
    await server.stop();
    await other.stop();
  }
}

async function startWithStores(): Promise<RunningServer> {
  const server = await startInMemory({
    args: ['--http.enabled=false', '--cache.max_memory=64mb'],
  });
  for (const name of ['noisy', 'quiet']) {
    const options = ['eviction_policy', 'lru', 'max_memory', `${BUDGET_BYTES}`];
    const reply = await askText(server.port, 'STORE', 'CREATE', name, ...options);
    if (reply !== '+OK') throw new Error(`STORE CREATE answers ${reply}`);
  }
  return server;
}

async function measure(server: RunningServer, other: RunningServer): Promise<void> {
  printMachine();
  const quiet = quietTask(server.port);
  const fillCount = Math.floor(FITTING_COUNT * 1.2);
  await runStoreClient({ ...quiet, perSecond: 0, depth: 64, fillCount: quiet.keyCount });
  await runStoreClient({ ...noisyTasks(other.port, 0)[0], fillCount });
  const noisiest = noisyTasks(server.port, 0);
  await runStoreClient({ ...noisiest[0], fillCount });
  const fastest = await Promise.all(noisiest.map(runStoreClient));
  const perSecond = sum(fastest.map((one) => one.perSecond)) / 2;
  print(
    `${ROUNDS} rounds of ${SECONDS} s; A: ${FITTING_COUNT * 10} keys where ${FITTING_COUNT} fit, ` +
      `${Math.round(perSecond)} commands a second, half of what it can`,
  );
  const ports = { alone: 0, beside: server.port, elsewhere: other.port };
  const found: Found = { alone: [], beside: [], elsewhere: [], noise: [], evictedCount: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? PLACES : PLACES.toReversed();
    for (const place of order) {
      const seed = round * PLACES.length + PLACES.indexOf(place);
      const tasks = noisyTasks(ports[place], perSecond / NOISY_CLIENT_COUNT);
      const noise = place === 'alone' ? [] : tasks.map((task) => runStoreClient({ ...task, seed }));
      found[place].push(await runStoreClient({ ...quiet, seed: seed + 100 }));
      const figures = await Promise.all(noise);
      if (place === 'beside') found.noise.push(...figures);
    }
  }
  found.evictedCount = (await askInfo(server.port, 'stats', 'evicted_keys')) ?? 0;
  report(found);
}

interface Found {
  readonly alone: StoreFigures[];
  readonly beside: StoreFigures[];
  readonly elsewhere: StoreFigures[];
  /** A's clients while it was beside B. */
  readonly noise: StoreFigures[];
  evictedCount: number;
}

function report(found: Found): void {
  const { alone, beside, elsewhere, noise, evictedCount } = found;
  const of = (all: StoreFigures[], field: keyof StoreFigures) =>
    median(all.map((one) => one[field]));
  const rows = [
    ['B alone', alone],
    ['B beside A', beside],
    ['control: A in a server of its own', elsewhere],
  ] as const;
  printTable(
    ['', 'hit ratio', 'p50 ms', 'p99 ms', 'commands/s'],
    rows.map(([name, all]) => [
      name,
      `${(of(all, 'hitRatio') * 100).toFixed(2)} %`,
      of(all, 'p50Ms').toFixed(3),
      of(all, 'p99Ms').toFixed(3),
      of(all, 'perSecond').toFixed(0),
    ]),
  );
  const hitsLost = of(alone, 'hitRatio') - of(beside, 'hitRatio');
  const longest = (all: StoreFigures[]) => Math.max(of(all, 'p99Ms'), P99_MS_MIN);
  const p99Ratio = longest(beside) / longest(alone);
  const p99OfControl = longest(elsewhere) / longest(alone);
  const errorCount = sum([...alone, ...beside, ...noise].map((one) => one.errorCount));
  const noisyRate = of(noise, 'perSecond') * NOISY_CLIENT_COUNT;
  print(`A ran at ${noisyRate.toFixed(0)} commands a second, ${evictedCount} keys evicted`);
  print(
    `hits lost ${(hitsLost * 100).toFixed(2)} points, target <= 1: ${judge(hitsLost, HIT_TARGET)}`,
  );
  print(
    `p99 ${p99Ratio.toFixed(2)} times as long (control ${p99OfControl.toFixed(2)}), ` +
      `target <= 2: ${judge(p99Ratio, P99_TARGET)}`,
  );
  print(`errors ${errorCount}, target 0: ${judge(errorCount, 0)}`);
  const figures = { hitsLost, p99Ratio, p99OfControl, noisyRate, errorCount };
  printJson('isolation', { alone, beside, elsewhere, ...figures });
}

function judge(found: number, most: number): string {
  return verdict(found <= most, IS_TINY);
}

/** A third of its keys do not fit: the hit ratio would tell if it had less memory. */
function quietTask(port: number): StoreTask {
  const keyCount = Math.floor(FITTING_COUNT * 1.8);
  const load = { valueBytes: VALUE_BYTES, skew: 0.9, writeShare: 0.05, depth: 1 };
  return { port, store: 'quiet', seed: 1, keyCount, ...load, perSecond: 1_000, seconds: SECONDS };
}

function noisyTasks(port: number, perSecond: number): StoreTask[] {
  return Array.from({ length: NOISY_CLIENT_COUNT }, (_, seed) => {
    const load = { valueBytes: VALUE_BYTES, skew: 0, writeShare: 0.5, depth: 16 };
    const keyCount = FITTING_COUNT * 10;
    return { port, store: 'noisy', seed, keyCount, ...load, perSecond, seconds: SECONDS };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
