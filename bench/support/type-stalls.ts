/**
 * What work on collections of very many elements costs those who wait. Deleting, expiring and
 * renaming must not be felt: our own longest turn is held to a target. Commands that are one step
 * by nature are told as they are, as the longest PING of another client, beside redis-server's.
 */
import { once } from 'node:events';
import net from 'node:net';
import { encodeCommand } from '../../src/testing/reply-decoder.ts';
import { type RunningServer, startRedis, waitFor } from '../../tests/support/server.ts';
import { askText, DIGITS, loadKeys, runCommands } from './bulk-load.ts';
import { PingMeter } from './ping-meter.ts';
import { print, printTable, verdict } from './report.ts';
import { StallMeter } from './stall-meter.ts';

export interface TypeStallOptions {
  readonly elementCount: number;
  readonly runs: number;
  readonly targetMs: number;
  readonly only: readonly string[] | null;
  readonly isTiny: boolean;
}

/** One step of a run: what is asked for, and whether it must be without a stall. */
interface Step {
  readonly name: string;
  readonly hasTarget: boolean;
  /** Not measured. */
  prepare?(port: number): Promise<void>;
  work(port: number): Promise<void>;
}

interface Figures {
  readonly pingMs: number;
  /** Null of redis-server, which has no probe inside. */
  readonly turnMs: number | null;
}

export interface TypeStall {
  readonly name: string;
  readonly oursTurnMs: number;
  readonly oursPingMs: number;
  readonly redisPingMs: number;
  readonly ratio: number;
  readonly hasTarget: boolean;
  readonly isMet: boolean;
}

/** Shorter waits cannot be told apart: a PING is sent every millisecond. */
const PING_MS_MIN = 1;
const VALUE = 'v'.repeat(16);
const ELEMENT = `elm:${DIGITS}`;
const LOADS: Readonly<Record<string, readonly string[]>> = {
  set: ['SADD', 'large', ELEMENT],
  hash: ['HSET', 'large', ELEMENT, VALUE],
  zset: ['ZADD', 'large', DIGITS, ELEMENT],
  list: ['RPUSH', 'large', ELEMENT],
};

export async function measureTypeStalls(options: TypeStallOptions): Promise<TypeStall[]> {
  const ours: Map<string, Figures>[] = [];
  const redis: Map<string, Figures>[] = [];
  for (let run = 0; run < options.runs; run++) {
    ours.push(await runOurs(options));
    redis.push(await runRedis(options));
  }
  const least = (runs: readonly Map<string, Figures>[], name: string, of: keyof Figures) =>
    Math.min(...runs.map((figures) => figures.get(name)?.[of] ?? Number.NaN));
  const rows = chosenSteps(options).map(({ name, hasTarget }): TypeStall => {
    const oursTurnMs = least(ours, name, 'turnMs');
    const oursPingMs = least(ours, name, 'pingMs');
    const redisPingMs = least(redis, name, 'pingMs');
    const isMet = !hasTarget || oursTurnMs <= options.targetMs;
    const ratio = Math.max(oursPingMs, PING_MS_MIN) / Math.max(redisPingMs, PING_MS_MIN);
    return { name, oursTurnMs, oursPingMs, redisPingMs, ratio, hasTarget, isMet };
  });
  report(rows, options);
  return rows;
}

function report(rows: readonly TypeStall[], { elementCount, targetMs, isTiny }: TypeStallOptions) {
  print(`collections of ${elementCount} elements; longest turn, longest PING beside, ms`);
  printTable(
    ['command', 'turn', 'target', 'PING', 'redis PING', 'ratio', 'verdict'],
    rows.map((row) => [
      row.name,
      row.oursTurnMs.toFixed(1),
      row.hasTarget ? String(targetMs) : '-',
      row.oursPingMs.toFixed(1),
      row.redisPingMs.toFixed(1),
      row.ratio.toFixed(2),
      row.hasTarget ? verdict(row.isMet, isTiny) : '-',
    ]),
  );
}

async function runOurs(options: TypeStallOptions): Promise<Map<string, Figures>> {
  const meter = await StallMeter.start();
  const pings = await PingMeter.start(meter.server);
  try {
    return await runSteps(meter.server, options, async (work) => {
      let pingMs = 0;
      const { server } = await meter.during(async () => {
        pingMs = (await pings.during(work)).longestMs;
      });
      return { pingMs, turnMs: server.longestMs };
    });
  } finally {
    pings.stop();
    await meter.stop();
  }
}

async function runRedis(options: TypeStallOptions): Promise<Map<string, Figures>> {
  const server = await startRedis();
  const pings = await PingMeter.start(server);
  try {
    return await runSteps(server, options, async (work) => {
      return { pingMs: (await pings.during(work)).longestMs, turnMs: null };
    });
  } finally {
    pings.stop();
    await server.stop();
  }
}

async function runSteps(
  { port }: RunningServer,
  options: TypeStallOptions,
  measure: (work: () => Promise<void>) => Promise<Figures>,
): Promise<Map<string, Figures>> {
  const found = new Map<string, Figures>();
  for (const step of chosenSteps(options)) {
    await step.prepare?.(port);
    found.set(step.name, await measure(() => step.work(port)));
  }
  return found;
}

