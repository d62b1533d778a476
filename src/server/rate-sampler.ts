import type { NodeRates } from '../commands/node-services.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';

const SAMPLE_COUNT = 16;

/** Averages of the last 16 samples, as INFO's instantaneous_ops_per_sec. */
export class RateSampler implements NodeRates {
  private readonly commands: Rate;
  private readonly input: Rate;
  private readonly output: Rate;
  private lastMs: number;

  /** @param table  what counts the commands */
  constructor(counters: Float64Array, table: { readonly calls: number }, nowMs: number) {
    this.commands = new Rate(() => table.calls);
    this.input = new Rate(() => counters[METRIC.netInputBytes]);
    this.output = new Rate(() => counters[METRIC.netOutputBytes]);
    this.lastMs = nowMs;
  }

  get commandsPerS(): number {
    return this.commands.average();
  }
  get inputBytesPerS(): number {
    return this.input.average();
  }
  get outputBytesPerS(): number {
    return this.output.average();
  }

  /** @param nowMs  monotonic */
  sample(nowMs: number): void {
    const elapsedMs = nowMs - this.lastMs;
    if (elapsedMs <= 0) return;
    this.lastMs = nowMs;
    this.commands.sample(elapsedMs);
    this.input.sample(elapsedMs);
    this.output.sample(elapsedMs);
  }
}

class Rate {
  private readonly count: () => number;
  private readonly samples = new Float64Array(SAMPLE_COUNT);
  private next = 0;
  private last: number;

  constructor(count: () => number) {
    this.count = count;
    this.last = count();
  }

  sample(elapsedMs: number): void {
    const now = this.count();
    // CONFIG RESETSTAT takes the counter back to 0.
    const grown = now >= this.last ? now - this.last : now;
    this.last = now;
    this.samples[this.next] = (grown * 1000) / elapsedMs;
    this.next = (this.next + 1) % SAMPLE_COUNT;
  }

  average(): number {
    return this.samples.reduce((sum, sample) => sum + sample, 0) / SAMPLE_COUNT;
  }
}
