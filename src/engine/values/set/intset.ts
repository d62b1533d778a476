/**
 * A small set of integers as Redis' intset, byte for byte: sorted, so that a member is found by
 * halving, in as few bytes each as the largest needs.
 *
 *     bytes a member u32 (2, 4 or 8) | count u32 | members, ascending
 *
 * Integers beyond 2^53 are compared as bigints; all others as doubles.
 */
export const INTSET_HEADER_BYTES = 8;
const HIGH_WORD = 0x1_0000_0000;

export function initIntset(view: DataView, at: number): void {
  view.setUint32(at, 2, true);
  view.setUint32(at + 4, 0, true);
}

export function intsetCount(view: DataView, at: number): number {
  return view.getUint32(at + 4, true);
}

export function setIntsetCount(view: DataView, at: number, count: number): void {
  view.setUint32(at + 4, count, true);
}

export function intsetWidth(view: DataView, at: number): number {
  return view.getUint32(at, true);
}

/** Bytes that a member of that value needs. */
export function widthOf(value: number | bigint): number {
  if (value >= -32_768 && value <= 32_767) return 2;
  return value >= -2_147_483_648 && value <= 2_147_483_647 ? 4 : 8;
}

/** The member, as a number up to 2^53 and as a bigint beyond. */
export function intsetMember(view: DataView, at: number, index: number): number | bigint {
  const width = intsetWidth(view, at);
  const place = at + INTSET_HEADER_BYTES + index * width;
  if (width === 2) return view.getInt16(place, true);
  if (width === 4) return view.getInt32(place, true);
  const value = view.getInt32(place + 4, true) * HIGH_WORD + view.getUint32(place, true);
  return Number.isSafeInteger(value) ? value : view.getBigInt64(place, true);
}

/**
 * @returns  the index of the value, or -1 - the index where it would stand
 */
export function findInIntset(view: DataView, at: number, value: number | bigint): number {
  let low = 0;
  let high = intsetCount(view, at) - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const member = intsetMember(view, at, middle);
    if (member < value) low = middle + 1;
    else if (member > value) high = middle - 1;
    else return middle;
  }
  return -1 - low;
}

/** Writes a member into its place; the room is there and the width is enough. */
export function writeIntsetMember(
  view: DataView,
  at: number,
  index: number,
  value: number | bigint,
): void {
  const width = intsetWidth(view, at);
  const place = at + INTSET_HEADER_BYTES + index * width;
  if (width === 2) view.setInt16(place, Number(value), true);
  else if (width === 4) view.setInt32(place, Number(value), true);
  else view.setBigInt64(place, BigInt(value), true);
}

/** Gives every member more bytes; the room behind them is there already. */
export function widenIntset(view: DataView, at: number, width: number): void {
  const count = intsetCount(view, at);
  const oldWidth = intsetWidth(view, at);
  for (let index = count - 1; index >= 0; index--) {
    view.setUint32(at, oldWidth, true);
    const member = intsetMember(view, at, index);
    view.setUint32(at, width, true);
    writeIntsetMember(view, at, index, member);
  }
  view.setUint32(at, width, true);
}
