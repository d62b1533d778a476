/** How a cursor gets from the root to a leaf, and from a leaf to its neighbours. */
import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import {
  BLOB_HEADER_BYTES,
  BLOB_MARK,
  BLOCK_HEADER_BYTES,
  capacityOf,
  FORMAT,
  formatOf,
  keyBytes,
  levelOf,
  PAGE_HEADER_BYTES,
  slotBytes,
} from './page-layout.ts';
import type { TieOrder, TreeCursor } from './tree-cursor.ts';
import type { TreeTable } from './tree-table.ts';

/** Above every hash. No cursor seeks as far among hashes: their places are guessed below it. */
export const HASH_END = 0x1_0000_0000;
/** Slots on either side of a guess that are looked through first. */
const GUESS_ERROR = 4;

/** To the first place that is not before the key, or behind the last slot of the leaf before it. */
export function descend(cursor: TreeCursor, id: number, key: number): void {
  if (cursor.table.seekAhead.take(cursor, id, key)) return;
  let address = begin(cursor, id);
  if (cursor.format === FORMAT.SLOTTED32) {
    const share = descendHashes(cursor, address, key);
    const slotsAt = cursor.pageBase + PAGE_HEADER_BYTES;
    cursor.slot = guessedSlot(cursor.pageView, slotsAt, cursor.slotCount, key, share);
    return;
  }
  const segments = cursor.table.memory.segments;
  for (let level = cursor.depth; level > 0; level--) {
    const { words, view } = segments[address >>> SEGMENT_SHIFT];
    const at = (address & PLACE_MASK) << 1;
    const capacity = ((words[at] >>> 12) - 2) >>> 1;
    const keysAt = (at << 2) + PAGE_HEADER_BYTES;
    let low = 1;
    let high = words[at + 2];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (view.getFloat64(keysAt + (middle << 3), true) < key) low = middle + 1;
      else high = middle;
    }
    cursor.path[level] = address;
    cursor.childIndexes[level] = low - 1;
    address = words[at + 4 + capacity * 2 + low - 1];
  }
  if (!arrive(cursor, address)) return;
  cursor.slot = lowerSlot(cursor, key);
}

/**
 * Opens the leaf where that hash belongs, without a look at its bytes.
 * @returns  about which share of its slots lies before the hash
 */
export function descendToHashLeaf(cursor: TreeCursor, id: number, key: number): number {
  return descendHashes(cursor, begin(cursor, id), key);
}

/**
 * The same among hashes: they are spread evenly, so that where one stands in a page can be guessed
 * to a few slots, and one or two cache lines of a leaf are read where a binary search reads four.
 * Uneven keys cost at most twice the steps of a binary search.
 */
function descendHashes(cursor: TreeCursor, root: number, key: number): number {
  const segments = cursor.table.memory.segments;
  let address = root;
  let count = cursor.table.counts[cursor.id];
  let lowKey = 0;
  let highKey = HASH_END;
  for (let level = cursor.depth; level > 0; level--) {
    const { words, view } = segments[address >>> SEGMENT_SHIFT];
    const at = (address & PLACE_MASK) << 1;
    const childCount = words[at + 2];
    const capacity = ((words[at] >>> 12) - 2) >>> 1;
    const children = at + 4 + capacity * 2;
    const keysAt = (at << 2) + PAGE_HEADER_BYTES;
    let low = 1;
    let high = childCount;
    let probe = 1 + ((((key - lowKey) / (highKey - lowKey)) * childCount) | 0);
    if (probe >= childCount) probe = childCount - 1;
    let width = GUESS_ERROR;
    if (view.getFloat64(keysAt + (probe << 3), true) < key) {
      do {
        low = probe + 1;
        probe = low + width;
        width <<= 1;
      } while (probe < high && view.getFloat64(keysAt + (probe << 3), true) < key);
      if (probe < high) high = probe;
    } else {
      do {
        high = probe;
        probe -= width;
        width <<= 1;
      } while (probe >= low && view.getFloat64(keysAt + (probe << 3), true) >= key);
      if (probe >= low) low = probe + 1;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (view.getFloat64(keysAt + (middle << 3), true) < key) low = middle + 1;
      else high = middle;
    }
    if (low > 1) lowKey = view.getFloat64(keysAt + ((low - 1) << 3), true);
    if (low < childCount) highKey = view.getFloat64(keysAt + (low << 3), true);
    cursor.path[level] = address;
    cursor.childIndexes[level] = low - 1;
    address = words[children + low - 1];
    count = words[children + capacity + low - 1];
  }
  cursor.openLeaf(address, count);
  return (key - lowKey) / (highKey - lowKey);
}

