import { assert } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { Segment } from './segment.ts';

/** An idle segment of up to four times the size asked for is better than a new one. */
const LARGER_SIZES_TRIED = 3;

/**
 * All segments of a node, lent to its stores. A segment that comes back is kept and lent again at
 * once; what stays idle is let go a few at a time, because letting go of a gigabyte in one moment
 * leaves it to one later collection, which then stops the node for 10 ms.
 *
 * Sizes are 64 KiB to 16 MiB by doubling. A block too large for a segment is lent as a segment of
 * exactly its size, and is not kept.
 */
export class SegmentPool {
  /** Everything lent or idle. Invariant: heldBytes <= limitBytes, when there is a limit. */
  heldBytes = 0;
  /** The part of heldBytes that nobody uses. */
  idleBytes = 0;
  /**
   * 0 is no limit. Lowering it below heldBytes takes nothing away; it refuses what is asked next.
   */
  limitBytes: number;
  #work: Uint32Array = new Uint32Array(0);
  /** Idle segments, one stack a size. */
  readonly #idle: Segment[][] = SEGMENT_SIZES.map(() => []);

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /**
   * @param byteCount  one of the sizes; the segment may have up to four times as many
   * @returns          null when the limit refuses. The content is whatever was left there.
   */
  acquire(byteCount: number): Segment | null {
    const first = sizeIndex(byteCount);
    const end = Math.min(first + LARGER_SIZES_TRIED, this.#idle.length);
    for (let size = first; size < end; size++) {
      const reused = (this.#idle[size] as Segment[]).pop();
      if (reused === undefined) continue;
      this.idleBytes -= reused.byteCount;
      return reused;
    }
    return this.#make(byteCount);
  }

  /** @param byteCount  any multiple of 8; such a segment comes back by `releaseExact` */
  acquireExact(byteCount: number): Segment | null {
    return this.#make(byteCount);
  }

  release(segment: Segment): void {
    (this.#idle[sizeIndex(segment.byteCount)] as Segment[]).push(segment);
    this.idleBytes += segment.byteCount;
    assert(this.idleBytes <= this.heldBytes, 'a segment was released twice');
  }

  releaseExact(segment: Segment): void {
    this.heldBytes -= segment.byteCount;
    assert(this.idleBytes <= this.heldBytes, 'a segment was released twice');
  }

  /**
   * Gives idle segments back to the system, the largest first.
   * @returns  how many bytes
   */
  releaseIdle(countMax: number): number {
    let released = 0;
    let count = 0;
    for (let index = SEGMENT_SIZES.length - 1; index >= 0; index--) {
      const idle = this.#idle[index] as Segment[];
      while (count < countMax && idle.pop() !== undefined) {
        released += SEGMENT_SIZES[index] as number;
        count++;
      }
    }
    this.idleBytes -= released;
    this.heldBytes -= released;
    return released;
  }

  /**
   * Words to work with inside of one call, shared by all stores: whoever asks next gets the same.
   * They stay as many as were ever asked for, about 80 KiB, and are not counted as held.
   */
  workWords(wordCount: number): Uint32Array {
    if (this.#work.length < wordCount) this.#work = new Uint32Array(wordCount + (wordCount >>> 2));
    return this.#work;
  }

  #make(byteCount: number): Segment | null {
    while (this.limitBytes !== 0 && this.heldBytes + byteCount > this.limitBytes) {
      if (this.releaseIdle(1) === 0) return null;
    }
    const segment = new Segment(byteCount);
    this.heldBytes += byteCount;
    return segment;
  }
}

const SEGMENT_SIZES: readonly number[] = segmentSizes();

function segmentSizes(): number[] {
  const sizes: number[] = [];
  for (let size: number = LIMITS.segmentBytesMin; size <= LIMITS.segmentBytesMax; size *= 2) {
    sizes.push(size);
  }
  return sizes;
}

function sizeIndex(byteCount: number): number {
  const index = Math.clz32(LIMITS.segmentBytesMin) - Math.clz32(byteCount);
  assert(SEGMENT_SIZES[index] === byteCount, 'not a size of segments');
  return index;
}
