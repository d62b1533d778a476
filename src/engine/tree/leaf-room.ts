/**
 * Room in slotted leaves: how a full one gets some, and what becomes of one that is nearly empty.
 * A full leaf evens out with a neighbour that has room; two full ones become three; so leaves are
 * about 80 % full whatever the order of insertions, and 100 % when it is ascending or descending.
 * Each step writes at most three leaves.
 */
import { assert } from '../../base/errors.ts';
import { blobAt } from './blobs.ts';
import { childIndexOf, descendToEnd, findPath } from './descent.ts';
import {
  isRoot,
  keyBytes,
  LEAF_BYTES,
  LEAF_BYTES_MIN,
  PAGE_HEADER_BYTES,
  sizeOf,
  slotBytes,
} from './page-layout.ts';
import {
  BLOB_COUNT,
  createLeaf,
  firstKey,
  freeBytes,
  GARBAGE,
  HEAP_BEGIN,
  leafFreeBytes,
  leafSlotCount,
  SLOT_COUNT,
  spread,
} from './slotted-leaf.ts';
import {
  becomeRoot,
  childAt,
  insertChild,
  removeChild,
  requireParent,
  setChildCount,
  setChildKey,
} from './spine.ts';
import type { TreeCursor } from './tree-cursor.ts';
import type { TreeTable } from './tree-table.ts';

/**
 * What two leaves must have free together, beside twice what is asked for, to even out. More than
 * the longest element, or one of them might lack room after. A quarter of a leaf instead costs
 * 5 % more memory, and insertion is not measurably quicker.
 */
const SHARED_FREE_BYTES: number = LEAF_BYTES / 12;
/** A root doubles a few times, is tidied and split. */
const ROOM_STEPS_MAX = 10;
const LEAF_ROOM: number = LEAF_BYTES - PAGE_HEADER_BYTES;
const JOIN_BELOW: number = LEAF_ROOM / 3;
const BORROW_BELOW: number = LEAF_ROOM / 4;
const JOINED_BYTES_MAX: number = LEAF_ROOM * 0.85;

/** Bytes between slots and heap. */
export function gapBytes(cursor: TreeCursor): number {
  const { pageView: view, pageBase: base } = cursor;
  const slotsEnd = PAGE_HEADER_BYTES + cursor.slotCount * cursor.slotByteCount;
  return view.getUint16(base + HEAP_BEGIN, true) - slotsEnd;
}

/**
 * Makes the gap of the cursor's leaf at least that long. Leaf and slot may be others afterwards;
 * they mean the same place.
 * @param isInsertion  whether a new leaf without elements will do
 */
export function makeRoom(cursor: TreeCursor, byteCount: number, isInsertion: boolean): void {
  for (let step = 0; gapBytes(cursor) < byteCount; step++) {
    assert(step < ROOM_STEPS_MAX, 'a leaf that was split has room');
    const { pageView: view, pageBase: base } = cursor;
    const size = sizeOf(view.getUint32(base, true));
    if (freeBytes(view, base, cursor.slotByteCount) >= byteCount) {
      tidyLeaf(cursor);
    } else if (size < LEAF_BYTES) {
      replaceRootLeaf(cursor, size * 2);
    } else if (isInsertion && isAtEdge(cursor)) {
      addEdgeLeaf(cursor);
    } else {
      openUp(cursor, byteCount);
    }
  }
}

/** After a removal: joins the leaf with a neighbour, or fills it up, or makes a root smaller. */
export function refillLeaf(cursor: TreeCursor): void {
  const { table, pageView: view, pageBase: base } = cursor;
  const word0 = view.getUint32(base, true);
  const size = sizeOf(word0);
  const used = size - PAGE_HEADER_BYTES - freeBytes(view, base, cursor.slotByteCount);
  if (isRoot(word0)) {
    if (used < size / 4 && size > LEAF_BYTES_MIN) replaceRootLeaf(cursor, size / 2);
    return;
  }
  if (cursor.slotCount === 0) {
    dropLeaf(cursor);
    return;
  }
  if (used >= JOIN_BELOW) return;
  const { leaf } = cursor;
  const parent = table.word(leaf, 1);
  const index = cursor.childIndexes[1];
  const right = index + 1 < table.word(parent, 2) ? childAt(table, parent, index + 1) : 0;
  const left = index > 0 ? childAt(table, parent, index - 1) : 0;
  const rightUsed = right === 0 ? LEAF_BYTES : usedBytes(cursor, right);
  if (used + rightUsed <= JOINED_BYTES_MAX) {
    join(cursor, leaf, right, cursor.slot);
    return;
  }
  const leftUsed = left === 0 ? LEAF_BYTES : usedBytes(cursor, left);
  if (used + leftUsed <= JOINED_BYTES_MAX) {
    join(cursor, left, leaf, cursor.slot + leafSlotCount(table, left));
  } else if (used < BORROW_BELOW && right !== 0) {
    share(cursor, leaf, right, 2, cursor.slot);
  } else if (used < BORROW_BELOW && left !== 0) {
    share(cursor, left, leaf, 2, cursor.slot + leafSlotCount(table, left));
  }
}

