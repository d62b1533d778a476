/** Work on all pages of a tree. Goes as deep as the tree has levels. */
import { blobAt, copyBlob, createBlob, writeBlobMark } from './blobs.ts';
import {
  BLOB_HEADER_BYTES,
  isBlockLeaf,
  keyBytes,
  levelOf,
  PAGE_HEADER_BYTES,
  pageBytes,
  slotBytes,
} from './page-layout.ts';
import { BLOB_COUNT, SLOT_COUNT } from './slotted-leaf.ts';
import { childAt, setChildAt } from './spine.ts';
import type { TreeTable } from './tree-table.ts';

/** @returns  the copy's id in `target` */
export function copyTree(source: TreeTable, id: number, target: TreeTable): number {
  const copy = target.take();
  const root = copyPage(source, source.roots[id], target, copy);
  target.roots[copy] = root;
  target.counts[copy] = source.counts[id];
  return copy;
}

export function treeBytes(table: TreeTable, id: number): number {
  return pageTreeBytes(table, table.roots[id]);
}

/** @param parent  what the copy's parent word is */
function copyPage(source: TreeTable, page: number, target: TreeTable, parent: number): number {
  source.memory.locate(page);
  const { bytes, view, base } = source.memory;
  const byteCount = pageBytes(view, base);
  const copy = target.allocate(byteCount);
  target.memory.bytes.set(bytes.subarray(base, base + byteCount), target.memory.base);
  target.setWord(copy, 1, parent);
  const word0 = target.word(copy, 0);
  if (levelOf(word0) > 0) {
    const childCount = target.word(copy, 2);
    for (let i = 0; i < childCount; i++) {
      setChildAt(target, copy, i, copyPage(source, childAt(source, page, i), target, copy));
    }
  } else if (!isBlockLeaf(word0)) {
    copyBlobs(source, target, copy);
  }
  return copy;
}

/** Gives a copied leaf blobs of its own. */
function copyBlobs(source: TreeTable, target: TreeTable, leaf: number): void {
  const view = target.view(leaf);
  const base = target.wordAt(leaf) << 2;
  if (view.getUint16(base + BLOB_COUNT, true) === 0) return;
  const format = (view.getUint8(base) >>> 4) & 3;
  let at = base + PAGE_HEADER_BYTES + keyBytes(format);
  for (let left = view.getUint16(base + SLOT_COUNT, true); left > 0; left--) {
    const payloadAt = base + view.getUint16(at, true);
    const blob = blobAt(view, payloadAt);
    if (blob !== 0) {
      const length = source.word(blob, 2);
      const copy = createBlob(target, length);
      copyBlob(source, blob, target, copy, length);
      target.setWord(copy, 1, leaf);
      writeBlobMark(view, payloadAt, copy);
    }
    at += slotBytes(format);
  }
}

function pageTreeBytes(table: TreeTable, page: number): number {
  const { memory } = table;
  memory.locate(page);
  const { view, base } = memory;
  const word0 = view.getUint32(base, true);
  let byteCount = memory.classBytes(pageBytes(view, base));
  if (levelOf(word0) > 0) {
    const childCount = table.word(page, 2);
    for (let i = 0; i < childCount; i++) byteCount += pageTreeBytes(table, childAt(table, page, i));
  } else if (!isBlockLeaf(word0)) {
    byteCount += leafBlobBytes(table, view, base);
  }
  return byteCount;
}

function leafBlobBytes(table: TreeTable, view: DataView, base: number): number {
  if (view.getUint16(base + BLOB_COUNT, true) === 0) return 0;
  const format = (view.getUint8(base) >>> 4) & 3;
  let byteCount = 0;
  let at = base + PAGE_HEADER_BYTES + keyBytes(format);
  for (let left = view.getUint16(base + SLOT_COUNT, true); left > 0; left--) {
    const blob = blobAt(view, base + view.getUint16(at, true));
    if (blob !== 0) {
      byteCount += table.memory.classBytes(BLOB_HEADER_BYTES + table.word(blob, 2));
    }
    at += slotBytes(format);
  }
  return byteCount;
}
