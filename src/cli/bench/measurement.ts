import { LatencyHistogram } from './latency-histogram.ts';

/** What became of the commands that were due within a time. */
export class Measurement {
  /** Of the operations, by their numbers. */
  readonly latencies: readonly LatencyHistogram[];
  /** How long commands that were due waited here, until a connection was free. */
  readonly waits = new LatencyHistogram();
  errorCount = 0;
  nullCount = 0;
  /** Due, and not answered when the bench ended. */
  unansweredCount = 0;
  /** The first one; '' when there was none. */
  errorText = '';
  /** Between the first command that counts and the last reply. */
  lastedMs = 0;
  private readonly fromMs: number;

  /** @param fromMs  commands that are due from then on count */
  constructor(operationCount: number, fromMs: number) {
    this.latencies = Array.from({ length: operationCount }, () => new LatencyHistogram());
    this.fromMs = fromMs;
  }

  counts(dueMs: number): boolean {
    return dueMs >= this.fromMs;
  }

  get answeredCount(): number {
    return this.latencies.reduce((sum, { count }) => sum + count, 0) - this.unansweredCount;
  }

  /**
   * The latency is told from the moment at which the command was due, not from that at which it was
   * sent: else a server that stands still would be asked for less just then, and look well.
   * @source G. Tene, "How NOT to measure latency": coordinated omission
   */
  record(operation: number, times: { dueMs: number; sentMs: number; nowMs: number }): void {
    const { dueMs, nowMs, sentMs } = times;
    this.latencies[operation].record(nowMs - dueMs);
    this.waits.record(sentMs - dueMs);
    this.lastedMs = nowMs - this.fromMs;
  }

  /** It is not known how long it would have taken: at least so long. */
  recordUnanswered(operation: number, waitedMs: number): void {
    this.unansweredCount++;
    this.latencies[operation].record(waitedMs);
  }

  total(): LatencyHistogram {
    const total = new LatencyHistogram();
    for (const latency of this.latencies) total.add(latency);
    return total;
  }
}