/** Takes the cursor's leaf, which has nothing left, out of the tree; goes to the next leaf. */
export function dropLeaf(cursor: TreeCursor): void {
  const { table, leaf, id } = cursor;
  const byteCount = sizeOf(table.word(leaf, 0));
  cursor.slot = cursor.slotCount;
  const hasNext = cursor.settle();
  const next = cursor.leaf;
  removeChild(table, leaf);
  table.memory.free(leaf, byteCount);
  if (hasNext) {
    findPath(cursor, next);
    cursor.slot = 0;
  } else {
    descendToEnd(cursor, id, true);
  }
}

function usedBytes(cursor: TreeCursor, leaf: number): number {
  return LEAF_ROOM - leafFreeBytes(cursor.table, leaf, cursor.slotByteCount);
}

function tidyLeaf(cursor: TreeCursor): void {
  const { table } = cursor;
  table.stepPages[0] = cursor.leaf;
  spread(table, 1, 1);
}

/** Gives a root that is a leaf another size, which its elements fit into. */
function replaceRootLeaf(cursor: TreeCursor, byteCount: number): void {
  const { table, leaf, id } = cursor;
  if (cursor.pageView.getUint16(cursor.pageBase + GARBAGE, true) !== 0) tidyLeaf(cursor);
  const replaced = createLeaf(table, cursor.format, byteCount);
  const { bytes, view, base } = table.memory;
  const { pageBytes, pageView, pageBase } = cursor;
  const oldSize = sizeOf(pageView.getUint32(pageBase, true));
  const heapBegin = pageView.getUint16(pageBase + HEAP_BEGIN, true);
  const shift = byteCount - oldSize;
  const slotsEnd = PAGE_HEADER_BYTES + cursor.slotCount * cursor.slotByteCount;
  bytes.set(pageBytes.subarray(pageBase + 8, pageBase + slotsEnd), base + 8);
  bytes.set(pageBytes.subarray(pageBase + heapBegin, pageBase + oldSize), base + heapBegin + shift);
  view.setUint16(base + HEAP_BEGIN, heapBegin + shift, true);
  const offsetAt = base + PAGE_HEADER_BYTES + keyBytes(cursor.format);
  for (let slot = 0; slot < cursor.slotCount; slot++) {
    const at = offsetAt + slot * cursor.slotByteCount;
    view.setUint16(at, view.getUint16(at, true) + shift, true);
  }
  table.memory.beforeChange(leaf);
  table.memory.free(leaf, oldSize);
  becomeRoot(table, replaced, id);
  ownBlobs(table, replaced);
  cursor.openLeaf(replaced, cursor.slotCount);
}

/** Tells the blobs of a leaf where it is now. */
export function ownBlobs(table: TreeTable, leaf: number): void {
  const view = table.view(leaf);
  const base = table.wordAt(leaf) << 2;
  if (view.getUint16(base + BLOB_COUNT, true) === 0) return;
  const format = (view.getUint8(base) >>> 4) & 3;
  const stride = slotBytes(format);
  let at = base + PAGE_HEADER_BYTES + keyBytes(format);
  for (let left = view.getUint16(base + SLOT_COUNT, true); left > 0; left--) {
    const blob = blobAt(view, base + view.getUint16(at, true));
    if (blob !== 0) table.setWord(blob, 1, leaf);
    at += stride;
  }
}

/** Whether the place is before all elements of the tree, or behind them. */
function isAtEdge(cursor: TreeCursor): boolean {
  const isFirst = cursor.slot === 0;
  if (!isFirst && cursor.slot !== cursor.slotCount) return false;
  for (let level = 1; level <= cursor.depth; level++) {
    const index = cursor.childIndexes[level];
    const last = isFirst ? 0 : cursor.table.word(cursor.path[level], 2) - 1;
    if (index !== last) return false;
  }
  return true;
}

