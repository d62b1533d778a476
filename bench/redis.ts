/**
 * HyperCache and Debian's redis-server in turns in one run, redis-benchmark as the load: 16 B keys,
 * 64 B values, 50 clients. The processor time of the server alone is read from /proc, so that
 * neither the load generator nor a busy machine counts; throughput comes from redis-benchmark.
 *   npm run bench:redis -- --rounds 5 --only get,set --socket-path public
 *   npm run bench:redis -- --suite types
 */
import { parseArgs } from 'node:util';
import { type RunningServer, skipWithout, startRedis } from '../tests/support/server.ts';
import { loadKeys } from './support/bulk-load.ts';
import { startInMemory } from './support/in-memory.ts';
import { generateLoad } from './support/load-generator.ts';
import { cpuS } from './support/process-stats.ts';
import { median, print, printJson, printMachine, printTable, verdict } from './support/report.ts';
import { SUITES } from './support/workloads.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    suite: { type: 'string', default: 'strings' },
    rounds: { type: 'string' },
    /** Seconds that one measurement lasts, about. */
    seconds: { type: 'string' },
    requests: { type: 'string' },
    only: { type: 'string' },
    depths: { type: 'string' },
    'socket-path': { type: 'string' },
    /** redis-server in both seats: shows how much the machine itself makes figures differ. */
    self: { type: 'boolean', default: false },
  },
});

const IS_TINY = flags.tiny;
const KEY_COUNT = IS_TINY ? 1_000 : 1_000_000;
const ROUNDS = Number(flags.rounds ?? (IS_TINY ? 1 : 3));
const SECONDS = Number(flags.seconds ?? (IS_TINY ? 0.05 : 2.5));
const CLIENT_COUNT = 50;
/** A generator this busy, beside a server that is not, is what limits the throughput. */
const BUSY_SHARE = 0.93;
const THROUGHPUT_RATIO_TARGET = 0.97;
const SUITE = SUITES[flags.suite];

interface Measurement {
  readonly perSecond: number;
  readonly cpuUsPerCommand: number;
  readonly serverShare: number;
  readonly generatorShare: number;
}

interface Cell {
  readonly workload: string;
  readonly depth: number;
  readonly generatorCount: number;
  readonly ours: Measurement;
  readonly redis: Measurement;
  readonly cpuRatio: number;
  readonly throughputRatio: number;
  readonly isMet: boolean;
}

if (skipWithout('redis-benchmark')) {
  print('bench:redis needs redis-server and redis-benchmark');
} else if (SUITE === undefined) {
  print(`there is no suite ${flags.suite}; there are ${Object.keys(SUITES).join(', ')}`);
  process.exitCode = 1;
} else {
  await main();
}

async function main(): Promise<void> {
  const only = flags.only?.split(',') ?? Object.keys(SUITE.workloads);
  const depths = flags.depths?.split(',').map(Number) ?? SUITE.depths;
  const socketPath = flags['socket-path'];
  const redis = await startRedis();
  const socketArgs = socketPath ? [`--network.socket_path=${socketPath}`] : [];
  const ours = flags.self ? await startRedis() : await startInMemory({ args: socketArgs });
  try {
    printMachine();
    print(`${KEY_COUNT} keys, ${CLIENT_COUNT} clients, ${ROUNDS} rounds, medians`);
    if (socketPath) print(`socket path: ${socketPath}; targets hold for the default path only`);
    for (const server of [redis, ours]) await preload(server);
    const cells: Cell[] = [];
    for (const workload of only) {
      for (const depth of depths) cells.push(await measureCell(workload, depth, ours, redis));
    }
    report(cells);
  } finally {
    await redis.stop();
    await ours.stop();
  }
}

async function preload({ port }: RunningServer): Promise<void> {
  for (const args of SUITE.preload) await loadKeys(port, KEY_COUNT, args);
}

