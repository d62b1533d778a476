/**
 * A full store under writes. For each policy two servers in turns: one at its limit, so that each
 * new key needs another to go, and one without a limit that holds as many keys. No write may fail,
 * the counted bytes may pass the limit by 1 %, and throughput stays above 0.8 of the other's; the
 * writes per CPU-second stand beside it. Then what a GET costs at ten thousand to ten million keys,
 * beside redis-server's own growth.
 *
 *     node .build/bench/evict.js [--tiny] [--policies lru,sieve] [--rounds 3] [--seconds 2]
 *                                [--megabytes 256] [--sizes 10000,1000000] [--only writes,reads]
 */
import { parseArgs } from 'node:util';
import { POLICY_TABLE } from '../src/engine/eviction/policy-table.ts';
import { type RunningServer, skipWithout, startRedis } from '../tests/support/server.ts';
import { askInfo, askText, DIGITS, loadKeys } from './support/bulk-load.ts';
import { startInMemory } from './support/in-memory.ts';
import { generateLoad } from './support/load-generator.ts';
import { cpuS, rssBytes } from './support/process-stats.ts';
import { median, print, printJson, printMachine, printTable, verdict } from './support/report.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    policies: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    megabytes: { type: 'string' },
    sizes: { type: 'string' },
    only: { type: 'string' },
  },
});

const IS_TINY = flags.tiny;
const ROUNDS = Number(flags.rounds ?? (IS_TINY ? 1 : 3));
const SECONDS = Number(flags.seconds ?? (IS_TINY ? 0.05 : 2));
const LIMIT_BYTES = Number(flags.megabytes ?? (IS_TINY ? 4 : 256)) * 1024 * 1024;
const SIZES = (flags.sizes ?? (IS_TINY ? '100,1000' : '10000,100000,1000000,10000000'))
  .split(',')
  .map(Number);
const PARTS = flags.only?.split(',') ?? ['writes', 'reads'];
/** Nothing but the data: no other port, no file. */
const QUIET = ['--http.enabled=false', '--cache.node_max_memory=0'];
const CLIENT_COUNT = 50;
const DEPTH = 16;
const VALUE = 'v'.repeat(64);
/** What such a key takes, roughly: how many fit. */
const KEY_BYTES = 124;
const FITTING_COUNT = Math.floor(LIMIT_BYTES / KEY_BYTES);
/** So many times what fits is written first, for the store to be full beyond doubt. */
const FILLING = 1.6;
const SAMPLE_MS = 20;
const OVERSHOOT_MAX = 1.01;
const THROUGHPUT_TARGET = 0.8;
/** Beyond redis-server's own growth, for noise. */
const GROWTH_TARGET = 1.1;

interface Round {
  readonly perSecond: number;
  readonly cpuUs: number;
}

interface PolicyFigures {
  readonly policy: string;
  readonly full: Round;
  readonly free: Round;
  readonly ratio: number;
  readonly cpuRatio: number;
  /** Largest counted bytes and resident bytes seen, as shares of the limit. */
  readonly countedMax: number;
  readonly heldMax: number;
  readonly residentMax: number;
  readonly evictedPerWrite: number;
  readonly failedCount: number;
  readonly isMet: boolean;
}

interface GetFigures {
  readonly keyCount: number;
  readonly oursUs: number;
  readonly redisUs: number;
}

if (skipWithout('redis-benchmark')) print('bench:evict needs redis-server and redis-benchmark');
else await main();

async function main(): Promise<void> {
  printMachine();
  const writes: PolicyFigures[] = [];
  if (PARTS.includes('writes')) {
    print(`SET at 100 % of ${LIMIT_BYTES / 1024 / 1024} MB, ${ROUNDS} rounds, medians`);
    for (const policy of policies()) writes.push(await measurePolicy(policy));
    reportWrites(writes);
  }
  const reads: GetFigures[] = [];
  if (PARTS.includes('reads')) {
    for (const keyCount of SIZES) reads.push(await measureGets(keyCount));
    reportReads(reads);
  }
  printJson('evict', { rounds: ROUNDS, limitBytes: LIMIT_BYTES, writes, reads });
}

