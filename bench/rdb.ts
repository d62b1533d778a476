/**
 * Writing an RDB file of a store and reading it back, by what is in it, without a disk: keys (or
 * elements of one large collection) a second of processor time, the longest step of a snapshot,
 * and, beside it, redis-server's SAVE and start with the same file.
 *
 *     node .build/bench/rdb.js [--tiny] [--only strings,hash] [--rounds 3]
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { defaultConfiguration } from '../src/base/configuration.ts';
import { Frame } from '../src/base/frame.ts';
import { NO_DEADLINE } from '../src/engine/database.ts';
import { EVENT } from '../src/engine/event-table.ts';
import { beginSnapshot } from '../src/engine/snapshot/store-snapshot.ts';
import type { Store } from '../src/engine/store.ts';
import { setStringArgument } from '../src/engine/values/string/string-value.ts';
import { RdbFileReader } from '../src/rdb/file-reader.ts';
import { RdbFileWriter } from '../src/rdb/file-writer.ts';
import { type CommandKit, createCommandKit } from '../src/testing/command-kit.ts';
import { createEngineFixture } from '../src/testing/engine-fixture.ts';
import { skipWithout, startRedis } from '../tests/support/server.ts';
import { WireClient } from '../tests/support/wire-client.ts';
import { cpuS } from './support/process-stats.ts';
import { printJson, printMachine, printTable, verdict } from './support/report.ts';

const WRITTEN_PER_S_TARGET = 1_500_000;
const READ_PER_S_TARGET = 1_200_000;
/** Between two steps commands would run. */
const STEP_MS = 2;
const DEADLINE_MS = 4_102_444_800_000;

/** What a store is filled with: so many keys, or elements of one key. */
interface Shape {
  readonly name: string;
  /** Whether the targets are meant for it. */
  readonly isTarget?: boolean;
  /** Compressible values, written with rdbcompression. */
  readonly divisor?: number;
  fill(kit: CommandKit, count: number): void;
}

const SHAPES: readonly Shape[] = [
  {
    name: 'strings',
    isTarget: true,
    fill: (kit, count) => fillStrings(kit, count, (i) => text(i)),
  },
  {
    name: 'strings with a deadline',
    fill: (kit, count) => fillStrings(kit, count, (i) => text(i), DEADLINE_MS),
  },
  { name: 'integers', fill: (kit, count) => fillStrings(kit, count, (i) => `${i}`) },
  {
    name: 'strings of 300 B, LZF',
    divisor: 5,
    fill: (kit, count) => fillStrings(kit, count, (i) => sentence(i)),
  },
  {
    name: 'hashes of five',
    divisor: 5,
    fill: (kit, count) => {
      const fields = (i: number) => [0, 1, 2, 3, 4].flatMap((f) => [`field${f}`, text(i + f)]);
      for (let i = 0; i < count; i++) kit.run('HSET', keyOf(i), ...fields(i));
    },
  },
  {
    name: 'one hash',
    fill: (kit, count) => fillOne(kit, count, 'HSET', (i) => [keyOf(i), text(i)]),
  },
  { name: 'one set', fill: (kit, count) => fillOne(kit, count, 'SADD', (i) => [text(i)]) },
  {
    name: 'one sorted set',
    fill: (kit, count) => fillOne(kit, count, 'ZADD', (i) => [`${(i * 7919) % count}`, text(i)]),
  },
  { name: 'one list', fill: (kit, count) => fillOne(kit, count, 'RPUSH', (i) => [text(i)]) },
  {
    name: 'one stream',
    divisor: 5,
    fill: (kit, count) => {
      for (let i = 1; i <= count; i++) kit.run('XADD', 'one', `${i}-1`, 'field', text(i));
    },
  },
];

export interface RdbFigures {
  readonly name: string;
  readonly count: number;
  readonly fileBytes: number;
  readonly writtenPerS: number;
  readonly longestStepMs: number;
  readonly readPerS: number;
  readonly readCount: number;
}

/** Fills a store, writes it, and reads that into another; the best of some rounds. */
export async function measureShape(
  shape: Shape,
  count: number,
  roundCount: number,
): Promise<RdbFigures & { file: Buffer }> {
  const kit = await createCommandKit(1, { records: false });
  shape.fill(kit, count);
  const store = kit.node.services.stores.default;
  const best = { writtenPerS: 0, readPerS: 0, longestStepMs: Number.POSITIVE_INFINITY };
  let file: Buffer = Buffer.alloc(0);
  let readCount = 0;
  for (let round = 0; round < roundCount; round++) {
    const written = write(store);
    file = written.file;
    best.writtenPerS = Math.max(best.writtenPerS, count / written.cpuS);
    best.longestStepMs = Math.min(best.longestStepMs, written.longestStepMs);
    const read = readBack(file);
    readCount = read.keyCount;
    best.readPerS = Math.max(best.readPerS, count / read.cpuS);
  }
  await kit.node.stop();
  return { name: shape.name, count, fileBytes: file.length, readCount, file, ...best };
}

