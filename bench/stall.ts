/**
 * Longest stall of the event loop in the heavy moments: index growth, a million keys due at the
 * same millisecond, FLUSHALL, full scans. Then fairness, one client's flood against another's PING,
 * and what an idle connection costs. The smallest of three runs' longest stall counts, because the
 * kernel's counter of waiting time moves in steps of 4 ms; raw figures and an idle process beside.
 *   npm run bench:stall -- --suite types     work on collections of a million elements
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type RunningServer, skipWithout, startRedis, waitFor } from '../tests/support/server.ts';
import { WireClient } from '../tests/support/wire-client.ts';
import { askInfo, askText, DIGITS, loadKeys } from './support/bulk-load.ts';
import { startInMemory } from './support/in-memory.ts';
import { rssBytes } from './support/process-stats.ts';
import { print, printJson, printMachine, printTable, verdict } from './support/report.ts';
import { type Stall, StallMeter } from './support/stall-meter.ts';
import { measureTypeStalls } from './support/type-stalls.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    /** keys or types. */
    suite: { type: 'string', default: 'keys' },
    keys: { type: 'string' },
    runs: { type: 'string' },
    /** Parts of the suite: stall, ping, idle; of types: set, hash, zset, list, keys. */
    only: { type: 'string' },
  },
});

const IS_TINY = flags.tiny;
const KEY_COUNT = Number(flags.keys ?? (IS_TINY ? 50_000 : 10_000_000));
const DUE_COUNT = KEY_COUNT / 10;
const FLOOD_COUNT = IS_TINY ? 20_000 : 1_000_000;
const CONNECTION_COUNT = IS_TINY ? 200 : 10_000;
const CONNECTIONS_PER_CHILD = IS_TINY ? 100 : 2_000;
const SMALL_SCAN_CALLS_MAX = IS_TINY ? 1_000 : 100_000;
const RUNS = Number(flags.runs ?? (IS_TINY ? 1 : 3));
const STALL_TARGET_MS = 5;
const PING_TARGET_MS = 10;
const CHILDREN = path.join(import.meta.dirname, 'support');

type Figures = { server: Stall; control: Stall };

if (skipWithout('redis-server')) print('bench:stall needs redis-server');
else await main();

async function main(): Promise<void> {
  printMachine();
  if (flags.suite === 'types') {
    const rows = await measureTypeStalls({
      elementCount: Number(flags.keys ?? (IS_TINY ? 20_000 : 1_000_000)),
      runs: RUNS,
      targetMs: STALL_TARGET_MS,
      only: flags.only?.split(',') ?? null,
      isTiny: IS_TINY,
    });
    printJson('stall-types', { rows });
    return;
  }
  print(`${KEY_COUNT} keys, ${RUNS} runs`);
  const only = new Set((flags.only ?? 'stall,ping,idle').split(','));
  const stalls = only.has('stall') ? await measureStalls() : null;
  const ping = only.has('ping') ? await measurePings() : null;
  const idle = only.has('idle') ? await measureIdle() : null;
  printJson('stall', { stalls, ping, idle });
}

async function measureStalls() {
  const found = new Map<string, Figures[]>();
  for (let run = 0; run < RUNS; run++) {
    for (const [name, figures] of await runScenarios()) {
      found.set(name, [...(found.get(name) ?? []), figures]);
    }
  }
  const rows = [...found].map(([name, runs]) => {
    const least = (of: (figures: Figures) => number) => Math.min(...runs.map(of));
    return {
      name,
      stallMs: least((figures) => figures.server.longestMs),
      rawMs: least((figures) => figures.server.longestRawMs),
      allMs: runs.map((figures) => figures.server.longestMs),
      controlMs: least((figures) => figures.control.longestMs),
      controlRawMs: least((figures) => figures.control.longestRawMs),
    };
  });
  printTable(
    ['longest stall, ms', 'stall', 'target', 'raw', 'idle', 'idle raw', 'each run', 'verdict'],
    rows.map((row) => [
      row.name,
      row.stallMs.toFixed(1),
      String(STALL_TARGET_MS),
      row.rawMs.toFixed(1),
      row.controlMs.toFixed(1),
      row.controlRawMs.toFixed(1),
      row.allMs.map((ms) => ms.toFixed(1)).join(' '),
      verdict(row.stallMs <= STALL_TARGET_MS, IS_TINY),
    ]),
  );
  return rows;
}

