/**
 * Bytes per key, 16 B keys and 16 B values: counted by the server and as growth of its resident
 * memory, beside redis-server and a plain `Map`. Then churn: keys overwritten with values of random
 * sizes, slab bytes held against live ones.
 *   npm run bench:memory -- --suite types     bytes per element of collections
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../src/world/simulated/seeded-random.ts';
import { type RunningServer, skipWithout, startRedis } from '../tests/support/server.ts';
import { askInfo, DIGITS, loadKeys, runCommands } from './support/bulk-load.ts';
import { startInMemory } from './support/in-memory.ts';
import { rssBytes } from './support/process-stats.ts';
import { print, printJson, printMachine, printTable, verdict } from './support/report.ts';
import { measureTypes } from './support/type-memory.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    /** keys or types. */
    suite: { type: 'string', default: 'keys' },
    /** Of the types: names of rows, or parts of names. */
    only: { type: 'string' },
    keys: { type: 'string' },
    seed: { type: 'string', default: '1' },
    /** redis-server in both seats. */
    self: { type: 'boolean', default: false },
  },
});

const IS_TINY = flags.tiny;
const KEY_COUNTS = (flags.keys ?? (IS_TINY ? '20000' : '1000000,10000000')).split(',').map(Number);
const COUNTED_TARGET_BYTES = { plain: 60, ttl: 76 };
const RSS_RATIO_TARGET = 0.6;
const CHURN_RATIO_TARGET = 1.25;
const CHURN_ROUNDS = 10;
const CHURN_KEY_COUNT = IS_TINY ? 2_000 : 200_000;
const CHURN_VALUE_BYTES_MAX = 4_096;
/** Time for the bounded steps in which memory is given back. */
const SETTLE_MS = IS_TINY ? 100 : 1_500;

interface Cost {
  readonly countedBytes: number;
  readonly rssBytes: number;
}

if (skipWithout('redis-server')) {
  print('bench:memory needs redis-server');
} else if (flags.suite === 'types') {
  printMachine();
  const cells = await measureTypes({
    contenders: [startContender, startRedis],
    largeCount: IS_TINY ? 20_000 : 1_000_000,
    smallCount: IS_TINY ? 1_000 : 100_000,
    only: flags.only?.split(',') ?? null,
    isTiny: IS_TINY,
    settle,
  });
  printJson('memory-types', { cells });
} else {
  printMachine();
  const cells = [];
  for (const count of KEY_COUNTS) {
    for (const kind of ['plain', 'ttl'] as const) cells.push(await measureCell(count, kind));
  }
  reportCells(cells);
  const churn = await measureChurn();
  printJson('memory', { cells, churn });
}

function startContender(): Promise<RunningServer> {
  return flags.self ? startRedis() : startInMemory();
}

async function measureCell(count: number, kind: 'plain' | 'ttl') {
  const ours = await measureServer(startContender, count, kind);
  const redis = await measureServer(startRedis, count, kind);
  const map = measureMap(count, kind);
  return { count, kind, ours, redis, map, rssRatio: ours.rssBytes / redis.rssBytes };
}

async function measureServer(
  start: () => Promise<RunningServer>,
  count: number,
  kind: 'plain' | 'ttl',
): Promise<Cost> {
  const server = await start();
  try {
    await settle();
    const rssBefore = rssBytes(server.pid);
    const countedBefore = await countedBytes(server);
    const ttl = kind === 'ttl' ? ['EX', '1000000'] : [];
    await loadKeys(server.port, count, ['SET', `key:${DIGITS}`, 'v'.repeat(16), ...ttl]);
    await settle();
    return {
      countedBytes: ((await countedBytes(server)) - countedBefore) / count,
      rssBytes: (rssBytes(server.pid) - rssBefore) / count,
    };
  } finally {
    await server.stop();
  }
}

async function countedBytes(server: RunningServer): Promise<number> {
  const bytes = await askInfo(server.port, 'memory', 'used_memory');
  if (bytes === null) throw new Error(`${server.name} counts no used_memory`);
  return bytes;
}

function measureMap(count: number, kind: 'plain' | 'ttl'): number {
  const child = path.join(import.meta.dirname, 'support/map-child.js');
  const args = ['--expose-gc', '--max-old-space-size=12000', child, String(count), kind];
  const text = execFileSync(process.execPath, args, { encoding: 'utf8' });
  return (JSON.parse(text) as { grownBytes: number }).grownBytes / count;
}

function reportCells(cells: readonly Awaited<ReturnType<typeof measureCell>>[]): void {
  print('bytes per key, 16 B keys and 16 B values');
  const head = ['keys', 'kind', 'counted', 'target', 'redis', 'RSS', 'redis RSS', 'Map RSS'];
  printTable(
    [...head, 'RSS ratio', 'target', 'verdict'],
    cells.map((cell) => {
      const target = COUNTED_TARGET_BYTES[cell.kind];
      const isMet = cell.ours.countedBytes <= target && cell.rssRatio <= RSS_RATIO_TARGET;
      return [
        String(cell.count),
        cell.kind,
        cell.ours.countedBytes.toFixed(1),
        String(target),
        cell.redis.countedBytes.toFixed(1),
        cell.ours.rssBytes.toFixed(1),
        cell.redis.rssBytes.toFixed(1),
        cell.map.toFixed(1),
        cell.rssRatio.toFixed(2),
        RSS_RATIO_TARGET.toFixed(2),
        verdict(isMet, IS_TINY),
      ];
    }),
  );
}

async function measureChurn() {
  const random = new SeededRandom(Number(flags.seed));
  const filler = Buffer.alloc(CHURN_VALUE_BYTES_MAX, 'x');
  const rounds: { heldBytes: number; liveBytes: number; ratio: number }[] = [];
  const server = await startContender();
  try {
    for (let round = 0; round <= CHURN_ROUNDS; round++) {
      await runCommands(server.port, CHURN_KEY_COUNT, (i) => {
        // The first round makes the keys, the others meet them in random order.
        const index = round === 0 ? i : random.below(CHURN_KEY_COUNT);
        // Sizes spread evenly over their logarithm, as real ones do.
        const bytes = Math.floor(CHURN_VALUE_BYTES_MAX ** (random.u32() / 4_294_967_296));
        return ['SET', `churn:${index}`, filler.subarray(0, bytes)];
      });
      rounds.push(await slabUse(server));
    }
    await settle();
    rounds.push(await slabUse(server));
  } finally {
    await server.stop();
  }
  print(
    `\nchurn: ${CHURN_KEY_COUNT} keys, ${CHURN_ROUNDS} rounds of overwrite, seed ${flags.seed}`,
  );
  const ratios = rounds.map((round) => round.ratio.toFixed(3));
  const settled = rounds[rounds.length - 1].ratio;
  print(`slab bytes held / live after each round: ${ratios.slice(0, -1).join(' ')}`);
  print(
    `settled: ${settled.toFixed(3)}, target ${CHURN_RATIO_TARGET}: ` +
      verdict(settled <= CHURN_RATIO_TARGET, IS_TINY),
  );
  return rounds;
}

async function slabUse({ port }: RunningServer) {
  const heldBytes = (await askInfo(port, 'memory', 'slab_held_bytes')) ?? Number.NaN;
  const liveBytes = (await askInfo(port, 'memory', 'slab_live_bytes')) ?? Number.NaN;
  return { heldBytes, liveBytes, ratio: heldBytes / liveBytes };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}
