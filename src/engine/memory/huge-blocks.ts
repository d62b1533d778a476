import { assert } from '../../base/errors.ts';
import { HUGE_ADDRESS_MIN, HUGE_COUNT_MAX } from './block-address.ts';
import type { Segment } from './segment.ts';
import type { SegmentPool } from './segment-pool.ts';

/**
 * Blocks above 1 MiB: each has a segment of exactly its size, is never moved, and goes back whole
 * when it is freed.
 */
export class HugeBlocks {
  byteCount = 0;
  count = 0;
  readonly #pool: SegmentPool;
  readonly #segments: (Segment | null)[] = [];
  readonly #vacantIds: number[] = [];

  constructor(pool: SegmentPool) {
    this.#pool = pool;
  }

  require(address: number): Segment {
    const segment = this.#segments[address - HUGE_ADDRESS_MIN];
    assert(segment !== null && segment !== undefined, 'no huge block has this address');
    return segment;
  }

  /** @returns  0 when the pool refuses */
  allocate(byteCount: number): number {
    if (!this.hasIds) return 0;
    const segment = this.#pool.acquireExact(this.roundUp(byteCount));
    return segment === null ? 0 : this.attach(segment);
  }

  /** @returns  the bytes it held */
  free(address: number): number {
    const segment = this.detach(address);
    this.#pool.releaseExact(segment);
    return segment.byteCount;
  }

  get hasIds(): boolean {
    return this.#vacantIds.length > 0 || this.#segments.length < HUGE_COUNT_MAX;
  }

  /** Lets a block's segment go to another memory of the same pool. */
  detach(address: number): Segment {
    const segment = this.require(address);
    const id = address - HUGE_ADDRESS_MIN;
    this.#segments[id] = null;
    this.#vacantIds.push(id);
    this.byteCount -= segment.byteCount;
    this.count--;
    return segment;
  }

  /** Call it only while `hasIds`. */
  attach(segment: Segment): number {
    const id = this.#vacantIds.pop() ?? this.#segments.length;
    this.#segments[id] = segment;
    this.byteCount += segment.byteCount;
    this.count++;
    return HUGE_ADDRESS_MIN + id;
  }

  clear(): void {
    for (const segment of this.#segments) {
      if (segment !== null) this.#pool.releaseExact(segment);
    }
    this.#segments.length = 0;
    this.#vacantIds.length = 0;
    this.byteCount = 0;
    this.count = 0;
  }

  roundUp(byteCount: number): number {
    return (byteCount + 7) & ~7;
  }
}
