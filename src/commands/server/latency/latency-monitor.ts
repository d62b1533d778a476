import type { LatencyConfiguration } from '../../../base/configuration.ts';
import type { TurnClock } from '../../../base/turn-clock.ts';
import { LatencyHistogram } from './latency-histogram.ts';

export interface LatencySample {
  readonly timeS: number;
  latencyMs: number;
}

/** One kind of delay, such as `command` or `expire-cycle`: its last samples, one for a second. */
export interface LatencyEvent {
  readonly name: string;
  /** Oldest first. */
  readonly samples: LatencySample[];
  /** Since the event was last reset. */
  maxMs: number;
}

/** As Redis: LATENCY_TS_LEN. */
const SAMPLE_COUNT_MAX = 160;
/** Event names are ours, a handful; the bound only guards against a mistake. */
const EVENT_COUNT_MAX = 128;

/**
 * What LATENCY knows: events above `latency-monitor-threshold`, and the durations of each command.
 * Settings are read anew at each sample, so CONFIG SET works at once.
 */
export class LatencyMonitor {
  readonly events = new Map<string, LatencyEvent>();
  /** By full name, `config|get` for a subcommand. */
  readonly histograms = new Map<string, LatencyHistogram>();
  /** Pipelines repeat themselves: the histogram found last is tried first. */
  private lastName = '';
  private lastHistogram = new LatencyHistogram();
  private readonly settings: LatencyConfiguration;
  private readonly clock: TurnClock;

  constructor(settings: LatencyConfiguration, clock: TurnClock) {
    this.settings = settings;
    this.clock = clock;
  }

  /** Keeps the delay when monitoring is on and it is long enough. */
  record(name: string, latencyMs: number): void {
    const { monitorThresholdMs } = this.settings;
    if (monitorThresholdMs === 0 || latencyMs < monitorThresholdMs) return;
    const event = this.events.get(name) ?? this.addEvent(name);
    if (event === null) return;
    const wholeMs = Math.floor(latencyMs);
    if (wholeMs > event.maxMs) event.maxMs = wholeMs;
    const timeS = Math.floor(this.clock.nowMs / 1000);
    const last = event.samples.at(-1);
    if (last !== undefined && last.timeS === timeS) {
      if (wholeMs > last.latencyMs) last.latencyMs = wholeMs;
      return;
    }
    if (event.samples.length === SAMPLE_COUNT_MAX) event.samples.shift();
    event.samples.push({ timeS, latencyMs: wholeMs });
  }

  /**
   * Counts executions of a command; the door calls it for commands it timed.
   * @param weight  how many executions this one stands for, where only a sample is timed
   */
  recordCommand(fullName: string, durationUs: number, weight = 1): void {
    if (!this.settings.tracking) return;
    if (fullName !== this.lastName) this.lastHistogram = this.histogramOf(fullName);
    this.lastHistogram.record(durationUs, weight);
  }

  private histogramOf(fullName: string): LatencyHistogram {
    let histogram = this.histograms.get(fullName);
    if (histogram === undefined) {
      histogram = new LatencyHistogram();
      this.histograms.set(fullName, histogram);
    }
    this.lastName = fullName;
    return histogram;
  }

  /** @returns the number of events forgotten */
  reset(names: readonly string[]): number {
    if (names.length === 0) {
      const count = this.events.size;
      this.events.clear();
      return count;
    }
    let count = 0;
    for (const name of names) if (this.events.delete(name)) count++;
    return count;
  }

  resetHistograms(): void {
    this.histograms.clear();
    this.lastName = '';
  }

  private addEvent(name: string): LatencyEvent | null {
    if (this.events.size >= EVENT_COUNT_MAX) return null;
    const event: LatencyEvent = { name, samples: [], maxMs: 0 };
    this.events.set(name, event);
    return event;
  }
}
