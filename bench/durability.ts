/**
 * What keeping data costs, beside Debian's redis-server in turns in one run, on the same disk:
 *
 *   writing    SET at pipeline 16, 50 clients, the log on: by throughput and by processor time
 *   loading    from a snapshot (the same file for both) and from a log (each its own, one record
 *              for each batch of SETs), from the start of the process to the first answer, without
 *              what a start with no data takes
 *   snapshot   BGSAVE beside a steady load: the longest that another client's PING took, and the
 *              memory of the process above what it was
 *
 *     npm run bench:durability -- --rounds 5 --only writing,loading
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  type RunningServer,
  skipWithout,
  startOurs,
  startRedis,
  waitFor,
} from '../tests/support/server.ts';
import { askText, DIGITS, loadKeys } from './support/bulk-load.ts';
import { generateLoad } from './support/load-generator.ts';
import { PingMeter } from './support/ping-meter.ts';
import { cpuS, rssBytes } from './support/process-stats.ts';
import { median, print, printJson, printMachine, printTable, verdict } from './support/report.ts';
import { runStoreClient } from './support/store-client.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Seconds that one measurement of writing lasts, about. */
    seconds: { type: 'string' },
    only: { type: 'string' },
    /** redis-server in both seats: shows how much the machine itself makes figures differ. */
    self: { type: 'boolean', default: false },
  },
});

const IS_TINY = flags.tiny;
const KEY_COUNT = IS_TINY ? 2_000 : 1_000_000;
const ROUNDS = Number(flags.rounds ?? (IS_TINY ? 1 : 3));
const SECONDS = Number(flags.seconds ?? (IS_TINY ? 0.1 : 3));
const CLIENT_COUNT = 50;
const DEPTH = 16;
const VALUE = 'v'.repeat(64);
const POLICIES = ['no', 'everysec', 'always'] as const;
const PARTS = flags.only?.split(',') ?? ['writing', 'loading', 'snapshot'];
/** Beside the snapshot: what both servers can do with time to spare. */
const STEADY_PER_SECOND = IS_TINY ? 2_000 : 20_000;

const THROUGHPUT_TARGET = 1;
const CPU_TARGET = 1.2;
const LOADING_TARGET = 0.5;
const STALL_MS_TARGET = 5;
const MEMORY_TARGET = 0.1;

type Seat = 'redis' | 'ours';
type Policy = (typeof POLICIES)[number];

const folders: string[] = [];

if (skipWithout('redis-benchmark')) {
  print('bench:durability needs redis-server and redis-benchmark');
} else {
  await main();
}

