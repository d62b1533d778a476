import { HUGE_ADDRESS_MIN, PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import { insertBlock, removeBlock, resizeBlock, setBlockCount } from './block-leaf.ts';
import { descend, descendTied, descendToEnd, descendToRank, stepLeaf } from './descent.ts';
import {
  BLOB_HEADER_BYTES,
  BLOB_MARK,
  BLOCK_HEADER_BYTES,
  FORMAT,
  LEVEL_COUNT_MAX,
  PAGE_HEADER_BYTES,
  PAYLOAD_BYTES_MAX,
} from './page-layout.ts';
import { insertSlot, removeSlot, resizeSlot, setSlotKey } from './slotted-change.ts';
import type { TreeTable } from './tree-table.ts';

/** Order among elements of equal key: a reused object, not a closure a command. */
export interface TieOrder {
  /** Below 0 when that payload comes before what is sought, 0 when it is it, else above 0. */
  compare(bytes: Uint8Array, view: DataView, offset: number, length: number): number;
}

/**
 * A place in a tree: at an element, or behind the last one. The element is described by fields, and
 * nothing is allocated to move. In a tree of blocks an element of these methods is a block.
 *
 * Validity: a place stays true until the tree is changed by other means than this cursor, and until
 * the end of the command (compaction runs between commands). `bytes`, `view` and `payloadOffset`
 * are true until the next change of any tree or allocation in the database. After a change through
 * the cursor it stands where the method says, with all fields fresh.
 */
export class TreeCursor {
  /** Whether there is an element here; false behind the last one. */
  isAtElement = false;
  /** The element: `payloadLength` bytes from `payloadOffset` on, in `bytes` and `view`. */
  bytes: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  payloadOffset = 0;
  payloadLength = 0;
  key = 0;
  /** In a tree of blocks: elements that the block stands for. */
  blockCount = 0;
  /** After `seekRank` in a tree of blocks: elements of the block before the one sought. */
  rankInBlock = 0;

  // --- below: for the files of this room ---
  readonly table: TreeTable;
  id = 0;
  format = 0;
  slotByteCount = 0;
  /** Pages above the leaf, by level from 1 on, and the child taken in each. */
  readonly path = new Uint32Array(LEVEL_COUNT_MAX);
  readonly childIndexes = new Uint32Array(LEVEL_COUNT_MAX);
  /** Level of the root. */
  depth = 0;
  /** Address of the leaf; 0 in a tree of blocks that has none. */
  leaf = 0;
  slot = 0;
  slotCount = 0;
  /** Where the payload is that was shown last and was a blob. */
  blob = 0;
  pageBytes: Uint8Array = NO_BYTES;
  pageView: DataView = NO_VIEW;
  pageBase = 0;

  constructor(table: TreeTable) {
    this.table = table;
  }

  /** Goes to the first element whose key is at least that. @returns whether there is one */
  seek(id: number, key: number): boolean {
    descend(this, id, key);
    return this.settle();
  }

  /**
   * Goes to the first element that does not come before (key, tie).
   * @returns  whether it is the one sought: of the same key, and the tie says 0
   */
  seekTied(id: number, key: number, tie: TieOrder): boolean {
    descendTied(this, id, key, tie);
    if (!this.settle() || this.key !== key) return false;
    return tie.compare(this.bytes, this.view, this.payloadOffset, this.payloadLength) === 0;
  }

  /** @returns whether the tree has elements */
  seekFirst(id: number): boolean {
    descendToEnd(this, id, false);
    return this.settle();
  }

  /** @returns whether the tree has elements; the cursor is at the last one then */
  seekLast(id: number): boolean {
    descendToEnd(this, id, true);
    return this.prev();
  }

  /** Goes behind the last element, to insert there. */
  seekEnd(id: number): void {
    descendToEnd(this, id, true);
    this.settle();
  }

  /**
   * Goes to the element that has `rank` elements before it. In a tree of blocks to the block that
   * holds it, and `rankInBlock` is the rest. @returns  false, behind the last, when there is none
   */
  seekRank(id: number, rank: number): boolean {
    descendToRank(this, id, rank);
    return this.settle();
  }

  /** To the next element. @returns  false when there is none: the cursor is behind the last then */
  next(): boolean {
    if (!this.isAtElement) return false;
    if (++this.slot < this.slotCount) {
      this.show();
      return true;
    }
    return this.settle();
  }

  /** To the previous element. @returns  false, and the cursor stays, when there is none */
  prev(): boolean {
    if (this.slot > 0) {
      this.slot--;
      this.isAtElement = true;
      this.show();
      return true;
    }
    if (!stepLeaf(this, -1)) return false;
    this.slot = this.slotCount - 1;
    this.isAtElement = true;
    this.show();
    return true;
  }

  /** Elements before this one (before this block's first one, in a tree of blocks). */
  rankHere(): number {
    let rank = this.format === FORMAT.BLOCK ? 0 : this.slot;
    for (let level = 1; level <= this.depth; level++) {
      const address = this.path[level];
      const { words } = this.table.memory.segments[address >>> SEGMENT_SHIFT];
      const at = (address & PLACE_MASK) << 1;
      const capacity = ((words[at] >>> 12) - 2) >>> 1;
      const counts = at + 4 + capacity * 3;
      const end = counts + this.childIndexes[level];
      for (let i = counts; i < end; i++) rank += words[i];
    }
    if (this.format !== FORMAT.BLOCK || this.leaf === 0 || this.isAtElement) return rank;
    return rank + this.blockCount;
  }

  /** To be called before the payload's bytes are changed in place. */
  beforeChange(): void {
    const { memory } = this.table;
    memory.beforeChange(this.leaf);
    const isBlob = this.payloadLength > PAYLOAD_BYTES_MAX && this.format !== FORMAT.BLOCK;
    if (isBlob && this.isAtElement) memory.beforeChange(this.blob);
  }

  /**
   * Inserts an element before the cursor, which is at it then; its payload's bytes are the caller's
   * to write. The key must keep the order: this is for after `seek` or `seekTied` of that key.
   */
  insertHere(key: number, length: number): void {
    insertSlot(this, key, length);
  }

  /** Removes the element; the cursor is at the one that followed, or behind the last. */
  removeHere(): void {
    removeSlot(this);
  }

  /** Gives the payload another length; its bytes stay, up to the shorter of both. */
  resizeHere(length: number): void {
    resizeSlot(this, length);
  }

  /** Changes the element's (or block's) key in place; the order must stay. */
  setKeyHere(key: number): void {
    setSlotKey(this, key);
  }

  /**
   * Inserts a block before the cursor, which is at it then; its bytes are the caller's to write.
   * Behind the last block (`seekEnd`) it becomes the last.
   * @param count  elements that it stands for
   */
  insertBlockHere(key: number, count: number, byteLength: number): void {
    insertBlock(this, key, count, byteLength);
  }

  /** The same, behind the block that the cursor is at. */
  insertBlockAfterHere(key: number, count: number, byteLength: number): void {
    this.next();
    insertBlock(this, key, count, byteLength);
  }

  /** Gives the block another length; its bytes stay, up to the shorter of both. Any length. */
  resizeBlock(byteLength: number): void {
    resizeBlock(this, byteLength);
  }

  setBlockCount(count: number): void {
    setBlockCount(this, count);
  }

  setBlockKey(key: number): void {
    setSlotKey(this, key);
  }

  /** Removes the block; the cursor is at the one that followed, or behind the last. */
  removeBlock(): void {
    removeBlock(this);
  }

  // --- below: for the files of this room ---

  /**
   * Makes that page the leaf. How many slots it has is known without reading it: a look-up has one
   * cache line less to wait for.
   * @param count  elements in it, as the page above or the table says
   */
  openLeaf(address: number, count: number): void {
    this.leaf = address;
    const memory = this.table.memory;
    if (address < HUGE_ADDRESS_MIN) {
      const segment = memory.segments[address >>> SEGMENT_SHIFT];
      this.pageBytes = segment.bytes;
      this.pageView = segment.view;
      this.pageBase = (address & PLACE_MASK) << 3;
    } else {
      memory.locate(address);
      this.pageBytes = memory.bytes;
      this.pageView = memory.view;
      this.pageBase = memory.base;
    }
    this.slotCount = this.format === FORMAT.BLOCK ? 1 : count;
  }

  /** Behind the last slot of a leaf is the first one of the next; shows the element there. */
  settle(): boolean {
    if (this.slot >= this.slotCount) {
      if (!stepLeaf(this, 1)) return this.rest();
      this.slot = 0;
    }
    this.isAtElement = true;
    this.show();
    return true;
  }

  /** Fills the element's fields. */
  show(): void {
    const view = this.pageView;
    const base = this.pageBase;
    this.bytes = this.pageBytes;
    this.view = view;
    if (this.format === FORMAT.BLOCK) {
      this.blockCount = view.getUint32(base + 8, true);
      this.payloadLength = view.getUint32(base + 12, true);
      this.key = view.getFloat64(base + 16, true);
      this.payloadOffset = base + BLOCK_HEADER_BYTES;
      return;
    }
    const slotAt = base + PAGE_HEADER_BYTES + this.slot * this.slotByteCount;
    let at = base;
    if (this.format === FORMAT.SLOTTED32) {
      this.key = view.getUint32(slotAt, true);
      at += view.getUint16(slotAt + 4, true);
    } else {
      this.key = view.getFloat64(slotAt, true);
      at += view.getUint16(slotAt + 8, true);
    }
    const first = view.getUint8(at);
    if (first < 128) {
      this.payloadLength = first;
      this.payloadOffset = at + 1;
    } else if (first !== BLOB_MARK) {
      this.payloadLength = ((first & 127) << 8) | view.getUint8(at + 1);
      this.payloadOffset = at + 2;
    } else {
      this.showBlob(view.getUint32(at + 1, true));
    }
  }

  /** Behind the last element. */
  private rest(): boolean {
    this.isAtElement = false;
    if (this.format === FORMAT.BLOCK && this.leaf !== 0) {
      this.blockCount = this.pageView.getUint32(this.pageBase + 8, true);
    }
    return false;
  }

  private showBlob(address: number): void {
    const memory = this.table.memory;
    memory.locate(address);
    this.blob = address;
    this.bytes = memory.bytes;
    this.view = memory.view;
    this.payloadLength = memory.view.getUint32(memory.base + 8, true);
    this.payloadOffset = memory.base + BLOB_HEADER_BYTES;
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
