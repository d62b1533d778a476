/** What follows when compaction has moved a page or a blob. Nothing is allocated or freed. */
import { blobAt, writeBlobMark } from './blobs.ts';
import { childIndexOf } from './descent.ts';
import { ownBlobs } from './leaf-room.ts';
import {
  isBlockLeaf,
  isRoot,
  keyBytes,
  levelOf,
  PAGE_HEADER_BYTES,
  slotBytes,
} from './page-layout.ts';
import { SLOT_COUNT } from './slotted-leaf.ts';
import { childAt, setChildAt } from './spine.ts';
import type { TreeTable } from './tree-table.ts';

export function relocatePage(table: TreeTable, from: number, to: number): void {
  const word0 = table.word(to, 0);
  const parent = table.word(to, 1);
  table.shapeCount++;
  if (isRoot(word0)) table.roots[parent] = to;
  else setChildAt(table, parent, childIndexOf(table, parent, from), to);
  if (levelOf(word0) > 0) {
    const childCount = table.word(to, 2);
    for (let i = 0; i < childCount; i++) table.setWord(childAt(table, to, i), 1, to);
  } else if (!isBlockLeaf(word0)) {
    ownBlobs(table, to);
  }
}

export function relocateBlob(table: TreeTable, from: number, to: number): void {
  const leaf = table.word(to, 1);
  const view = table.view(leaf);
  const base = table.wordAt(leaf) << 2;
  const format = (view.getUint8(base) >>> 4) & 3;
  const stride = slotBytes(format);
  let at = base + PAGE_HEADER_BYTES + keyBytes(format);
  for (let left = view.getUint16(base + SLOT_COUNT, true); left > 0; left--) {
    const payloadAt = base + view.getUint16(at, true);
    if (blobAt(view, payloadAt) === from) {
      writeBlobMark(view, payloadAt, to);
      return;
    }
    at += stride;
  }
}
