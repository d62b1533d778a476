import { blobAt } from '../tree/blobs.ts';
import {
  capacityOf,
  isBlockLeaf,
  keyBytes,
  levelOf,
  PAGE_HEADER_BYTES,
  pageBytes,
  slotBytes,
} from '../tree/page-layout.ts';
import { BLOB_COUNT, SLOT_COUNT } from '../tree/slotted-leaf.ts';
import type { PageSource } from './page-walk.ts';

/**
 * What is written at once rather than in steps: four pages. More would be felt by the command that
 * it is written before; less, and many collections of some hundred elements would be held.
 */
export const LITTLE_BYTES = 16_384;
const LITTLE_PAGE_COUNT = 8;

/** Whether so little is in those trees that they are written at once. Looks at a few pages. */
export function isLittle(trees: readonly (PageSource & { readonly root: number })[]): boolean {
  let byteCount = 0;
  for (const tree of trees) {
    byteCount += treeBytes(tree, tree.root);
    if (byteCount > LITTLE_BYTES) return false;
  }
  return true;
}

/** Bytes of a tree, or any number above LITTLE_BYTES. */
function treeBytes(pages: PageSource, root: number): number {
  pages.open(root);
  const { view, base } = pages;
  const word0 = view.getUint32(base, true);
  const level = levelOf(word0);
  if (level === 0) return leafBytes(pages);
  const childCount = view.getUint32(base + 8, true);
  if (level > 1 || childCount > LITTLE_PAGE_COUNT) return LITTLE_BYTES + 1;
  const childrenAt = base + PAGE_HEADER_BYTES + capacityOf(word0) * 8;
  let byteCount = 0;
  for (let i = 0; i < childCount && byteCount <= LITTLE_BYTES; i++) {
    pages.open(view.getUint32(childrenAt + i * 4, true));
    byteCount += leafBytes(pages);
  }
  return byteCount;
}

/** Of the leaf that was opened, blobs included; they are as long as they say. */
function leafBytes(pages: PageSource): number {
  const { view, base } = pages;
  let byteCount = pageBytes(view, base);
  if (isBlockLeaf(view.getUint32(base, true))) return byteCount;
  if (view.getUint16(base + BLOB_COUNT, true) === 0) return byteCount;
  const format = (view.getUint8(base) >>> 4) & 3;
  let at = base + PAGE_HEADER_BYTES + keyBytes(format);
  for (let left = view.getUint16(base + SLOT_COUNT, true); left > 0; left--) {
    const blob = blobAt(view, base + view.getUint16(at, true));
    if (blob !== 0) {
      pages.open(blob);
      byteCount += pages.view.getUint32(pages.base + 8, true);
      if (byteCount > LITTLE_BYTES) return byteCount;
    }
    at += slotBytes(format);
  }
  return byteCount;
}
