/**
 * What counting, timing and logging at level info cost: processor time of GET and SET between the
 * bytes that came and the bytes that will leave, through the door as it is and through one that
 * counts nothing (`runBare`: the same look-up, checks and command, but no counters, no timing, no
 * histogram, no look at the slow log). Hits and misses of a store are counted by both: the engine
 * has no other form.
 *
 * A real clock, a real log (to a file), no socket. Rounds of four blocks, A B B A, so that a drift
 * of the machine meets both alike, in several processes, as each is compiled a little differently.
 * The middle of all rounds is told, and their spread. With few keys a command does not wait for
 * memory: there counting weighs most, and is measured best.
 *
 *     node .build/bench/observability.js [--tiny] [--processes 5] [--rounds 4] [--keys 10000]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Frame } from '../src/base/frame.ts';
import type { Command } from '../src/commands/command-table.ts';
import { executeCommand } from '../src/commands/execute-command.ts';
import { GATE, type Session } from '../src/commands/session.ts';
import { ConfigRegistry } from '../src/config/config-registry.ts';
import { settleConfiguration } from '../src/config/settle-configuration.ts';
import { type RunningNode, startNode } from '../src/node.ts';
import { openLog } from '../src/observability/logging/open-log.ts';
import { AUTHENTICATED_LIMITS, FrameParser, READY } from '../src/protocol/frame-parser.ts';
import { ReplyWriter } from '../src/protocol/reply-writer.ts';
import { encodeCommand } from '../src/testing/reply-decoder.ts';
import { createRealWorld } from '../src/world/real-world.ts';
import { median, print, printJson, printMachine, printTable, verdict } from './support/report.ts';

const { values: flags } = parseArgs({
  options: {
    tiny: { type: 'boolean', default: false },
    processes: { type: 'string' },
    rounds: { type: 'string' },
    child: { type: 'boolean', default: false },
    keys: { type: 'string' },
  },
});

const IS_TINY = flags.tiny;
const PROCESS_COUNT = Number(flags.processes ?? (IS_TINY ? 1 : 5));
/** Of each process. */
const ROUND_COUNT = Number(flags.rounds ?? (IS_TINY ? 2 : 4));
const KEY_COUNT = Number(flags.keys ?? (IS_TINY ? 1_000 : 10_000));
const PIPELINE = 64;
const TURN_COUNT = IS_TINY ? 16 : 1_024;
const TURNS_PER_BLOCK = IS_TINY ? 32 : 8 * TURN_COUNT;
const TARGET_PERCENT = 3;
const VALUE = 'v'.repeat(64);

type Door = (session: Session, frame: Frame, reply: ReplyWriter) => void;

/** Nanoseconds a command, by the door as it is and by the bare one. */
interface Round {
  readonly onNs: number;
  readonly offNs: number;
}

type Rounds = Readonly<Record<string, Round[]>>;

const parser = new FrameParser(AUTHENTICATED_LIMITS);
const frame = new Frame();
const writer = new ReplyWriter();
const shared = new Uint8Array(64 * 1024);

if (flags.child) await measureAll();
else compareAll();

function compareAll(): void {
  printMachine();
  const rounds: Record<string, Round[]> = {};
  for (let i = 0; i < PROCESS_COUNT; i++) {
    const options = ['--child', '--rounds', `${ROUND_COUNT}`, '--keys', `${KEY_COUNT}`];
    const args = [process.argv[1], ...options, ...(IS_TINY ? ['--tiny'] : [])];
    const run = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
    for (const [name, more] of Object.entries(JSON.parse(run.stdout) as Rounds)) {
      rounds[name] = [...(rounds[name] ?? []), ...more];
    }
  }
  report(rounds);
}

