/** What a cursor changes in a tree of slotted leaves. */
import { blobAt, createBlob, freeBlob, resizeBlob, writeBlobMark } from './blobs.ts';
import { gapBytes, makeRoom, refillLeaf } from './leaf-room.ts';
import {
  BLOB_HEADER_BYTES,
  BLOB_MARK_BYTES,
  FORMAT,
  heapBytes,
  heapBytesAt,
  PAGE_HEADER_BYTES,
  PAYLOAD_BYTES_MAX,
  sizeOf,
  writeLength,
} from './page-layout.ts';
import { addCount, lowerSeparator, raiseNextSeparator } from './separators.ts';
import { BLOB_COUNT, GARBAGE, HEAP_BEGIN, SLOT_COUNT } from './slotted-leaf.ts';
import type { TreeCursor } from './tree-cursor.ts';

export function insertSlot(cursor: TreeCursor, key: number, length: number): void {
  const { table, format, slotByteCount } = cursor;
  const isBlob = length > PAYLOAD_BYTES_MAX;
  const blob = isBlob ? createBlob(table, length) : 0;
  const byteCount = heapBytes(length);
  if (gapBytes(cursor) < byteCount + slotByteCount) {
    makeRoom(cursor, byteCount + slotByteCount, true);
  }
  const { leaf, pageBytes: bytes, pageView: view, pageBase: base, slot, slotCount } = cursor;
  table.memory.beforeChange(leaf);
  const heapBegin = view.getUint16(base + HEAP_BEGIN, true) - byteCount;
  const slotAt = base + PAGE_HEADER_BYTES + slot * slotByteCount;
  if (slot < slotCount) {
    const slotsEnd = base + PAGE_HEADER_BYTES + slotCount * slotByteCount;
    bytes.copyWithin(slotAt + slotByteCount, slotAt, slotsEnd);
  }
  if (format === FORMAT.SLOTTED32) {
    view.setUint32(slotAt, key, true);
    view.setUint16(slotAt + 4, heapBegin, true);
  } else {
    view.setFloat64(slotAt, key, true);
    view.setUint16(slotAt + 8, heapBegin, true);
  }
  table.changeCount++;
  view.setUint16(base + SLOT_COUNT, slotCount + 1, true);
  view.setUint16(base + HEAP_BEGIN, heapBegin, true);
  cursor.slotCount = slotCount + 1;
  cursor.isAtElement = true;
  addCount(cursor, 1);
  if (slot === 0) lowerSeparator(cursor, key);
  if (isBlob) {
    writeBlobMark(view, base + heapBegin, blob);
    view.setUint16(base + BLOB_COUNT, view.getUint16(base + BLOB_COUNT, true) + 1, true);
    table.setWord(blob, 1, leaf);
    cursor.show();
    return;
  }
  cursor.key = key;
  cursor.bytes = bytes;
  cursor.view = view;
  cursor.payloadOffset = writeLength(view, base + heapBegin, length);
  cursor.payloadLength = length;
}

export function removeSlot(cursor: TreeCursor): void {
  const { table, slotByteCount, slot } = cursor;
  const { pageBytes: bytes, pageView: view, pageBase: base } = cursor;
  table.memory.beforeChange(cursor.leaf);
  const at = payloadAt(cursor);
  const blob = blobAt(view, at);
  const byteCount = heapBytesAt(view, at);
  if (blob !== 0) {
    freeBlob(table, blob);
    view.setUint16(base + BLOB_COUNT, view.getUint16(base + BLOB_COUNT, true) - 1, true);
  }
  const slotAt = base + PAGE_HEADER_BYTES + slot * slotByteCount;
  const slotsEnd = base + PAGE_HEADER_BYTES + cursor.slotCount * slotByteCount;
  bytes.copyWithin(slotAt, slotAt + slotByteCount, slotsEnd);
  const slotCount = --cursor.slotCount;
  table.changeCount++;
  view.setUint16(base + SLOT_COUNT, slotCount, true);
  if (slotCount === 0) {
    view.setUint16(base + HEAP_BEGIN, sizeOf(view.getUint32(base, true)), true);
    view.setUint16(base + GARBAGE, 0, true);
  } else if (at === base + view.getUint16(base + HEAP_BEGIN, true)) {
    view.setUint16(base + HEAP_BEGIN, at - base + byteCount, true);
  } else {
    addGarbage(view, base, byteCount);
  }
  addCount(cursor, -1);
  refillLeaf(cursor);
  cursor.settle();
}

export function resizeSlot(cursor: TreeCursor, length: number): void {
  if (length === cursor.payloadLength) {
    cursor.beforeChange();
    return;
  }
  const wasBlob = cursor.payloadLength > PAYLOAD_BYTES_MAX;
  const isBlob = length > PAYLOAD_BYTES_MAX;
  if (wasBlob) {
    if (isBlob) resizeOwnBlob(cursor, length);
    else leaveBlob(cursor, length);
  } else if (isBlob) {
    becomeBlob(cursor, length);
  } else {
    resizeInline(cursor, length);
  }
  cursor.show();
}