/** First slot whose hash is not below, looked for around that share of the slots. */
export function guessedSlot(
  view: DataView,
  slotsAt: number,
  slotCount: number,
  key: number,
  share: number,
): number {
  let low = 0;
  let high = slotCount;
  if (high === 0) return 0;
  let probe = (share * high) | 0;
  if (probe >= high) probe = high - 1;
  let width = GUESS_ERROR;
  if (view.getUint32(slotsAt + probe * 6, true) < key) {
    do {
      low = probe + 1;
      probe = low + width;
      width <<= 1;
    } while (probe < high && view.getUint32(slotsAt + probe * 6, true) < key);
    if (probe < high) high = probe;
  } else {
    do {
      high = probe;
      probe -= width;
      width <<= 1;
    } while (probe >= low && view.getUint32(slotsAt + probe * 6, true) >= key);
    if (probe >= low) low = probe + 1;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (view.getUint32(slotsAt + middle * 6, true) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function descendTied(cursor: TreeCursor, id: number, key: number, tie: TieOrder): void {
  let address = begin(cursor, id);
  const segments = cursor.table.memory.segments;
  for (let level = cursor.depth; level > 0; level--) {
    const { words, view } = segments[address >>> SEGMENT_SHIFT];
    const at = (address & PLACE_MASK) << 1;
    const capacity = ((words[at] >>> 12) - 2) >>> 1;
    const keysAt = (at << 2) + PAGE_HEADER_BYTES;
    const children = at + 4 + capacity * 2;
    let low = 1;
    let high = words[at + 2];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const separator = view.getFloat64(keysAt + (middle << 3), true);
      if (
        separator < key ||
        (separator === key && firstIsBefore(cursor, words[children + middle], level - 1, key, tie))
      ) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    cursor.path[level] = address;
    cursor.childIndexes[level] = low - 1;
    address = words[children + low - 1];
  }
  if (!arrive(cursor, address)) return;
  let low = lowerSlot(cursor, key);
  let high = upperSlot(cursor, low, key);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareSlot(cursor, middle, tie) < 0) low = middle + 1;
    else high = middle;
  }
  cursor.slot = low;
}

/** Before the first element, or behind the last. */
export function descendToEnd(cursor: TreeCursor, id: number, isLast: boolean): void {
  let address = begin(cursor, id);
  address = descendEdge(cursor, address, cursor.depth, isLast);
  if (arrive(cursor, address)) cursor.slot = isLast ? cursor.slotCount : 0;
}

export function descendToRank(cursor: TreeCursor, id: number, rank: number): void {
  let address = begin(cursor, id);
  const segments = cursor.table.memory.segments;
  let rest = rank;
  for (let level = cursor.depth; level > 0; level--) {
    const { words } = segments[address >>> SEGMENT_SHIFT];
    const at = (address & PLACE_MASK) << 1;
    const capacity = ((words[at] >>> 12) - 2) >>> 1;
    const counts = at + 4 + capacity * 3;
    const last = words[at + 2] - 1;
    let index = 0;
    while (index < last && rest >= words[counts + index]) rest -= words[counts + index++];
    cursor.path[level] = address;
    cursor.childIndexes[level] = index;
    address = words[at + 4 + capacity * 2 + index];
  }
  if (!arrive(cursor, address)) return;
  if (cursor.format === FORMAT.BLOCK) {
    cursor.rankInBlock = rest;
    cursor.slot = rest < cursor.pageView.getUint32(cursor.pageBase + 8, true) ? 0 : 1;
  } else {
    cursor.slot = Math.min(rest, cursor.slotCount);
  }
}

/**
 * Opens the leaf beside this one.
 * @param direction  1 or -1
 * @returns          false, and nothing changed, when there is none
 */
export function stepLeaf(cursor: TreeCursor, direction: number): boolean {
  const { table, path, childIndexes } = cursor;
  for (let level = 1; level <= cursor.depth; level++) {
    const words = table.words(path[level]);
    const at = table.wordAt(path[level]);
    const index = childIndexes[level] + direction;
    if (index < 0 || index >= words[at + 2]) continue;
    childIndexes[level] = index;
    const child = words[at + 4 + capacityOf(words[at]) * 2 + index];
    const leaf = descendEdge(cursor, child, level - 1, direction < 0);
    cursor.openLeaf(leaf, leafCount(cursor));
    return true;
  }
  return false;
}

/** Fills the path from a leaf upwards, after pages were split or joined. */
export function findPath(cursor: TreeCursor, leaf: number): void {
  const { table } = cursor;
  let address = leaf;
  let level = 0;
  while (address !== table.roots[cursor.id]) {
    const parent = table.word(address, 1);
    level++;
    cursor.path[level] = parent;
    cursor.childIndexes[level] = childIndexOf(table, parent, address);
    address = parent;
  }
  cursor.depth = level;
  cursor.openLeaf(leaf, leafCount(cursor));
}

/** Elements of the leaf that the path leads to. */
function leafCount(cursor: TreeCursor): number {
  const { table } = cursor;
  if (cursor.depth === 0) return table.counts[cursor.id];
  const page = cursor.path[1];
  const { words } = table.memory.segments[page >>> SEGMENT_SHIFT];
  const at = (page & PLACE_MASK) << 1;
  const capacity = ((words[at] >>> 12) - 2) >>> 1;
  return words[at + 4 + capacity * 3 + cursor.childIndexes[1]];
}

/** Where the parent names that page. */
export function childIndexOf(table: TreeTable, parent: number, child: number): number {
  const words = table.words(parent);
  const at = table.wordAt(parent);
  const children = at + 4 + capacityOf(words[at]) * 2;
  let index = 0;
  while (words[children + index] !== child) index++;
  return index;
}

/** First slot whose key is not below. */
function lowerSlot(cursor: TreeCursor, key: number): number {
  const view = cursor.pageView;
  const base = cursor.pageBase;
  if (cursor.format === FORMAT.BLOCK) return view.getFloat64(base + 16, true) < key ? 1 : 0;
  const slotsAt = base + PAGE_HEADER_BYTES;
  let low = 0;
  let high = cursor.slotCount;
  if (cursor.format === FORMAT.SLOTTED32) {
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (view.getUint32(slotsAt + middle * 6, true) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (view.getFloat64(slotsAt + middle * 10, true) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First slot from `first` on whose key is above; most often it is the next. */
function upperSlot(cursor: TreeCursor, first: number, key: number): number {
  const { pageView: view, pageBase: base, format, slotCount } = cursor;
  let low = first;
  let high = first;
  let width = 1;
  while (high < slotCount && keyAt(view, base, format, high) <= key) {
    low = high + 1;
    high += width;
    width <<= 1;
  }
  if (high > slotCount) high = slotCount;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keyAt(view, base, format, middle) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function keyAt(view: DataView, base: number, format: number, slot: number): number {
  if (format === FORMAT.SLOTTED32) return view.getUint32(base + PAGE_HEADER_BYTES + slot * 6, true);
  return view.getFloat64(base + PAGE_HEADER_BYTES + slot * 10, true);
}

function compareSlot(cursor: TreeCursor, slot: number, tie: TieOrder): number {
  const { pageBytes, pageView, pageBase } = cursor;
  return comparePayload(cursor, pageBytes, pageView, pageBase, slot, tie);
}

/** Whether the first element under that page comes before (key, tie). Its key is not below. */
function firstIsBefore(
  cursor: TreeCursor,
  page: number,
  level: number,
  key: number,
  tie: TieOrder,
): boolean {
  const { table } = cursor;
  let leaf = page;
  for (let left = level; left > 0; left--) {
    const words = table.words(leaf);
    const at = table.wordAt(leaf);
    leaf = words[at + 4 + capacityOf(words[at]) * 2];
  }
  const { memory } = table;
  memory.locate(leaf);
  const first =
    cursor.format === FORMAT.BLOCK
      ? memory.view.getFloat64(memory.base + 16, true)
      : keyAt(memory.view, memory.base, cursor.format, 0);
  if (first !== key) return first < key;
  return comparePayload(cursor, memory.bytes, memory.view, memory.base, 0, tie) < 0;
}

function comparePayload(
  cursor: TreeCursor,
  bytes: Uint8Array,
  view: DataView,
  base: number,
  slot: number,
  tie: TieOrder,
): number {
  const { format } = cursor;
  if (format === FORMAT.BLOCK) {
    const length = view.getUint32(base + 12, true);
    return tie.compare(bytes, view, base + BLOCK_HEADER_BYTES, length);
  }
  const slotAt = base + PAGE_HEADER_BYTES + slot * slotBytes(format);
  const at = base + view.getUint16(slotAt + keyBytes(format), true);
  const first = view.getUint8(at);
  if (first < 128) return tie.compare(bytes, view, at + 1, first);
  if (first !== BLOB_MARK) {
    const length = ((first & 127) << 8) | view.getUint8(at + 1);
    return tie.compare(bytes, view, at + 2, length);
  }
  const { memory } = cursor.table;
  memory.locate(view.getUint32(at + 1, true));
  const length = memory.view.getUint32(memory.base + 8, true);
  return tie.compare(memory.bytes, memory.view, memory.base + BLOB_HEADER_BYTES, length);
}

/** Down the first or last children; fills the path below. @returns the leaf, 0 for none */
function descendEdge(cursor: TreeCursor, page: number, level: number, isLast: boolean): number {
  const { path, childIndexes } = cursor;
  const { segments } = cursor.table.memory;
  let address = page;
  for (let left = level; left > 0; left--) {
    const { words } = segments[address >>> SEGMENT_SHIFT];
    const at = (address & PLACE_MASK) << 1;
    const childCount = words[at + 2];
    const index = isLast && childCount > 0 ? childCount - 1 : 0;
    path[left] = address;
    childIndexes[left] = index;
    if (childCount === 0) return 0;
    address = words[at + 4 + capacityOf(words[at]) * 2 + index];
  }
  return address;
}

/** @returns the root's address */
function begin(cursor: TreeCursor, id: number): number {
  const { table } = cursor;
  const root = table.roots[id];
  const word0 = table.words(root)[table.wordAt(root)];
  cursor.id = id;
  cursor.depth = levelOf(word0);
  cursor.format = formatOf(word0);
  cursor.slotByteCount = slotBytes(cursor.format);
  cursor.isAtElement = false;
  cursor.slot = 0;
  return root;
}

/** @returns false when the tree has no leaf */
function arrive(cursor: TreeCursor, address: number): boolean {
  if (cursor.format === FORMAT.BLOCK && cursor.depth === 1) {
    if (cursor.table.word(cursor.path[1], 2) === 0) {
      cursor.leaf = 0;
      cursor.slotCount = 0;
      return false;
    }
  }
  cursor.openLeaf(address, cursor.format === FORMAT.BLOCK ? 1 : leafCount(cursor));
  return true;
}
