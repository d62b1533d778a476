/**
 * Days in the life of a cache, played against the real binary from one seed: who comes, what they
 * ask for, how large it is. `SCENARIO_SEED` repeats one, `SCENARIO_ROUNDS` plays so many seeds in a
 * row.
 */
import { test } from 'node:test';
import { type Draw, seededDraws, seedOfRun } from '../../../src/testing/seeded.ts';
import { plain } from '../../cluster/local-cluster.ts';
import { type RunningServer, scratchFolder, startOurs } from '../../support/server.ts';
import { type Argument, WireClient } from '../../support/wire-client.ts';

export const MIB = 1024 * 1024;
/** Commands under way at once; more would only fill buffers. */
const BATCH_COMMANDS = 500;

export type Command = readonly Argument[];

export interface Stage {
  readonly draw: Draw;
  readonly server: RunningServer;
  /** A connection of its own. */
  connect(): Promise<ScenarioClient>;
  /** SIGTERM or SIGKILL, then a start over the same data. Connections of before are gone. */
  restart(signal: NodeJS.Signals): Promise<void>;
}

export interface ScenarioClient {
  readonly wire: WireClient;
  /** Replies as plain values; an error as its text with `-` before it. */
  ask(...command: Argument[]): Promise<unknown>;
  /** Pipelined. */
  askAll(commands: readonly Command[]): Promise<unknown[]>;
  /** A field of INFO. */
  info(field: string): Promise<number>;
}

/** @param args  of the node; drawn where each seed is to have its own */
export function scenario(
  name: string,
  args: readonly string[] | ((draw: Draw) => string[]),
  play: (stage: Stage) => Promise<void>,
): void {
  const first = Number(process.env['SCENARIO_SEED'] ?? seedOfRun());
  const rounds = Number(process.env['SCENARIO_ROUNDS'] ?? 1);
  for (let seed = first; seed < first + rounds; seed++) {
    test(rounds === 1 ? name : `${name}, seed ${seed}`, async () => {
      try {
        const draw = seededDraws(seed);
        await playDay(draw, typeof args === 'function' ? args(draw) : args, play);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`SCENARIO_SEED=${seed}: ${reason}`, { cause: error });
      }
    });
  }
}

async function playDay(
  draw: Draw,
  settings: readonly string[],
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const args = ['--data-dir', scratchFolder(), ...settings];
  let server = await startOurs({ args });
  const opened: WireClient[] = [];
  const close = () => {
    for (const wire of opened.splice(0)) wire.end();
  };
  try {
    await play({
      draw,
      get server() {
        return server;
      },
      async connect() {
        const wire = await WireClient.connect(server.port);
        opened.push(wire);
        return clientOver(wire);
      },
      async restart(signal) {
        close();
        await server.stop(signal);
        server = await startOurs({ args, port: server.port });
      },
    });
  } finally {
    close();
    await server.stop();
  }
}

function clientOver(wire: WireClient): ScenarioClient {
  const ask = async (...command: Argument[]) => plain(await wire.call(...command));
  return {
    wire,
    ask,
    async askAll(commands) {
      const replies: unknown[] = [];
      for (let at = 0; at < commands.length; at += BATCH_COMMANDS) {
        const batch = commands.slice(at, at + BATCH_COMMANDS);
        wire.sendCommands(batch);
        for (const reply of await wire.take(batch.length)) replies.push(plain(reply));
      }
      return replies;
    },
    async info(field) {
      const text = String(await ask('INFO', 'everything'));
      const value = new RegExp(`^${field}:(\\S+)`, 'm').exec(text)?.[1];
      if (value === undefined) throw new Error(`INFO has no ${field}`);
      return Number(value);
    },
  };
}

/** Popular things are asked for much more often than others: rank 0 the most. */
export function drawRank(draw: Draw, count: number): number {
  return Math.min(count - 1, Math.floor((count + 1) ** (draw(1_000_000) / 1_000_000)) - 1);
}

export interface StoreStatistics {
  readonly keys: number;
  readonly memory: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

export async function statisticsOf(
  ask: ScenarioClient['ask'],
  store: string,
): Promise<StoreStatistics> {
  const members = (await ask('STORE', 'INFO', store)) as unknown[];
  const told = members[members.indexOf('stats') + 1] as unknown[];
  const of = (name: string) => Number(told[told.indexOf(name) + 1]);
  return {
    keys: of('keys'),
    memory: of('memory'),
    hits: of('hits'),
    misses: of('misses'),
    evictions: of('evictions'),
  };
}