async function runScenarios(): Promise<[string, Figures][]> {
  const meter = await StallMeter.start();
  const { port } = meter.server;
  const found: [string, Figures][] = [];
  const measure = async (name: string, work: () => Promise<void>) => {
    found.push([name, await meter.during(work)]);
  };
  const insert = () => loadKeys(port, KEY_COUNT, ['SET', `key:${DIGITS}`, 'v'.repeat(16)]);
  try {
    await measure('idle', () => new Promise((resolve) => setTimeout(resolve, 1_000)));
    await measure(`insert ${KEY_COUNT} keys`, insert);
    await measure('SCAN COUNT 1000, all', () => scan(port, 1_000, Number.POSITIVE_INFINITY));
    await measure('SCAN COUNT 10', () => scan(port, 10, SMALL_SCAN_CALLS_MAX));
    await measure('FLUSHALL SYNC', () => flush(port, 'SYNC'));
    await insert();
    await measure('FLUSHALL ASYNC', () => flush(port, 'ASYNC'));
    await measure(`${DUE_COUNT} keys due at once`, () => expireAtOnce(port));
  } finally {
    await meter.stop();
  }
  return found;
}

async function scan(port: number, count: number, callsMax: number): Promise<void> {
  const client = await WireClient.connect(port);
  let cursor = '0';
  let keyCount = 0;
  let calls = 0;
  do {
    const reply = await client.call('SCAN', cursor, 'COUNT', String(count));
    if (reply.kind !== 'array' || reply.items[0].kind !== 'bulk') throw new Error('SCAN failed');
    cursor = reply.items[0].bytes.toString();
    if (reply.items[1].kind === 'array') keyCount += reply.items[1].items.length;
  } while (cursor !== '0' && ++calls < callsMax);
  client.end();
  if (cursor === '0' && keyCount < KEY_COUNT) throw new Error(`SCAN returned ${keyCount} keys`);
}

async function flush(port: number, mode: string): Promise<void> {
  await askText(port, 'FLUSHALL', mode);
  // What FLUSHALL left to do in the background belongs to it.
  await new Promise((resolve) => setTimeout(resolve, IS_TINY ? 100 : 3_000));
}

async function expireAtOnce(port: number): Promise<void> {
  const dueMs = Date.now() + (IS_TINY ? 500 : 10_000);
  const args = ['SET', `due:${DIGITS}`, 'v'.repeat(16), 'PXAT', String(dueMs)];
  await loadKeys(port, DUE_COUNT, args);
  const early = (await askInfo(port, 'stats', 'expired_keys')) ?? 0;
  if (Date.now() > dueMs) print('the keys were due before all were there: a smaller peak');
  await waitFor('the due keys to go', 120_000, async () => {
    const left = await askText(port, 'DBSIZE');
    return left === ':0' || undefined;
  });
  const expired = ((await askInfo(port, 'stats', 'expired_keys')) ?? 0) - early;
  if (expired > DUE_COUNT) throw new Error(`${expired} keys expired of ${DUE_COUNT}`);
}

