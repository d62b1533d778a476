/** One slotted leaf: what is in it, and how the elements of one or two are written anew. */
import { copyBytes } from '../../base/bytes.ts';
import { assert } from '../../base/errors.ts';
import { blobAt, freeBlob } from './blobs.ts';
import {
  BLOB_MARK_BYTES,
  FORMAT,
  heapBytesAt,
  keyBytes,
  LEAF_BYTES,
  PAGE_HEADER_BYTES,
  pageWord0,
  sizeOf,
  slotBytes,
} from './page-layout.ts';
import type { TreeTable } from './tree-table.ts';

export const SLOT_COUNT = 8;
export const BLOB_COUNT = 10;
export const HEAP_BEGIN = 12;
export const GARBAGE = 14;

/** A leaf without elements, of full size. Its parent word is still to be written. */
export function createLeaf(table: TreeTable, format: number, byteCount: number): number {
  const leaf = table.allocate(byteCount);
  const { view, base } = table.memory;
  view.setUint32(base, pageWord0(format, 0, byteCount), true);
  view.setUint32(base + SLOT_COUNT, 0, true);
  view.setUint32(base + HEAP_BEGIN, byteCount, true);
  return leaf;
}

/** Bytes that an element can still have, when the heap is tidied. */
export function freeBytes(view: DataView, base: number, slotByteCount: number): number {
  const slotsEnd = PAGE_HEADER_BYTES + view.getUint16(base + SLOT_COUNT, true) * slotByteCount;
  const heapBegin = view.getUint16(base + HEAP_BEGIN, true);
  return heapBegin - slotsEnd + view.getUint16(base + GARBAGE, true);
}

export function leafFreeBytes(table: TreeTable, leaf: number, slotByteCount: number): number {
  return freeBytes(table.view(leaf), table.wordAt(leaf) << 2, slotByteCount);
}

export function leafSlotCount(table: TreeTable, leaf: number): number {
  return table.words(leaf)[table.wordAt(leaf) + 2] & 0xffff;
}

/** The key of the first element; there is one. */
export function firstKey(table: TreeTable, leaf: number, format: number): number {
  const view = table.view(leaf);
  const at = (table.wordAt(leaf) << 2) + PAGE_HEADER_BYTES;
  return format === FORMAT.SLOTTED32 ? view.getUint32(at, true) : view.getFloat64(at, true);
}

/** Frees the leaf and its blobs. */
export function freeLeaf(table: TreeTable, leaf: number): void {
  const { memory } = table;
  const view = table.view(leaf);
  const base = table.wordAt(leaf) << 2;
  if (view.getUint16(base + BLOB_COUNT, true) !== 0) {
    const format = (view.getUint8(base) >>> 4) & 3;
    const stride = slotBytes(format);
    let slotAt = base + PAGE_HEADER_BYTES + keyBytes(format);
    for (let left = view.getUint16(base + SLOT_COUNT, true); left > 0; left--) {
      const blob = blobAt(view, base + view.getUint16(slotAt, true));
      if (blob !== 0) freeBlob(table, blob);
      slotAt += stride;
    }
  }
  memory.beforeChange(leaf);
  memory.free(leaf, sizeOf(view.getUint32(base, true)));
}

/**
 * Writes the elements of the first `sourceCount` of the table's step pages, in order, into the
 * first `targetCount` of them, to each about as many bytes; heaps are in the slots' order after.
 * One to one tidies a heap, two to one joins, two to two evens out, two to three splits.
 */
export function spread(table: TreeTable, sourceCount: number, targetCount: number): void {
  const total = readSources(table, sourceCount);
  const writer = table.leafWriter;
  const scratch = table.scratchView;
  const stride = slotBytes(writer.format);
  const offsetAt = keyBytes(writer.format);
  let target = 0;
  let written = 0;
  writer.open(table, table.stepPages[0]);
  for (let source = 0; source < sourceCount; source++) {
    const base = source * LEAF_BYTES;
    let slotAt = base + PAGE_HEADER_BYTES;
    for (let left = scratch.getUint16(base + SLOT_COUNT, true); left > 0; left--) {
      const at = base + scratch.getUint16(slotAt + offsetAt, true);
      const byteCount = heapBytesAt(scratch, at);
      const middle = written + (byteCount + stride) / 2;
      if (target < targetCount - 1 && middle > (total * (target + 1)) / targetCount) {
        writer.close();
        writer.open(table, table.stepPages[++target]);
      }
      writer.append(table, slotAt, at, byteCount);
      written += byteCount + stride;
      slotAt += stride;
    }
  }
  writer.close();
}

/** Copies the source pages to scratch. @returns bytes of their elements */
function readSources(table: TreeTable, sourceCount: number): number {
  table.needScratch();
  let total = 0;
  for (let source = 0; source < sourceCount; source++) {
    const leaf = table.stepPages[source];
    table.memory.beforeChange(leaf);
    table.memory.locate(leaf);
    const { bytes, view, base } = table.memory;
    const word0 = view.getUint32(base, true);
    const size = sizeOf(word0);
    table.leafWriter.format = (word0 >>> 4) & 3;
    table.scratchBytes.set(bytes.subarray(base, base + size), source * LEAF_BYTES);
    const free = freeBytes(view, base, slotBytes(table.leafWriter.format));
    total += size - PAGE_HEADER_BYTES - free;
  }
  return total;
}

/** Fills one leaf after another from scratch. One a table, reused. */
export class LeafWriter {
  format = 0;
  private page = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.bytes.buffer);
  private base = 0;
  private slotAt = 0;
  private heapAt = 0;
  private slotCount = 0;
  private blobCount = 0;

  open(table: TreeTable, page: number): void {
    this.page = page;
    table.memory.locate(page);
    this.bytes = table.memory.bytes;
    this.view = table.memory.view;
    this.base = table.memory.base;
    this.slotAt = this.base + PAGE_HEADER_BYTES;
    this.heapAt = this.base + sizeOf(this.view.getUint32(this.base, true));
    this.slotCount = 0;
    this.blobCount = 0;
  }

  /** @param slotAt  the slot and its payload, in scratch */
  append(table: TreeTable, slotAt: number, payloadAt: number, byteCount: number): void {
    const { view } = this;
    const scratch = table.scratchView;
    const toSlot = this.slotAt;
    const heapAt = this.heapAt - byteCount;
    this.heapAt = heapAt;
    copyBytes(view, this.bytes, heapAt, scratch, table.scratchBytes, payloadAt, byteCount);
    view.setUint32(toSlot, scratch.getUint32(slotAt, true), true);
    if (this.format === FORMAT.SLOTTED32) {
      view.setUint16(toSlot + 4, heapAt - this.base, true);
      this.slotAt = toSlot + 6;
    } else {
      view.setUint32(toSlot + 4, scratch.getUint32(slotAt + 4, true), true);
      view.setUint16(toSlot + 8, heapAt - this.base, true);
      this.slotAt = toSlot + 10;
    }
    this.slotCount++;
    if (byteCount !== BLOB_MARK_BYTES) return;
    const blob = blobAt(view, heapAt);
    if (blob === 0) return;
    this.blobCount++;
    table.setWord(blob, 1, this.page);
  }

  close(): void {
    const { view, base } = this;
    assert(this.slotAt <= this.heapAt, 'elements that are written anew fit');
    view.setUint16(base + SLOT_COUNT, this.slotCount, true);
    view.setUint16(base + BLOB_COUNT, this.blobCount, true);
    view.setUint16(base + HEAP_BEGIN, this.heapAt - base, true);
    view.setUint16(base + GARBAGE, 0, true);
  }
}
