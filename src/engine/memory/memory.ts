import { assert } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  FIRST_PLACE_BYTES,
  firstBlockBase,
  PLACE_MASK,
  SEGMENT_COUNT_MAX,
  SEGMENT_SHIFT,
} from './block-address.ts';
import { type BlockOwner, Compaction } from './compaction.ts';
import { FreeLists } from './free-lists.ts';
import { HugeBlocks } from './huge-blocks.ts';
import { Segment } from './segment.ts';
import type { SegmentPool } from './segment-pool.ts';
import { bytesOfClass, CLASS_COUNT, classOf, roundToClass } from './size-classes.ts';

/**
 * The bytes of one store, cut into blocks. A block is named by its address (`block-address.ts`), a
 * u32 that stays true until the block is freed or compaction moves it.
 *
 * A block comes from the free list of its exact size class; else it is cut off the bump region, the
 * one stretch of free bytes that has no headers in it; when that is too short, its rest goes to the
 * lists and the largest free block, or a new segment, is the next bump region. Blocks are never
 * joined: when more is free than `compactionIsDue` allows, compaction empties the segment with the
 * least in it, in steps (`compaction.ts`).
 *
 *     segment   [live][free][live][live][free] ... [live][ bump region ......... ]
 *
 * Segments grow with the store (an eighth of what is live, 64 KiB to 16 MiB), so that what the last
 * one has unused stays small beside the rest. A block above 1 MiB has a segment of its own.
 *
 * Contract with whoever fills the blocks: the low 4 bits of a live block's first byte are not 0.
 * They tell a live block from a free one when a segment is walked.
 */
export class Memory {
  /**
   * Set by `locate`: the segment's bytes, the same as a DataView, and the block's first byte in it.
   */
  bytes: Uint8Array = NO_SEGMENT.bytes;
  view: DataView = NO_SEGMENT.view;
  base = 0;
  /** Bytes of live blocks, class rounding included. */
  liveBytes = 0;
  /** Bytes of all segments held, live or not. */
  heldBytes = 0;
  /** Blocks handed out so far, and those that could not be. */
  allocationCount = 0;
  allocationFailureCount = 0;
  /** FLAG.SEEN or 0: what an entry is marked with that is new, or that a snapshot has seen. */
  seenMark = 0;
  /** By segment index; NO_SEGMENT where compaction has emptied one. For readers that know words. */
  readonly segments: Segment[] = [];
  /** Live blocks of each size class; huge ones are not in it. */
  readonly liveCounts = new Uint32Array(CLASS_COUNT);
  readonly pool: SegmentPool;
  readonly #lists: FreeLists;
  readonly #huge: HugeBlocks;
  readonly #compaction: Compaction;
  readonly #vacantIndexes: number[] = [];
  #changeWatcher: ChangeWatcher | null = null;
  /** Index of the segment that is being emptied: nothing may be put there. -1 is none. */
  #victimIndex = -1;
  #bumpIndex = 0;
  #bumpBase = 0;
  #bumpEnd = 0;

  constructor(pool: SegmentPool) {
    this.pool = pool;
    this.#lists = new FreeLists(this.segments);
    this.#huge = new HugeBlocks(pool);
    this.#compaction = new Compaction(this, this.#lists);
  }

  locate(address: number): void {
    const index = address >>> SEGMENT_SHIFT;
    const segment = index < SEGMENT_COUNT_MAX ? this.segments[index] : this.#huge.require(address);
    this.bytes = segment.bytes;
    this.view = segment.view;
    this.base = index < SEGMENT_COUNT_MAX ? (address & PLACE_MASK) << 3 : 0;
  }

