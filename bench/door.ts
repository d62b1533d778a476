import { parseArgs } from 'node:util';
import { Frame } from '../src/base/frame.ts';
import { LIMITS } from '../src/base/limits.ts';
import { executeCommand } from '../src/commands/execute-command.ts';
import { AUTHENTICATED_LIMITS, FrameParser, READY } from '../src/protocol/frame-parser.ts';
import { KeyHints } from '../src/protocol/key-peek.ts';
import { ReplyWriter } from '../src/protocol/reply-writer.ts';
import { type CommandKit, createCommandKit } from '../src/testing/command-kit.ts';
import { encodeCommand } from '../src/testing/reply-decoder.ts';
import { print, printJson, printTable } from './support/report.ts';

/**
 * What one command costs between the bytes that came and the bytes that will leave, without any
 * socket: parse, look ahead, door, engine, reply. 16 B keys drawn at random, 64 B values, elements
 * of 16 B, 64 commands a turn.
 *
 *     node .build/bench/door.js [--tiny] [--keys 1000000] [--only get,set]
 */
const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    keys: { type: 'string' },
    only: { type: 'string' },
    seconds: { type: 'string' },
  },
});

const KEY_COUNT = Number(flags.keys ?? (flags.tiny ? 1_000 : 1_000_000));
const SECONDS = Number(flags.seconds ?? (flags.tiny ? 0.02 : 1));
const PIPELINE = 64;
const TURN_COUNT = flags.tiny ? 16 : 4_096;
const VALUE = 'v'.repeat(64);
const ELEMENT = 'v'.repeat(16);

interface Workload {
  readonly make: (digits: string) => string[];
  /** Run for each of the keys before, in their order. */
  readonly preload?: (digits: string) => string[];
}

const key = (digits: string) => `key:${digits}`;
const SET_KEYS = (digits: string) => ['SET', key(digits), VALUE];
const ADD_FIELDS = (digits: string) => ['HSET', 'hash', `element:${digits}`, ELEMENT];
const ADD_MEMBERS = (digits: string) => ['SADD', 'set', `element:${digits}`];
const ADD_SCORES = (digits: string) => ['ZADD', 'zset', digits, `element:${digits}`];

const WORKLOADS: Readonly<Record<string, Workload>> = {
  ping: { make: () => ['PING'] },
  get: { make: (digits) => ['GET', key(digits)], preload: SET_KEYS },
  set: { make: (digits) => ['SET', key(digits), VALUE], preload: SET_KEYS },
  'set-ex': { make: (digits) => ['SET', key(digits), VALUE, 'EX', '1000'], preload: SET_KEYS },
  incr: { make: (digits) => ['INCR', `cnt:${digits}`] },
  lpush: { make: () => ['LPUSH', 'list', ELEMENT] },
  rpoplpush: {
    make: () => ['RPOPLPUSH', 'ring', 'ring'],
    preload: () => ['RPUSH', 'ring', ELEMENT],
  },
  hset: { make: (digits) => ['HSET', 'hash', `element:${digits}`, ELEMENT], preload: ADD_FIELDS },
  hget: { make: (digits) => ['HGET', 'hash', `element:${digits}`], preload: ADD_FIELDS },
  sadd: { make: ADD_MEMBERS, preload: ADD_MEMBERS },
  sismember: {
    make: (digits) => ['SISMEMBER', 'set', `element:${digits}`],
    preload: ADD_MEMBERS,
  },
  zadd: {
    make: (digits) => ['ZADD', 'zset', digits.slice(3), `element:${digits}`],
    preload: ADD_SCORES,
  },
  'zrange-10': { make: () => ['ZRANGE', 'zset', '0', '9'], preload: ADD_SCORES },
  xadd: { make: () => ['XADD', 'stream', '*', 'field', ELEMENT] },
};

await main();

async function main(): Promise<void> {
  const kit = await createCommandKit(1, { records: false });
  const only = flags.only?.split(',') ?? Object.keys(WORKLOADS);
  const loaded = new Set<Workload['preload']>();
  const rows = only.map((name) => {
    const { make, preload } = WORKLOADS[name];
    if (preload !== undefined && !loaded.has(preload)) load(kit, preload);
    loaded.add(preload);
    return [name, measure(kit, make).toFixed(0)];
  });
  print(`${KEY_COUNT} keys, ${PIPELINE} commands a turn`);
  printTable(['command', 'ns'], rows);
  printJson('door', Object.fromEntries(rows));
  await kit.node.stop();
}

function load(kit: CommandKit, make: Workload['make']): void {
  const writer = new ReplyWriter();
  const frame = new Frame();
  for (let i = 0; i < KEY_COUNT; i++) {
    const parser = new FrameParser(AUTHENTICATED_LIMITS);
    const command = encodeCommand(make(digitsOf(i)));
    parser.feed(command, 0, command.length);
    if (parser.next(frame) === READY) executeCommand(kit.session, frame, writer);
    writer.position = 0;
  }
}

/** Nanoseconds of processor time a command, the best of five spells. */
function measure({ session }: CommandKit, make: Workload['make']): number {
  const turns = Array.from({ length: TURN_COUNT }, () => turnOf(make));
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  const writer = new ReplyWriter();
  const hints = new KeyHints(LIMITS.warmedKeyCountMax);
  const shared = new Uint8Array(64 * 1024);
  let best = Number.POSITIVE_INFINITY;
  for (let spell = 0; spell < 6; spell++) {
    let commandCount = 0;
    const startUs = processorUs();
    while (processorUs() - startUs < (SECONDS * 1e6) / 6) {
      for (const turn of turns) {
        shared.set(turn);
        parser.feed(shared, 0, turn.length);
        let commandsWarm = 0;
        while (parser.next(frame) === READY) {
          executeCommand(session, frame, writer);
          if (--commandsWarm > 0) continue;
          parser.peek(hints);
          commandsWarm = hints.count;
          if (commandsWarm >= LIMITS.warmedKeyCountMin) {
            session.warm(frame.bytes, frame.view, hints);
          }
        }
        writer.position = 0;
        commandCount += PIPELINE;
      }
    }
    best = Math.min(best, ((processorUs() - startUs) * 1e3) / commandCount);
  }
  return best;
}

/** Whatever else the machine does is not in it. */
function processorUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function turnOf(make: Workload['make']): Uint8Array {
  const commands: Uint8Array[] = [];
  for (let i = 0; i < PIPELINE; i++) {
    commands.push(encodeCommand(make(digitsOf(Math.floor(Math.random() * KEY_COUNT)))));
  }
  return Buffer.concat(commands);
}

/** Twelve, as redis-benchmark writes them: a key of 16 bytes with what stands before them. */
function digitsOf(index: number): string {
  return String(index).padStart(12, '0');
}