async function measurePings() {
  const runs: { baseMs: number; floodMs: number; rawMs: number }[] = [];
  for (let run = 0; run < RUNS; run++) {
    const server = await startInMemory();
    try {
      const base = await ping(server, IS_TINY ? 200 : 2_000, async () => {});
      const flood = await ping(server, IS_TINY ? 300 : 4_000, () =>
        floodWith(server.port, FLOOD_COUNT),
      );
      runs.push({ baseMs: base.longestMs, floodMs: flood.longestMs, rawMs: flood.longestRawMs });
    } finally {
      await server.stop();
    }
  }
  const extraMs = Math.min(...runs.map((run) => run.floodMs - run.baseMs));
  print(`\nPING while another client pipelines ${FLOOD_COUNT} commands at once`);
  printTable(
    ['run', 'longest alone, ms', 'longest beside, ms', 'raw'],
    runs.map((run, i) => [
      String(i + 1),
      run.baseMs.toFixed(1),
      run.floodMs.toFixed(1),
      run.rawMs.toFixed(1),
    ]),
  );
  const text = verdict(extraMs < PING_TARGET_MS, IS_TINY);
  print(`extra: ${extraMs.toFixed(1)} ms, target below ${PING_TARGET_MS}: ${text}`);
  return { extraMs, runs };
}

async function ping(server: RunningServer, durationMs: number, work: () => Promise<void>) {
  const child = path.join(CHILDREN, 'ping-child.js');
  const args = [child, String(server.port), String(server.pid), String(durationMs)];
  const prober = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  prober.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const ended = once(prober, 'close');
  await new Promise((resolve) => setTimeout(resolve, IS_TINY ? 50 : 300));
  await work();
  await ended;
  return JSON.parse(text) as { longestMs: number; longestRawMs: number; count: number };
}

/** Everything is handed to the kernel as fast as it takes it; nobody waits for replies. */
async function floodWith(port: number, count: number): Promise<void> {
  const client = await WireClient.connect(port);
  let receivedBytes = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (bytes: Buffer) => {
    receivedBytes += bytes.length;
  });
  const one = `*3\r\n$3\r\nSET\r\n$16\r\nflood:0123456789\r\n$64\r\n${'v'.repeat(64)}\r\n`;
  const batch = Buffer.from(one.repeat(1_000));
  for (let sent = 0; sent < count; sent += 1_000) client.send(batch);
  await waitFor('the flood to be answered', 60_000, () =>
    receivedBytes >= count * '+OK\r\n'.length ? true : undefined,
  );
  client.end();
}

async function measureIdle() {
  const ours = await idleBytes(() => startInMemory({ args: ['--maxclients', '12000'] }));
  const redis = await idleBytes(() => startRedis({ args: ['--maxclients', '12000'] }));
  const ratio = ours / redis;
  print(`\nbytes per idle connection, ${CONNECTION_COUNT} connections, growth of resident memory`);
  print(
    `ours ${ours.toFixed(0)}, redis-server ${redis.toFixed(0)}, ratio ${ratio.toFixed(2)}, ` +
      `target 1.00: ${verdict(ratio <= 1, IS_TINY)}`,
  );
  return { oursBytes: ours, redisBytes: redis, ratio };
}

async function idleBytes(start: () => Promise<RunningServer>): Promise<number> {
  const server = await start();
  const children: ChildProcess[] = [];
  try {
    await new Promise((resolve) => setTimeout(resolve, IS_TINY ? 100 : 1_000));
    const before = rssBytes(server.pid);
    for (let left = CONNECTION_COUNT; left > 0; left -= CONNECTIONS_PER_CHILD) {
      const child = path.join(CHILDREN, 'idle-child.js');
      const args = [child, String(server.port), String(CONNECTIONS_PER_CHILD)];
      const holder = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      children.push(holder);
      const [chunk] = (await once(holder.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
      if (!String(chunk).startsWith('ready')) throw new Error('connections were not opened');
    }
    await new Promise((resolve) => setTimeout(resolve, IS_TINY ? 100 : 3_000));
    return (rssBytes(server.pid) - before) / CONNECTION_COUNT;
  } finally {
    for (const child of children) child.kill();
    await server.stop();
  }
}
