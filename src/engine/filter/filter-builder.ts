import { BUCKET_SLOTS, bucketOf, otherBucket, PAGE_COUNT_MAX } from './filter-layout.ts';
import type { FilterPlan } from './filter-plan.ts';

/**
 * Puts the items that a plan has gathered into a table whose slots are words of one array, to be
 * packed into pages afterwards: a table is built several times while it fills, and a word is read
 * and written in a fraction of the time that a few bits of a page take.
 */
export class FilterBuilder {
  /** Fingerprints by slot, 0 for an empty one. */
  slots = new Uint32Array(0);
  readonly #plan: FilterPlan;
  #random = 1;

  constructor(plan: FilterPlan) {
    this.#plan = plan;
  }

  /** @returns  false when an item found no place: nothing of `slots` means anything then */
  build(from: number, to: number, bucketCount: number): boolean {
    const { hashes, secondHashes, shape } = this.#plan;
    if (this.slots.length === 0) this.slots = new Uint32Array(PAGE_COUNT_MAX * shape.pageSlots);
    const { slots } = this;
    slots.fill(0, 0, bucketCount * BUCKET_SLOTS);
    for (let item = from; item < to; item++) {
      const second = secondHashes[item];
      const bucket = bucketOf(hashes[item], second, bucketCount);
      const fingerprint = this.#plan.fingerprintOf(second);
      if (put(slots, bucket, fingerprint)) continue;
      const other = otherBucket(bucket, fingerprint, bucketCount);
      if (put(slots, other, fingerprint)) continue;
      if (!this.#makePlace(other, fingerprint, bucketCount)) return false;
    }
    return true;
  }

  #makePlace(bucket: number, fingerprint: number, bucketCount: number): boolean {
    const { slots } = this;
    let random = this.#random;
    let at = bucket;
    let moved = fingerprint;
    for (let kick = 0; kick < BUILD_KICK_COUNT_MAX; kick++) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0;
      const slot = at * BUCKET_SLOTS + (random >>> 30);
      const kicked = slots[slot];
      slots[slot] = moved;
      moved = kicked;
      at = otherBucket(at, moved, bucketCount);
      if (!put(slots, at, moved)) continue;
      this.#random = random;
      return true;
    }
    this.#random = random;
    return false;
  }
}

function put(slots: Uint32Array, bucket: number, fingerprint: number): boolean {
  const end = (bucket + 1) * BUCKET_SLOTS;
  for (let slot = bucket * BUCKET_SLOTS; slot < end; slot++) {
    if (slots[slot] !== 0) continue;
    slots[slot] = fingerprint;
    return true;
  }
  return false;
}

const BUILD_KICK_COUNT_MAX = 500;
