import type { TieOrder } from '../../tree/tree-cursor.ts';

/** As memcmp, the shorter first when one begins with the other. Below 0: left is before right. */
export function compareMembers(
  leftView: DataView,
  left: number,
  leftLength: number,
  rightView: DataView,
  right: number,
  rightLength: number,
): number {
  const length = leftLength < rightLength ? leftLength : rightLength;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (leftView.getUint32(left + i, true) === rightView.getUint32(right + i, true)) continue;
    return leftView.getUint32(left + i) < rightView.getUint32(right + i) ? -1 : 1;
  }
  for (; i < length; i++) {
    const difference = leftView.getUint8(left + i) - rightView.getUint8(right + i);
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}

/** The member that is looked for, in a frame or a scratch: a reused object. */
export class Member implements TieOrder {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  /** The place looked for is behind the member, where it is there. */
  isAfterEqual = false;

  point(bytes: Uint8Array, view: DataView, offset: number, length: number): this {
    this.bytes = bytes;
    this.view = view;
    this.offset = offset;
    this.length = length;
    this.isAfterEqual = false;
    return this;
  }

  compare(_bytes: Uint8Array, view: DataView, offset: number, length: number): number {
    const order = compareMembers(view, offset, length, this.view, this.offset, this.length);
    return order === 0 && this.isAfterEqual ? -1 : order;
  }
}
