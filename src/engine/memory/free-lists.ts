import { PLACE_MASK, SEGMENT_SHIFT } from './block-address.ts';
import type { Segment } from './segment.ts';
import {
  BLOCK_BYTES_MIN,
  bytesOfClass,
  CLASS_COUNT,
  classOf,
  floorToClass,
} from './size-classes.ts';

/**
 * One list of free blocks per size class, linked through the blocks themselves:
 *
 *     word 0   size in units of 8, 27 bits | detached 1 | type 0, 4 bits
 *     word 1   previous        word 2   next
 *
 * Doubly linked, because compaction takes blocks out of the middle. The first block's `previous` is
 * not kept up to date: writing it at each pop would touch one more block, that is one cache miss. A
 * detached block is free and in no list: it lies in the segment being compacted, or is a rest of 8
 * bytes, too short for links.
 */
export class FreeLists {
  readonly heads = new Uint32Array(CLASS_COUNT);
  /** Blocks in each list; detached ones are not counted. */
  readonly counts = new Uint32Array(CLASS_COUNT);
  readonly #segments: Segment[];

  constructor(segments: Segment[]) {
    this.#segments = segments;
  }

  push(address: number, classIndex: number): void {
    const words = this.#segments[address >>> SEGMENT_SHIFT].words;
    const at = (address & PLACE_MASK) << 1;
    const head = this.heads[classIndex];
    words[at] = (bytesOfClass(classIndex) >>> 3) << 5;
    words[at + 2] = head;
    if (head !== 0) {
      this.#segments[head >>> SEGMENT_SHIFT].words[((head & PLACE_MASK) << 1) + 1] = address;
    }
    this.heads[classIndex] = address;
    this.counts[classIndex]++;
  }

  /** The list must not be empty. */
  pop(classIndex: number): number {
    const address = this.heads[classIndex];
    const words = this.#segments[address >>> SEGMENT_SHIFT].words;
    this.heads[classIndex] = words[((address & PLACE_MASK) << 1) + 2];
    this.counts[classIndex]--;
    return address;
  }

  /** Takes a block out of its list, wherever it stands there. */
  unlink(address: number, classIndex: number): void {
    const words = this.#segments[address >>> SEGMENT_SHIFT].words;
    const at = (address & PLACE_MASK) << 1;
    const next = words[at + 2];
    if (this.heads[classIndex] === address) {
      this.heads[classIndex] = next;
    } else {
      const previous = words[at + 1];
      this.#segments[previous >>> SEGMENT_SHIFT].words[((previous & PLACE_MASK) << 1) + 2] = next;
      if (next !== 0) {
        this.#segments[next >>> SEGMENT_SHIFT].words[((next & PLACE_MASK) << 1) + 1] = previous;
      }
    }
    this.counts[classIndex]--;
  }

  /** Makes bytes that are free but in no list a block that a walk can step over. */
  writeDetached(address: number, byteCount: number): void {
    const words = this.#segments[address >>> SEGMENT_SHIFT].words;
    words[(address & PLACE_MASK) << 1] = ((byteCount >>> 3) << 5) | DETACHED;
  }

  /** Puts any stretch of free bytes (a multiple of 8) into the lists, as few blocks as it takes. */
  pushStretch(address: number, byteCount: number): void {
    let at = address;
    let left = byteCount;
    while (left >= BLOCK_BYTES_MIN) {
      const size = floorToClass(left);
      this.push(at, classOf(size));
      at += size >>> 3;
      left -= size;
    }
    if (left !== 0) this.writeDetached(at, left);
  }

  clear(): void {
    this.heads.fill(0);
    this.counts.fill(0);
  }
}

const DETACHED = 1 << 4;

export function isFreeHeader(word0: number): boolean {
  return (word0 & 15) === 0;
}

export function isDetachedHeader(word0: number): boolean {
  return (word0 & DETACHED) !== 0;
}

export function freeHeaderBytes(word0: number): number {
  return (word0 >>> 5) << 3;
}
