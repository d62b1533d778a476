/** Both ends of a list: pushing and popping, in time that does not depend on its length. */
import type { Frame } from '../../../base/frame.ts';
import type { Database } from '../../database.ts';
import { FLAG } from '../../keyspace/entry.ts';
import type { Slice } from '../../slice.ts';
import {
  type ElementPlan,
  elementAt,
  elementBytes,
  LISTPACK_HEADER_BYTES,
  previousElement,
  readElement,
} from '../packed/listpack.ts';
import { createListpack, openValue, spliceListpack, valueBytes } from '../packed/packed-value.ts';
import {
  CHUNK_HEAD_BYTES,
  chunkEnd,
  chunkStart,
  growChunk,
  roomAtHead,
  roomAtTail,
  setChunkBounds,
} from './list-chunk.ts';
import {
  changeElementBytes,
  chunkTree,
  isChunked,
  LIST_KIND,
  nextChunkBytes,
  noteElementBytes,
  PACKED_BYTES_MAX,
  unpackList,
} from './list-form.ts';

/** An empty list under the key that the last `find` missed; something must be pushed at once. */
export function createList(database: Database, frame: Frame, keyArg: number): number {
  return createListpack(database, frame, keyArg, LIST_KIND);
}

/**
 * Adds one element.
 * @param plan  its text must lie outside of this list
 * @returns     the entry's address
 */
export function pushElement(
  database: Database,
  entry: number,
  atHead: boolean,
  plan: ElementPlan,
): number {
  const { memory } = database;
  memory.beforeChange(entry);
  openValue(database, entry);
  if ((memory.view.getUint32(memory.base, true) & FLAG.TREE) !== 0) {
    pushIntoChunk(database, entry, atHead, plan);
    return entry;
  }
  const length = valueBytes(database);
  if (length + plan.byteCount > PACKED_BYTES_MAX) {
    const unpacked = unpackList(database, entry);
    memory.beforeChange(unpacked);
    openValue(database, unpacked);
    pushIntoChunk(database, unpacked, atHead, plan);
    return unpacked;
  }
  const at = atHead ? LISTPACK_HEADER_BYTES : length - 1;
  const placed = spliceListpack(database, entry, at, 0, plan.byteCount, 1);
  plan.writeTo(memory.view, memory.bytes, database.valueAt + at);
  return placed;
}

/** Shows the first or last element; the list is not empty. Valid until a change. */
export function readEnd(database: Database, entry: number, atHead: boolean, slice: Slice): void {
  const { memory } = database;
  if (!isChunked(database, entry)) {
    const start = openValue(database, entry);
    const at = elementAt(memory.view, start, atHead ? 0 : -1);
    readElement(memory.bytes, memory.view, at, slice);
    return;
  }
  const { cursor } = database.trees;
  const id = chunkTree(database, entry);
  if (atHead) cursor.seekFirst(id);
  else cursor.seekLast(id);
  const at = atHead ? chunkStart(cursor) : lastInChunk(cursor.view, chunkEnd(cursor));
  readElement(cursor.bytes, cursor.view, at, slice);
}

/**
 * Takes the element away that `readEnd` has just shown, nothing having been done in between; the
 * list may be empty then. Returns its address.
 */
export function removeReadEnd(database: Database, entry: number, atHead: boolean): number {
  const { memory } = database;
  if (!isChunked(database, entry)) {
    const start = openValue(database, entry);
    const at = elementAt(memory.view, start, atHead ? 0 : -1);
    const byteCount = elementBytes(memory.view, at);
    return spliceListpack(database, entry, at - start, byteCount, 0, -1);
  }
  const { cursor } = database.trees;
  const start = chunkStart(cursor);
  const end = chunkEnd(cursor);
  const at = atHead ? start : lastInChunk(cursor.view, end);
  const byteCount = elementBytes(cursor.view, at);
  if (cursor.blockCount === 1) {
    cursor.removeBlock();
  } else {
    cursor.beforeChange();
    if (atHead) setChunkBounds(cursor, start + byteCount, end);
    else setChunkBounds(cursor, start, at);
    cursor.setBlockCount(cursor.blockCount - 1);
  }
  changeElementBytes(database, entry, -byteCount);
  return entry;
}

/** The last element in front of `end`, found by the length that stands behind it. */
export function lastInChunk(view: DataView, end: number): number {
  return previousElement(view, end, 0);
}

/** The list lies in chunks, its record lies open and was announced. */
function pushIntoChunk(
  database: Database,
  entry: number,
  atHead: boolean,
  plan: ElementPlan,
): void {
  const { cursor } = database.trees;
  const { byteCount } = plan;
  const id = noteElementBytes(database, byteCount);
  const isThere = atHead ? cursor.seekFirst(id) : cursor.seekLast(id);
  if (isThere && (atHead ? roomAtHead(cursor) : roomAtTail(cursor)) >= byteCount) {
    cursor.beforeChange();
    plan.writeTo(cursor.view, cursor.bytes, growChunk(cursor, atHead, byteCount));
    cursor.setBlockCount(cursor.blockCount + 1);
  } else {
    const chunkBytes = nextChunkBytes(database, entry, byteCount);
    if (!atHead) cursor.seekEnd(id);
    cursor.insertBlockHere(0, 1, chunkBytes);
    const at = atHead
      ? cursor.payloadOffset + cursor.payloadLength - byteCount
      : cursor.payloadOffset + CHUNK_HEAD_BYTES;
    plan.writeTo(cursor.view, cursor.bytes, at);
    setChunkBounds(cursor, at, at + byteCount);
  }
}
