/**
 * What a snapshot costs the node that it is taken of, without a file or socket: a target that only
 * looks at what it is given. SETs (HSETs of one hash with all fields) on random keys, 64 a turn,
 * before, while and after; every 10 ms the snapshot gets 2. Times are of the processor: what else
 * runs on the machine makes them little longer.
 *
 *     node .build/bench/snapshot.js [--tiny] [--keys 1000000]
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Frame } from '../src/base/frame.ts';
import { executeCommand } from '../src/commands/execute-command.ts';
import type { FrozenEntry, SnapshotTarget } from '../src/engine/snapshot/frozen-entry.ts';
import { beginSnapshot } from '../src/engine/snapshot/store-snapshot.ts';
import type { Store } from '../src/engine/store.ts';
import { recordTree } from '../src/engine/values/tree-record.ts';
import { AUTHENTICATED_LIMITS, FrameParser, READY } from '../src/protocol/frame-parser.ts';
import { ReplyWriter } from '../src/protocol/reply-writer.ts';
import { createCommandKit } from '../src/testing/command-kit.ts';
import { encodeCommand } from '../src/testing/reply-decoder.ts';
import { print, printJson, printTable } from './support/report.ts';

const { values: flags } = parseArgs({
  options: { tiny: { type: 'boolean', default: false }, keys: { type: 'string' } },
});

const COUNT = Number(flags.keys ?? (flags.tiny ? 5_000 : 1_000_000));
const TURN_COUNT = flags.tiny ? 32 : 4_096;
const SPELL_MS = flags.tiny ? 10 : 300;
const SPELL_COUNT = 5;
const PIPELINE = 64;
const SLICE_MS = 2;
const PERIOD_MS = 10;
const ELEMENTS_PER_STEP = 256;
const VALUE = 'v'.repeat(64);

type MakeCommand = (i: number) => string[];

const WORKLOADS: Readonly<Record<string, MakeCommand>> = {
  keys: (i) => ['SET', `key:${i}`.padEnd(16, '-'), VALUE],
  'one hash': (i) => ['HSET', 'hash', `field:${i}`.padEnd(16, '-'), VALUE],
};

interface Figures {
  readonly name: string;
  readonly count: number;
  readonly perSecond: number;
  readonly longestSliceMs: number;
  readonly longestTurnMs: number;
  readonly extraShare: number;
  readonly nsBefore: number;
  readonly nsWhile: number;
  readonly nsAfter: number;
}

async function main(): Promise<void> {
  const rows: Figures[] = [];
  for (const [name, make] of Object.entries(WORKLOADS)) rows.push(await measure(name, make));
  print(`${COUNT} entries or fields of 16 and 64 B; ${SLICE_MS} ms of each ${PERIOD_MS}`);
  printTable(
    ['', 'M/s alone', 'slice, ms', 'turn, ms', 'extra', 'write, ns', 'while', 'after'],
    rows.map((row) => [
      row.name,
      (row.perSecond / 1e6).toFixed(2),
      row.longestSliceMs.toFixed(2),
      row.longestTurnMs.toFixed(2),
      `${(row.extraShare * 100).toFixed(1)} %`,
      row.nsBefore.toFixed(0),
      row.nsWhile.toFixed(0),
      row.nsAfter.toFixed(0),
    ]),
  );
  printJson('snapshot', { rows });
}

async function measure(name: string, make: MakeCommand): Promise<Figures> {
  const kit = await createCommandKit(1, { records: false });
  const store = kit.node.services.stores.default;
  const client = new Client((frame, writer) => executeCommand(kit.session, frame, writer));
  client.run(turnsOf(COUNT, make));
  const turns = randomTurns(make);
  client.spell(turns);
  const nsBefore = client.spell(turns);
  measureAlone(store);
  const perSecond = measureAlone(store);
  const loaded = measureLoaded(store, client, turns);
  const nsAfter = client.spell(turns);
  await kit.node.stop();
  return { name, perSecond, ...loaded, nsBefore, nsAfter };
}

/** Entries and elements a second, nothing else running. */
function measureAlone(store: Store): number {
  const target = new NullTarget();
  const snapshot = beginSnapshot(store, target);
  const startMs = processorMs();
  while (!snapshot.step(() => false)) {
    // All in one.
  }
  return (target.count / (processorMs() - startMs)) * 1000;
}