/** Each policy once, under its own name. */
function policies(): string[] {
  if (flags.policies !== undefined) return flags.policies.split(',');
  const names = Object.keys(POLICY_TABLE).filter((name) => !name.startsWith('allkeys-'));
  const evicting = names.filter((name) => name !== 'noeviction');
  return IS_TINY ? evicting.slice(0, 2) : evicting;
}

async function measurePolicy(policy: string): Promise<PolicyFigures> {
  const start = (bytes: number) =>
    startInMemory({
      args: [`--cache.max_memory=${bytes}`, '--cache.eviction_policy', policy, ...QUIET],
    });
  const full = await start(LIMIT_BYTES);
  const free = await start(0);
  const watch = watchMemory(full);
  try {
    const args = writeArgs(policy, '__rand_int__');
    await loadKeys(full.port, Math.floor(FITTING_COUNT * FILLING), writeArgs(policy, DIGITS));
    const keyCount = Number((await askText(full.port, 'DBSIZE')).slice(1));
    const trial = await run(full, args, IS_TINY ? 2_000 : 200_000);
    const count = Math.max(2_000, Math.round(trial.perSecond * SECONDS));
    const evictedBefore = (await askInfo(full.port, 'stats', 'evicted_keys')) ?? 0;
    const rounds = { full: [] as Round[], free: [] as Round[] };
    for (let round = 0; round < ROUNDS; round++) {
      await askText(free.port, 'FLUSHALL');
      await loadKeys(free.port, keyCount, writeArgs(policy, DIGITS));
      const order = round % 2 === 0 ? (['full', 'free'] as const) : (['free', 'full'] as const);
      for (const which of order) {
        rounds[which].push(await run(which === 'full' ? full : free, args, count));
      }
    }
    const evicted = ((await askInfo(full.port, 'stats', 'evicted_keys')) ?? 0) - evictedBefore;
    return judge(policy, rounds, {
      ...watch.stop(),
      evictedPerWrite: evicted / (count * ROUNDS),
      failedCount: await failedWrites(full),
    });
  } finally {
    watch.stop();
    await full.stop();
    await free.stop();
  }
}

function judge(
  policy: string,
  rounds: { full: Round[]; free: Round[] },
  seen: Pick<
    PolicyFigures,
    'countedMax' | 'heldMax' | 'residentMax' | 'evictedPerWrite' | 'failedCount'
  >,
): PolicyFigures {
  const [full, free] = [rounds.full, rounds.free].map((all) => ({
    perSecond: median(all.map((one) => one.perSecond)),
    cpuUs: median(all.map((one) => one.cpuUs)),
  }));
  const ratio = full.perSecond / free.perSecond;
  const cpuRatio = free.cpuUs / full.cpuUs;
  const isMet =
    ratio >= THROUGHPUT_TARGET && seen.countedMax <= OVERSHOOT_MAX && seen.failedCount === 0;
  return { policy, full, free, ratio, cpuRatio, ...seen, isMet };
}

/** Policies that look at deadlines alone need keys that have one. */
function writeArgs(policy: string, digits: string): string[] {
  const hasDeadline = policy === 'ttl' || policy.startsWith('volatile-');
  return ['SET', `key:${digits}`, VALUE, ...(hasDeadline ? ['EX', '100000'] : [])];
}

async function run(
  server: RunningServer,
  args: readonly string[],
  commandCount: number,
): Promise<Round> {
  const beforeS = cpuS(server.pid);
  const { perSecond } = await generateLoad(server.port, {
    args,
    depth: DEPTH,
    commandCount,
    clientCount: CLIENT_COUNT,
    keyCount: FITTING_COUNT * 10,
  });
  return { perSecond, cpuUs: ((cpuS(server.pid) - beforeS) / commandCount) * 1e6 };
}

