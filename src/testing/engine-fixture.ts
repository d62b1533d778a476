import { Frame } from '../base/frame.ts';
import { TurnClock } from '../base/turn-clock.ts';
import type { Effect } from '../engine/effect.ts';
import { EVENT_ROWS } from '../engine/event-table.ts';
import { SegmentPool } from '../engine/memory/segment-pool.ts';
import type { MutationReader } from '../engine/mutation-sink.ts';
import { Store } from '../engine/store.ts';
import { createSimulatedWorld, type SimulatedWorld } from '../world/simulated/simulated-world.ts';

export interface EngineFixture {
  readonly world: SimulatedWorld;
  readonly clock: TurnClock;
  readonly store: Store;
  readonly effects: RecordedEffect[];
  /** Moves the time and the turn's clock. */
  advance(ms: number): void;
}

export interface RecordedEffect {
  readonly args: readonly string[];
  readonly databaseIndex: number;
  readonly event: string;
  readonly actorId: number;
}

/** A store on a simulated world, with every effect it records. */
export function createEngineFixture(options: {
  seed: number;
  memoryBytesMax?: number;
  policy?: string;
  databaseCount?: number;
  records?: boolean;
  filterRate?: number;
}): EngineFixture {
  const world = createSimulatedWorld(options.seed);
  const clock = new TurnClock(world.clock);
  const store = new Store({
    name: 'default',
    databaseCount: options.databaseCount ?? 2,
    clock,
    random: world.random,
    monotonicMs: () => world.clock.monotonicMs(),
    pool: new SegmentPool(0),
    memoryBytesMax: options.memoryBytesMax ?? 0,
    policy: options.policy ?? 'noeviction',
    sampleCount: 5,
    filterRate: options.filterRate ?? 0,
  });
  const effects: RecordedEffect[] = [];
  if (options.records !== false) store.sink.attach(effectRecorder(effects));
  return {
    world,
    clock,
    store,
    effects,
    advance(ms) {
      world.advance(ms);
      clock.refresh();
    },
  };
}

export function effectRecorder(effects: RecordedEffect[]): MutationReader {
  return {
    onEffect(effect: Effect, eventId: number, actorId: number): void {
      const args: string[] = [];
      for (let i = 0; i < effect.frame.count; i++) args.push(effect.frame.latin1(i));
      const { databaseIndex } = effect;
      effects.push({ args, databaseIndex, event: EVENT_ROWS[eventId].name, actorId });
    },
  };
}

/** A frame of those arguments in a buffer of its own. */
export function frameOf(...args: (string | Uint8Array)[]): Frame {
  const parts = args.map((arg) => (typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg));
  const frame = new Frame();
  frame.attach(new Uint8Array(Buffer.concat(parts)));
  let offset = 0;
  for (const part of parts) {
    frame.append(offset, part.length);
    offset += part.length;
  }
  return frame;
}