function measureLoaded(
  store: Store,
  client: Client,
  turns: readonly Uint8Array[],
): Pick<Figures, 'count' | 'longestSliceMs' | 'longestTurnMs' | 'extraShare' | 'nsWhile'> {
  const target = new NullTarget();
  const storeBytes = store.countedBytes();
  const snapshot = beginSnapshot(store, target);
  let longestSliceMs = 0;
  let longestTurnMs = 0;
  let writingMs = 0;
  let commandCount = 0;
  let at = 0;
  for (let isDone = false; !isDone; ) {
    const periodEndMs = performance.now() + PERIOD_MS - SLICE_MS;
    let turnMs = processorMs();
    while (performance.now() < periodEndMs) {
      client.runTurn(turns[at++ % turns.length]);
      const endMs = processorMs();
      writingMs += endMs - turnMs;
      longestTurnMs = Math.max(longestTurnMs, endMs - turnMs);
      commandCount += PIPELINE;
      turnMs = endMs;
    }
    const sliceEndMs = performance.now() + SLICE_MS;
    isDone = snapshot.step(() => performance.now() >= sliceEndMs);
    longestSliceMs = Math.max(longestSliceMs, processorMs() - turnMs);
  }
  return {
    count: target.count,
    longestSliceMs,
    longestTurnMs,
    extraShare: snapshot.extraBytesPeak / storeBytes,
    nsWhile: (writingMs / commandCount) * 1e6,
  };
}

/** Looks at the first byte of each element. */
class NullTarget implements SnapshotTarget {
  count = 0;
  seen = 0;

  writeSmall(entry: FrozenEntry): void {
    this.count++;
    this.seen ^= entry.key.length ^ entry.value.view.getUint8(entry.value.offset);
  }

  *writeLarge(entry: FrozenEntry): Generator<void, void> {
    const { value } = entry;
    const walk = entry.walkLast(recordTree(value.view, value.offset, 0));
    let left = ELEMENTS_PER_STEP;
    while (walk.next()) {
      this.count += walk.elementCount;
      this.seen ^= walk.payload.length ^ walk.payload.view.getUint8(walk.payload.offset);
      if (--left > 0) continue;
      left = ELEMENTS_PER_STEP;
      yield;
    }
  }
}

class Client {
  private readonly parser = new FrameParser(AUTHENTICATED_LIMITS);
  private readonly frame = new Frame();
  private readonly writer = new ReplyWriter();
  private readonly shared = new Uint8Array(64 * 1024);
  private readonly execute: (frame: Frame, writer: ReplyWriter) => void;

  constructor(execute: (frame: Frame, writer: ReplyWriter) => void) {
    this.execute = execute;
  }

  runTurn(turn: Uint8Array): void {
    const { parser, frame, writer, shared } = this;
    shared.set(turn);
    parser.feed(shared, 0, turn.length);
    while (parser.next(frame) === READY) this.execute(frame, writer);
    writer.position = 0;
  }

  run(turns: Iterable<Uint8Array>): void {
    for (const turn of turns) this.runTurn(turn);
  }

  /** Nanoseconds a command, the best of a few spells. */
  spell(turns: readonly Uint8Array[]): number {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < SPELL_COUNT; i++) {
      const startMs = processorMs();
      let count = 0;
      for (; processorMs() - startMs < SPELL_MS; count++) this.runTurn(turns[count % turns.length]);
      best = Math.min(best, ((processorMs() - startMs) / count / PIPELINE) * 1e6);
    }
    return best;
  }
}

/** All threads: collecting garbage counts too. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function* turnsOf(count: number, make: MakeCommand): Generator<Uint8Array> {
  for (let i = 0; i < count; i += PIPELINE) {
    const end = Math.min(count, i + PIPELINE);
    yield Buffer.concat(Array.from({ length: end - i }, (_, n) => encodeCommand(make(i + n))));
  }
}

function randomTurns(make: MakeCommand): Uint8Array[] {
  let seed = 1;
  const draw = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * COUNT);
  };
  return Array.from({ length: TURN_COUNT }, () =>
    Buffer.concat(Array.from({ length: PIPELINE }, () => encodeCommand(make(draw())))),
  );
}

await main();
