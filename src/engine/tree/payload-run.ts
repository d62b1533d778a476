/**
 * Where the payloads of neighbouring elements lie: for whoever passes many of them on. To move a
 * cursor and show its element costs three times as much as to note a place here.
 */
import { BLOB_MARK, FORMAT, keyBytes, PAGE_HEADER_BYTES } from './page-layout.ts';
import type { TreeCursor } from './tree-cursor.ts';

export const RUN_COUNT_MAX = 128;

export class PayloadRun {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  readonly offsets = new Uint32Array(RUN_COUNT_MAX);
  readonly lengths = new Uint32Array(RUN_COUNT_MAX);
  count = 0;
}

/**
 * Notes the elements from the cursor's on that lie in one page, up to `countMax`, and leaves the
 * cursor at the last of them, not shown: `next` and `prev` go on from there. Notes none, and leaves
 * the cursor as it is, where the element's payload lies elsewhere or the tree is one of blocks.
 */
export function takeRun(
  cursor: TreeCursor,
  run: PayloadRun,
  countMax: number,
  isReverse: boolean,
): number {
  run.count = 0;
  const { format, pageView: view, pageBase: base, slotByteCount } = cursor;
  if (format === FORMAT.BLOCK) return 0;
  const left = isReverse ? cursor.slot + 1 : cursor.slotCount - cursor.slot;
  const end = Math.min(left, countMax, RUN_COUNT_MAX);
  const step = isReverse ? -slotByteCount : slotByteCount;
  let slotAt = base + PAGE_HEADER_BYTES + cursor.slot * slotByteCount + keyBytes(format);
  let count = 0;
  for (; count < end; count++) {
    const at = base + view.getUint16(slotAt, true);
    const first = view.getUint8(at);
    if (first === BLOB_MARK) break;
    if (first < 128) {
      run.offsets[count] = at + 1;
      run.lengths[count] = first;
    } else {
      run.offsets[count] = at + 2;
      run.lengths[count] = ((first & 127) << 8) | view.getUint8(at + 1);
    }
    slotAt += step;
  }
  run.bytes = cursor.pageBytes;
  run.view = view;
  run.count = count;
  if (count > 1) cursor.slot += isReverse ? 1 - count : count - 1;
  return count;
}
