/** Whether the pages of a tree are as `engine/tree/page-layout.ts` says. */
import assert from 'node:assert/strict';
import { blobAt } from '../engine/tree/blobs.ts';
import {
  BLOCK_HEADER_BYTES,
  capacityOf,
  FORMAT,
  formatOf,
  heapBytesAt,
  isRoot,
  keyBytes,
  levelOf,
  PAGE_HEADER_BYTES,
  sizeOf,
  slotBytes,
} from '../engine/tree/page-layout.ts';
import { BLOB_COUNT, GARBAGE, HEAP_BEGIN, SLOT_COUNT } from '../engine/tree/slotted-leaf.ts';
import { childAt, childKey } from '../engine/tree/spine.ts';
import type { TreeTable } from '../engine/tree/tree-table.ts';
import type { Trees } from '../engine/tree/trees.ts';

interface Extent {
  count: number;
  firstKey: number;
  lastKey: number;
}

/** Fails on the first rule that is broken. @returns bytes of all blocks of the tree */
export function checkTree(trees: Trees, id: number): number {
  const { table } = trees;
  const root = table.roots[id];
  const word0 = table.word(root, 0);
  assert.ok(isRoot(word0), 'a root says that it is one');
  assert.equal(table.word(root, 1), id, 'a root says whose it is');
  const check = { table, format: formatOf(word0), byteCount: 0 };
  const extent = checkPage(check, root, levelOf(word0), true);
  assert.equal(trees.count(id), extent.count, 'the table counts the elements');
  assert.equal(trees.byteCount(id), check.byteCount);
  return check.byteCount;
}

interface Check {
  readonly table: TreeTable;
  readonly format: number;
  byteCount: number;
}

function checkPage(check: Check, page: number, level: number, isTop: boolean): Extent {
  const { table, format } = check;
  const word0 = table.word(page, 0);
  assert.equal(word0 & 15, 14, 'a page has the type of pages');
  assert.equal(levelOf(word0), level, 'levels go down by one');
  assert.equal(formatOf(word0), format, 'pages are of one format');
  assert.equal(isRoot(word0), isTop);
  if (level > 0) return checkInner(check, page, level, isTop);
  return format === FORMAT.BLOCK ? checkBlock(check, page) : checkLeaf(check, page, isTop);
}

function checkInner(check: Check, page: number, level: number, isTop: boolean): Extent {
  const { table } = check;
  const childCount = table.word(page, 2);
  const word0 = table.word(page, 0);
  assert.ok(childCount <= capacityOf(word0));
  assert.ok(isTop || childCount > 0, 'no page but a root is empty');
  const mayBeLone = level === 1 && check.format === FORMAT.BLOCK;
  assert.ok(!isTop || childCount > 1 || mayBeLone, 'a root has more than one child');
  check.byteCount += table.memory.classBytes(sizeOf(word0));
  const extent = { count: 0, firstKey: Number.NaN, lastKey: Number.NEGATIVE_INFINITY };
  for (let i = 0; i < childCount; i++) {
    const child = childAt(table, page, i);
    assert.equal(table.word(child, 1), page, 'a page knows its parent');
    const below = checkPage(check, child, level - 1, false);
    const words = table.words(page);
    const at = table.wordAt(page);
    assert.equal(words[at + 4 + capacityOf(words[at]) * 3 + i], below.count, 'counts add up');
    if (i > 0) {
      const separator = childKey(table, page, i);
      assert.ok(separator <= below.firstKey, `separator ${separator} > ${below.firstKey}`);
      assert.ok(separator >= extent.lastKey, `separator ${separator} < ${extent.lastKey}`);
    } else {
      extent.firstKey = below.firstKey;
    }
    extent.lastKey = below.lastKey;
    extent.count += below.count;
  }
  return extent;
}

function checkBlock(check: Check, page: number): Extent {
  const { memory } = check.table;
  memory.locate(page);
  const length = memory.view.getUint32(memory.base + 12, true);
  const key = memory.view.getFloat64(memory.base + 16, true);
  check.byteCount += memory.classBytes(BLOCK_HEADER_BYTES + length);
  return { count: memory.view.getUint32(memory.base + 8, true), firstKey: key, lastKey: key };
}

function checkLeaf(check: Check, page: number, isTop: boolean): Extent {
  const { table, format } = check;
  const { memory } = table;
  memory.locate(page);
  const { view, base } = memory;
  const size = sizeOf(view.getUint32(base, true));
  const count = view.getUint16(base + SLOT_COUNT, true);
  const heapBegin = view.getUint16(base + HEAP_BEGIN, true);
  assert.ok(isTop || count > 0, 'no leaf but a root is empty');
  assert.ok(
    PAGE_HEADER_BYTES + count * slotBytes(format) <= heapBegin,
    'slots end before the heap',
  );
  check.byteCount += memory.classBytes(size);
  const extent = { count, firstKey: Number.NaN, lastKey: Number.NEGATIVE_INFINITY };
  const stretches: [number, number][] = [];
  let blobCount = 0;
  for (let slot = 0; slot < count; slot++) {
    const at = base + PAGE_HEADER_BYTES + slot * slotBytes(format);
    const key = format === FORMAT.SLOTTED32 ? view.getUint32(at, true) : view.getFloat64(at, true);
    assert.ok(key >= extent.lastKey, 'slots are in the order of their keys');
    if (slot === 0) extent.firstKey = key;
    extent.lastKey = key;
    const offset = view.getUint16(at + keyBytes(format), true);
    stretches.push([offset, heapBytesAt(view, base + offset)]);
    const blob = blobAt(view, base + offset);
    if (blob === 0) continue;
    blobCount++;
    assert.equal(table.word(blob, 1), page, 'a blob knows its leaf');
    check.byteCount += memory.classBytes(12 + table.word(blob, 2));
  }
  assert.equal(view.getUint16(base + BLOB_COUNT, true), blobCount);
  let end = heapBegin;
  let used = 0;
  for (const [offset, byteCount] of stretches.sort((a, b) => a[0] - b[0])) {
    assert.ok(offset >= end, 'payloads do not overlap');
    end = offset + byteCount;
    used += byteCount;
  }
  assert.ok(end <= size);
  assert.equal(size - heapBegin, used + view.getUint16(base + GARBAGE, true), 'the heap adds up');
  return extent;
}
