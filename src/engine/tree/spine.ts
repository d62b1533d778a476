/**
 * The inner pages: what is above the leaves. All functions keep the counts of the pages they touch
 * equal to what lies below; a new leaf comes in with the count it is given, and its parents above
 * the first are told by whoever inserts elements.
 *
 * A page's parent word is written without `beforeChange`: it says where the page is, not what the
 * tree holds.
 */
import { childIndexOf } from './descent.ts';
import {
  capacityOf,
  FORMAT,
  formatOf,
  INNER_CAPACITIES,
  INNER_CAPACITY_MAX,
  innerBytes,
  isRoot,
  LEAF_BYTES_MIN,
  levelOf,
  PAGE_HEADER_BYTES,
  pageWord0,
  ROOT,
} from './page-layout.ts';
import { createLeaf } from './slotted-leaf.ts';
import type { TreeTable } from './tree-table.ts';

/** Pages with fewer children look for a neighbour to join, with fewest they borrow from it. */
const JOIN_BELOW: number = INNER_CAPACITY_MAX / 3;
const BORROW_BELOW: number = INNER_CAPACITY_MAX / 4;
const JOINED_COUNT_MAX: number = INNER_CAPACITY_MAX * 0.9;

/** A new tree. @returns its id */
export function createRoot(table: TreeTable, format: number): number {
  const id = table.take();
  if (format === FORMAT.BLOCK) {
    const root = createInner(table, format, 1, INNER_CAPACITIES[0]);
    becomeRoot(table, root, id);
    return id;
  }
  becomeRoot(table, createLeaf(table, format, LEAF_BYTES_MIN), id);
  return id;
}

export function becomeRoot(table: TreeTable, page: number, id: number): void {
  const words = table.words(page);
  const at = table.wordAt(page);
  words[at] |= ROOT;
  words[at + 1] = id;
  table.roots[id] = page;
  table.shapeCount++;
}

/** The page's parent; a root gets one first, as its only child. */
export function requireParent(table: TreeTable, page: number): number {
  const word0 = table.word(page, 0);
  if (!isRoot(word0)) return table.word(page, 1);
  const id = table.word(page, 1);
  const parent = createInner(table, formatOf(word0), levelOf(word0) + 1, INNER_CAPACITIES[0]);
  table.setWord(page, 0, (word0 & ~ROOT) >>> 0);
  table.setWord(page, 1, parent);
  becomeRoot(table, parent, id);
  putChild(table, parent, 0, page, Number.NEGATIVE_INFINITY, table.counts[id]);
  return parent;
}

/**
 * Puts a page under that parent, or under a neighbour that the parent is split into.
 * @param index  place among the children; at 0 the separator of what was first must be true already
 */
export function insertChild(
  table: TreeTable,
  parent: number,
  index: number,
  child: number,
  key: number,
  count: number,
): void {
  let page = parent;
  const word0 = table.word(page, 0);
  const childCount = table.word(page, 2);
  if (childCount === capacityOf(word0)) {
    if (childCount < INNER_CAPACITY_MAX) {
      page = growInner(table, page);
    } else {
      const right = splitInner(table, page, index);
      const leftCount = table.word(page, 2);
      if (index > leftCount) {
        putChild(table, right, index - leftCount, child, key, count);
        setCount(table, right);
        table.setWord(child, 1, right);
        return;
      }
    }
  }
  table.memory.beforeChange(page);
  putChild(table, page, index, child, key, count);
  table.setWord(child, 1, page);
  if (!isRoot(table.word(page, 0))) setCount(table, page);
}

/** Takes a page out of its parent, with its count. The page is the caller's to free. */
export function removeChild(table: TreeTable, child: number): void {
  const parent = table.word(child, 1);
  table.memory.beforeChange(parent);
  takeChild(table, parent, childIndexOf(table, parent, child));
  const childCount = table.word(parent, 2);
  const word0 = table.word(parent, 0);
  if (isRoot(word0)) {
    if (childCount === 1) collapseRoot(table, table.word(parent, 1));
  } else if (childCount === 0) {
    removeChild(table, parent);
    freeInner(table, parent);
  } else {
    setCount(table, parent);
    if (childCount < JOIN_BELOW) refillInner(table, parent);
  }
}

/** The parent hears again how many elements are below that page. */
export function setCount(table: TreeTable, page: number): void {
  const parent = table.word(page, 1);
  setChildCount(table, parent, childIndexOf(table, parent, page), sumCounts(table, page));
}

