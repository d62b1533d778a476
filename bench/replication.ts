import { parseArgs } from 'node:util';
import { Frame } from '../src/base/frame.ts';
import { executeCommand } from '../src/commands/execute-command.ts';
import { AUTHENTICATED_LIMITS, FrameParser, READY } from '../src/protocol/frame-parser.ts';
import { ReplyWriter } from '../src/protocol/reply-writer.ts';
import { type CommandKit, createCommandKit } from '../src/testing/command-kit.ts';
import { createReplicationKit } from '../src/testing/replication-kit.ts';
import { encodeCommand } from '../src/testing/reply-decoder.ts';
import { print, printJson, printTable } from './support/report.ts';

/**
 * What a write costs beside a node by itself, without sockets: stamped while no other node is
 * there; encoded as well, for one; and applied at that one. 16 B keys, 64 B values, 64 a turn.
 *
 *     node .build/bench/replication.js [--tiny] [--keys 1000000]
 */
const { values: flags } = parseArgs({
  options: { tiny: { type: 'boolean', default: false }, keys: { type: 'string' } },
});

const KEY_COUNT = Number(flags.keys ?? (flags.tiny ? 1_000 : 1_000_000));
const TURN_COUNT = flags.tiny ? 8 : 1_024;
const SPELL_COUNT = flags.tiny ? 1 : 5;
const PIPELINE = 64;
const VALUE = 'v'.repeat(64);

const WORKLOADS: Readonly<Record<string, (key: string) => string[]>> = {
  set: (key) => ['SET', key, VALUE],
  incr: (key) => ['INCR', `n${key}`],
  hset: (key) => ['HSET', `h${key}`, 'field', VALUE],
};

await main();

async function main(): Promise<void> {
  const plain = await createCommandKit(1, { records: false });
  const lonely = await createReplicationKit(1);
  const pair = await createReplicationKit(2);
  const [owner, replica] = pair.nodes;
  const rows: string[][] = [];
  for (const [name, make] of Object.entries(WORKLOADS)) {
    const turns = Array.from({ length: TURN_COUNT }, () => turnOf(make));
    const alone = measure(plain, turns, nothing);
    const stamped = measure(lonely.nodes[0].kit, turns, nothing);
    const sent = measure(owner.kit, turns, () => {
      owner.endTurn();
      return elapsed(() => {
        pair.net.deliver();
        replica.endTurn();
        pair.net.deliver();
      });
    });
    const costs = [alone.own, stamped.own, sent.own, sent.other];
    rows.push([name, ...costs.map((ns) => ns.toFixed(0))]);
  }
  print(`${KEY_COUNT} keys, ${PIPELINE} commands a turn; ns a command`);
  printTable(['command', 'alone', 'stamped', 'sent', 'applied'], rows);
  const table = lonely.nodes[0].parts.stamps.tableOf(0);
  const stampBytes = table.byteCount / Math.max(1, table.count);
  print(`${stampBytes.toFixed(1)} bytes of stamps a key, of ${table.count}`);
  const figures = rows.map(([name, ...cells]) => [name, cells.map(Number)]);
  printJson('replication', { stampBytes, ...Object.fromEntries(figures) });
  for (const kit of [plain, ...lonely.nodes.map(kitOf), ...pair.nodes.map(kitOf)]) {
    await kit.node.stop();
  }
}

function kitOf({ kit }: { readonly kit: CommandKit }): CommandKit {
  return kit;
}

function nothing(): number {
  return 0;
}

/** Milliseconds of processor time: others run on the machine as well. */
function elapsed(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { system, user } = process.cpuUsage(start);
  return (system + user) / 1000;
}

/**
 * Nanoseconds a command, the best of some spells.
 * @param endTurn  @returns ms of it that belong to the other node
 */
function measure(
  kit: CommandKit,
  turns: readonly Uint8Array[],
  endTurn: () => number,
): { own: number; other: number } {
  const parser = new FrameParser(AUTHENTICATED_LIMITS);
  const frame = new Frame();
  const writer = new ReplyWriter();
  const shared = new Uint8Array(64 * 1024);
  const best = { own: Number.POSITIVE_INFINITY, other: Number.POSITIVE_INFINITY };
  const nsFactor = 1e6 / (turns.length * PIPELINE);
  for (let spell = 0; spell < SPELL_COUNT; spell++) {
    let otherMs = 0;
    const allMs = elapsed(() => {
      for (const turn of turns) {
        shared.set(turn);
        parser.feed(shared, 0, turn.length);
        while (parser.next(frame) === READY) executeCommand(kit.session, frame, writer);
        writer.position = 0;
        otherMs += endTurn();
      }
    });
    best.own = Math.min(best.own, (allMs - otherMs) * nsFactor);
    best.other = Math.min(best.other, otherMs * nsFactor);
  }
  return best;
}

function turnOf(make: (key: string) => string[]): Uint8Array {
  const commands: Uint8Array[] = [];
  for (let i = 0; i < PIPELINE; i++) {
    const at = Math.floor(Math.random() * KEY_COUNT);
    commands.push(encodeCommand(make(String(at).padStart(15, '0'))));
  }
  return Buffer.concat(commands);
}
