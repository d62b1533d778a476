/**
 * A whole world in memory, driven by one seed. Nothing happens by itself: `step` is one turn of the
 * event loop (sockets, then the check phase), `runUntilIdle` turns it until nothing is left to do,
 * `advance` lets time pass and fires what falls due on the way, each firing followed by the turns
 * it causes. Promises are the one thing not driven from here: a test that awaits lets them run.
 *
 * One machine alone is made here; `fabric.ts` puts several on one timeline and one wire.
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
import type { Timeline } from './timeline.ts';
import { VirtualTime } from './virtual-time.ts';
import { Wire } from './wire/wire.ts';

export interface SimulatedWorld extends World, Drive {
  readonly seed: number;
  /** Of the machine, such as 10.0.0.1. */
  readonly address: string;
  readonly clock: VirtualTime;
  readonly timers: VirtualTime;
  readonly random: SeededRandom;
  readonly disk: MemoryDisk;
  readonly network: MemoryNetwork;
  readonly host: FakeHost;
  connect(port: number, options?: PeerOptions): SimulatedPeer;
  setWallMs(wallMs: number): void;
}

/** What moves a simulation: of a machine in a fabric, it moves them all. */
export interface Drive {
  /** One loop turn. @returns whether anything happened */
  step(): boolean;
  runUntilIdle(): void;
  /** Moves both clocks; fires timers in order of their deadlines. */
  advance(milliseconds: number): void;
}

/** 2026-01-01T00:00:00Z: fixed, so that replies holding times repeat. */
const WALL_START_MS = 1_767_225_600_000;
/** A loop that never comes to rest is a defect, and must not hang the tests. */
const TURNS_MAX = 10_000_000;

/** @param disk  what is found on the machine: one that another world left, or crashed with */
export function createSimulatedWorld(seed = 1, disk = new MemoryDisk()): SimulatedWorld {
  const time = new VirtualTime(WALL_START_MS);
  const { timeline } = time;
  const wire = new Wire(timeline, new SeededRandom(seed ^ 0x317e));
  const drive = createDrive(timeline, () => {
    const didArrive = timeline.deliverDue();
    const didTurn = takeTurn(world);
    return didArrive || didTurn;
  });
  const world = createMachine({ seed, disk, time, wire, address: '10.0.0.1', drive });
  return world;
}

export function createDrive(timeline: Timeline, step: () => boolean): Drive {
  const runUntilIdle = (): void => {
    let turnCount = 0;
    while (step()) assert(++turnCount < TURNS_MAX, 'a simulated world comes to rest');
  };
  return {
    step,
    runUntilIdle,
    advance: (milliseconds) => {
      const limitMs = timeline.nowMs + milliseconds;
      runUntilIdle();
      while (timeline.fireNext(limitMs)) runUntilIdle();
    },
  };
}

/** One loop turn of one machine. */
export function takeTurn({ network, timers }: SimulatedWorld): boolean {
  const didDeliver = network.takeTurn();
  const didEndTurn = timers.endTurn();
  return didDeliver || didEndTurn;
}

export interface MachineOptions {
  readonly seed: number;
  readonly disk: MemoryDisk;
  readonly time: VirtualTime;
  readonly wire: Wire;
  readonly address: string;
  readonly drive: Drive;
}

export function createMachine(options: MachineOptions): SimulatedWorld {
  const { seed, disk, time, wire, address, drive } = options;
  disk.timers = time;
  // Deliveries draw from numbers of their own, so that they do not change with what the node draws.
  const network = new MemoryNetwork(new SeededRandom(seed ^ 0x5eed), wire, address);
  return {
    seed,
    address,
    clock: time,
    timers: time,
    random: new SeededRandom(seed),
    disk,
    network,
    compression: gzipCompression,
    ciphers: machineCiphers,
    host: new FakeHost(),
    startWorker: () => null,
    connect: (port, peer = {}) => network.connect(port, peer),
    setWallMs: (wallMs) => time.setWallMs(wallMs),
    step: () => drive.step(),
    runUntilIdle: () => drive.runUntilIdle(),
    advance: (milliseconds) => drive.advance(milliseconds),
  };
}

export function createMachineTime(timeline: Timeline): VirtualTime {
  return new VirtualTime(WALL_START_MS, timeline);
}
