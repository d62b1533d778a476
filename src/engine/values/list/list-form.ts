/**
 * A list's two forms and the way between them.
 *
 * Small: a listpack behind the key, up to PACKED_BYTES_MAX. Large: a record (`tree-record.ts`) with
 * one tree of chunks (`list-chunk.ts`) and the bytes of all elements, from which the encoding that
 * OBJECT ENCODING tells follows. That encoding is Redis' (listpack up to list-max-listpack-size,
 * quicklist beyond) and says nothing about the form.
 */
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, TYPE } from '../../keyspace/entry.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import {
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  listpackCount,
  setListpackHeader,
} from '../packed/listpack.ts';
import { openValue, replaceValue, setEncoding, valueBytes } from '../packed/packed-value.ts';
import { recordHeadBytes, recordTree, releaseTrees, setRecordTree } from '../tree-record.ts';
import {
  CHUNK_BYTES,
  CHUNK_HEAD_BYTES,
  chunkEnd,
  chunkStart,
  LONG_LIST_BYTES_MIN,
  LONG_LIST_CHUNK_BYTES,
  setChunkBounds,
} from './list-chunk.ts';

export const LIST_KIND = TYPE.LIST | (ENCODING.LISTPACK << 4);
/** A longer listpack becomes chunks: what is moved by an insertion stays short. */
export const PACKED_BYTES_MAX = 2048;
/** Chunks with less in them become a listpack again; far below, so that it does not alternate. */
const UNPACKED_BYTES_MIN = 1024;
const RECORD_BYTES = recordHeadBytes(1) + 4;
/** Where the record holds the bytes of all elements. */
const ELEMENT_BYTES_AT = recordHeadBytes(1);

/** list-max-listpack-size: negative is a level of bytes, else elements. */
const LEVEL_BYTES = [4096, 8192, 16_384, 32_768, 65_536];
const COUNTED_BYTES_MAX = 8192;
/** Twice as much is beyond every level: a longer list is a quicklist and stays one. */
const SETTLED_BYTES_MIN = 32_768;

/** Whether the list lies in chunks; memory is located at the entry. */
export function isChunked(database: Database, entry: number): boolean {
  const { memory } = database;
  memory.locate(entry);
  return (memory.view.getUint32(memory.base, true) & FLAG.TREE) !== 0;
}

/** The tree of chunks. */
export function chunkTree(database: Database, entry: number): number {
  const at = openValue(database, entry);
  return recordTree(database.memory.view, at, 0);
}

export function listLength(database: Database, entry: number): number {
  const at = openValue(database, entry);
  const { view, base } = database.memory;
  if ((view.getUint32(base, true) & FLAG.TREE) === 0) return listpackCount(view, at);
  return database.trees.count(recordTree(view, at, 0));
}

/** Bytes that a listpack of all elements would have. */
export function listBytes(database: Database, entry: number): number {
  const at = openValue(database, entry);
  const { view, base } = database.memory;
  if ((view.getUint32(base, true) & FLAG.TREE) === 0) return valueBytes(database);
  return view.getUint32(at + ELEMENT_BYTES_AT, true) + LISTPACK_EMPTY_BYTES;
}

/** Whether the list is so long that after a removal there is nothing to settle. */
export function isSettled(database: Database, entry: number): boolean {
  return listBytes(database, entry) > SETTLED_BYTES_MIN;
}

/** How large the next chunk at an end of a chunked list is, for an element of `byteCount` bytes. */
export function nextChunkBytes(database: Database, entry: number, byteCount: number): number {
  const isLong = listBytes(database, entry) >= LONG_LIST_BYTES_MIN;
  const chunkBytes = isLong ? LONG_LIST_CHUNK_BYTES : CHUNK_BYTES;
  return Math.max(chunkBytes, CHUNK_HEAD_BYTES + byteCount);
}

/** Notes that elements of so many bytes were put in or, negative, taken out of a chunked list. */
export function changeElementBytes(database: Database, entry: number, change: number): void {
  database.memory.beforeChange(entry);
  openValue(database, entry);
  noteElementBytes(database, change);
}

/** The same in the record that lies open, and was announced. @returns the tree of chunks */
export function noteElementBytes({ memory, valueAt }: Database, change: number): number {
  const { view } = memory;
  const bytesAt = valueAt + ELEMENT_BYTES_AT;
  view.setUint32(bytesAt, view.getUint32(bytesAt, true) + change, true);
  return recordTree(view, valueAt, 0);
}