/** An empty leaf before or behind all others: the one that was there stays full. */
function addEdgeLeaf(cursor: TreeCursor): void {
  const { table, leaf, format } = cursor;
  const parent = requireParent(table, leaf);
  const added = createLeaf(table, format, LEAF_BYTES);
  const key = firstKey(table, leaf, format);
  if (cursor.slot === 0) {
    table.memory.beforeChange(parent);
    setChildKey(table, parent, 0, key);
    insertChild(table, parent, 0, added, Number.NEGATIVE_INFINITY, 0);
  } else {
    const index = childIndexOf(table, parent, leaf);
    insertChild(table, parent, index + 1, added, Number.POSITIVE_INFINITY, 0);
  }
  findPath(cursor, added);
  cursor.slot = 0;
}

/** Room in a leaf of full size, with the help of a neighbour or a new leaf. */
function openUp(cursor: TreeCursor, byteCount: number): void {
  const { table, leaf, slot } = cursor;
  const parent = requireParent(table, leaf);
  const index = childIndexOf(table, parent, leaf);
  const right = index + 1 < table.word(parent, 2) ? childAt(table, parent, index + 1) : 0;
  const left = index > 0 ? childAt(table, parent, index - 1) : 0;
  const { slotByteCount } = cursor;
  const free = leafFreeBytes(table, leaf, slotByteCount);
  const wanted = SHARED_FREE_BYTES + 2 * byteCount - free;
  if (right !== 0 && leafFreeBytes(table, right, slotByteCount) >= wanted) {
    share(cursor, leaf, right, 2, slot);
  } else if (left !== 0 && leafFreeBytes(table, left, slotByteCount) >= wanted) {
    share(cursor, left, leaf, 2, slot + leafSlotCount(table, left));
  } else if (right !== 0) {
    share(cursor, leaf, right, 3, slot);
  } else if (left !== 0) {
    share(cursor, left, leaf, 3, slot + leafSlotCount(table, left));
  } else {
    share(cursor, leaf, 0, 2, slot);
  }
}

/**
 * Spreads one leaf, or two neighbours, over `targetCount` leaves.
 * @param second   0 for one leaf alone
 * @param ordinal  the cursor's place, counted from the first element of the first leaf
 */
function share(
  cursor: TreeCursor,
  first: number,
  second: number,
  targetCount: number,
  ordinal: number,
): void {
  const { table, format } = cursor;
  const pages = table.stepPages;
  const sourceCount = second === 0 ? 1 : 2;
  pages[0] = first;
  pages[1] = second;
  if (targetCount > sourceCount) {
    pages[sourceCount] = createLeaf(table, format, LEAF_BYTES);
  }
  spread(table, sourceCount, targetCount);
  const parent = table.word(first, 1);
  const index = childIndexOf(table, parent, first);
  table.memory.beforeChange(parent);
  let rest = ordinal;
  let page = 0;
  for (let i = 0; i < targetCount; i++) {
    const count = leafSlotCount(table, pages[i]);
    if (i < sourceCount) {
      setChildCount(table, parent, index + i, count);
      if (i > 0) setChildKey(table, parent, index + i, firstKey(table, pages[i], format));
    }
    if (page === i && rest >= count && i < targetCount - 1) {
      rest -= count;
      page++;
    }
  }
  const leaf = pages[page];
  if (targetCount > sourceCount) {
    const added = pages[sourceCount];
    const key = firstKey(table, added, format);
    insertChild(table, parent, index + sourceCount, added, key, leafSlotCount(table, added));
  }
  findPath(cursor, leaf);
  cursor.slot = rest;
}

/** Puts the elements of two neighbours into the left one. */
function join(cursor: TreeCursor, left: number, right: number, ordinal: number): void {
  const { table } = cursor;
  const pages = table.stepPages;
  pages[0] = left;
  pages[1] = right;
  spread(table, 2, 1);
  const parent = table.word(left, 1);
  table.memory.beforeChange(parent);
  setChildCount(table, parent, childIndexOf(table, parent, left), leafSlotCount(table, left));
  removeChild(table, right);
  table.memory.free(right, LEAF_BYTES);
  findPath(cursor, left);
  cursor.slot = ordinal;
}
