/**
 * Three nodes on this machine beside a redis-server with two replicas in the same run, and beside
 * one node by itself:
 *
 *   throughput  SET and GET at pipeline 1 and 16, 50 clients: through the owner of the store,
 *               through a node that forwards, by one node alone, by redis-server's master
 *   lag         from the sending of a SET to its being seen at another node, under a steady load
 *   fill        a node that joins: MB of values a second until it is ready
 *   memory      of the owner, while one node hangs and writes go on
 *
 *     npm run bench:cluster -- --rounds 5 --only throughput
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LIMITS } from '../src/base/limits.ts';
import {
  type ClusterNode,
  type LocalCluster,
  startCluster,
} from '../tests/cluster/local-cluster.ts';
import { type RunningServer, skipWithout, startRedis, waitFor } from '../tests/support/server.ts';
import { askInfo, askText, DIGITS, loadKeys } from './support/bulk-load.ts';
import { startInMemory } from './support/in-memory.ts';
import { measureLag } from './support/lag-meter.ts';
import { generateLoad } from './support/load-generator.ts';
import { rssBytes } from './support/process-stats.ts';
import { median, print, printJson, printMachine, printTable, verdict } from './support/report.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Seconds that one measurement of throughput lasts, about. */
    seconds: { type: 'string' },
    only: { type: 'string' },
  },
});

const IS_TINY = flags.tiny;
const ROUNDS = Number(flags.rounds ?? (IS_TINY ? 1 : 3));
const SECONDS = Number(flags.seconds ?? (IS_TINY ? 0.05 : 1.5));
const KEY_COUNT = IS_TINY ? 1_000 : 100_000;
const CLIENT_COUNT = 50;
const DEPTHS = [1, 16];
const PARTS = flags.only?.split(',') ?? ['throughput', 'lag', 'fill', 'memory'];
const LAG_SAMPLES = IS_TINY ? 50 : 3_000;
const FILL_MB = IS_TINY ? 2 : 256;
const STALLED_MB = IS_TINY ? 4 : 256;
const THROUGHPUT_TARGET = 1;
const FILL_TARGET_MB_PER_S = 50;
const MIB = 1024 * 1024;
/** Slabs of what is written meanwhile, and what a collector has not collected. */
const MEMORY_SLACK = 128 * MIB;
const WORKLOADS = {
  SET: ['SET', 'key:__rand_int__', 'v'.repeat(64)],
  GET: ['GET', 'key:__rand_int__'],
} as const;

const closers: (() => unknown)[] = [];
const context = { after: (close: () => unknown) => void closers.push(close) };