/** Turns the listpack into one chunk, an empty one into none. @returns the entry's new address */
export function unpackList(database: Database, entry: number): number {
  const { memory, trees } = database;
  const at = openValue(database, entry);
  const elementBytes = valueBytes(database) - LISTPACK_EMPTY_BYTES;
  const count = listpackCount(memory.view, at);
  const elements = memory.bytes.slice(
    at + LISTPACK_HEADER_BYTES,
    at + LISTPACK_HEADER_BYTES + elementBytes,
  );
  const encoding = database.encodingOf(entry);
  const id = trees.create(FORMAT.BLOCK);
  const { cursor } = trees;
  cursor.seekEnd(id);
  // A new list whose first element is long has nothing yet, and no chunk is ever empty.
  if (count > 0) {
    cursor.insertBlockHere(0, count, Math.max(CHUNK_BYTES, CHUNK_HEAD_BYTES + elementBytes));
    // In the middle: nobody knows yet at which end it grows.
    const gap = (cursor.payloadLength - CHUNK_HEAD_BYTES - elementBytes) >>> 1;
    const start = cursor.payloadOffset + CHUNK_HEAD_BYTES + gap;
    setChunkBounds(cursor, start, start + elementBytes);
    cursor.bytes.set(elements, start);
  }
  const placed = replaceValue(
    database,
    entry,
    TYPE.LIST | (encoding << 4),
    FLAG.TREE,
    RECORD_BYTES,
  );
  const recordAt = database.valueAt;
  memory.view.setUint32(recordAt, 1, true);
  setRecordTree(memory.view, recordAt, 0, id);
  memory.view.setUint32(recordAt + ELEMENT_BYTES_AT, elementBytes, true);
  return placed;
}

/**
 * After elements were taken out: a chunked list that has become small is a listpack again, and the
 * encoding follows.
 * @returns the entry's address
 */
export function settleShrunkList(database: Database, entry: number, sizeSetting: number): number {
  const placed = packList(database, entry);
  if (database.encodingOf(placed) === ENCODING.QUICKLIST) {
    const byteCount = listBytes(database, placed);
    const count = listLength(database, placed);
    if (!exceeds(sizeSetting, byteCount * 2, count * 2)) {
      setEncoding(database, placed, ENCODING.LISTPACK);
    }
  }
  return placed;
}

/**
 * Before elements are put in: whether the list will be a quicklist for OBJECT ENCODING.
 * @param addedBytes  of the elements as text
 */
export function settleGrowingList(
  database: Database,
  entry: number,
  sizeSetting: number,
  addedBytes: number,
  addedCount: number,
): void {
  if (database.encodingOf(entry) === ENCODING.QUICKLIST) return;
  const byteCount = listBytes(database, entry) + addedBytes;
  const count = sizeSetting < 0 ? 0 : listLength(database, entry) + addedCount;
  if (exceeds(sizeSetting, byteCount, count)) setEncoding(database, entry, ENCODING.QUICKLIST);
}

export function exceeds(sizeSetting: number, byteCount: number, count: number): boolean {
  if (sizeSetting < 0) {
    const level = Math.min(-sizeSetting, LEVEL_BYTES.length) - 1;
    return byteCount > LEVEL_BYTES[level];
  }
  return byteCount > COUNTED_BYTES_MAX || count > Math.max(1, sizeSetting);
}

function packList(database: Database, entry: number): number {
  if (!isChunked(database, entry)) return entry;
  const byteCount = listBytes(database, entry);
  if (byteCount > UNPACKED_BYTES_MIN) return entry;
  const { memory, trees } = database;
  const id = chunkTree(database, entry);
  const count = trees.count(id);
  const elements = new Uint8Array(byteCount - LISTPACK_EMPTY_BYTES);
  let length = 0;
  const { cursor } = trees;
  for (let isThere = cursor.seekFirst(id); isThere; isThere = cursor.next()) {
    const start = chunkStart(cursor);
    const end = chunkEnd(cursor);
    elements.set(cursor.bytes.subarray(start, end), length);
    length += end - start;
  }
  const encoding = database.encodingOf(entry);
  memory.beforeChange(entry);
  releaseTrees(database, entry);
  // The trees are given away already: what is replaced must not give them away again.
  memory.locate(entry);
  const word0 = memory.view.getUint32(memory.base, true);
  memory.view.setUint32(memory.base, word0 & ~FLAG.TREE, true);
  const placed = replaceValue(database, entry, TYPE.LIST | (encoding << 4), 0, byteCount);
  const at = database.valueAt;
  memory.bytes.set(elements, at + LISTPACK_HEADER_BYTES);
  memory.bytes[at + byteCount - 1] = 0xff;
  setListpackHeader(memory.view, at, byteCount, count);
  return placed;
}
