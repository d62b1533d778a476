/**
 * Bytes per element of every kind of collection, counted and as growth of the resident memory, in
 * both servers in turn: one collection of very many elements, then very many of few. A small
 * collection's bytes hold those of its key. As many elements are there before anything is measured:
 * what a process takes once, however much it holds, is several megabytes and must not count.
 */
import type { RunningServer } from '../../tests/support/server.ts';
import { askInfo, askText, DIGITS, loadKeys } from './bulk-load.ts';
import { rssBytes } from './process-stats.ts';
import { print, printTable, verdict } from './report.ts';

const SMALL_COUNTS = [10, 50];
const VALUE = 'v'.repeat(16);
const BEFORE = 'pre:';
const MEASURED = 'now:';

export interface TypeMemoryOptions {
  /** Our server and redis-server. */
  readonly contenders: readonly (() => Promise<RunningServer>)[];
  /** Elements of a large collection. */
  readonly largeCount: number;
  /** Small collections there are. */
  readonly smallCount: number;
  readonly only: readonly string[] | null;
  readonly isTiny: boolean;
  readonly settle: () => Promise<void>;
}

interface TypeRow {
  readonly name: string;
  /** Commands to run, each for every number below `commandCount`. */
  readonly loads: readonly (readonly string[])[];
  readonly commandCount: number;
  readonly elementCount: number;
  readonly target: number;
}

interface TypeCost {
  readonly countedBytes: number;
  readonly rssBytes: number;
}

export interface TypeCell {
  readonly name: string;
  readonly elementCount: number;
  readonly ours: TypeCost;
  readonly redis: TypeCost;
  readonly countedRatio: number;
  readonly rssRatio: number;
  readonly target: number;
  readonly isMet: boolean;
}

export async function measureTypes(options: TypeMemoryOptions): Promise<TypeCell[]> {
  const { only, isTiny } = options;
  const cells: TypeCell[] = [];
  for (const row of [...largeRows(options.largeCount), ...smallRows(options.smallCount)]) {
    if (only !== null && !only.some((word) => row.name.includes(word))) continue;
    const cell = await measureRow(row, options);
    if (cell === null) print(`${row.name}: skipped, there is no ${row.loads[0][0]} yet`);
    else cells.push(cell);
  }
  print('bytes per element: elements, fields and values of 16 B, integers of 4 B');
  const head = ['collection', 'elements', 'counted', 'RSS', 'redis counted', 'redis RSS'];
  printTable(
    [...head, 'counted ratio', 'RSS ratio', 'target', 'verdict'],
    cells.map((cell) => [
      cell.name,
      String(cell.elementCount),
      cell.ours.countedBytes.toFixed(1),
      cell.ours.rssBytes.toFixed(1),
      cell.redis.countedBytes.toFixed(1),
      cell.redis.rssBytes.toFixed(1),
      cell.countedRatio.toFixed(2),
      cell.rssRatio.toFixed(2),
      cell.target.toFixed(2),
      verdict(cell.isMet, isTiny),
    ]),
  );
  return cells;
}

function largeRows(count: number): TypeRow[] {
  const element = MEASURED + DIGITS;
  const large = (name: string, target: number, ...args: string[]): TypeRow => {
    return { name, loads: [args], commandCount: count, elementCount: count, target };
  };
  return [
    large('large hash', 0.55, 'HSET', 'large', element, VALUE),
    large('large set', 0.55, 'SADD', 'large', element),
    large('large zset', 0.55, 'ZADD', 'large', DIGITS, element),
    large('large list', 1, 'RPUSH', 'large', element),
    large('large stream', 0.8, 'XADD', 'large', '*', 'field', element),
  ];
}

function smallRows(commandCount: number): TypeRow[] {
  const key = MEASURED + DIGITS;
  return SMALL_COUNTS.flatMap((size) => {
    const numbers = Array.from({ length: size }, (_, i) => i);
    const elements = numbers.map((i) => `${String(i).padStart(3, '0')}:${DIGITS}`);
    const small = (name: string, ...loads: string[][]): TypeRow => {
      const elementCount = commandCount * size;
      return { name: `${name} of ${size}`, loads, commandCount, elementCount, target: 0.8 };
    };
    const entry = ['XADD', key, '*', 'field', VALUE];
    return [
      small('hash', ['HSET', key, ...elements.flatMap((element) => [element, VALUE])]),
      small('set', ['SADD', key, ...elements]),
      small('intset', ['SADD', key, ...numbers.map((i) => String(100_000 + i * 7))]),
      small('zset', ['ZADD', key, ...elements.flatMap((element, i) => [String(i), element])]),
      small('list', ['RPUSH', key, ...elements]),
      small('stream', ...numbers.map(() => entry)),
    ];
  });
}

/** @returns null while one of the two does not know the command */
async function measureRow(row: TypeRow, options: TypeMemoryOptions): Promise<TypeCell | null> {
  const costs: TypeCost[] = [];
  for (const start of options.contenders) {
    const cost = await measureCost(row, start, options.settle);
    if (cost === null) return null;
    costs.push(cost);
  }
  const [ours, redis] = costs;
  const { name, elementCount, target } = row;
  const countedRatio = ours.countedBytes / redis.countedBytes;
  const rssRatio = ours.rssBytes / redis.rssBytes;
  const isMet = countedRatio <= target && rssRatio <= target;
  return { name, elementCount, ours, redis, countedRatio, rssRatio, target, isMet };
}

async function measureCost(
  row: TypeRow,
  start: () => Promise<RunningServer>,
  settle: () => Promise<void>,
): Promise<TypeCost | null> {
  const server = await start();
  const { port, pid } = server;
  try {
    if (!(await isKnown(port, row.loads[0][0]))) return null;
    for (const args of row.loads) await loadKeys(port, row.commandCount, args.map(asBefore));
    await settle();
    const rssBefore = rssBytes(pid);
    const countedBefore = await countedBytes(port);
    for (const args of row.loads) await loadKeys(port, row.commandCount, args);
    await settle();
    return {
      countedBytes: ((await countedBytes(port)) - countedBefore) / row.elementCount,
      rssBytes: (rssBytes(pid) - rssBefore) / row.elementCount,
    };
  } finally {
    await server.stop();
  }
}

/** The same command for keys or elements that are not those measured. */
function asBefore(argument: string): string {
  return argument.replace(MEASURED, BEFORE);
}

async function isKnown(port: number, name: string): Promise<boolean> {
  const reply = await askText(port, name);
  return !reply.startsWith('-ERR unknown command');
}

async function countedBytes(port: number): Promise<number> {
  return (await askInfo(port, 'memory', 'used_memory')) ?? Number.NaN;
}
