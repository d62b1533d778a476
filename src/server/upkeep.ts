import { LIMITS } from '../base/limits.ts';
import type { Timer } from '../base/world.ts';
import type { NodeServices } from '../commands/node-services.ts';
import { observeMemory } from '../commands/server/memory-watch.ts';
import { GATE } from '../commands/session.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import type { ClientTable } from './client-registry.ts';
import { sweepClients } from './client-sweep.ts';
import { clientFacts } from './connection-reports.ts';
import type { RateSampler } from './rate-sampler.ts';

const SAMPLE_MS = 100;
const STALL_MS = 100;
const SWEEP_MS = 1_000;
/**
 * While work is left, there is a slice of 1 ms every 3 ms, a third of a core, as long as no client
 * sends anything; else one of 0.2 ms every 1.3. With long slices then, more than a tenth of all
 * commands waited for most of a millisecond when one store evicted all the time: clients of the
 * others as well.
 */
const IDLE_PAUSE_MS = 2;
const BUSY_PAUSE_MS = 1;

/** What a node does by itself: expiry, eviction and compaction in slices, timeouts, statistics. */
export class Upkeep {
  private readonly node: NodeServices;
  private readonly clients: ClientTable;
  private readonly rates: RateSampler;
  private timers: Timer[] = [];
  private backlogTimer: Timer | null = null;
  private nextSampleMs = 0;
  private nextStore = 0;
  /** What clients had sent when the last slice began. */
  private inputBytes = 0;

  constructor(options: { node: NodeServices; clients: ClientTable; rates: RateSampler }) {
    this.node = options.node;
    this.clients = options.clients;
    this.rates = options.rates;
  }

  start(): void {
    const { world, configuration } = this.node;
    const tickMs = 1000 / configuration.node.hz;
    this.nextSampleMs = world.clock.monotonicMs() + SAMPLE_MS;
    this.timers = [
      world.timers.every(tickMs, () => this.tick()),
      world.timers.every(SAMPLE_MS, () => this.sample()),
      world.timers.every(SWEEP_MS, () => this.sweep()),
    ];
  }

  /** `node.hz` has changed. */
  restart(): void {
    this.stop();
    this.start();
  }

  stop(): void {
    for (const timer of this.timers) timer.cancel();
    this.timers = [];
    this.backlogTimer?.cancel();
    this.backlogTimer = null;
  }

  /** Work that was left goes on by itself. */
  private tick(): void {
    if (this.backlogTimer === null) this.runSlices();
  }

  private runSlices(): void {
    const { clock, counters, debug, scripting, stores, world } = this.node;
    // A suspended script must find the data as it left it.
    if (debug.isCronPaused || scripting.isBusy) return;
    clock.refresh();
    const inputBytes = counters[METRIC.netInputBytes];
    const isBusy = inputBytes !== this.inputBytes;
    this.inputBytes = inputBytes;
    const isBehind = this.runStores(stores.all, isBusy);
    if (this.node.blocking.hasReady) this.node.blocking.serve();
    if (!isBehind || this.backlogTimer !== null) return;
    this.backlogTimer = world.timers.after(isBusy ? BUSY_PAUSE_MS : IDLE_PAUSE_MS, () => {
      this.backlogTimer = null;
      this.runSlices();
    });
  }

  /**
   * One slice for all stores together, in equal parts for those that had work left: however many
   * they are, clients wait no longer, and none waits for another to be done. Who was not reached is
   * the first of the next slice.
   * @returns whether work is left
   */
  private runStores(stores: NodeServices['stores']['all'], isBusy: boolean): boolean {
    const { clock } = this.node.world;
    let behindCount = 0;
    let sliceMs: number = isBusy ? LIMITS.busySliceMs : LIMITS.sliceMs;
    for (const store of stores) {
      if (store.isBehind) behindCount++;
      if (!store.isAboveLimit || !store.policy.evicts) continue;
      sliceMs = Math.max(sliceMs, LIMITS.shrinkingSliceMs);
    }
    const partMs = Math.max(sliceMs / Math.max(1, behindCount), LIMITS.slicePartMsMin);
    const endMs = clock.monotonicMs() + sliceMs;
    let isBehind = false;
    for (let i = 0; i < stores.length; i++) {
      this.nextStore = (this.nextStore + 1) % stores.length;
      const store = stores[this.nextStore];
      store.actorId = 0;
      if (store.runSlice(partMs)) isBehind = true;
      if (clock.monotonicMs() < endMs) continue;
      return isBehind || i + 1 < stores.length;
    }
    return isBehind;
  }

  private sample(): void {
    const { counters, world } = this.node;
    const nowMs = world.clock.monotonicMs();
    const lagMs = Math.max(0, nowMs - this.nextSampleMs);
    this.nextSampleMs = nowMs + SAMPLE_MS;
    counters[METRIC.loopTurns]++;
    counters[METRIC.loopLagMsSum] += lagMs;
    if (lagMs > counters[METRIC.loopLagMsMax]) counters[METRIC.loopLagMsMax] = lagMs;
    if (lagMs >= STALL_MS) counters[METRIC.loopStalls]++;
    this.node.health.observeLag(lagMs, nowMs);
    this.rates.sample(nowMs);
    observeMemory(this.node);
  }

  private sweep(): void {
    const { clock, debug, stores } = this.node;
    if (debug.isCronPaused) return;
    clock.refresh();
    sweepClients(this.node, this.clients, clock.nowMs);
    this.limitClientMemory();
    stores.default.pool.releaseIdle(LIMITS.segmentsReleasedAtOnce);
  }

  /** maxmemory-clients: the clients that hold the most make room for the others. */
  private limitClientMemory(): void {
    const { cache, network } = this.node.configuration;
    const setting = network.clientMemoryBytesMax;
    const limit = setting < 0 ? (cache.maxMemoryBytes * -setting) / 100 : setting;
    if (limit === 0) return;
    let { heldBytes } = this.clients;
    if (heldBytes <= limit) return;
    const byWeight = [...this.clients.connections].sort((a, b) => b.heldBytes - a.heldBytes);
    for (const connection of byWeight) {
      if (heldBytes <= limit) return;
      const { session } = connection;
      if (!session.isEvictable || (session.gate & GATE.CLOSING) !== 0) continue;
      heldBytes -= connection.heldBytes;
      this.node.counters[METRIC.evictedClients]++;
      const message = 'Client closed to free client buffers';
      const facts = { ...clientFacts(connection), heldBytes: connection.heldBytes };
      this.node.paced.warn('resp', 'client-evicted', message, facts);
      connection.close();
    }
  }
}