if (skipWithout('redis-benchmark')) {
  print('bench:cluster needs redis-server and redis-benchmark');
} else {
  try {
    await main();
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

async function main(): Promise<void> {
  printMachine();
  print(`3 nodes, ${KEY_COUNT} keys, ${CLIENT_COUNT} clients, ${ROUNDS} rounds, medians`);
  const cluster = await startCluster(context, { settings: ['--persistence.enabled=no'] });
  const owner = await ownerOf(cluster.nodes);
  const other = cluster.nodes.find((node) => node !== owner)!;
  const replicated = await startReplicated();
  const figures = {
    throughput: PARTS.includes('throughput') ? await throughput(owner, other, replicated) : [],
    lag: PARTS.includes('lag') ? await lag(owner, other, replicated) : [],
    fill: PARTS.includes('fill') ? await fill(cluster, owner) : null,
    memory: PARTS.includes('memory') ? await memory(cluster, owner) : null,
  };
  printJson('cluster', figures);
}

interface Replicated {
  readonly master: RunningServer;
  readonly replica: RunningServer;
}

async function startReplicated(): Promise<Replicated> {
  const master = await startRedis();
  context.after(() => master.stop());
  const replicas: RunningServer[] = [];
  for (let i = 0; i < 2; i++) {
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', `${master.port}`] });
    context.after(() => replica.stop());
    replicas.push(replica);
  }
  await waitFor('both replicas to follow', 20_000, async () => {
    const text = await askText(master.port, 'INFO', 'replication');
    return (text.match(/state=online/g) ?? []).length === 2 || undefined;
  });
  return { master, replica: replicas[0]! };
}

/** Who executes for the default store. */
async function ownerOf(nodes: readonly ClusterNode[]): Promise<ClusterNode> {
  const { json } = await nodes[0]!.ask('GET', '/api/cluster/status');
  const found = json.members.find(isOwner);
  return nodes.find(({ name }) => name === found.node_id)!;
}

function isOwner({ metadata }: { metadata: { owned_stores?: readonly string[] } }): boolean {
  return metadata.owned_stores?.includes('default') === true;
}

async function throughput(owner: ClusterNode, other: ClusterNode, { master }: Replicated) {
  const alone = await startInMemory();
  context.after(() => alone.stop());
  const seats = { owner: owner.port, other: other.port, alone: alone.port, redis: master.port };
  const names = Object.keys(seats) as (keyof typeof seats)[];
  for (const port of [owner.port, alone.port, master.port]) {
    await loadKeys(port, KEY_COUNT, ['SET', `key:${DIGITS}`, 'v'.repeat(64)]);
  }
  const rows = [];
  for (const [name, args] of Object.entries(WORKLOADS)) {
    for (const depth of DEPTHS) {
      const found = new Map<string, number[]>(names.map((seat) => [seat, []]));
      const counts = new Map<string, number>();
      for (const seat of names) {
        const trial = await load(seats[seat], args, depth, IS_TINY ? 500 : 20_000 * depth ** 0.5);
        counts.set(seat, Math.max(500, Math.round(trial * SECONDS)));
      }
      for (let round = 0; round < ROUNDS; round++) {
        for (const seat of round % 2 === 0 ? names : [...names].reverse()) {
          found.get(seat)!.push(await load(seats[seat], args, depth, counts.get(seat)!));
        }
      }
      const of = (seat: keyof typeof seats) => median(found.get(seat)!);
      const ratio = of('owner') / of('redis');
      rows.push({ name, depth, owner: of('owner'), other: of('other'), alone: of('alone') });
      Object.assign(rows.at(-1)!, { redis: of('redis'), ratio });
    }
  }
  const cells = rows as (Record<keyof typeof seats | 'depth' | 'ratio', number> & {
    name: string;
  })[];
  printTable(
    ['commands/s', 'depth', 'owner', 'forwarded', 'alone', 'redis+2', 'ratio', 'verdict'],
    cells.map(({ name, depth, owner: own, other: far, alone: one, redis, ratio }) => [
      name,
      `${depth}`,
      ...[own, far, one, redis].map((perSecond) => perSecond.toFixed(0)),
      ratio.toFixed(2),
      verdict(ratio >= THROUGHPUT_TARGET, IS_TINY),
    ]),
  );
  return cells;
}

async function load(
  port: number,
  args: readonly string[],
  depth: number,
  commandCount: number,
): Promise<number> {
  const count = Math.round(commandCount);
  const one = { args, depth, commandCount: count, clientCount: CLIENT_COUNT, keyCount: KEY_COUNT };
  return (await generateLoad(port, one)).perSecond;
}

async function lag(owner: ClusterNode, other: ClusterNode, { master, replica }: Replicated) {
  const rows = [];
  for (const [name, from, to] of [
    ['ours', owner.port, other.port],
    ['redis-server', master.port, replica.port],
  ] as const) {
    const quiet = await measureLag(from, to, LAG_SAMPLES);
    rows.push({ name, ...quiet });
  }
  printTable(
    ['lag, ms', 'p50', 'p99', 'longest'],
    rows.map(({ name, p50, p99, longest }) => [
      name,
      ...[p50, p99, longest].map((ms) => ms.toFixed(3)),
    ]),
  );
  return rows;
}

async function fill(cluster: LocalCluster, owner: ClusterNode) {
  await owner.call('FLUSHALL');
  const valueBytes = 1_000;
  const keyCount = Math.round((FILL_MB * 1e6) / valueBytes);
  await loadKeys(owner.port, keyCount, ['SET', `fill:${DIGITS}`, 'v'.repeat(valueBytes)]);
  const added = await cluster.add();
  const startMs = momentOf(added, 'Links with a node are up');
  const seconds = Math.max(0.001, (momentOf(added, 'This node is ready') - startMs) / 1000);
  const found = await added.call('DBSIZE');
  if (found !== keyCount) throw new Error(`${found} of ${keyCount} keys`);
  const perSecond = FILL_MB / seconds;
  print(
    `fill: ${keyCount} keys, ${FILL_MB} MB in ${seconds.toFixed(2)} s, ` +
      `${perSecond.toFixed(0)} MB/s (${verdict(perSecond >= FILL_TARGET_MB_PER_S, IS_TINY)})`,
  );
  return { keyCount, seconds, perSecond };
}

/** Of the first line of its log with that message. */
function momentOf({ logPath }: ClusterNode, message: string): number {
  for (const line of readFileSync(logPath, 'utf8').split('\n')) {
    if (line.includes(`"message":"${message}"`)) return Date.parse(JSON.parse(line)['@timestamp']);
  }
  throw new Error(`${logPath} has no line: ${message}`);
}

/** The same few keys again and again: what grows is what waits for the one that hangs. */
async function memory(cluster: LocalCluster, owner: ClusterNode) {
  const hanging = cluster.nodes.find((node) => node !== owner)!;
  await owner.call('FLUSHALL');
  await sleep(500);
  const pid = Number(await askInfo(owner.port, 'server', 'process_id'));
  const beforeBytes = rssBytes(pid);
  hanging.signal('SIGSTOP');
  let mostBytes = 0;
  const poll = setInterval(() => {
    mostBytes = Math.max(mostBytes, rssBytes(pid));
  }, 20);
  const args = ['SET', 'key:__rand_int__', 'v'.repeat(1_000)];
  await generateLoad(owner.port, {
    ...{ args, depth: 16, clientCount: CLIENT_COUNT, keyCount: 1_000 },
    commandCount: Math.round((STALLED_MB * 1e6) / 1_000),
  });
  clearInterval(poll);
  hanging.signal('SIGCONT');
  const grownBytes = Math.max(0, mostBytes - beforeBytes);
  const isMet = grownBytes < LIMITS.linkQueueBytesMax + MEMORY_SLACK;
  print(
    `memory: ${STALLED_MB} MB written while a node hangs, the owner grew by ` +
      `${(grownBytes / MIB).toFixed(0)} MiB (${verdict(isMet, IS_TINY)})`,
  );
  return { writtenMb: STALLED_MB, grownBytes };
}