function write(store: Store): { file: Buffer; cpuS: number; longestStepMs: number } {
  const before = process.cpuUsage();
  const writer = new RdbFileWriter({
    compresses: true,
    compressedBytesMax: 1024 * 1024,
    hasChecksum: true,
    use: 'none',
    listNodeSize: -2,
    nowMs: store.clock.nowMs,
  });
  const snapshot = beginSnapshot(store, writer);
  const facts = { createdS: 1, usedMemoryBytes: 1, isLogBase: false, functionCodes: [] };
  writer.begin(facts, snapshot.databases);
  const pieces: Buffer[] = [];
  let longestStepMs = 0;
  for (let hasEnded = false; !hasEnded; ) {
    const startMs = performance.now();
    const stepBefore = process.cpuUsage();
    hasEnded = snapshot.step(() => performance.now() - startMs >= STEP_MS);
    if (hasEnded) writer.end();
    const piece = writer.takeBytes();
    longestStepMs = Math.max(longestStepMs, cpuSecondsSince(stepBefore) * 1_000);
    pieces.push(Buffer.from(piece));
  }
  const cpuS = cpuSecondsSince(before);
  return { file: Buffer.concat(pieces), cpuS, longestStepMs };
}

function readBack(file: Buffer): { keyCount: number; cpuS: number } {
  // As after a start: keys are hashed with other secrets than when the file was written.
  const { store } = createEngineFixture({ seed: 2, records: false });
  const before = process.cpuUsage();
  const source = {
    byteCount: file.length,
    read(into: Uint8Array, start: number, end: number, position: number): number {
      return file.copy(into, start, position, Math.min(file.length, position + end - start));
    },
  };
  const reader = new RdbFileReader(source, {
    store,
    limits: LIMITS,
    nowMs: 0,
    onFunction: () => {},
    onAux: () => {},
  });
  while (!reader.step(() => false));
  return { keyCount: reader.keyCount, cpuS: cpuSecondsSince(before) };
}

const LIMITS = defaultConfiguration().encoding;

function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return Math.max(1, user + system) / 1e6;
}

/** Straight into the engine: a million commands would take longer than what is measured. */
function fillStrings(
  kit: CommandKit,
  count: number,
  textOf: (i: number) => string,
  deadlineMs: number = NO_DEADLINE,
): void {
  const [database] = kit.node.services.stores.default.databases;
  for (let i = 0; i < count; i++) {
    const key = keyOf(i);
    const value = textOf(i);
    const frame = new Frame();
    frame.attach(Buffer.from(key + value, 'latin1'));
    frame.append(0, key.length);
    frame.append(key.length, value.length);
    const entry = database.find(frame, 0);
    setStringArgument(database, entry, frame, 0, 1, deadlineMs, EVENT.none);
  }
}

/** One key with so many elements, a thousand a command. */
function fillOne(
  kit: CommandKit,
  count: number,
  command: string,
  elementOf: (i: number) => string[],
): void {
  for (let i = 0; i < count; i += 1_000) {
    const elements: string[] = [];
    for (let j = i; j < Math.min(count, i + 1_000); j++) elements.push(...elementOf(j));
    kit.run(command, 'one', ...elements);
  }
}

function keyOf(i: number): string {
  return `key:${String(i).padStart(12, '0')}`;
}

function text(i: number): string {
  return `value${String((i * 7919) % 99_999_989).padStart(11, '0')}`;
}

function sentence(i: number): string {
  return `{"id":${i},"name":"user ${i % 977}","tags":["red","green","blue"],"text":"`
    .padEnd(150, 'lorem ipsum dolor sit amet, ')
    .padEnd(298, `${i * 31} consectetur adipiscing `)
    .concat('"}');
}

/**
 * Processor time of redis-server with the same file: of its start, which is little else, and of a
 * SAVE. Both include its disk.
 */
async function measureRedis(file: Buffer): Promise<{ loadS: number; saveS: number } | null> {
  if (skipWithout('redis-server') !== false) return null;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hypercache-bench-rdb-'));
  try {
    fs.writeFileSync(path.join(folder, 'bench.rdb'), file);
    const server = await startRedis({ args: ['--dir', folder, '--dbfilename', 'bench.rdb'] });
    const client = await WireClient.connect(server.port);
    const loadS = cpuS(server.pid);
    await client.call('SAVE');
    const saveS = cpuS(server.pid) - loadS;
    client.socket.destroy();
    await server.stop();
    return { loadS, saveS };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) await main();

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      tiny: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const isTiny = flags.tiny;
  const countOf = (shape: Shape) => (isTiny ? 2_000 : 1_000_000 / (shape.divisor ?? 1));
  const roundCount = isTiny ? 1 : Number(flags.rounds);
  printMachine();
  const figures: (RdbFigures & { redisLoadPerS: number; redisSavePerS: number })[] = [];
  for (const shape of SHAPES) {
    if (flags.only !== undefined && !flags.only.split(',').includes(shape.name)) continue;
    const { file, ...measured } = await measureShape(shape, countOf(shape), roundCount);
    const redis = isTiny ? null : await measureRedis(file);
    const redisLoadPerS = redis === null ? 0 : measured.count / redis.loadS;
    const redisSavePerS = redis === null ? 0 : measured.count / redis.saveS;
    figures.push({ ...measured, redisLoadPerS, redisSavePerS });
  }
  const perS = (value: number) => (value / 1e6).toFixed(2);
  printTable(
    [
      'million a CPU second',
      'written',
      'redis',
      'read',
      'redis',
      'MB',
      'longest step ms',
      'verdict',
    ],
    figures.map((row, i) => [
      row.name,
      perS(row.writtenPerS),
      perS(row.redisSavePerS),
      perS(row.readPerS),
      perS(row.redisLoadPerS),
      (row.fileBytes / 1e6).toFixed(1),
      row.longestStepMs.toFixed(1),
      SHAPES[i].isTarget
        ? verdict(
            row.writtenPerS >= WRITTEN_PER_S_TARGET && row.readPerS >= READ_PER_S_TARGET,
            isTiny,
          )
        : '-',
    ]),
  );
  printJson('rdb', { rows: figures });
}
