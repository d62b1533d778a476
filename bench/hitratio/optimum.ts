/**
 * The fewest misses that any cache could have which knew the trace beforehand, and which may also
 * leave out what it has just fetched.
 *
 * Entries of one size: Belady's MIN, exact. A cached value is named by the request that will ask
 * for it next; so the cache is a set of request numbers, and when it is full the largest goes.
 *
 * Entries of many sizes: that is NP-hard; PFOO-L is a lower bound of the misses. To serve a request
 * from the cache its value must have lain there since the request before: bytes times requests.
 * The cheapest are taken until all that the cache has to offer, bytes times length of the trace, is
 * spent. So the bound holds the cache to its size on average only.
 * @source L. A. Belady, A study of replacement algorithms for a virtual-storage computer, 1966
 * @source D. Berger, N. Beckmann, M. Harchol-Balter, Practical bounds on optimal caching with
 *         variable object sizes, 2018
 */
import { KEY_BYTES, SLOT_REQUESTS, type Trace, versionAt } from './traces.ts';

const NEVER = 0xffff_ffff;

/** @returns misses of the whole trace with room for that many payload bytes */
export function fewestMisses(trace: Trace, payloadBytes: number): number {
  const keys = Uint32Array.from({ length: trace.requestCount }, trace.open());
  const uses = nextUses(trace, keys);
  if (trace.hasSizes) {
    return pfooMisses(uses, (i) => KEY_BYTES + trace.valueBytesOf(keys[i]), payloadBytes);
  }
  return minMisses(uses, Math.floor(payloadBytes / (KEY_BYTES + trace.valueBytesOf(0))));
}

/** For each request the next one that the same value would serve. */
function nextUses(trace: Trace, keys: Uint32Array): Uint32Array {
  const uses = new Uint32Array(keys.length);
  const latest = new Uint32Array(trace.keyLimit).fill(NEVER);
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i];
    const next = latest[key];
    const isSame = next !== NEVER && versionOf(trace, key, i) === versionOf(trace, key, next);
    uses[i] = isSame ? next : NEVER;
    latest[key] = i;
  }
  return uses;
}

function versionOf(trace: Trace, key: number, request: number): number {
  return versionAt(trace, key, Math.floor(request / SLOT_REQUESTS));
}

/** @param uses  for each request the next of its value, or 0xffffffff */
export function minMisses(uses: Uint32Array, capacity: number): number {
  const isCached = new Uint8Array(uses.length);
  const heap = new MaxHeap(uses.length);
  let cachedCount = 0;
  let missCount = 0;
  for (let i = 0; i < uses.length; i++) {
    if (isCached[i] === 0) missCount++;
    // Its number stays in the heap: below all that is to come, it is never the largest.
    else cachedCount--;
    const next = uses[i];
    if (next === NEVER || capacity === 0) continue;
    if (cachedCount === capacity) {
      if (heap.largest < next) continue;
      isCached[heap.take()] = 0;
      cachedCount--;
    }
    isCached[next] = 1;
    heap.put(next);
    cachedCount++;
  }
  return missCount;
}

/** @param bytesOf  what the value of a request takes */
export function pfooMisses(
  uses: Uint32Array,
  bytesOf: (request: number) => number,
  payloadBytes: number,
): number {
  const costs: number[] = [];
  for (let i = 0; i < uses.length; i++) {
    if (uses[i] !== NEVER) costs.push((uses[i] - i) * bytesOf(i));
  }
  const sorted = Float64Array.from(costs).sort();
  let left = payloadBytes * uses.length;
  let hitCount = 0;
  while (hitCount < sorted.length && sorted[hitCount] <= left) left -= sorted[hitCount++];
  // The last may be served in part: a bound must not forget it.
  return uses.length - Math.min(sorted.length, hitCount + 1);
}

class MaxHeap {
  private readonly values: Uint32Array;
  private count = 0;

  constructor(capacity: number) {
    this.values = new Uint32Array(capacity);
  }

  get largest(): number {
    return this.values[0];
  }

  put(value: number): void {
    const { values } = this;
    let at = this.count++;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (values[parent] >= value) break;
      values[at] = values[parent];
      at = parent;
    }
    values[at] = value;
  }

  take(): number {
    const { values } = this;
    const largest = values[0];
    const last = values[--this.count];
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.count) break;
      if (child + 1 < this.count && values[child + 1] > values[child]) child++;
      if (values[child] <= last) break;
      values[at] = values[child];
      at = child;
    }
    values[at] = last;
    return largest;
  }
}
