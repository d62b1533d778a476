/**
 * A whole world in memory, driven by one seed. Nothing happens by itself: `step` is one turn of the
 * event loop (sockets, then the check phase), `runUntilIdle` turns it until nothing is left to do,
 * `advance` lets time pass and fires what falls due on the way, each firing followed by the turns
 * it causes. Promises are the one thing not driven from here: a test that awaits lets them run.
 */
import { assert } from '../../base/errors.ts';
import type { World } from '../../base/world.ts';
import { machineCiphers } from '../ciphers.ts';
import { gzipCompression } from '../gzip.ts';
import { FakeHost } from './fake-host.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryNetwork } from './memory-network.ts';
import type { PeerOptions, SimulatedPeer } from './memory-socket.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualTime } from './virtual-time.ts';

export interface SimulatedWorld extends World {
  readonly seed: number;
  readonly clock: VirtualTime;
  readonly timers: VirtualTime;
  readonly random: SeededRandom;
  readonly disk: MemoryDisk;
  readonly network: MemoryNetwork;
  readonly host: FakeHost;
  connect(port: number, options?: PeerOptions): SimulatedPeer;
  /** One loop turn. @returns whether anything happened */
  step(): boolean;
  runUntilIdle(): void;
  /** Moves both clocks; fires timers in order of their deadlines. */
  advance(milliseconds: number): void;
  setWallMs(wallMs: number): void;
}

/** 2026-01-01T00:00:00Z: fixed, so that replies holding times repeat. */
const WALL_START_MS = 1_767_225_600_000;
/** A loop that never comes to rest is a defect, and must not hang the tests. */
const TURNS_MAX = 10_000_000;

/** @param disk  what is found on the machine: one that another world left, or crashed with */
export function createSimulatedWorld(seed = 1, disk = new MemoryDisk()): SimulatedWorld {
  const time = new VirtualTime(WALL_START_MS);
  disk.timers = time;
  // Deliveries draw from numbers of their own, so that they do not change with what the node draws.
  const network = new MemoryNetwork(new SeededRandom(seed ^ 0x5eed));
  const step = (): boolean => {
    const didDeliver = network.takeTurn();
    const didEndTurn = time.endTurn();
    return didDeliver || didEndTurn;
  };
  const runUntilIdle = (): void => {
    let turnCount = 0;
    while (step()) assert(++turnCount < TURNS_MAX, 'a simulated world comes to rest');
  };
  return {
    seed,
    clock: time,
    timers: time,
    random: new SeededRandom(seed),
    disk,
    network,
    compression: gzipCompression,
    ciphers: machineCiphers,
    host: new FakeHost(),
    connect: (port, options = {}) => network.connect(port, options),
    step,
    runUntilIdle,
    advance: (milliseconds) => {
      const limitMs = time.monotonicMs() + milliseconds;
      runUntilIdle();
      while (time.fireNext(limitMs)) runUntilIdle();
    },
    setWallMs: (wallMs) => time.setWallMs(wallMs),
  };
}