function chosenSteps(options: TypeStallOptions): Step[] {
  const kinds = Object.keys(LOADS).filter((kind) => options.only?.includes(kind) ?? true);
  const steps = kinds.flatMap((kind) => [
    ...ownSteps(options).filter((step) => step.name.endsWith(` ${kind}`)),
    ...removingSteps(kind, options),
  ]);
  return (options.only?.includes('keys') ?? true) ? [...steps, ...keySteps(options)] : steps;
}

/** What every kind of value must let happen without a stall; a copy of it each time. */
function removingSteps(kind: string, { isTiny }: TypeStallOptions): Step[] {
  const copy = (port: number) => ask(port, 'COPY', 'large', 'victim', 'REPLACE');
  // What is left to do in the background belongs to it.
  const settle = () => new Promise<void>((resolve) => setTimeout(resolve, isTiny ? 100 : 1_500));
  const removing = (name: string, ...args: string[]): Step => {
    const work = (port: number) => ask(port, ...args).then(settle);
    return { name: `${name} ${kind}`, hasTarget: true, prepare: copy, work };
  };
  return [
    { name: `COPY ${kind}`, hasTarget: false, work: copy },
    removing('RENAME', 'RENAME', 'victim', 'other'),
    removing('DEL', 'DEL', 'other'),
    removing('UNLINK', 'UNLINK', 'victim'),
    {
      name: `expiry ${kind}`,
      hasTarget: true,
      prepare: copy,
      async work(port) {
        await ask(port, 'PEXPIRE', 'victim', '1');
        await waitFor('the key to expire', 10_000, async () => {
          return (await askText(port, 'EXISTS', 'victim')) === ':0' || undefined;
        });
        await settle();
      },
    },
    removing('FLUSHALL', 'FLUSHALL'),
  ];
}

/** Commands of one kind of value. The first of each kind makes the value. */
function ownSteps({ elementCount }: TypeStallOptions): Step[] {
  const load = (kind: string) => (port: number) => loadKeys(port, elementCount, LOADS[kind]);
  const step = (name: string, ...args: string[]): Step => {
    return { name, hasTarget: false, work: (port) => ask(port, ...args) };
  };
  const other = (port: number) => ask(port, 'COPY', 'large', 'other', 'REPLACE');
  const numbers = (port: number) => loadNumbers(port, elementCount);
  return [
    { ...step('SMEMBERS set', 'SMEMBERS', 'large'), prepare: load('set') },
    step('SDIFF set', 'SDIFF', 'large', 'none'),
    { ...step('SINTERSTORE set', 'SINTERSTORE', 'target', 'large', 'other'), prepare: other },
    step('SUNIONSTORE set', 'SUNIONSTORE', 'target', 'large'),
    { ...step('HGETALL hash', 'HGETALL', 'large'), prepare: load('hash') },
    { ...step('ZUNIONSTORE zset', 'ZUNIONSTORE', 'target', '1', 'large'), prepare: load('zset') },
    step('ZRANGE zset', 'ZRANGE', 'large', '0', '-1', 'WITHSCORES'),
    { ...step('LREM list', 'LREM', 'large', '0', 'nothing'), prepare: load('list') },
    { ...step('LTRIM list', 'LTRIM', 'other', '1', '10'), prepare: other },
    { ...step('SORT LIMIT list', 'SORT', 'numbers', 'LIMIT', '0', '10'), prepare: numbers },
    step('SORT STORE list', 'SORT', 'numbers', 'STORE', 'target'),
    step('SORT ALPHA STORE list', 'SORT', 'large', 'ALPHA', 'STORE', 'target'),
  ];
}

function keySteps({ elementCount }: TypeStallOptions): Step[] {
  return [
    {
      name: 'KEYS *',
      hasTarget: false,
      prepare: (port) => loadKeys(port, elementCount, ['SET', `key:${DIGITS}`, VALUE]),
      work: (port) => ask(port, 'KEYS', '*'),
    },
    { name: 'KEYS none', hasTarget: false, work: (port) => ask(port, 'KEYS', 'nothing*') },
  ];
}

/** Numbers of 16 digits in no order. */
async function loadNumbers(port: number, count: number): Promise<void> {
  const perCommand = 100;
  await runCommands(port, Math.ceil(count / perCommand), (i) => {
    const numbers = Array.from({ length: perCommand }, (_, k) => {
      // A multiplier that has no factor in common with a power of ten visits each number once.
      const place = ((i * perCommand + k) * 618_033) % count;
      return String(1_000_000_000_000_000 + place);
    });
    return ['RPUSH', 'numbers', ...numbers];
  });
}

/** Sends the command and takes its whole reply, however long; an error is thrown. */
async function ask(port: number, ...args: string[]): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let head = '';
  let tail = '';
  const done = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      if (head === '') head = chunk.toString('latin1', 0, 200);
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 7))).slice(-7);
      if (tail === '+PONG\r\n') resolve();
    });
    socket.on('close', () => reject(new Error(`${args.join(' ')}: connection closed`)));
  });
  socket.write(Buffer.concat([encodeCommand(args), encodeCommand(['PING'])]));
  await done.finally(() => socket.destroy());
  if (head.startsWith('-')) throw new Error(`${args.join(' ')}: ${head}`);
}