async function measureCell(
  workload: string,
  depth: number,
  ours: RunningServer,
  redis: RunningServer,
): Promise<Cell> {
  const { args, refill } = SUITE.workloads[workload];
  let generatorCount = 1;
  const requestCounts = new Map<RunningServer, number>();
  for (const server of [redis, ours]) {
    if (refill !== undefined) await loadKeys(server.port, 50_000 * depth, refill);
    const trial = await measure(server, args, depth, IS_TINY ? 1_000 : 50_000 * depth ** 0.5, 1);
    if (trial.generatorShare > BUSY_SHARE && trial.serverShare < BUSY_SHARE) generatorCount = 2;
    const wanted = Number(flags.requests ?? Math.round(trial.perSecond * SECONDS));
    requestCounts.set(server, Math.max(1_000, wanted));
  }
  const found = new Map<RunningServer, Measurement[]>([
    [redis, []],
    [ours, []],
  ]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of round % 2 === 0 ? [redis, ours] : [ours, redis]) {
      const count = requestCounts.get(server) as number;
      if (refill !== undefined) await loadKeys(server.port, count, refill);
      found.get(server)?.push(await measure(server, args, depth, count, generatorCount));
    }
  }
  const [a, b] = [ours, redis].map((server) => medians(found.get(server) as Measurement[]));
  const cpuRatio = b.cpuUsPerCommand / a.cpuUsPerCommand;
  const throughputRatio = a.perSecond / b.perSecond;
  const isMet = cpuRatio >= SUITE.targets[depth] && throughputRatio >= THROUGHPUT_RATIO_TARGET;
  return { workload, depth, generatorCount, ours: a, redis: b, cpuRatio, throughputRatio, isMet };
}

async function measure(
  server: RunningServer,
  args: readonly string[],
  depth: number,
  requestCount: number,
  generatorCount: number,
): Promise<Measurement> {
  const count = Math.round(requestCount / generatorCount);
  const cpuBeforeS = cpuS(server.pid);
  const startMs = performance.now();
  const runs = await Promise.all(
    Array.from({ length: generatorCount }, () =>
      generateLoad(server.port, {
        args,
        depth,
        commandCount: count,
        clientCount: CLIENT_COUNT / generatorCount,
        keyCount: KEY_COUNT,
      }),
    ),
  );
  const wallS = (performance.now() - startMs) / 1_000;
  const cpuUsedS = cpuS(server.pid) - cpuBeforeS;
  return {
    perSecond: runs.reduce((sum, run) => sum + run.perSecond, 0),
    cpuUsPerCommand: (cpuUsedS / (count * generatorCount)) * 1e6,
    serverShare: cpuUsedS / wallS,
    generatorShare: Math.max(...runs.map((run) => run.cpuS)) / wallS,
  };
}

function medians(all: readonly Measurement[]): Measurement {
  const of = (field: keyof Measurement) => median(all.map((one) => one[field]));
  return {
    perSecond: of('perSecond'),
    cpuUsPerCommand: of('cpuUsPerCommand'),
    serverShare: of('serverShare'),
    generatorShare: of('generatorShare'),
  };
}

function report(cells: readonly Cell[]): void {
  const head = ['command', 'depth', 'load', 'ours/s', 'redis/s', 'ratio', 'target'];
  printTable(
    [...head, 'ours us', 'redis us', 'per CPU-s', 'target', 'verdict'],
    cells.map((cell) => [
      cell.workload,
      String(cell.depth),
      `${cell.generatorCount}x`,
      String(Math.round(cell.ours.perSecond)),
      String(Math.round(cell.redis.perSecond)),
      cell.throughputRatio.toFixed(2),
      THROUGHPUT_RATIO_TARGET.toFixed(2),
      cell.ours.cpuUsPerCommand.toFixed(2),
      cell.redis.cpuUsPerCommand.toFixed(2),
      cell.cpuRatio.toFixed(2),
      SUITE.targets[cell.depth]?.toFixed(2) ?? '-',
      verdict(cell.isMet, IS_TINY),
    ]),
  );
  const metCount = cells.filter((cell) => cell.isMet).length;
  if (!IS_TINY) print(`${metCount} of ${cells.length} cells met both targets`);
  const { medianTarget } = SUITE;
  if (medianTarget !== undefined) {
    const ratio = median(cells.map((cell) => cell.cpuRatio));
    const found = verdict(ratio >= medianTarget, IS_TINY);
    print(`median of the ratios ${ratio.toFixed(2)}, target ${medianTarget.toFixed(2)}: ${found}`);
  }
  printJson('redis', { rounds: ROUNDS, socketPath: flags['socket-path'] ?? 'auto', cells });
}
