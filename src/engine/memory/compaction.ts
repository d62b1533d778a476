import { assert } from '../../base/errors.ts';
import { firstBlockBase, SEGMENT_SHIFT } from './block-address.ts';
import { type FreeLists, freeHeaderBytes, isDetachedHeader, isFreeHeader } from './free-lists.ts';
import type { Segment } from './segment.ts';
import { classOf } from './size-classes.ts';

/**
 * Empties one segment after another so that it can be given back. The victim is the segment with
 * the least live bytes. A walker goes over its blocks from the first to the last: a free one leaves
 * its list, a live one moves elsewhere and its owner is told. Between two steps anything may be
 * allocated or freed: what is freed in the victim joins no list, what stands in a list from before
 * is passed over by `allocate`, so all that is behind the walker is dead, and at the end the whole
 * segment is.
 *
 * When the pool refuses room for a block the walker waits in front of it and tries again at the
 * next step; nothing is lost, and the blocks behind it stay counted as free.
 *
 * Blocks of half a segment leave as much free wherever they are. When several victims in a row have
 * not lowered what is held, it rests until more is free, or much was allocated.
 */
export class Compaction {
  readonly #memory: CompactableMemory;
  readonly #lists: FreeLists;
  #victimIndex = -1;
  #walkerBase = 0;
  /** The least that was held after a victim, and victims since. */
  #heldBytesMin = Number.POSITIVE_INFINITY;
  #futileCount = 0;
  /** What was free, and allocated so far, when the last of many futile ones was done. */
  #restingFreeBytes = 0;
  #restingCount = 0;

  constructor(memory: CompactableMemory, lists: FreeLists) {
    this.#memory = memory;
    this.#lists = lists;
  }

  step(owner: BlockOwner, budgetBytes: number): void {
    if (this.#victimIndex < 0 && !this.#chooseVictim()) return;
    const segment = this.#memory.segments[this.#victimIndex];
    let budgetLeft = budgetBytes;
    while (budgetLeft > 0 && this.#walkerBase < segment.byteCount) {
      const size = this.#passBlock(segment, owner);
      if (size === 0) return;
      this.#walkerBase += size;
      budgetLeft -= Math.min(size, COPIED_BYTES_MAX) + BLOCK_COST_BYTES;
    }
    if (this.#walkerBase < segment.byteCount) return;
    assert(segment.liveBytes === 0, 'a compacted segment is empty');
    this.#memory.releaseVictim();
    this.#victimIndex = -1;
    this.#judge();
  }

  /** Whether another victim would most likely lower nothing. */
  isFutile(freeBytes: number, liveBytes: number): boolean {
    if (this.#futileCount < FUTILE_COUNT_MAX) return false;
    const isAsBefore =
      freeBytes <= this.#restingFreeBytes + liveBytes / 16 &&
      this.#memory.allocationCount - this.#restingCount < RESTING_ALLOCATIONS_MAX;
    if (!isAsBefore) this.#startOver();
    return isAsBefore;
  }

  forget(): void {
    this.#victimIndex = -1;
    this.#startOver();
  }

  #judge(): void {
    const { heldBytes, freeBytes, allocationCount } = this.#memory;
    this.#futileCount = heldBytes < this.#heldBytesMin ? 0 : this.#futileCount + 1;
    this.#heldBytesMin = Math.min(heldBytes, this.#heldBytesMin);
    this.#restingFreeBytes = freeBytes;
    this.#restingCount = allocationCount;
  }

  #startOver(): void {
    this.#heldBytesMin = Number.POSITIVE_INFINITY;
    this.#futileCount = 0;
  }

  #chooseVictim(): boolean {
    const segments = this.#memory.segments;
    let chosen = -1;
    let leastShare = 1;
    for (let index = 0; index < segments.length; index++) {
      const segment = segments[index];
      if (segment.byteCount === 0) continue;
      const used = segment.liveBytes + this.#memory.bumpBytesIn(index);
      const share = used / segment.byteCount;
      if (share < leastShare) {
        leastShare = share;
        chosen = index;
      }
    }
    if (chosen < 0) return false;
    this.#victimIndex = chosen;
    this.#walkerBase = firstBlockBase(chosen);
    this.#memory.setVictim(chosen);
    return true;
  }

  /** @returns  the block's size, or 0 when there is no room to move it to */
  #passBlock(segment: Segment, owner: BlockOwner): number {
    const base = this.#walkerBase;
    const address = ((this.#victimIndex << SEGMENT_SHIFT) | (base >>> 3)) >>> 0;
    const word0 = segment.words[base >>> 2];
    if (isFreeHeader(word0)) {
      const size = freeHeaderBytes(word0);
      if (!isDetachedHeader(word0)) this.#lists.unlink(address, classOf(size));
      return size;
    }
    const byteCount = owner.blockBytes(segment.view, base);
    const memory = this.#memory;
    const to = memory.allocate(byteCount);
    if (to === 0) return 0;
    copyBlock(segment, base, memory, byteCount);
    owner.onMove(address, to, byteCount);
    memory.free(address, byteCount);
    return memory.classBytes(byteCount);
  }
}

/** Whoever fills the blocks and keeps their addresses. */
export interface BlockOwner {
  /** The bytes that the live block at `base` was asked for, or any count of the same class. */
  blockBytes(view: DataView, base: number): number;
  /**
   * The block's bytes are at `to` now, and memory is located there; those at `from` are still to be
   * read. Must not allocate or free.
   */
  onMove(from: number, to: number, byteCount: number): void;
}

/** The part of Memory that compaction works on. */
export interface CompactableMemory {
  readonly segments: Segment[];
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly heldBytes: number;
  readonly freeBytes: number;
  readonly allocationCount: number;
  allocate(byteCount: number): number;
  free(address: number, byteCount: number): void;
  classBytes(byteCount: number): number;
  /** The part of a segment that is bump region: as good as used, or the newest would be emptied. */
  bumpBytesIn(index: number): number;
  setVictim(index: number): void;
  releaseVictim(): void;
}

/** Native copy; a loop of words is no quicker from about 64 bytes on. */
function copyBlock(from: Segment, base: number, to: CompactableMemory, byteCount: number): void {
  to.bytes.set(from.bytes.subarray(base, base + byteCount), to.base);
}

/** What a block costs beside its bytes: finding its owner's references is most of the work. */
const BLOCK_COST_BYTES = 64;
const COPIED_BYTES_MAX = 1 << 20;
const FUTILE_COUNT_MAX = 8;
const RESTING_ALLOCATIONS_MAX = 100_000;
