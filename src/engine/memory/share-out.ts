/** One of several stores that share memory. */
export interface Sharer {
  /** Bytes it has counted now. */
  readonly usedBytes: number;
  /** Bytes it cannot give back: all that it has, when it does not evict. */
  readonly keptBytes: number;
  /** Bytes it would like to have; infinite when it is full and written to. */
  readonly wantedBytes: number;
}

/**
 * Divides `totalBytes` among stores: each gets what it wants, up to a level that is one for all,
 * the highest at which they fit (max-min fairness). So who needs little is never pressed by who
 * wants much, and who has more than its even share is asked to give back when another needs it.
 *
 * A store that must shrink does so step by step, by its own evictions. Until it has, the others get
 * only what is really free, and `leastBytes` each, so that none is ever left with nothing.
 * @returns limit of each store; their sum is at most totalBytes once all have shrunk to theirs
 */
export function shareOut(
  sharers: readonly Sharer[],
  totalBytes: number,
  leastBytes: number,
): number[] {
  const level = levelFor(sharers, totalBytes);
  const targets = sharers.map((sharer) => portion(sharer, level));
  let occupiedBytes = 0;
  let growthBytes = 0;
  sharers.forEach(({ usedBytes }, i) => {
    occupiedBytes += Math.max(usedBytes, targets[i]);
    growthBytes += Math.max(0, targets[i] - usedBytes);
  });
  const missingBytes = Math.max(0, occupiedBytes - totalBytes);
  const share = growthBytes === 0 ? 0 : Math.max(0, 1 - missingBytes / growthBytes);
  return sharers.map(({ usedBytes }, i) => {
    const target = targets[i];
    if (target <= usedBytes) return Math.max(Math.min(target, totalBytes), leastBytes);
    return Math.max(Math.floor(usedBytes + (target - usedBytes) * share), leastBytes);
  });
}

/** The highest level at which all fit; infinite when everybody can have what it wants. */
function levelFor(sharers: readonly Sharer[], totalBytes: number): number {
  if (sumAt(sharers, Number.POSITIVE_INFINITY) <= totalBytes) return Number.POSITIVE_INFINITY;
  let low = 0;
  let high = totalBytes;
  for (let round = 0; round < LEVEL_ROUNDS; round++) {
    const middle = (low + high) / 2;
    if (sumAt(sharers, middle) <= totalBytes) low = middle;
    else high = middle;
  }
  return Math.floor(low);
}

function sumAt(sharers: readonly Sharer[], level: number): number {
  let sum = 0;
  for (const sharer of sharers) sum += portion(sharer, level);
  return sum;
}

function portion({ keptBytes, wantedBytes }: Sharer, level: number): number {
  return Math.max(keptBytes, Math.min(wantedBytes, level));
}

/** Halvings: 2^53 bytes down to one. */
const LEVEL_ROUNDS = 53;
