/**
 * Three nodes on this machine beside a redis-server with two replicas in the same run, and beside
 * one node by itself:
 *
 *   throughput  SET and GET at pipeline 1 and 16, 50 clients: through the owner of the store,
 *               through a node that forwards, by one node alone, by redis-server's master; and
 *               the processor time of a command, that of all copies together
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
import { cpuS, rssBytes } from './support/process-stats.ts';
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
  const all = { nodes: cluster.nodes, replicated };
  const figures = {
    throughput: PARTS.includes('throughput') ? await throughput(owner, other, all) : [],
    lag: PARTS.includes('lag') ? await lag(owner, other, replicated) : [],
    fill: PARTS.includes('fill') ? await fill(cluster, owner) : null,
    memory: PARTS.includes('memory') ? await memory(cluster, owner) : null,
  };
  printJson('cluster', figures);
}

interface Replicated {
  readonly master: RunningServer;
  readonly replicas: readonly RunningServer[];
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
  return { master, replicas };
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

/** Where load is put, and the processes that work for it. */
interface Seat {
  readonly name: string;
  readonly port: number;
  /** The one that is asked first. */
  readonly pids: readonly number[];
}

interface Trial {
  readonly perSecond: number;
  /** Of a command: at the node that is asked, and at all of them. */
  readonly ownUs: number;
  readonly allUs: number;
}

async function throughput(
  owner: ClusterNode,
  other: ClusterNode,
  { nodes, replicated }: { nodes: readonly ClusterNode[]; replicated: Replicated },
) {
  const { master, replicas } = replicated;
  const alone = await startInMemory();
  context.after(() => alone.stop());
  const pids = new Map<ClusterNode, number>();
  for (const node of nodes) pids.set(node, await pidOf(node.port));
  const pidsFrom = (first: ClusterNode) => [
    pids.get(first)!,
    ...nodes.filter((node) => node !== first).map((node) => pids.get(node)!),
  ];
  const seats: readonly Seat[] = [
    { name: 'owner', port: owner.port, pids: pidsFrom(owner) },
    { name: 'forwarded', port: other.port, pids: pidsFrom(other) },
    { name: 'alone', port: alone.port, pids: [alone.pid] },
    { name: 'redis+2', port: master.port, pids: [master, ...replicas].map(({ pid }) => pid) },
  ];
  for (const port of [owner.port, alone.port, master.port]) {
    await loadKeys(port, KEY_COUNT, ['SET', `key:${DIGITS}`, 'v'.repeat(64)]);
  }
  const rows = [];
  for (const [command, args] of Object.entries(WORKLOADS)) {
    for (const depth of DEPTHS) {
      const found = await inTurns(seats, { args, depth });
      const ratio = found[0]!.perSecond / found[3]!.perSecond;
      rows.push({ command, depth, ratio, seats: found });
    }
  }
  const head = ['depth', ...seats.map(({ name }) => name)];
  printTable(
    ['commands/s', ...head, 'ratio', 'verdict'],
    rows.map(({ command, depth, ratio, seats: cells }) => [
      command,
      `${depth}`,
      ...cells.map(({ perSecond }) => perSecond.toFixed(0)),
      ratio.toFixed(2),
      verdict(ratio >= THROUGHPUT_TARGET, IS_TINY),
    ]),
  );
  print('');
  printTable(
    ['us a command, of all', ...head],
    rows.map(({ command, depth, seats: cells }) => [
      command,
      `${depth}`,
      ...cells.map(({ allUs, ownUs }) => `${ownUs.toFixed(1)} of ${allUs.toFixed(1)}`),
    ]),
  );
  return rows;
}

/** Medians of each seat. */
async function inTurns(
  seats: readonly Seat[],
  work: { readonly args: readonly string[]; readonly depth: number },
): Promise<Trial[]> {
  const trials: Trial[][] = seats.map(() => []);
  const counts: number[] = [];
  for (const seat of seats) {
    const { perSecond } = await load(seat, work, IS_TINY ? 500 : 20_000 * work.depth ** 0.5);
    counts.push(Math.max(500, Math.round(perSecond * SECONDS)));
  }
  const order = [...seats.keys()];
  for (let round = 0; round < ROUNDS; round++) {
    for (const i of round % 2 === 0 ? order : order.toReversed()) {
      trials[i]!.push(await load(seats[i]!, work, counts[i]!));
    }
  }
  const medianOf = (of: Trial[], what: keyof Trial) => median(of.map((trial) => trial[what]));
  return trials.map((of) => ({
    perSecond: medianOf(of, 'perSecond'),
    ownUs: medianOf(of, 'ownUs'),
    allUs: medianOf(of, 'allUs'),
  }));
}

async function load(
  { pids, port }: Seat,
  { args, depth }: { readonly args: readonly string[]; readonly depth: number },
  commandCount: number,
): Promise<Trial> {
  const count = Math.round(commandCount);
  const before = pids.map(cpuS);
  const one = { args, depth, commandCount: count, clientCount: CLIENT_COUNT, keyCount: KEY_COUNT };
  const { perSecond } = await generateLoad(port, one);
  const usedUs = pids.map((pid, i) => ((cpuS(pid) - before[i]!) * 1e6) / count);
  return { perSecond, ownUs: usedUs[0]!, allUs: usedUs.reduce((sum, us) => sum + us, 0) };
}

async function pidOf(port: number): Promise<number> {
  return Number(await askInfo(port, 'server', 'process_id'));
}

async function lag(owner: ClusterNode, other: ClusterNode, { master, replicas }: Replicated) {
  const rows = [];
  for (const [name, from, to] of [
    ['ours', owner.port, other.port],
    ['redis-server', master.port, replicas[0]!.port],
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
  const pid = await pidOf(owner.port);
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
