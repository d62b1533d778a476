/**
 * Goes over the elements of one tree in order, page by page, without reading a separator or count.
 */

import { Slice } from '../slice.ts';
import { blobAt } from '../tree/blobs.ts';
import {
  BLOB_HEADER_BYTES,
  BLOCK_HEADER_BYTES,
  capacityOf,
  FORMAT,
  formatOf,
  LEVEL_COUNT_MAX,
  levelOf,
  PAGE_HEADER_BYTES,
} from '../tree/page-layout.ts';
import { SLOT_COUNT } from '../tree/slotted-leaf.ts';
import type { FrozenWalk } from './frozen-entry.ts';

/** Where pages and blobs are found. */
export interface PageSource {
  /** Grows when a block that was opened may lie elsewhere now. */
  readonly version: number;
  /** The block opened last: its bytes, the same as a DataView, and its first byte in them. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly base: number;
  open(address: number): void;
  /** The walk will not open that block again. */
  pass(address: number): void;
  /** A walk that passes what it has seen has come to the end. */
  end(): void;
}

export class PageWalk implements FrozenWalk {
  key = 0;
  elementCount = 0;
  readonly payload = new Slice();
  private readonly source: PageSource;
  private readonly isLast: boolean;
  /** Pages above the leaf, by level from 1 on, and the child taken in each. */
  private readonly path = new Uint32Array(LEVEL_COUNT_MAX);
  private readonly childIndexes = new Uint32Array(LEVEL_COUNT_MAX);
  private depth = 0;
  private format = 0;
  private leaf = 0;
  private slot = -1;
  private slotCount = 0;
  private bytes: Uint8Array = NO_BYTES;
  private view: DataView = NO_VIEW;
  private base = 0;
  /** The blob shown last. */
  private blob = 0;
  private version: number;
  private hasEnded = false;

  /** @param isLast  whether blocks are passed */
  constructor(source: PageSource, root: number, isLast: boolean) {
    this.source = source;
    this.isLast = isLast;
    this.version = source.version;
    source.open(root);
    const word0 = source.view.getUint32(source.base, true);
    this.depth = levelOf(word0);
    this.format = formatOf(word0);
    this.descend(root, this.depth);
  }

  next(): boolean {
    if (this.hasEnded) return false;
    if (this.source.version !== this.version) this.reopen();
    if (this.blob !== 0) this.pass(this.blob);
    this.blob = 0;
    while (++this.slot >= this.slotCount) {
      if (this.leaf !== 0) this.pass(this.leaf);
      if (!this.stepLeaf()) {
        this.hasEnded = true;
        if (this.isLast) this.source.end();
        return false;
      }
    }
    if (this.format === FORMAT.BLOCK) this.showBlock();
    else this.showSlot();
    return true;
  }

  private pass(address: number): void {
    if (this.isLast) this.source.pass(address);
  }

  /** The open leaf was changed, and is elsewhere as it was. */
  private reopen(): void {
    this.version = this.source.version;
    if (this.leaf !== 0) this.openLeaf(this.leaf);
  }

  private stepLeaf(): boolean {
    const { source, path, childIndexes } = this;
    for (let level = 1; level <= this.depth; level++) {
      source.open(path[level]);
      const index = childIndexes[level] + 1;
      if (index < source.view.getUint32(source.base + 8, true)) {
        childIndexes[level] = index;
        this.descend(openedChild(source, index), level - 1);
        return true;
      }
      this.pass(path[level]);
    }
    return false;
  }

  /** Opens the first leaf below a page; none when the tree has none. */
  private descend(page: number, level: number): void {
    const { source } = this;
    let address = page;
    for (let left = level; left > 0; left--) {
      source.open(address);
      this.path[left] = address;
      this.childIndexes[left] = 0;
      if (source.view.getUint32(source.base + 8, true) === 0) {
        this.leaf = 0;
        this.slotCount = 0;
        return;
      }
      address = openedChild(source, 0);
    }
    this.openLeaf(address);
    this.slot = -1;
  }

  private openLeaf(address: number): void {
    const { source } = this;
    source.open(address);
    this.leaf = address;
    this.bytes = source.bytes;
    this.view = source.view;
    this.base = source.base;
    const isBlock = this.format === FORMAT.BLOCK;
    this.slotCount = isBlock ? 1 : this.view.getUint16(this.base + SLOT_COUNT, true);
  }

  private showBlock(): void {
    const { view, base } = this;
    this.key = view.getFloat64(base + 16, true);
    this.elementCount = view.getUint32(base + 8, true);
    this.show(base + BLOCK_HEADER_BYTES, view.getUint32(base + 12, true));
  }

  private showSlot(): void {
    const { view, base, format, slot } = this;
    let at = base;
    if (format === FORMAT.SLOTTED32) {
      const slotAt = base + PAGE_HEADER_BYTES + slot * 6;
      this.key = view.getUint32(slotAt, true);
      at += view.getUint16(slotAt + 4, true);
    } else {
      const slotAt = base + PAGE_HEADER_BYTES + slot * 10;
      this.key = view.getFloat64(slotAt, true);
      at += view.getUint16(slotAt + 8, true);
    }
    this.elementCount = 1;
    const first = view.getUint8(at);
    if (first < 128) this.show(at + 1, first);
    else if (blobAt(view, at) === 0)
      this.show(at + 2, ((first & 127) << 8) | view.getUint8(at + 1));
    else this.showBlob(blobAt(view, at));
  }

  private show(offset: number, length: number): void {
    const { payload } = this;
    payload.bytes = this.bytes;
    payload.view = this.view;
    payload.offset = offset;
    payload.length = length;
  }

  private showBlob(address: number): void {
    const { source, payload } = this;
    source.open(address);
    this.blob = address;
    payload.bytes = source.bytes;
    payload.view = source.view;
    payload.offset = source.base + BLOB_HEADER_BYTES;
    payload.length = source.view.getUint32(source.base + 8, true);
  }
}

/** A child of the inner page that was opened. */
function openedChild({ view, base }: PageSource, index: number): number {
  const capacity = capacityOf(view.getUint32(base, true));
  return view.getUint32(base + PAGE_HEADER_BYTES + capacity * 8 + index * 4, true);
}

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
