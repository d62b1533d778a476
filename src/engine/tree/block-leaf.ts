/** What a cursor changes in a tree of blocks. */
import { descendToEnd, findPath } from './descent.ts';
import { BLOCK_HEADER_BYTES, FORMAT, pageWord0 } from './page-layout.ts';
import { addCount, lowerSeparator, raiseNextSeparator } from './separators.ts';
import { childAt, insertChild, removeChild, setChildAt, setChildKey } from './spine.ts';
import type { TreeCursor } from './tree-cursor.ts';
import type { TreeTable } from './tree-table.ts';

export function insertBlock(
  cursor: TreeCursor,
  key: number,
  count: number,
  byteLength: number,
): void {
  const { table } = cursor;
  const block = createBlock(table, key, byteLength);
  const parent = cursor.path[1];
  let index = 0;
  if (cursor.leaf !== 0) {
    index = cursor.isAtElement ? cursor.childIndexes[1] : cursor.childIndexes[1] + 1;
    if (index === 0) {
      table.memory.beforeChange(parent);
      setChildKey(table, parent, 0, blockKey(table, childAt(table, parent, 0)));
    }
  }
  insertChild(table, parent, index, block, key, 0);
  findPath(cursor, block);
  cursor.slot = 0;
  cursor.isAtElement = true;
  lowerSeparator(cursor, key);
  raiseNextSeparator(cursor, key);
  cursor.show();
  setBlockCount(cursor, count);
}

export function resizeBlock(cursor: TreeCursor, byteLength: number): void {
  const { table, leaf } = cursor;
  const { memory } = table;
  const oldBytes = BLOCK_HEADER_BYTES + cursor.payloadLength;
  const newBytes = BLOCK_HEADER_BYTES + byteLength;
  memory.beforeChange(leaf);
  if (memory.classBytes(newBytes) === memory.classBytes(oldBytes)) {
    cursor.pageView.setUint32(cursor.pageBase + 12, byteLength, true);
    cursor.show();
    return;
  }
  const resized = table.allocate(newBytes);
  const { bytes, view, base } = memory;
  const from = cursor.pageBase;
  const kept = cursor.pageBytes.subarray(from, from + Math.min(oldBytes, newBytes));
  bytes.set(kept, base);
  view.setUint32(base + 12, byteLength, true);
  const parent = cursor.path[1];
  memory.beforeChange(parent);
  setChildAt(table, parent, cursor.childIndexes[1], resized);
  memory.free(leaf, oldBytes);
  cursor.openLeaf(resized, 1);
  cursor.show();
}

export function setBlockCount(cursor: TreeCursor, count: number): void {
  const change = count - cursor.blockCount;
  if (change === 0) return;
  cursor.beforeChange();
  cursor.pageView.setUint32(cursor.pageBase + 8, count, true);
  cursor.blockCount = count;
  addCount(cursor, change);
}

export function removeBlock(cursor: TreeCursor): void {
  const { table, leaf, id } = cursor;
  const byteCount = BLOCK_HEADER_BYTES + cursor.payloadLength;
  setBlockCount(cursor, 0);
  table.memory.beforeChange(leaf);
  const hasNext = cursor.next();
  const next = cursor.leaf;
  removeChild(table, leaf);
  table.memory.free(leaf, byteCount);
  if (hasNext) {
    findPath(cursor, next);
    cursor.slot = 0;
  } else {
    descendToEnd(cursor, id, true);
  }
  cursor.settle();
}

function createBlock(table: TreeTable, key: number, byteLength: number): number {
  const block = table.allocate(BLOCK_HEADER_BYTES + byteLength);
  const { view, base } = table.memory;
  view.setUint32(base, pageWord0(FORMAT.BLOCK, 0, 0), true);
  view.setUint32(base + 8, 0, true);
  view.setUint32(base + 12, byteLength, true);
  view.setFloat64(base + 16, key, true);
  return block;
}

function blockKey(table: TreeTable, block: number): number {
  table.memory.locate(block);
  return table.memory.view.getFloat64(table.memory.base + 16, true);
}
