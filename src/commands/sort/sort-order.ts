/**
 * Putting elements in order, as Redis does: by a number or by text, their own or another key's.
 * Elements are numbers of a column; what comes out is their order.
 *
 * Numbers are sorted by counting. Texts are, as far as six bytes go, numbers too: what all of them
 * begin with is passed over, the six bytes behind it are sorted as a number, and so on where those
 * are alike.
 */
import { parseDouble } from '../../base/numbers.ts';
import { partialSort } from '../../base/partial-sort.ts';
import {
  type CompareItems,
  itemNumbers,
  orderByComparison,
  orderByNumbers,
} from '../../base/stable-order.ts';
import { compareCStrings, compareTexts, type TextColumn } from './text-column.ts';

export interface SortInput {
  readonly elements: TextColumn;
  /** Weights that are numbers, by element; null when texts decide. */
  readonly scores: Float64Array | null;
  /** Texts of other keys that decide, by element; null when the elements do. */
  readonly weights: TextColumn | null;
  readonly isDescending: boolean;
  /** All bytes count, beyond a zero too: STORE, whose result must not depend on a locale. */
  readonly isBinary: boolean;
}

/** Below it a number is not exact, and strtod says so. */
const NORMAL_MIN = 2.2250738585072014e-308;
/** Fewer texts are compared as they are. */
const KEYED_MIN = 64;
const KEY_BYTES = 6;

/**
 * @param isPartial  sorts only what comes to stand from `start` to `end` (not included) and leaves
 *                   the rest as Redis does: seen where weights are equal
 * @returns          numbers of elements
 */
export function orderElements(
  input: SortInput,
  isPartial: boolean,
  start: number,
  end: number,
): Uint32Array {
  const { elements, scores, weights, isDescending, isBinary } = input;
  const { count } = elements;
  const order = itemNumbers(count);
  const isByText = scores === null && weights !== null;
  if (isByText) {
    const compare = comparatorOfWeights(weights, isDescending, isBinary);
    if (isPartial) partialSort<number>(order, compare, start, end - 1);
    else orderByComparison(order, compare, 0, count);
    return order;
  }
  if (scores === null) orderByText(order, elements, 0, count, isBinary);
  else orderByScore(order, elements, scores);
  return isDescending ? turnAround(order, elements, scores === null && !isBinary) : order;
}

/**
 * A number as strtod reads it: space before it is skipped, a zero byte ends it, no text is 0.
 * @returns NaN when refused
 */
export function sortScore(bytes: Uint8Array, offset: number, length: number): number {
  let end = offset;
  while (end < offset + length && bytes[end] !== 0) end++;
  if (end === offset) return 0;
  let start = offset;
  while (start < end && isSpace(bytes[start])) start++;
  const value = parseDouble(bytes, start, end - start);
  return value !== 0 && Math.abs(value) < NORMAL_MIN ? Number.NaN : value;
}

function orderByScore(order: Uint32Array, elements: TextColumn, scores: Float64Array): void {
  const { count } = elements;
  orderByNumbers(order, scores, 0, count);
  for (let start = 0; start < count; ) {
    const score = scores[order[start]];
    let end = start + 1;
    while (end < count && scores[order[end]] === score) end++;
    if (end - start > 1) orderByText(order, elements, start, end, true);
    start = end;
  }
}

/** Runs of elements that are alike up to some byte wait in a list, not on the stack. */
function orderByText(
  order: Uint32Array,
  column: TextColumn,
  start: number,
  end: number,
  isBinary: boolean,
): void {
  const compareColumn = isBinary ? compareTexts : compareCStrings;
  const compare: CompareItems = (left, right) => compareColumn(column, left, right);
  if (end - start < KEYED_MIN) return orderByComparison(order, compare, start, end);
  const keys = new Float64Array(column.count);
  const waiting: number[] = [start, end];
  while (waiting.length > 0) {
    const runEnd = waiting.pop() as number;
    const runStart = waiting.pop() as number;
    const depth = commonLength(column, order, runStart, runEnd, isBinary);
    if (depth === ALL_ALIKE) continue;
    fillKeys(keys, column, order, runStart, runEnd, depth);
    orderByNumbers(order, keys, runStart, runEnd);
    for (let at = runStart; at < runEnd; ) {
      const key = keys[order[at]];
      let next = at + 1;
      while (next < runEnd && keys[order[next]] === key) next++;
      // A run that keys cannot tell apart: some end where others have a zero.
      const isWhole = next - at === runEnd - runStart;
      if (isWhole || next - at < KEYED_MIN) orderByComparison(order, compare, at, next);
      else waiting.push(at, next);
      at = next;
    }
  }
}

const ALL_ALIKE = -1;

/** Bytes that all texts of the run begin with, or ALL_ALIKE. */
function commonLength(
  column: TextColumn,
  order: Uint32Array,
  start: number,
  end: number,
  isBinary: boolean,
): number {
  const { bytes } = column;
  const firstAt = column.start(order[start]);
  let common = column.length(order[start]);
  let lengthMax = common;
  for (let i = start + 1; i < end; i++) {
    const at = column.start(order[i]);
    const length = column.length(order[i]);
    const sameMax = Math.min(common, length);
    let same = 0;
    while (same < sameMax && bytes[at + same] === bytes[firstAt + same]) same++;
    common = same;
    lengthMax = Math.max(lengthMax, length);
  }
  if (lengthMax === common) return ALL_ALIKE;
  const zeroAt = isBinary ? -1 : bytes.subarray(firstAt, firstAt + common).indexOf(0);
  return zeroAt < 0 ? common : ALL_ALIKE;
}

/** Six bytes from `depth` on as a number, with zeros behind the end or behind a zero. */
function fillKeys(
  keys: Float64Array,
  column: TextColumn,
  order: Uint32Array,
  start: number,
  end: number,
  depth: number,
): void {
  const { bytes } = column;
  for (let i = start; i < end; i++) {
    const item = order[i];
    const at = column.start(item) + depth;
    const length = Math.min(KEY_BYTES, column.length(item) - depth);
    let key = 0;
    let k = 0;
    for (; k < length && bytes[at + k] !== 0; k++) key = key * 256 + bytes[at + k];
    for (; k < KEY_BYTES; k++) key *= 256;
    keys[item] = key;
  }
}

/** Equal texts, and absent ones, stay as they are: so the whole order cannot be turned around. */
function comparatorOfWeights(
  weights: TextColumn,
  isDescending: boolean,
  isBinary: boolean,
): CompareItems {
  const direction = isDescending ? -1 : 1;
  const compare = isBinary ? compareTexts : compareCStrings;
  return (left, right) => {
    const isLeftAbsent = weights.isAbsent(left);
    const isRightAbsent = weights.isAbsent(right);
    if (isLeftAbsent || isRightAbsent) {
      return direction * (Number(isRightAbsent) - Number(isLeftAbsent));
    }
    return direction * compare(weights, left, right);
  };
}

/** @param hasTies  elements that are not the same may be equal, and stay as they were */
function turnAround(order: Uint32Array, elements: TextColumn, hasTies: boolean): Uint32Array {
  order.reverse();
  if (!hasTies) return order;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && compareCStrings(elements, order[start], order[end]) === 0) end++;
    order.subarray(start, end).reverse();
    start = end;
  }
  return order;
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
