/** Putting elements in order, as Redis does: by a number or by text, their own or another key's. */
import { parseDouble } from '../../base/numbers.ts';
import { partialSort } from '../../base/partial-sort.ts';

/** One element and what it is ordered by. */
export interface Sortable {
  readonly element: Uint8Array;
  /** By number. */
  score: number;
  /** By another key's text; null when there is none, which comes first. */
  text: Uint8Array | null;
}

export interface Order {
  readonly isAlpha: boolean;
  readonly isDescending: boolean;
  /** The text of another key decides, not the element. */
  readonly isByText: boolean;
  /** All bytes count, beyond a zero too: STORE, whose result must not depend on a locale. */
  readonly isBinary: boolean;
}

/** Below it a number is not exact, and strtod says so. */
const NORMAL_MIN = 2.2250738585072014e-308;

/**
 * Sorts so that `start` to `end` (not included) are right.
 * @param isPartial  leaves the rest unsorted, where Redis does
 */
export function sortElements(
  items: Sortable[],
  order: Order,
  isPartial: boolean,
  start: number,
  end: number,
): void {
  const direction = order.isDescending ? -1 : 1;
  const compareAscending = order.isAlpha ? comparatorOfTexts(order) : compareScores;
  const compare = (left: Sortable, right: Sortable): number =>
    direction * compareAscending(left, right);
  if (isPartial) partialSort(items, compare, start, end - 1);
  else items.sort(compare);
}

/**
 * A number as strtod reads it: space before it is skipped, a zero byte ends it, no text is 0.
 * @returns NaN when refused
 */
export function sortScore(text: Uint8Array): number {
  const zero = text.indexOf(0);
  const end = zero < 0 ? text.length : zero;
  if (end === 0) return 0;
  let start = 0;
  while (start < end && isSpace(text[start])) start++;
  const value = parseDouble(text, start, end - start);
  return value !== 0 && Math.abs(value) < NORMAL_MIN ? Number.NaN : value;
}

function compareScores(left: Sortable, right: Sortable): number {
  if (left.score > right.score) return 1;
  if (left.score < right.score) return -1;
  return Buffer.compare(left.element, right.element);
}

function comparatorOfTexts(order: Order): (left: Sortable, right: Sortable) => number {
  const compare = order.isBinary ? Buffer.compare : compareCStrings;
  if (!order.isByText) return (left, right) => compare(left.element, right.element);
  return (left, right) => {
    if (left.text !== null && right.text !== null) return compare(left.text, right.text);
    if (left.text === right.text) return 0;
    return left.text === null ? -1 : 1;
  };
}

/** strcoll of the C locale. */
function compareCStrings(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(cString(left), cString(right));
}

function cString(text: Uint8Array): Uint8Array {
  const zero = text.indexOf(0);
  return zero < 0 ? text : text.subarray(0, zero);
}

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}
