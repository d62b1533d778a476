/**
 * Durations of one command: eight buckets to each doubling, so a percentile is right to 12 %. Every
 * eighth edge is one of those that LATENCY HISTOGRAM shows: Redis counts into a histogram of two
 * significant digits and reports at 1024, 2048, 4096 ... ns, whose buckets there end below
 * 1032, 2064, 4128 ... ns. Bucket width at the start is therefore 1032 / 8 = 129 ns.
 *
 *     unit = floor(ns / 129):  0..7 -> bucket 0..7;  8..15 -> 8..15;  16..31 -> 16..23 ...
 *
 * 1.4 KB for each command that was ever called.
 */
const UNIT_NS = 129;
const STEPS = 8;
const STEP_BITS = 3;
/** Redis clamps at one second. */
const NS_MAX = 1_000_000_000;
const BUCKET_COUNT = bucketOf(NS_MAX) + 1;

export class LatencyHistogram {
  readonly counts: Float64Array = new Float64Array(BUCKET_COUNT);
  total = 0;

  record(durationUs: number, weight = 1): void {
    this.counts[bucketOf(Math.min(durationUs * 1000, NS_MAX))] += weight;
    this.total += weight;
  }

  /** Pairs of a bound in microseconds and the number of calls within it; only where it grows. */
  cumulative(): [number, number][] {
    const pairs: [number, number][] = [];
    let count = 0;
    let reported = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      count += this.counts[bucket];
      const isEdge = bucket % STEPS === STEPS - 1 || bucket === BUCKET_COUNT - 1;
      if (!isEdge || count === reported) continue;
      pairs.push([Math.floor((upperNs(bucket) - 1) / 1000), count]);
      reported = count;
    }
    return pairs;
  }

  /**
   * Calls within each of HISTOGRAM_BOUNDS_S; those beyond the last are `total` minus the last.
   * Never goes down but by a reset, as Prometheus wants it.
   */
  countsWithinBounds(): Float64Array {
    const found = new Float64Array(HISTOGRAM_BOUNDS_S.length);
    let count = 0;
    for (let bucket = 0; bucket < found.length * STEPS; bucket++) {
      count += this.counts[bucket];
      if (bucket % STEPS === STEPS - 1) found[(bucket - STEPS + 1) / STEPS] = count;
    }
    return found;
  }

  /** @returns microseconds that `percent` of the calls did not exceed; 0 when there was none */
  percentileUs(percent: number): number {
    const wanted = Math.max(1, Math.ceil((percent / 100) * this.total));
    let count = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      count += this.counts[bucket];
      if (count >= wanted) return (upperNs(bucket) - 1) / 1000;
    }
    return 0;
  }
}

function bucketOf(ns: number): number {
  const unit = Math.floor(ns / UNIT_NS);
  if (unit < STEPS) return unit;
  const exponent = 31 - Math.clz32(unit);
  return STEPS * (exponent - STEP_BITS) + (unit >>> (exponent - STEP_BITS));
}

/** First nanosecond beyond the bucket. */
function upperNs(bucket: number): number {
  if (bucket < STEPS) return (bucket + 1) * UNIT_NS;
  const shift = Math.floor(bucket / STEPS) - 1;
  return ((bucket % STEPS) + STEPS + 1) * 2 ** shift * UNIT_NS;
}

/** Seconds, 1.032e-6 to 0.541, each twice the one before: edges that no bucket straddles. */
export const HISTOGRAM_BOUNDS_S: readonly number[] = Array.from(
  { length: Math.floor(BUCKET_COUNT / STEPS) },
  (_, octave) => (STEPS * UNIT_NS * 2 ** octave) / 1e9,
);