export function setChildCount(
  table: TreeTable,
  parent: number,
  index: number,
  count: number,
): void {
  const words = table.words(parent);
  const at = table.wordAt(parent);
  words[at + 4 + capacityOf(words[at]) * 3 + index] = count;
}

export function setChildKey(table: TreeTable, parent: number, index: number, key: number): void {
  const at = table.wordAt(parent);
  table.view(parent).setFloat64((at << 2) + PAGE_HEADER_BYTES + index * 8, key, true);
  table.shapeCount++;
}

export function childKey(table: TreeTable, parent: number, index: number): number {
  const at = table.wordAt(parent);
  return table.view(parent).getFloat64((at << 2) + PAGE_HEADER_BYTES + index * 8, true);
}

export function childAt(table: TreeTable, parent: number, index: number): number {
  const words = table.words(parent);
  const at = table.wordAt(parent);
  return words[at + 4 + capacityOf(words[at]) * 2 + index];
}

export function sumCounts(table: TreeTable, page: number): number {
  const words = table.words(page);
  const at = table.wordAt(page);
  const counts = at + 4 + capacityOf(words[at]) * 3;
  let sum = 0;
  for (let i = words[at + 2] - 1; i >= 0; i--) sum += words[counts + i];
  return sum;
}

function createInner(table: TreeTable, format: number, level: number, capacity: number): number {
  const byteCount = innerBytes(capacity);
  const page = table.allocate(byteCount);
  const words = table.words(page);
  const at = table.wordAt(page);
  words[at] = pageWord0(format, level, byteCount);
  words[at + 2] = 0;
  words[at + 3] = 0;
  return page;
}

/** The page's change was announced while it was still in the tree. */
export function freeInner(table: TreeTable, page: number): void {
  table.memory.free(page, innerBytes(capacityOf(table.word(page, 0))));
}

/** There is room. */
function putChild(
  table: TreeTable,
  page: number,
  index: number,
  child: number,
  key: number,
  count: number,
): void {
  const words = table.words(page);
  const at = table.wordAt(page);
  const childCount = words[at + 2];
  const capacity = capacityOf(words[at]);
  const keys = at + 4;
  const children = keys + capacity * 2;
  const counts = children + capacity;
  if (index < childCount) {
    words.copyWithin(keys + index * 2 + 2, keys + index * 2, keys + childCount * 2);
    words.copyWithin(children + index + 1, children + index, children + childCount);
    words.copyWithin(counts + index + 1, counts + index, counts + childCount);
  }
  words[children + index] = child;
  words[counts + index] = count;
  words[at + 2] = childCount + 1;
  setChildKey(table, page, index, key);
}

function takeChild(table: TreeTable, page: number, index: number): void {
  const words = table.words(page);
  const at = table.wordAt(page);
  const childCount = words[at + 2];
  const capacity = capacityOf(words[at]);
  const keys = at + 4;
  const children = keys + capacity * 2;
  const counts = children + capacity;
  words.copyWithin(keys + index * 2, keys + index * 2 + 2, keys + childCount * 2);
  words.copyWithin(children + index, children + index + 1, children + childCount);
  words.copyWithin(counts + index, counts + index + 1, counts + childCount);
  words[at + 2] = childCount - 1;
  table.shapeCount++;
}

/** A root gets a larger block. @returns its new address */
function growInner(table: TreeTable, page: number): number {
  table.memory.beforeChange(page);
  const word0 = table.word(page, 0);
  const childCount = table.word(page, 2);
  const id = table.word(page, 1);
  const capacity = INNER_CAPACITIES.find((next) => next > childCount) ?? INNER_CAPACITY_MAX;
  const grown = createInner(table, formatOf(word0), levelOf(word0), capacity);
  becomeRoot(table, grown, id);
  moveChildren(table, page, 0, grown, 0, childCount);
  freeInner(table, page);
  return grown;
}

/**
 * Makes room for a child at `index`: half of the children go to a new page on the right; all but
 * one stay, or go, when the new child comes last or first, as in a tree that grows at one end.
 * @returns  the new page
 */
