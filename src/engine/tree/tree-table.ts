import { assert } from '../../base/errors.ts';
import { HUGE_ADDRESS_MIN, PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import { LEAF_BYTES } from './page-layout.ts';
import { SeekAhead } from './seek-ahead.ts';
import { LeafWriter } from './slotted-leaf.ts';

const CAPACITY_MIN = 16;
const SCRATCH_PAGES = 2;

/** EVEN and ODD are compared with the memory's `seenMark`, as FLAG.SEEN of an entry is. */
export const TREE_MARK = {
  EVEN: 0,
  ODD: 1,
  /** Nobody refers to it any more. */
  RELEASED: 2,
} as const;

/**
 * The trees of one database: where the root of each lies and how many elements it has. Ids begin at
 * 1; one that was released is given again. Cost: 9 bytes a tree.
 */
export class TreeTable {
  readonly memory: Memory;
  /** By id; the next free id where there is no tree. */
  roots = new Uint32Array(0);
  /** Elements, by id. */
  counts = new Uint32Array(0);
  /** By id: what a snapshot has to do with the tree, a row of TREE_MARK. */
  marks = new Uint8Array(0);
  /** Trees there are, those that wait to be freed included. */
  treeCount = 0;
  /** Grows with each change of what a page is, where it lies or which keys it may hold. */
  shapeCount = 0;
  /** Grows with each slot that is inserted or removed. */
  changeCount = 0;
  /** A copy of the pages that are being written anew. */
  scratchBytes: Uint8Array = NO_BYTES;
  scratchView: DataView = NO_VIEW;
  /** The pages of such a step, in their order. */
  readonly stepPages = new Uint32Array(3);
  readonly leafWriter = new LeafWriter();
  readonly seekAhead = new SeekAhead();
  #freeId = 0;
  #idEnd = 1;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  /** `byteLength` would be a call, and every write asks. */
  get byteCount(): number {
    return this.roots.length * 9;
  }

  /** An id without a root yet. */
  take(): number {
    this.treeCount++;
    const id = this.#freeId;
    if (id !== 0) {
      this.#freeId = this.roots[id];
      this.counts[id] = 0;
      this.marks[id] = this.newMark;
      return id;
    }
    if (this.#idEnd >= this.roots.length) this.#grow();
    this.marks[this.#idEnd] = this.newMark;
    return this.#idEnd++;
  }

  /** The mark of a tree that is new, or that a snapshot has seen. */
  get newMark(): number {
    return this.memory.seenMark === 0 ? TREE_MARK.EVEN : TREE_MARK.ODD;
  }

  give(id: number): void {
    this.treeCount--;
    this.roots[id] = this.#freeId;
    this.counts[id] = 0;
    this.#freeId = id;
    if (this.treeCount === 0) this.clear();
  }

  clear(): void {
    this.roots = new Uint32Array(0);
    this.counts = new Uint32Array(0);
    this.marks = new Uint8Array(0);
    this.treeCount = 0;
    this.shapeCount++;
    this.#freeId = 0;
    this.#idEnd = 1;
  }

  /** Room is made before a command runs, so memory never refuses here. */
  allocate(byteCount: number): number {
    const address = this.memory.allocate(byteCount);
    assert(address !== 0, 'room for a tree is made before its command runs');
    return address;
  }

  /** First word of a block that is not huge, in its segment's words. */
  wordAt(address: number): number {
    return (address & PLACE_MASK) << 1;
  }

  words(address: number): Uint32Array {
    return this.memory.segments[address >>> SEGMENT_SHIFT].words;
  }

  view(address: number): DataView {
    return this.memory.segments[address >>> SEGMENT_SHIFT].view;
  }

  /** Word `index` of a block of any size. */
  word(address: number, index: number): number {
    if (address < HUGE_ADDRESS_MIN) return this.words(address)[this.wordAt(address) + index];
    this.memory.locate(address);
    return this.memory.view.getUint32(index << 2, true);
  }

  setWord(address: number, index: number, value: number): void {
    if (address < HUGE_ADDRESS_MIN) {
      this.words(address)[this.wordAt(address) + index] = value;
      return;
    }
    this.memory.locate(address);
    this.memory.view.setUint32(index << 2, value, true);
  }

  /** Makes sure that there is scratch for the pages of one step. */
  needScratch(): void {
    if (this.scratchBytes.length !== 0) return;
    this.scratchBytes = new Uint8Array(SCRATCH_PAGES * LEAF_BYTES);
    this.scratchView = new DataView(this.scratchBytes.buffer);
  }

  #grow(): void {
    const capacity = Math.max(CAPACITY_MIN, this.roots.length + (this.roots.length >>> 1));
    const roots = new Uint32Array(capacity);
    const counts = new Uint32Array(capacity);
    roots.set(this.roots);
    counts.set(this.counts);
    const marks = new Uint8Array(capacity);
    marks.set(this.marks);
    this.marks = marks;
    this.roots = roots;
    this.counts = counts;
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
