/**
 * Durations in buckets that are at most 0.8 % wide: exact up to 256 us, then 128 buckets for each
 * doubling, up to 71 minutes. 3,328 counts of 8 bytes, whatever is recorded.
 *
 *     us       0 .. 255   256 .. 511   512 .. 1023   ...
 *     width    1          2            4
 *     bucket   0 .. 255   256 .. 383   384 .. 511
 *
 * @source G. Tene, HdrHistogram: buckets by the highest bits of the value
 */
export class LatencyHistogram {
  count = 0;
  private readonly counts = new Float64Array(BUCKET_COUNT);
  private sumMs = 0;
  private leastMs = Number.POSITIVE_INFINITY;
  private mostMs = 0;

  record(ms: number): void {
    const us = Math.min(Math.max(0, Math.round(ms * US_PER_MS)), US_MAX);
    this.counts[bucketOf(us)]++;
    this.count++;
    this.sumMs += ms;
    if (ms < this.leastMs) this.leastMs = ms;
    if (ms > this.mostMs) this.mostMs = ms;
  }

  add(other: LatencyHistogram): void {
    for (let i = 0; i < BUCKET_COUNT; i++) this.counts[i] += other.counts[i];
    this.count += other.count;
    this.sumMs += other.sumMs;
    this.leastMs = Math.min(this.leastMs, other.leastMs);
    this.mostMs = Math.max(this.mostMs, other.mostMs);
  }

  get minMs(): number {
    return this.count === 0 ? 0 : this.leastMs;
  }

  get maxMs(): number {
    return this.mostMs;
  }

  get meanMs(): number {
    return this.count === 0 ? 0 : this.sumMs / this.count;
  }

  /**
   * @param share  0..1, such as 0.99
   * @returns what that share of all durations was not above; never more than the longest
   */
  percentileMs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let i = 0; i < BUCKET_COUNT; i++) {
      seen += this.counts[i];
      if (seen >= wanted) return Math.min(highestIn(i) / US_PER_MS, this.mostMs);
    }
    return this.mostMs;
  }
}

const US_PER_MS = 1000;
const US_MAX = 2 ** 32 - 1;
/** Values below it have a bucket each. */
const EXACT_US = 256;
const BUCKETS_A_DOUBLING = 128;
const HALF_BITS = 7;
const BUCKET_COUNT = EXACT_US + (32 - 8) * BUCKETS_A_DOUBLING;

function bucketOf(us: number): number {
  if (us < EXACT_US) return us;
  const shift = 31 - Math.clz32(us) - HALF_BITS;
  return shift * BUCKETS_A_DOUBLING + (us >>> shift);
}

function highestIn(bucket: number): number {
  if (bucket < EXACT_US) return bucket;
  const shift = (bucket >>> HALF_BITS) - 1;
  const top = bucket - shift * BUCKETS_A_DOUBLING;
  return (top + 1) * 2 ** shift - 1;
}