  /**
   * Leaves `bytes/view/base` at the new block. Contents undefined. 0 when the pool refuses.
   * @param byteCount  at least 1
   */
  allocate(byteCount: number): number {
    if (byteCount > SHARED_BYTES_MAX) return this.#allocateHuge(byteCount);
    const size = roundToClass(byteCount);
    const classIndex = classOf(size);
    const head = this.#lists.heads[classIndex];
    let address = 0;
    if (head !== 0) {
      address =
        head >>> SEGMENT_SHIFT !== this.#victimIndex
          ? this.#lists.pop(classIndex)
          : this.#popOutsideVictim(classIndex);
    }
    if (address === 0) {
      if (this.#bumpEnd - this.#bumpBase < size && !this.#renewBump(size)) {
        this.allocationFailureCount++;
        return 0;
      }
      address = this.bumpAddress;
      this.#bumpBase += size;
    }
    const segment = this.segments[address >>> SEGMENT_SHIFT];
    this.allocationCount++;
    this.liveBytes += size;
    segment.liveBytes += size;
    this.liveCounts[classIndex]++;
    this.bytes = segment.bytes;
    this.view = segment.view;
    this.base = (address & PLACE_MASK) << 3;
    return address;
  }

  /** `byteCount` as asked for at allocate, or any that rounds to the same class. */
  free(address: number, byteCount: number): void {
    if (byteCount > SHARED_BYTES_MAX) {
      this.#freeHuge(address);
      return;
    }
    const size = roundToClass(byteCount);
    const classIndex = classOf(size);
    const index = address >>> SEGMENT_SHIFT;
    this.liveBytes -= size;
    this.segments[index].liveBytes -= size;
    this.liveCounts[classIndex]--;
    if (index === this.#victimIndex) this.#lists.writeDetached(address, size);
    else this.#lists.push(address, classIndex);
  }

  /** What a block of that many bytes really occupies. */
  classBytes(byteCount: number): number {
    return byteCount > SHARED_BYTES_MAX ? this.#huge.roundUp(byteCount) : roundToClass(byteCount);
  }

  /**
   * Every change of a live block's bytes in place goes through here first, so that a running
   * snapshot can save what was. Costs one test when none runs. May locate other blocks: call
   * `locate` after it.
   */
  beforeChange(address: number): void {
    if (this.#changeWatcher !== null) this.#changeWatcher.beforeChange(address, false);
  }

  /**
   * `beforeChange` of a block that is removed next and not written to until then: the bytes of a
   * huge one need not be copied.
   */
  beforeRemoval(address: number): void {
    if (this.#changeWatcher !== null) this.#changeWatcher.beforeChange(address, true);
  }

  /** @param watcher  null when the snapshot is done */
  watchChanges(watcher: ChangeWatcher | null): void {
    this.#changeWatcher = watcher;
  }

  /** A snapshot runs: blocks must stay where they are. */
  get isWatched(): boolean {
    return this.#changeWatcher !== null;
  }

  /** Free bytes in segments that are held. Invariant: live + free + bump region = held. */
  get freeBytes(): number {
    return this.heldBytes - this.liveBytes - (this.#bumpEnd - this.#bumpBase);
  }

  /** The part of liveBytes that lies in huge blocks. */
  get hugeBytes(): number {
    return this.#huge.byteCount;
  }

  /** Whether shared segments may run out of addresses: little is left beside what is live. */
  get isNearlyUnaddressable(): boolean {
    return this.liveBytes - this.#huge.byteCount > LIMITS.addressableBytesMax;
  }

  get hugeCount(): number {
    return this.#huge.count;
  }

  get segmentCount(): number {
    return this.segments.length - this.#vacantIndexes.length;
  }

  /** True when more is free than an eighth of what is live, plus a segment, and it may help. */
  compactionIsDue(): boolean {
    if (this.#victimIndex >= 0) return true;
    const sharedLiveBytes = this.liveBytes - this.#huge.byteCount;
    const { freeBytes } = this;
    if (freeBytes <= sharedLiveBytes / 8 + this.#segmentBytesFor(0)) return false;
    return !this.#compaction.isFutile(freeBytes, sharedLiveBytes);
  }

  /**
   * Moves live blocks out of the segment with the least in it, at most about `budgetBytes` (each
   * block counts 64 bytes more than it has). Call it while `compactionIsDue`, between commands: all
   * addresses that the owner does not hear of by `onMove` stay true.
   */
  compact(owner: BlockOwner, budgetBytes: number): void {
    this.#compaction.step(owner, budgetBytes);
  }

  /** Whether there is an id for one more huge block. */
  get canAdopt(): boolean {
    return this.#huge.hasIds;
  }

  /**
   * Takes a huge block over from another memory of the same pool, bytes and all. Call it only while
   * `canAdopt`.
   * @returns its address here; it has none there any more
   */
  adoptHuge(from: Memory, address: number): number {
    assert(from.pool === this.pool, 'both memories borrow from one pool');
    const segment = from.#huge.detach(address);
    from.liveBytes -= segment.byteCount;
    from.heldBytes -= segment.byteCount;
    this.liveBytes += segment.byteCount;
    this.heldBytes += segment.byteCount;
    return this.#huge.attach(segment);
  }

  /** Forgets every block and gives all segments back. Time per segment, not per block. */
  clear(): void {
    this.#changeWatcher?.beforeClear?.();
    for (const segment of this.segments) {
      if (segment !== NO_SEGMENT) this.pool.release(segment);
    }
    this.segments.length = 0;
    this.#vacantIndexes.length = 0;
    this.#huge.clear();
    this.#lists.clear();
    this.liveCounts.fill(0);
    this.#compaction.forget();
    this.#victimIndex = -1;
    this.#setBump(0, 0, 0);
    this.liveBytes = 0;
    this.heldBytes = 0;
    this.bytes = NO_SEGMENT.bytes;
    this.view = NO_SEGMENT.view;
    this.base = 0;
  }

  /** One row per size class that has blocks, for MEMORY STATS. */
  classUse(): ClassUse[] {
    const rows: ClassUse[] = [];
    for (let index = 0; index < CLASS_COUNT; index++) {
      const liveCount = this.liveCounts[index];
      const freeCount = this.#lists.counts[index];
      if (liveCount + freeCount > 0) {
        rows.push({ blockBytes: bytesOfClass(index), liveCount, freeCount });
      }
    }
    return rows;
  }

  /** Where the bump region begins: whoever goes from block to block stops there. */
  get bumpAddress(): number {
    return ((this.#bumpIndex << SEGMENT_SHIFT) | (this.#bumpBase >>> 3)) >>> 0;
  }

  /** For compaction. */
  bumpBytesIn(index: number): number {
    return index === this.#bumpIndex ? this.#bumpEnd - this.#bumpBase : 0;
  }

  /** For compaction: the segment is from now on only emptied. -1 takes that back. */
  setVictim(index: number): void {
    if (index >= 0 && index === this.#bumpIndex) this.#retireBump();
    this.#victimIndex = index;
  }

  /** For compaction: gives an empty victim back to the pool. */
  releaseVictim(): void {
    const segment = this.segments[this.#victimIndex];
    this.segments[this.#victimIndex] = NO_SEGMENT;
    this.#vacantIndexes.push(this.#victimIndex);
    this.#victimIndex = -1;
    this.heldBytes -= segment.byteCount;
    this.pool.release(segment);
  }

  /** Blocks of the victim at the head of a list leave it; a few a call, so that no call is long. */
  #popOutsideVictim(classIndex: number): number {
    for (let attempt = 0; attempt < VICTIM_POPS_MAX; attempt++) {
      const head = this.#lists.heads[classIndex];
      if (head === 0) return 0;
      this.#lists.pop(classIndex);
      if (head >>> SEGMENT_SHIFT !== this.#victimIndex) return head;
      this.#lists.writeDetached(head, bytesOfClass(classIndex));
    }
    return 0;
  }

  /**
   * Makes the bump region at least `size` long; false when the pool refuses. Short free blocks are
   * cut only when nothing else is left.
   */
  #renewBump(size: number): boolean {
    return (
      this.#bumpFromList(Math.max(size, CARVED_BYTES_MIN)) ||
      this.#bumpFromNewSegment(size) ||
      this.#bumpFromList(size)
    );
  }

  #bumpFromList(leastBytes: number): boolean {
    const leastClass = classOf(roundToClass(leastBytes));
    for (let index = CLASS_COUNT - 1; index >= leastClass; index--) {
      if (this.#lists.heads[index] === 0) continue;
      const address = this.#popOutsideVictim(index);
      if (address === 0) continue;
      const segmentIndex = address >>> SEGMENT_SHIFT;
      const base = (address & PLACE_MASK) << 3;
      this.#retireBump();
      this.#setBump(segmentIndex, base, base + bytesOfClass(index));
      return true;
    }
    return false;
  }

  #bumpFromNewSegment(size: number): boolean {
    if (this.#vacantIndexes.length === 0 && this.segments.length === SEGMENT_COUNT_MAX)
      return false;
    const leastBytes = Math.max(SEGMENT_BYTES_MIN, size + FIRST_PLACE_BYTES);
    let segment: Segment | null = null;
    for (let wanted = this.#segmentBytesFor(size); wanted >= leastBytes; wanted /= 2) {
      segment = this.pool.acquire(wanted);
      if (segment !== null) break;
    }
    if (segment === null) return false;
    segment.liveBytes = 0;
    this.heldBytes += segment.byteCount;
    const index = this.#vacantIndexes.pop() ?? this.segments.length;
    this.segments[index] = segment;
    this.#retireBump();
    this.#setBump(index, firstBlockBase(index), segment.byteCount);
    return true;
  }

  /** An eighth of what is live, as a power of two, and room for the block asked for. */
  #segmentBytesFor(size: number): number {
    const sharedLiveBytes = this.liveBytes - this.#huge.byteCount;
    let byteCount = SEGMENT_BYTES_MIN;
    while (byteCount < SEGMENT_BYTES_MAX && byteCount * 16 <= sharedLiveBytes) byteCount *= 2;
    while (byteCount < size + FIRST_PLACE_BYTES) byteCount *= 2;
    return byteCount;
  }

  #retireBump(): void {
    this.#lists.pushStretch(this.bumpAddress, this.#bumpEnd - this.#bumpBase);
    this.#setBump(0, 0, 0);
  }

  #setBump(index: number, base: number, end: number): void {
    this.#bumpIndex = index;
    this.#bumpBase = base;
    this.#bumpEnd = end;
  }

  #allocateHuge(byteCount: number): number {
    const address = this.#huge.allocate(byteCount);
    if (address === 0) {
      this.allocationFailureCount++;
      return 0;
    }
    this.allocationCount++;
    const size = this.#huge.roundUp(byteCount);
    this.liveBytes += size;
    this.heldBytes += size;
    this.locate(address);
    return address;
  }

  #freeHuge(address: number): void {
    const size = this.#huge.free(address);
    this.liveBytes -= size;
    this.heldBytes -= size;
  }
}

/** Who must hear of a block's change before it happens: a running snapshot. */
export interface ChangeWatcher {
  beforeChange(address: number, isRemoval: boolean): void;
  /** All blocks are about to go. */
  beforeClear?(): void;
}

export interface ClassUse {
  readonly blockBytes: number;
  readonly liveCount: number;
  readonly freeCount: number;
}

const NO_SEGMENT = new Segment(0);
const SHARED_BYTES_MAX: number = LIMITS.sharedBlockBytesMax;
const SEGMENT_BYTES_MIN: number = LIMITS.segmentBytesMin;
const SEGMENT_BYTES_MAX: number = LIMITS.segmentBytesMax;
/** Shorter free blocks wait for a request of their own size. */
const CARVED_BYTES_MIN = 512;
const VICTIM_POPS_MAX = 64;