function splitInner(table: TreeTable, page: number, index: number): number {
  const childCount = table.word(page, 2);
  const word0 = table.word(page, 0);
  let keptCount = childCount >>> 1;
  if (index === childCount) keptCount = childCount - 1;
  else if (index === 0) keptCount = 1;
  const parent = requireParent(table, page);
  const right = createInner(table, formatOf(word0), levelOf(word0), INNER_CAPACITY_MAX);
  const key = childKey(table, page, keptCount);
  table.memory.beforeChange(page);
  moveChildren(table, page, keptCount, right, 0, childCount - keptCount);
  table.memory.beforeChange(parent);
  setCount(table, page);
  const at = childIndexOf(table, parent, page) + 1;
  insertChild(table, parent, at, right, key, sumCounts(table, right));
  return right;
}

/** Moves a stretch of children between pages, one of whose ends it is. */
function moveChildren(
  table: TreeTable,
  from: number,
  fromIndex: number,
  to: number,
  toIndex: number,
  count: number,
): void {
  const source = table.words(from);
  const sourceAt = table.wordAt(from);
  const sourceCapacity = capacityOf(source[sourceAt]);
  const target = table.words(to);
  const targetAt = table.wordAt(to);
  const targetCapacity = capacityOf(target[targetAt]);
  for (let part = 0; part < 3; part++) {
    // Keys are two words each, then addresses, then counts.
    const width = part === 0 ? 2 : 1;
    const read = sourceAt + 4 + sourceCapacity * (part === 0 ? 0 : part + 1);
    const write = targetAt + 4 + targetCapacity * (part === 0 ? 0 : part + 1);
    const room = write + toIndex * width;
    target.copyWithin(room + count * width, room, write + target[targetAt + 2] * width);
    for (let i = 0; i < count * width; i++) {
      target[room + i] = source[read + fromIndex * width + i];
    }
    source.copyWithin(
      read + fromIndex * width,
      read + (fromIndex + count) * width,
      read + source[sourceAt + 2] * width,
    );
  }
  table.shapeCount++;
  target[targetAt + 2] += count;
  source[sourceAt + 2] -= count;
  const children = targetAt + 4 + targetCapacity * 2 + toIndex;
  for (let i = 0; i < count; i++) table.setWord(target[children + i], 1, to);
}

/** Joins a page of few children with a neighbour, or fills it up from there. */
function refillInner(table: TreeTable, page: number): void {
  const parent = table.word(page, 1);
  const index = childIndexOf(table, parent, page);
  const hasRight = index + 1 < table.word(parent, 2);
  if (index === 0 && !hasRight) return;
  const left = hasRight ? page : childAt(table, parent, index - 1);
  const right = hasRight ? childAt(table, parent, index + 1) : page;
  const rightIndex = hasRight ? index + 1 : index;
  const leftCount = table.word(left, 2);
  const rightCount = table.word(right, 2);
  const sum = leftCount + rightCount;
  const isJoin = sum <= JOINED_COUNT_MAX;
  if (!isJoin && Math.min(leftCount, rightCount) >= BORROW_BELOW) return;
  const { memory } = table;
  memory.beforeChange(left);
  memory.beforeChange(right);
  memory.beforeChange(parent);
  // The first separator of a page is not kept true; here it comes to stand between two children.
  setChildKey(table, right, 0, childKey(table, parent, rightIndex));
  if (isJoin) {
    moveChildren(table, right, 0, left, leftCount, rightCount);
    setCount(table, left);
    removeChild(table, right);
    freeInner(table, right);
    return;
  }
  const leftWanted = sum >>> 1;
  if (leftCount < leftWanted) {
    moveChildren(table, right, 0, left, leftCount, leftWanted - leftCount);
  } else {
    moveChildren(table, left, leftWanted, right, 0, leftCount - leftWanted);
  }
  setChildKey(table, parent, rightIndex, childKey(table, right, 0));
  setCount(table, left);
  setCount(table, right);
}

/** An only child takes its root's place. The root of a tree of blocks is never a leaf. */
function collapseRoot(table: TreeTable, id: number): void {
  for (;;) {
    const root = table.roots[id];
    const word0 = table.word(root, 0);
    const level = levelOf(word0);
    if (level === 0 || table.word(root, 2) !== 1) return;
    if (level === 1 && formatOf(word0) === FORMAT.BLOCK) return;
    const child = childAt(table, root, 0);
    table.memory.beforeChange(root);
    freeInner(table, root);
    becomeRoot(table, child, id);
  }
}

/** The page at that place has moved. */
export function setChildAt(table: TreeTable, parent: number, index: number, child: number): void {
  const words = table.words(parent);
  const at = table.wordAt(parent);
  words[at + 4 + capacityOf(words[at]) * 2 + index] = child;
  table.shapeCount++;
}