export function setSlotKey(cursor: TreeCursor, key: number): void {
  const { pageView: view, pageBase: base } = cursor;
  cursor.beforeChange();
  cursor.table.changeCount++;
  if (cursor.format === FORMAT.BLOCK) {
    view.setFloat64(base + 16, key, true);
  } else {
    const slotAt = base + PAGE_HEADER_BYTES + cursor.slot * cursor.slotByteCount;
    if (cursor.format === FORMAT.SLOTTED32) view.setUint32(slotAt, key, true);
    else view.setFloat64(slotAt, key, true);
  }
  cursor.key = key;
  if (cursor.slot === 0) lowerSeparator(cursor, key);
  if (cursor.slot === cursor.slotCount - 1) raiseNextSeparator(cursor, key);
}

/** Where the length of the cursor's payload stands. */
function payloadAt(cursor: TreeCursor): number {
  const { pageView: view, pageBase: base } = cursor;
  return base + view.getUint16(offsetAt(cursor), true);
}

function offsetAt(cursor: TreeCursor): number {
  const slotEnd = PAGE_HEADER_BYTES + (cursor.slot + 1) * cursor.slotByteCount;
  return cursor.pageBase + slotEnd - 2;
}

function addGarbage(view: DataView, base: number, byteCount: number): void {
  view.setUint16(base + GARBAGE, view.getUint16(base + GARBAGE, true) + byteCount, true);
}

/**
 * Gives the cursor's element another stretch of the heap, at `payloadAt` from then on; what was in
 * the old one is still there until the next change of the page.
 * @returns  how far the old stretch is from the page's begin
 */
function placeAnew(cursor: TreeCursor, byteCount: number): number {
  let at = payloadAt(cursor);
  const oldBytes = heapBytesAt(cursor.pageView, at);
  if (byteCount > oldBytes && gapBytes(cursor) < byteCount) {
    makeRoom(cursor, byteCount, false);
    at = payloadAt(cursor);
  }
  cursor.beforeChange();
  const { pageView: view, pageBase: base } = cursor;
  if (byteCount <= oldBytes) {
    addGarbage(view, base, oldBytes - byteCount);
    return at - base;
  }
  addGarbage(view, base, oldBytes);
  const heapBegin = view.getUint16(base + HEAP_BEGIN, true) - byteCount;
  view.setUint16(base + HEAP_BEGIN, heapBegin, true);
  view.setUint16(offsetAt(cursor), heapBegin, true);
  return at - base;
}

function resizeInline(cursor: TreeCursor, length: number): void {
  const oldLength = cursor.payloadLength;
  const oldHead = oldLength < 128 ? 1 : 2;
  const oldAt = placeAnew(cursor, heapBytes(length)) + oldHead + cursor.pageBase;
  const at = payloadAt(cursor);
  const kept = Math.min(oldLength, length);
  const head = length < 128 ? 1 : 2;
  if (oldAt !== at + head) cursor.pageBytes.copyWithin(at + head, oldAt, oldAt + kept);
  writeLength(cursor.pageView, at, length);
}

function resizeOwnBlob(cursor: TreeCursor, length: number): void {
  const { pageView: view } = cursor;
  const at = payloadAt(cursor);
  const blob = blobAt(view, at);
  const resized = resizeBlob(cursor.table, blob, length);
  if (resized === blob) return;
  cursor.table.memory.beforeChange(cursor.leaf);
  writeBlobMark(view, at, resized);
}

function becomeBlob(cursor: TreeCursor, length: number): void {
  const { table } = cursor;
  const oldLength = cursor.payloadLength;
  const blob = createBlob(table, length);
  const oldHead = oldLength < 128 ? 1 : 2;
  const oldAt = placeAnew(cursor, BLOB_MARK_BYTES) + oldHead + cursor.pageBase;
  const { memory } = table;
  memory.locate(blob);
  const { bytes, base } = memory;
  const kept = cursor.pageBytes.subarray(oldAt, oldAt + oldLength);
  bytes.set(kept, base + BLOB_HEADER_BYTES);
  writeBlobMark(cursor.pageView, payloadAt(cursor), blob);
  table.setWord(blob, 1, cursor.leaf);
  countBlobs(cursor, 1);
}

function leaveBlob(cursor: TreeCursor, length: number): void {
  const { table } = cursor;
  const blob = blobAt(cursor.pageView, payloadAt(cursor));
  placeAnew(cursor, heapBytes(length));
  const at = writeLength(cursor.pageView, payloadAt(cursor), length);
  table.memory.locate(blob);
  const from = table.memory.base + BLOB_HEADER_BYTES;
  cursor.pageBytes.set(table.memory.bytes.subarray(from, from + length), at);
  freeBlob(table, blob);
  countBlobs(cursor, -1);
}

function countBlobs(cursor: TreeCursor, change: number): void {
  const { pageView: view, pageBase: base } = cursor;
  view.setUint16(base + BLOB_COUNT, view.getUint16(base + BLOB_COUNT, true) + change, true);
}
