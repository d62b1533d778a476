/**
 * One block of a large list: listpack elements with free space on both sides, so that both ends of
 * a list grow and shrink without moving what is there.
 *
 *     start u32 | end u32 | free ... | element ... | free ...
 *
 * `start` and `end` count from the payload's first byte. Cost: 8 bytes a block beside the tree's 24
 * and its slot of 16, at 4 KiB a block 1.2 %, at the 8 KiB of a long list half of it.
 */
import { BLOCK_HEADER_BYTES, LEAF_BYTES } from '../../tree/page-layout.ts';
import type { TreeCursor } from '../../tree/tree-cursor.ts';

export const CHUNK_HEAD_BYTES = 8;
/** So that the block is a whole page. */
export const CHUNK_BYTES = LEAF_BYTES - BLOCK_HEADER_BYTES;
/** Of lists so long that the empty part of one block is little beside the rest. */
export const LONG_LIST_CHUNK_BYTES = 2 * LEAF_BYTES - BLOCK_HEADER_BYTES;
export const LONG_LIST_BYTES_MIN = 16 * LEAF_BYTES;

/** Absolute place of the first element's first byte. */
export function chunkStart(cursor: TreeCursor): number {
  return cursor.payloadOffset + cursor.view.getUint32(cursor.payloadOffset, true);
}

/** Absolute place behind the last element. */
export function chunkEnd(cursor: TreeCursor): number {
  return cursor.payloadOffset + cursor.view.getUint32(cursor.payloadOffset + 4, true);
}

export function setChunkBounds(cursor: TreeCursor, start: number, end: number): void {
  const { view, payloadOffset } = cursor;
  view.setUint32(payloadOffset, start - payloadOffset, true);
  view.setUint32(payloadOffset + 4, end - payloadOffset, true);
}

/** Takes room at one end into the run of elements; there is enough. @returns where it begins */
export function growChunk(cursor: TreeCursor, atHead: boolean, byteCount: number): number {
  const { view, payloadOffset } = cursor;
  if (atHead) {
    const start = view.getUint32(payloadOffset, true) - byteCount;
    view.setUint32(payloadOffset, start, true);
    return payloadOffset + start;
  }
  const end = view.getUint32(payloadOffset + 4, true);
  view.setUint32(payloadOffset + 4, end + byteCount, true);
  return payloadOffset + end;
}

export function roomAtHead(cursor: TreeCursor): number {
  return cursor.view.getUint32(cursor.payloadOffset, true) - CHUNK_HEAD_BYTES;
}

export function roomAtTail(cursor: TreeCursor): number {
  return cursor.payloadLength - cursor.view.getUint32(cursor.payloadOffset + 4, true);
}

/**
 * Opens a gap of `byteCount` in front of the element at `at` by moving the elements on the side
 * where there is room, the shorter one if both have it.
 * @returns  where the gap begins, or 0 when neither side has room
 */
export function openGap(cursor: TreeCursor, at: number, byteCount: number): number {
  const start = chunkStart(cursor);
  const end = chunkEnd(cursor);
  const headFits = roomAtHead(cursor) >= byteCount;
  const tailFits = roomAtTail(cursor) >= byteCount;
  if (!headFits && !tailFits) return 0;
  cursor.beforeChange();
  if (headFits && (!tailFits || at - start < end - at)) {
    cursor.bytes.copyWithin(start - byteCount, start, at);
    setChunkBounds(cursor, start - byteCount, end);
    return at - byteCount;
  }
  cursor.bytes.copyWithin(at + byteCount, at, end);
  setChunkBounds(cursor, start, end + byteCount);
  return at;
}

/**
 * Closes the gap that `byteCount` bytes at `at` leave, from the shorter side.
 * @returns  where the element that followed is now
 */
export function closeGap(cursor: TreeCursor, at: number, byteCount: number): number {
  const start = chunkStart(cursor);
  const end = chunkEnd(cursor);
  cursor.beforeChange();
  if (at - start < end - at - byteCount) {
    cursor.bytes.copyWithin(start + byteCount, start, at);
    setChunkBounds(cursor, start + byteCount, end);
    return at + byteCount;
  }
  cursor.bytes.copyWithin(at, at + byteCount, end);
  setChunkBounds(cursor, start, end - byteCount);
  return at;
}
