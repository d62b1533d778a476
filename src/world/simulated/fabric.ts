/**
 * Several machines in one simulation: one timeline, one wire between them, everything from one
 * seed. Each machine has an address, a disk, clocks and random numbers of its own.
 *
 *     machine 10.0.0.1      10.0.0.2      10.0.0.3       each a SimulatedWorld
 *            |                 |             |
 *            +--------- wire (latency, loss, cuts) ---+
 *                              |
 *                          timeline
 *
 * A machine's process may be killed, with its kernel left to close the connections or without, and
 * another be started in its place; it may get no processor for a while. Promises are not driven by
 * time: where they matter, as in `dial`, tests move it with `pass` and `until`, which let them run
 * in between.
 */
import { assert } from '../../base/errors.ts';
import { MemoryDisk } from './memory-disk.ts';
import { SeededRandom } from './seeded-random.ts';
import {
  createDrive,
  createMachine,
  createMachineTime,
  type Drive,
  type SimulatedWorld,
  takeTurn,
} from './simulated-world.ts';
import { Timeline } from './timeline.ts';
import { Wire } from './wire/wire.ts';

const UNTIL_MS_MAX = 600_000;
const STEP_MS = 10;
/** Also what no promise of the world has set off runs, so many events later. */
const EVENTS_BETWEEN_RESTS = 16;
/** A module that is loaded for the first time takes more turns of the real loop than this. */
const RESTS_TO_SETTLE = 3;

export function createFabric(seed = 1): Fabric {
  return new Fabric(seed);
}

export class Fabric implements Drive {
  readonly seed: number;
  /** For the choices of the test itself. */
  readonly random: SeededRandom;
  readonly timeline = new Timeline();
  readonly wire: Wire;
  /** Those whose process runs, by address. */
  readonly machines = new Map<string, SimulatedWorld>();
  private readonly drive: Drive;
  /** Since promises could run. */
  private eventCount = 0;
  private addressCount = 0;
  private processCount = 0;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new SeededRandom(seed ^ 0xfab);
    this.wire = new Wire(this.timeline, new SeededRandom(seed ^ 0x317e));
    this.drive = createDrive(this.timeline, () => this.step());
  }

  /** One turn of each machine that is not stalled. */
  step(): boolean {
    let didAnything = this.timeline.deliverDue();
    for (const machine of this.machines.values()) {
      if (!machine.timers.isStalled && takeTurn(machine)) didAnything = true;
    }
    return didAnything;
  }

  runUntilIdle(): void {
    this.drive.runUntilIdle();
  }

  advance(milliseconds: number): void {
    this.drive.advance(milliseconds);
  }

  /** The next address, or that of a machine whose process was killed. */
  addMachine(options: { address?: string; disk?: MemoryDisk } = {}): SimulatedWorld {
    const { address = `10.0.0.${++this.addressCount}`, disk = new MemoryDisk() } = options;
    assert(!this.machines.has(address), 'one process a machine');
    const world = createMachine({
      seed: mix(this.seed, ++this.processCount),
      disk,
      time: createMachineTime(this.timeline),
      wire: this.wire,
      address,
      drive: this,
    });
    // A lock in the data directory tells processes apart by their id.
    world.host.pid += this.processCount;
    this.machines.set(address, world);
    return world;
  }

  /**
   * The process is gone at once.
   * @param how  `killed`: the kernel closes its connections; `dark`: the machine has no power
   */
  kill(address: string, how: 'killed' | 'dark'): void {
    const { network, timers } = this.requireMachine(address);
    this.machines.delete(address);
    timers.kill();
    network.kill(how === 'killed');
  }

  /** It gets no processor for so long; its kernel goes on. */
  stall(address: string, ms: number): void {
    this.requireMachine(address).timers.stall(ms);
    // So that it is looked at when its time comes, even if no timer of its own is due.
    this.timeline.deliverAt(this.timeline.nowMs + ms, () => {});
  }

  /** Lets everything happen that takes no time, promises included. */
  async settle(): Promise<void> {
    let restCount = 0;
    while (restCount < RESTS_TO_SETTLE) {
      const didAnything = this.step() || this.timeline.hasSettled;
      if (didAnything) this.runUntilIdle();
      this.timeline.hasSettled = false;
      await rest();
      restCount = didAnything ? 0 : restCount + 1;
    }
  }

  /** As `advance`, with promises. */
  async pass(ms: number): Promise<void> {
    const limitMs = this.timeline.nowMs + ms;
    await this.settle();
    await this.moveTo(limitMs);
    await this.settle();
  }

  /** Lets time pass until that is so. Throws when it is not so within `msMax`. */
  async until(what: string, isSo: () => boolean, msMax = UNTIL_MS_MAX): Promise<void> {
    const limitMs = this.timeline.nowMs + msMax;
    await this.settle();
    while (!isSo()) {
      if (this.timeline.nowMs >= limitMs) throw new Error(`waited in vain for ${what}`);
      await this.moveTo(this.timeline.nowMs + STEP_MS);
    }
  }

  /** Lets time pass until it is settled. */
  async await<Result>(promise: Promise<Result>): Promise<Result> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    await this.until('a promise', () => isSettled);
    return promise;
  }

  private async moveTo(limitMs: number): Promise<void> {
    const { timeline } = this;
    while (timeline.fireNext(limitMs)) {
      this.eventCount++;
      this.runUntilIdle();
      if (this.eventCount === EVENTS_BETWEEN_RESTS) await this.letPromisesRun();
      while (timeline.hasSettled) await this.letPromisesRun();
    }
    if (this.eventCount > 0) await this.letPromisesRun();
  }

  private async letPromisesRun(): Promise<void> {
    this.eventCount = 0;
    this.timeline.hasSettled = false;
    await rest();
    this.runUntilIdle();
  }

  private requireMachine(address: string): SimulatedWorld {
    const world = this.machines.get(address);
    assert(world !== undefined, 'a process runs at that address');
    return world;
  }
}

/** Lets promises run, and what they set off. */
function rest(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function mix(seed: number, count: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(count, 0x85ebca6b)) >>> 0;
}
