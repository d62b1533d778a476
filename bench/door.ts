import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Frame } from '../src/base/frame.ts';
import { executeCommand } from '../src/commands/execute-command.ts';
import { AUTHENTICATED_LIMITS, FrameParser, READY } from '../src/protocol/frame-parser.ts';
import { ReplyWriter } from '../src/protocol/reply-writer.ts';
import { type CommandKit, createCommandKit } from '../src/testing/command-kit.ts';
import { encodeCommand } from '../src/testing/reply-decoder.ts';
import { print, printJson, printTable } from './support/report.ts';

/**
 * What one command costs between the bytes that came and the bytes that will leave, without any
 * socket: parse, door, engine, reply. 16 B keys drawn at random, 64 B values, 64 commands a turn.
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

const WORKLOADS: Readonly<Record<string, (key: string, counter: string) => string[]>> = {
  ping: () => ['PING'],
  get: (key) => ['GET', key],
  set: (key) => ['SET', key, VALUE],
  'set-ex': (key) => ['SET', key, VALUE, 'EX', '1000'],
  incr: (_key, counter) => ['INCR', counter],
};

await main();

async function main(): Promise<void> {
  const kit = await createCommandKit(1, { records: false });
  load(kit);
  const only = flags.only?.split(',') ?? Object.keys(WORKLOADS);
  const rows = only.map((name) => [name, measure(kit, WORKLOADS[name]).toFixed(0)]);
  print(`${KEY_COUNT} keys, ${PIPELINE} commands a turn`);
  printTable(['command', 'ns'], rows);
  printJson('door', Object.fromEntries(rows));
  await kit.node.stop();
}

function load(kit: CommandKit): void {
  const writer = new ReplyWriter();
  const frame = new Frame();
  for (let i = 0; i < KEY_COUNT; i++) {
    const parser = new FrameParser(AUTHENTICATED_LIMITS);
    const command = encodeCommand(['SET', keyAt('key', i), VALUE]);
    parser.feed(command, 0, command.length);
    if (parser.next(frame) === READY) executeCommand(kit.session, frame, writer);
    writer.position = 0;
  }
}

/** Nanoseconds a command, the best of five spells: whatever else runs only makes it slower. */
function measure(kit: CommandKit, make: (key: string, counter: string) => string[]): number {
  const turns = Array.from({ length: TURN_COUNT }, () => turnOf(make));
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  const writer = new ReplyWriter();
  const shared = new Uint8Array(64 * 1024);
  const { session } = kit;
  let best = Number.POSITIVE_INFINITY;
  for (let spell = 0; spell < 6; spell++) {
    let commandCount = 0;
    const startMs = performance.now();
    while (performance.now() - startMs < (SECONDS * 1000) / 6) {
      for (const turn of turns) {
        shared.set(turn);
        parser.feed(shared, 0, turn.length);
        while (parser.next(frame) === READY) executeCommand(session, frame, writer);
        writer.position = 0;
        commandCount += PIPELINE;
      }
    }
    best = Math.min(best, ((performance.now() - startMs) * 1e6) / commandCount);
  }
  return best;
}

function turnOf(make: (key: string, counter: string) => string[]): Uint8Array {
  const commands: Uint8Array[] = [];
  for (let i = 0; i < PIPELINE; i++) {
    const at = Math.floor(Math.random() * KEY_COUNT);
    commands.push(encodeCommand(make(keyAt('key', at), keyAt('cnt', at))));
  }
  return Buffer.concat(commands);
}

function keyAt(prefix: string, index: number): string {
  return `${prefix}:${String(index).padStart(12, '0')}`;
}
