import { LIMITS } from '../../base/limits.ts';
import type { Timer } from '../../base/world.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { LatencyHistogram } from '../../commands/server/latency/latency-histogram.ts';
import type { Store } from '../../engine/store.ts';
import { measureStore } from '../../engine/store-statistics.ts';
import { clusterFacts } from '../admin/cluster-facts.ts';
import { memoryFacts, processFacts } from '../admin/node-facts.ts';

/** What one second looked like; counts are since the start, so that a page can miss some. */
export interface Figures {
  readonly at_ms: number;
  readonly process: Record<string, unknown>;
  readonly memory: Record<string, unknown>;
  readonly cluster: Record<string, unknown>;
  /** Of the commands since the sample before: microseconds that half, and 99 of 100, took. */
  readonly latency: { readonly p50_us: number; readonly p99_us: number };
  readonly stores: readonly Record<string, unknown>[];
}

/**
 * The clock of all streams of events: one timer and one sample a second, whatever the number of
 * readers, and neither without one. Nothing is queued for a reader: it takes the newest when it has
 * taken the one before, so that a slow one costs no memory.
 */
export class FiguresFeed {
  private readonly services: NodeServices;
  private readonly waiting = new Set<() => void>();
  private timer: Timer | null = null;
  private readerCount = 0;
  private isClosed = false;
  private sample: Figures | null = null;
  private callsBefore: Float64Array | null = null;
  private latency: Figures['latency'] = { p50_us: 0, p99_us: 0 };

  constructor(services: NodeServices) {
    this.services = services;
  }

  /** One turn at once, then one a second, until the feed closes or the stream is old. */
  async *ticks(): AsyncGenerator<void> {
    this.enter();
    try {
      for (let count = 0; count < LIMITS.httpEventCountMax && !this.isClosed; count++) {
        yield;
        await this.next();
      }
    } finally {
      this.leave();
    }
  }

  /** The same to all readers until the next tick. */
  figures(): Figures {
    this.sample ??= this.measure();
    return this.sample;
  }

  /** Ends all streams: the node stops. */
  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.timer = null;
    this.wake();
  }

  private enter(): void {
    this.readerCount++;
    if (this.readerCount > 1 || this.isClosed) return;
    this.sample = null;
    this.callsBefore = null;
    this.timer = this.services.world.timers.every(LIMITS.httpEventMs, () => this.tick());
  }

  private leave(): void {
    this.readerCount--;
    if (this.readerCount > 0) return;
    this.timer?.cancel();
    this.timer = null;
  }

  private tick(): void {
    this.sample = null;
    this.latency = this.measureLatency();
    this.wake();
  }

  private next(): Promise<void> {
    if (this.isClosed) return Promise.resolve();
    return new Promise((resolve) => this.waiting.add(resolve));
  }

  private wake(): void {
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const resume of woken) resume();
  }

  private measure(): Figures {
    const { services } = this;
    services.clock.refresh();
    return {
      at_ms: services.clock.nowMs,
      process: processFacts(services),
      memory: memoryFacts(services),
      cluster: clusterFacts(services),
      latency: this.latency,
      stores: services.stores.all.map(storeFacts),
    };
  }

  private measureLatency(): Figures['latency'] {
    const recent = new LatencyHistogram();
    const { counts } = recent;
    for (const histogram of this.services.latency.histograms.values()) {
      for (let i = 0; i < counts.length; i++) counts[i]! += histogram.counts[i]!;
    }
    const now = counts.slice();
    const before = this.callsBefore ?? now;
    for (let i = 0; i < counts.length; i++) {
      // After LATENCY RESET there are fewer than before.
      counts[i] = Math.max(0, now[i]! - before[i]!);
      recent.total += counts[i]!;
    }
    this.callsBefore = now;
    return { p50_us: recent.percentileUs(50), p99_us: recent.percentileUs(99) };
  }
}

function storeFacts(store: Store): Record<string, unknown> {
  const { evictions, expired, hits, keyCount, memoryBytes, memoryBytesMax, misses, writes } =
    measureStore(store);
  return {
    name: store.name,
    items: keyCount,
    memory: memoryBytes,
    memory_limit: memoryBytesMax,
    hits,
    misses,
    evictions,
    expired,
    writes,
  };
}