/** Looks at the counted bytes of a server again and again, from its start on. */
function watchMemory({ port, pid }: RunningServer) {
  let countedMax = 0;
  let heldMax = 0;
  let residentMax = 0;
  let isStopped = false;
  const look = async () => {
    while (!isStopped) {
      const text = await askText(port, 'INFO', 'memory').catch(() => '');
      countedMax = Math.max(countedMax, field(text, 'used_memory'));
      heldMax = Math.max(heldMax, field(text, 'slab_held_bytes'));
      if (text !== '') residentMax = Math.max(residentMax, rssBytes(pid));
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  };
  void look();
  return {
    stop() {
      isStopped = true;
      return {
        countedMax: countedMax / LIMIT_BYTES,
        heldMax: heldMax / LIMIT_BYTES,
        residentMax: residentMax / LIMIT_BYTES,
      };
    },
  };
}

function field(text: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

async function failedWrites({ port }: RunningServer): Promise<number> {
  return (await askInfo(port, 'stats', 'total_error_replies')) ?? 0;
}

function reportWrites(rows: readonly PolicyFigures[]): void {
  printTable(
    [
      'policy',
      'full/s',
      'free/s',
      'ratio',
      'full us',
      'free us',
      'per CPU-s',
      'evicted',
      'counted',
    ].concat(['held', 'rss', 'failed', 'verdict']),
    rows.map((row) => [
      row.policy,
      String(Math.round(row.full.perSecond)),
      String(Math.round(row.free.perSecond)),
      row.ratio.toFixed(2),
      row.full.cpuUs.toFixed(2),
      row.free.cpuUs.toFixed(2),
      row.cpuRatio.toFixed(2),
      row.evictedPerWrite.toFixed(2),
      percent(row.countedMax),
      percent(row.heldMax),
      percent(row.residentMax),
      String(row.failedCount),
      verdict(row.isMet, IS_TINY),
    ]),
  );
  print('targets: throughput >= 0.80 of the free server, no write failed,');
  print('counted bytes <= 101 % of the limit at every look');
}

/** Processor time of a GET of random keys. */
async function measureGets(keyCount: number): Promise<GetFigures> {
  const perCommand = async (server: RunningServer) => {
    try {
      await loadKeys(server.port, keyCount, ['SET', `key:${DIGITS}`, VALUE]);
      const load = { args: ['GET', 'key:__rand_int__'], depth: 64, clientCount: CLIENT_COUNT };
      const trial = { ...load, keyCount, commandCount: IS_TINY ? 2_000 : 500_000 };
      const { perSecond } = await generateLoad(server.port, trial);
      const commandCount = Math.max(2_000, Math.round(perSecond * SECONDS));
      const figures: number[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const beforeS = cpuS(server.pid);
        await generateLoad(server.port, { ...load, keyCount, commandCount });
        figures.push(((cpuS(server.pid) - beforeS) / commandCount) * 1e6);
      }
      return median(figures);
    } finally {
      await server.stop();
    }
  };
  const redisUs = await perCommand(await startRedis());
  const oursUs = await perCommand(
    await startInMemory({ args: ['--cache.max_memory=0', ...QUIET] }),
  );
  return { keyCount, oursUs, redisUs };
}

function reportReads(rows: readonly GetFigures[]): void {
  const first = rows[0];
  printTable(
    ['keys', 'GET us', 'growth', 'redis us', 'redis growth', 'ratio', 'verdict'],
    rows.map((row) => {
      const ours = row.oursUs / first.oursUs;
      const redis = row.redisUs / first.redisUs;
      return [
        String(row.keyCount),
        row.oursUs.toFixed(3),
        ours.toFixed(2),
        row.redisUs.toFixed(3),
        redis.toFixed(2),
        (ours / redis).toFixed(2),
        verdict(ours <= redis * GROWTH_TARGET, IS_TINY),
      ];
    }),
  );
  print(`target: growth at most ${GROWTH_TARGET} times that of redis-server, which waits as well`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