async function main(): Promise<void> {
  printMachine();
  const peer = flags.self ? 'itself' : 'redis-server';
  print(`${KEY_COUNT} keys, ${ROUNDS} rounds, medians; ours against ${peer}`);
  try {
    const writing = PARTS.includes('writing') ? await measureWriting() : [];
    const loading = PARTS.includes('loading') ? await measureLoading() : [];
    const snapshot = PARTS.includes('snapshot') ? await measureSnapshots() : [];
    printJson('durability', { rounds: ROUNDS, keyCount: KEY_COUNT, writing, loading, snapshot });
  } finally {
    for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** A server with its data in that directory, which stays when it ends. */
function start(seat: Seat, folder: string, ...args: string[]): Promise<RunningServer> {
  const isRedis = seat === 'redis' || flags.self;
  const quiet = ['--dir', folder, '--save', '', '--auto-aof-rewrite-percentage', '0'];
  return (isRedis ? startRedis : startOurs)({ args: [...quiet, ...args] });
}

function makeFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-durability-'));
  folders.push(folder);
  return folder;
}

/** Turns in which each goes first as often. */
async function inTurns(work: (seat: Seat, round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const seats: Seat[] = round % 2 === 0 ? ['redis', 'ours'] : ['ours', 'redis'];
    for (const seat of seats) await work(seat, round);
  }
}

interface Written {
  readonly perSecond: number;
  readonly cpuUs: number;
}

async function measureWriting() {
  const cells = [];
  for (const policy of POLICIES) {
    const found: Record<Seat, Written[]> = { redis: [], ours: [] };
    await inTurns(async (seat) => void found[seat].push(await writeWith(seat, policy)));
    const of = (seat: Seat, field: keyof Written) => median(found[seat].map((one) => one[field]));
    const [ours, redis] = (['ours', 'redis'] as const).map((seat) => ({
      perSecond: of(seat, 'perSecond'),
      cpuUs: of(seat, 'cpuUs'),
    }));
    const throughputRatio = ours.perSecond / redis.perSecond;
    const cpuRatio = redis.cpuUs / ours.cpuUs;
    const isMet = throughputRatio >= THROUGHPUT_TARGET && cpuRatio >= CPU_TARGET;
    cells.push({ policy, ours, redis, throughputRatio, cpuRatio, isMet });
  }
  printTable(
    ['SET, log on', 'ours/s', 'redis/s', 'ratio', 'ours us', 'redis us', 'per CPU-s', 'verdict'],
    cells.map(({ policy, ours, redis, throughputRatio, cpuRatio, isMet }) => [
      policy,
      ours.perSecond.toFixed(0),
      redis.perSecond.toFixed(0),
      throughputRatio.toFixed(2),
      ours.cpuUs.toFixed(2),
      redis.cpuUs.toFixed(2),
      cpuRatio.toFixed(2),
      verdict(isMet, IS_TINY),
    ]),
  );
  print(`targets: throughput >= ${THROUGHPUT_TARGET}, commands per CPU-second >= ${CPU_TARGET}`);
  return cells;
}

/** A server of its own each time: its log begins empty, as the other's does. */
async function writeWith(seat: Seat, policy: Policy): Promise<Written> {
  const folder = makeFolder();
  const server = await start(seat, folder, '--appendonly', 'yes', '--appendfsync', policy);
  try {
    const load = (commandCount: number) =>
      generateLoad(server.port, {
        args: ['SET', 'key:__rand_int__', VALUE],
        depth: DEPTH,
        commandCount,
        clientCount: CLIENT_COUNT,
        keyCount: KEY_COUNT,
      });
    const trial = await load(IS_TINY ? 2_000 : 200_000);
    const commandCount = Math.max(1_000, Math.round(trial.perSecond * SECONDS));
    const beforeS = cpuS(server.pid);
    const { perSecond } = await load(commandCount);
    return { perSecond, cpuUs: ((cpuS(server.pid) - beforeS) / commandCount) * 1e6 };
  } finally {
    await server.stop('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function measureLoading() {
  const snapshots = makeFolder();
  const logs: Record<Seat, string> = { redis: makeFolder(), ours: makeFolder() };
  await prepare('redis', snapshots, ['--appendonly', 'no'], 'SAVE');
  for (const seat of ['redis', 'ours'] as const) {
    await prepare(seat, logs[seat], ['--appendonly', 'yes'], 'PING');
  }
  const empty: Record<Seat, string> = { redis: makeFolder(), ours: makeFolder() };
  const bareMs: Record<Seat, number> = { redis: 0, ours: 0 };
  for (const seat of ['redis', 'ours'] as const) {
    const starts: number[] = [];
    for (let i = 0; i < 3; i++) starts.push(await startMs(seat, empty[seat], 'no', 0));
    bareMs[seat] = median(starts);
  }
  const cells = [];
  for (const kind of ['snapshot', 'log'] as const) {
    const found: Record<Seat, number[]> = { redis: [], ours: [] };
    await inTurns(async (seat) => {
      const folder = kind === 'snapshot' ? snapshots : logs[seat];
      const tookMs = await startMs(seat, folder, kind === 'log' ? 'yes' : 'no', KEY_COUNT);
      found[seat].push(Math.max(1, tookMs - bareMs[seat]));
    });
    const [oursMs, redisMs] = [median(found.ours), median(found.redis)];
    cells.push({ kind, oursMs, redisMs, ratio: redisMs / oursMs, bareMs });
  }
  printTable(
    ['loading', 'ours ms', 'redis ms', 'ours keys/s', 'speed', 'target', 'verdict'],
    cells.map(({ kind, oursMs, redisMs, ratio }) => [
      kind,
      oursMs.toFixed(0),
      redisMs.toFixed(0),
      ((KEY_COUNT / oursMs) * 1000).toFixed(0),
      ratio.toFixed(2),
      `>= ${LOADING_TARGET}`,
      verdict(ratio >= LOADING_TARGET, IS_TINY),
    ]),
  );
  return cells;
}

async function prepare(
  seat: Seat,
  folder: string,
  args: readonly string[],
  command: string,
): Promise<void> {
  const server = await start(seat, folder, ...args, '--appendfsync', 'no');
  try {
    await loadKeys(server.port, KEY_COUNT, ['SET', `key:${DIGITS}`, VALUE]);
    await askText(server.port, command);
  } finally {
    await server.stop('SIGKILL');
  }
}

/** From the start of the process until it answers PING with all that lies there loaded. */
async function startMs(
  seat: Seat,
  folder: string,
  appendOnly: string,
  keyCount: number,
): Promise<number> {
  const beganMs = performance.now();
  const server = await start(seat, folder, '--appendonly', appendOnly);
  const tookMs = performance.now() - beganMs;
  try {
    const reply = await askText(server.port, 'DBSIZE');
    if (reply !== `:${keyCount}`) throw new Error(`${seat} loads ${reply} of ${keyCount} keys`);
    return tookMs;
  } finally {
    await server.stop('SIGKILL');
  }
}

interface Snapshotted {
  /** PINGs beside the load alone, and beside load and snapshot. */
  readonly calmMs: number;
  readonly stallMs: number;
  readonly tookMs: number;
  readonly extraShare: number;
}

async function measureSnapshots() {
  const found: Record<Seat, Snapshotted[]> = { redis: [], ours: [] };
  await inTurns(async (seat, round) => void found[seat].push(await snapshotWith(seat, round)));
  const cells = (['ours', 'redis'] as const).map((seat) => {
    const of = (field: keyof Snapshotted) => median(found[seat].map((one) => one[field]));
    const longest = Math.max(...found[seat].map((one) => one.stallMs));
    return {
      seat,
      calmMs: of('calmMs'),
      stallMs: of('stallMs'),
      longestMs: longest,
      tookMs: of('tookMs'),
      extraShare: of('extraShare'),
    };
  });
  const judge = (seat: Seat, isMet: boolean) => (seat === 'ours' ? verdict(isMet, IS_TINY) : '');
  printTable(
    ['snapshot', 'took ms', 'PING before', 'stall ms', 'worst ms', '', 'memory', ''],
    cells.map(({ seat, calmMs, stallMs, longestMs, tookMs, extraShare }) => [
      seat,
      tookMs.toFixed(0),
      calmMs.toFixed(2),
      stallMs.toFixed(2),
      longestMs.toFixed(2),
      judge(seat, stallMs <= STALL_MS_TARGET),
      `+${(extraShare * 100).toFixed(1)} %`,
      judge(seat, extraShare <= MEMORY_TARGET),
    ]),
  );
  print(
    `targets: stall <= ${STALL_MS_TARGET} ms, memory <= ${MEMORY_TARGET * 100} % of the process`,
  );
  print(`load: ${STEADY_PER_SECOND} commands a second, half of them SETs`);
  print(
    "redis-server's memory is that of both of its processes, pages that they share counted once",
  );
  return cells;
}

async function snapshotWith(seat: Seat, round: number): Promise<Snapshotted> {
  const folder = makeFolder();
  const server = await start(seat, folder, '--appendonly', 'no');
  const meter = await PingMeter.start(server);
  try {
    await loadKeys(server.port, KEY_COUNT, ['SET', `key:${DIGITS}`, VALUE]);
    const seconds = IS_TINY ? 1 : 12;
    const steady = { valueBytes: VALUE.length, skew: 0, writeShare: 0.5, depth: 1 };
    const load = runStoreClient({
      ...{ port: server.port, store: '0', seed: round, keyCount: KEY_COUNT, ...steady },
      ...{ perSecond: STEADY_PER_SECOND, seconds },
    });
    const quarterMs = (seconds * 1000) / 4;
    const calm = await meter.during(() => delay(quarterMs));
    const beforeBytes = memoryOf(server.pid);
    let mostBytes = beforeBytes;
    let tookMs = 0;
    const poll = setInterval(() => {
      mostBytes = Math.max(mostBytes, memoryOf(server.pid));
    }, 20);
    const stall = await meter.during(async () => {
      const beganMs = performance.now();
      await askText(server.port, 'BGSAVE');
      await waitFor('the snapshot', 60_000, async () => {
        const info = await askText(server.port, 'INFO', 'persistence');
        return info.includes('rdb_bgsave_in_progress:0') || undefined;
      });
      tookMs = performance.now() - beganMs;
    });
    clearInterval(poll);
    await load;
    const extraShare = (mostBytes - beforeBytes) / beforeBytes;
    return { calmMs: calm.longestMs, stallMs: stall.longestMs, tookMs, extraShare };
  } finally {
    meter.stop();
    await server.stop('SIGKILL');
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Of the process and of what it forked. */
function memoryOf(pid: number): number {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  if (children === '') return rssBytes(pid);
  const pids = [pid, ...children.split(' ').map(Number)];
  return pids.reduce((sum, one) => sum + proportionalBytes(one), 0);
}

function proportionalBytes(pid: number): number {
  try {
    const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  } catch {
    // It ended between two looks.
    return 0;
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