async function measureAll(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hypercache-bench-'));
  try {
    const node = await startCounting(join(folder, 'node.log'));
    const session = node.openSession(null);
    load(session);
    const workloads = {
      get: turnsOf((key) => ['GET', key]),
      set: turnsOf((key) => ['SET', key, VALUE]),
    };
    const rounds: Record<string, Round[]> = {};
    for (const [name, turns] of Object.entries(workloads)) {
      requireSameReplies(session, turns);
      requireCounted(node, session, turns);
      rounds[name] = measure(session, turns);
    }
    await node.stop();
    print(JSON.stringify(rounds));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function startCounting(logFile: string): Promise<RunningNode> {
  const world = createRealWorld();
  const settled = settleConfiguration({
    habit: 'hypercache',
    sources: [],
    memoryBytesTotal: world.host.memoryBytesTotal,
    workingDirectory: '/',
  });
  const { configuration } = settled;
  configuration.network.respEnabled = false;
  configuration.http.enabled = false;
  configuration.cluster.enabled = false;
  configuration.persistence.enabled = false;
  configuration.logging.logFile = logFile;
  const { latency, logging } = configuration;
  if (!latency.tracking || logging.level !== 'info') throw new Error('defaults have changed');
  const configRegistry = new ConfigRegistry({ ...settled, file: null, disk: world.disk });
  const { logger, health } = openLog({ world, configuration });
  return startNode({ world, configuration, configRegistry, logger, logHealth: health });
}

/**
 * The door again, function by function, without all that only tells what was done. Whatever it must
 * not come to here throws, and has the door's shape otherwise.
 */
function runBare(session: Session, frame: Frame, reply: ReplyWriter): void {
  if ((session.gate & (GATE.REPLIES_OFF | GATE.TRACED)) === 0) execute(session, frame, reply);
  else throw new Error('only for plain sessions');
}

function execute(session: Session, frame: Frame, reply: ReplyWriter): void {
  const command = requireCommand(session, frame);
  if (session.gate !== 0) throw new Error('only for plain sessions');
  if (!command.isDenyOom || session.store.makeRoom(payloadBytes(frame))) {
    run(session, frame, reply, command);
  } else {
    throw new Error('no room');
  }
}

function requireCommand(session: Session, frame: Frame): Command {
  const command = session.node.table.findFrame(frame);
  if (command === null) throw new Error('only for commands');
  if (command.subcommands !== null && frame.count > 1) throw new Error('only for plain commands');
  const { arity } = command;
  if (command.execute === null || (arity > 0 ? frame.count !== arity : frame.count < -arity)) {
    throw new Error('only for whole commands');
  }
  if (command.guard !== null) throw new Error('only for open commands');
  return command;
}

function run(session: Session, frame: Frame, reply: ReplyWriter, command: Command): void {
  const { node, store } = session;
  // Of CLIENT LIST, and no metric.
  session.lastCommand = command.fullName;
  store.actorId = session.id;
  store.touchesKeys = session.touchesKeys;
  const executeRow = command.execute;
  if (executeRow === null) return;
  executeRow(session, frame, reply);
  if (node.blocking.hasReady && session.mayWait) node.blocking.serve();
}

function payloadBytes(frame: Frame): number {
  const last = frame.count - 1;
  return frame.offsets[last] + frame.lengths[last] - frame.offsets[0];
}

function load(session: Session): void {
  const lines = Array.from({ length: KEY_COUNT }, (_, i) => ['SET', keyAt(i), VALUE]);
  for (const line of lines) runTurn(executeCommand, session, encodeCommand(line));
}

/** Both doors do the same work, or the comparison means nothing. */
function requireSameReplies(session: Session, turns: readonly Uint8Array[]): void {
  for (const turn of turns.slice(0, 16)) {
    const replies = [executeCommand, runBare].map((door) => {
      const writer = runTurn(door, session, turn);
      return Buffer.from(writer.bytes.subarray(0, writer.position)).toString('latin1');
    });
    if (replies[0] !== replies[1] || replies[0] === '') throw new Error('replies differ');
  }
}

/** The one counts, the other does not. */
function requireCounted(node: RunningNode, session: Session, turns: readonly Uint8Array[]): void {
  const { table } = node.services;
  const countBy = (door: Door): number => {
    const before = table.calls;
    runTurn(door, session, turns[0]);
    return table.calls - before;
  };
  if (countBy(executeCommand) !== PIPELINE || countBy(runBare) !== 0) throw new Error('counters');
}

function measure(session: Session, turns: readonly Uint8Array[]): Round[] {
  for (let i = 0; i < 3; i++) {
    runBlock(executeCommand, session, turns);
    runBlock(runBare, session, turns);
  }
  return Array.from({ length: ROUND_COUNT }, () => {
    const first = runBlock(executeCommand, session, turns);
    const bare = runBlock(runBare, session, turns) + runBlock(runBare, session, turns);
    return { onNs: (first + runBlock(executeCommand, session, turns)) / 2, offNs: bare / 2 };
  });
}

function runTurn(door: Door, session: Session, turn: Uint8Array): ReplyWriter {
  writer.position = 0;
  shared.set(turn);
  parser.feed(shared, 0, turn.length);
  while (parser.next(frame) === READY) door(session, frame, writer);
  return writer;
}

/** Nanoseconds of processor time a command: what else runs on the machine takes its own. */
function runBlock(door: Door, session: Session, turns: readonly Uint8Array[]): number {
  const before = process.cpuUsage();
  for (let i = 0; i < TURNS_PER_BLOCK; i++) runTurn(door, session, turns[i % turns.length]);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (TURNS_PER_BLOCK * PIPELINE);
}

function turnsOf(make: (key: string) => string[]): Uint8Array[] {
  return Array.from({ length: TURN_COUNT }, () => {
    const commands = Array.from({ length: PIPELINE }, () =>
      encodeCommand(make(keyAt(Math.floor(Math.random() * KEY_COUNT)))),
    );
    return Buffer.concat(commands);
  });
}

function keyAt(index: number): string {
  return `key:${String(index).padStart(12, '0')}`;
}

function report(rounds: Rounds): void {
  const roundCount = PROCESS_COUNT * ROUND_COUNT;
  print(`${KEY_COUNT} keys, ${PIPELINE} commands a turn, ${roundCount} rounds A B B A`);
  const figures = Object.entries(rounds).map(([name, of]) => {
    const percents = of.map(({ onNs, offNs }) => (onNs / offNs - 1) * 100).sort((a, b) => a - b);
    const quarter = Math.floor(percents.length / 4);
    return {
      name,
      onNs: Math.round(median(of.map(({ onNs }) => onNs))),
      offNs: Math.round(median(of.map(({ offNs }) => offNs))),
      percent: median(percents),
      quarters: [percents[quarter], percents[percents.length - 1 - quarter]],
    };
  });
  printTable(
    ['command', 'counting, ns', 'bare, ns', 'cost, %', 'half of the rounds within', 'target'],
    figures.map(({ name, onNs, offNs, percent, quarters }) => [
      name,
      `${onNs}`,
      `${offNs}`,
      percent.toFixed(1),
      quarters.map((one) => one.toFixed(1)).join(' .. '),
      `< ${TARGET_PERCENT} % ${verdict(percent < TARGET_PERCENT, IS_TINY)}`,
    ]),
  );
  printJson('observability', figures);
}
