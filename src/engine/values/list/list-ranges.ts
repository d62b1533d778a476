/** Cutting many elements off an end of a list: LTRIM, and pops with a count. */
import type { Database } from '../../database.ts';
import {
  elementAt,
  elementBytes,
  LISTPACK_HEADER_BYTES,
  previousElement,
} from '../packed/listpack.ts';
import { openValue, spliceListpack, valueBytes } from '../packed/packed-value.ts';
import { chunkEnd, chunkStart, setChunkBounds } from './list-chunk.ts';
import { changeElementBytes, chunkTree, isChunked } from './list-form.ts';

/**
 * Takes `count` elements, fewer than there are, off one end. Whole chunks go at once.
 * @returns the entry's address
 */
export function cutEnd(database: Database, entry: number, atHead: boolean, count: number): number {
  if (count === 0) return entry;
  if (!isChunked(database, entry)) return cutPack(database, entry, atHead, count);
  const { cursor } = database.trees;
  const id = chunkTree(database, entry);
  let left = count;
  let removedBytes = 0;
  while (left > 0) {
    if (atHead) cursor.seekFirst(id);
    else cursor.seekLast(id);
    const start = chunkStart(cursor);
    const end = chunkEnd(cursor);
    if (cursor.blockCount <= left) {
      left -= cursor.blockCount;
      removedBytes += end - start;
      cursor.removeBlock();
      continue;
    }
    let at = atHead ? start : end;
    for (let i = 0; i < left; i++) {
      at = atHead ? at + elementBytes(cursor.view, at) : previousElement(cursor.view, at, 0);
    }
    cursor.beforeChange();
    removedBytes += atHead ? at - start : end - at;
    if (atHead) setChunkBounds(cursor, at, end);
    else setChunkBounds(cursor, start, at);
    cursor.setBlockCount(cursor.blockCount - left);
    left = 0;
  }
  changeElementBytes(database, entry, -removedBytes);
  return entry;
}

function cutPack(database: Database, entry: number, atHead: boolean, count: number): number {
  const start = openValue(database, entry);
  const { view } = database.memory;
  const length = valueBytes(database);
  const at = elementAt(view, start, atHead ? count : -count) - start;
  const from = atHead ? LISTPACK_HEADER_BYTES : at;
  const to = atHead ? at : length - 1;
  return spliceListpack(database, entry, from, to - from, 0, -count);
}
