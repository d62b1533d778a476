/**
 * Puts numbers of items in order, without an object for any item and without moving what is
 * ordered. Both ways keep items that are alike as they were.
 */

/** Fewer are sorted by comparison: counting costs as much as some thousand items. */
const COUNTED_MIN = 1_000;
const DIGIT_BITS = 11;
const DIGIT_VALUES = 1 << DIGIT_BITS;
const DIGIT_COUNT = 6;
const INSERTION_LENGTH = 12;

/** @returns below 0 when the item numbered `left` comes first */
export type CompareItems = (left: number, right: number) => number;

/** The numbers from 0 to `count - 1`, in order. */
export function itemNumbers(count: number): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  return order;
}

/**
 * Sorts order[start] to order[end - 1] by comparison: insertion in short runs, which are then
 * merged, in n log n comparisons.
 */
export function orderByComparison(
  order: Uint32Array,
  compare: CompareItems,
  start: number,
  end: number,
): void {
  for (let at = start; at < end; at += INSERTION_LENGTH) {
    insertionSort(order, compare, at, Math.min(end, at + INSERTION_LENGTH));
  }
  const length = end - start;
  if (length <= INSERTION_LENGTH) return;
  const other = new Uint32Array(length);
  for (let width = INSERTION_LENGTH; width < length; width *= 2) {
    for (let at = 0; at < length; at += 2 * width) {
      const middle = Math.min(at + width, length);
      merge(order, start, compare, at, middle, Math.min(middle + width, length), other);
    }
    order.set(other, start);
  }
}

/**
 * Sorts order[start] to order[end - 1] by the keys of the items, no NaN among them: digit by digit,
 * from the last, which compares nothing. A digit in which all agree is passed over.
 */
export function orderByNumbers(
  order: Uint32Array,
  keys: Float64Array,
  start: number,
  end: number,
): void {
  const count = end - start;
  if (count < COUNTED_MIN) {
    return orderByComparison(order, (left, right) => keys[left] - keys[right] || 0, start, end);
  }
  const high = new Uint32Array(count);
  const low = new Uint32Array(count);
  const counts = countDigits(order, keys, start, high, low);
  let from: Columns = { order: order.slice(start, end), high, low };
  let to: Columns = {
    order: new Uint32Array(count),
    high: new Uint32Array(count),
    low: new Uint32Array(count),
  };
  for (let digit = 0; digit < DIGIT_COUNT; digit++) {
    const ends = counts.subarray(digit * DIGIT_VALUES, (digit + 1) * DIGIT_VALUES);
    if (ends[digitOf(from.high[0], from.low[0], digit)] === count) continue;
    distribute(from, to, digit, ends);
    [from, to] = [to, from];
  }
  order.set(from.order, start);
}

/** Items and the words of their keys, side by side. */
interface Columns {
  readonly order: Uint32Array;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

const FLOAT = new Float64Array(1);
const WORDS = new Uint32Array(FLOAT.buffer);

/**
 * Writes the keys as words whose order is that of the numbers: of a negative number all bits are
 * turned round, of another one the sign.
 * @returns how often each digit has each value
 */
function countDigits(
  order: Uint32Array,
  keys: Float64Array,
  start: number,
  high: Uint32Array,
  low: Uint32Array,
): Uint32Array {
  const counts = new Uint32Array(DIGIT_COUNT * DIGIT_VALUES);
  for (let i = 0; i < high.length; i++) {
    // 0 in place of -0, which is equal.
    FLOAT[0] = keys[order[start + i]] + 0;
    const mask = WORDS[1] >>> 31 === 1 ? 0xffffffff : 0;
    high[i] = WORDS[1] ^ (mask | 0x80000000);
    low[i] = WORDS[0] ^ mask;
    for (let digit = 0; digit < DIGIT_COUNT; digit++) {
      counts[digit * DIGIT_VALUES + digitOf(high[i], low[i], digit)]++;
    }
  }
  return counts;
}

/** Digit 0 is the last; the first one has 9 bits. */
function digitOf(high: number, low: number, digit: number): number {
  switch (digit) {
    case 0:
      return low & 2047;
    case 1:
      return (low >>> 11) & 2047;
    case 2:
      return (low >>> 22) | ((high & 1) << 10);
    case 3:
      return (high >>> 1) & 2047;
    case 4:
      return (high >>> 12) & 2047;
    default:
      return high >>> 23;
  }
}

function distribute(from: Columns, to: Columns, digit: number, counts: Uint32Array): void {
  let place = 0;
  for (let value = 0; value < DIGIT_VALUES; value++) {
    const count = counts[value];
    counts[value] = place;
    place += count;
  }
  const { order, high, low } = from;
  for (let i = 0; i < order.length; i++) {
    const at = counts[digitOf(high[i], low[i], digit)]++;
    to.order[at] = order[i];
    to.high[at] = high[i];
    to.low[at] = low[i];
  }
}

function insertionSort(
  order: Uint32Array,
  compare: CompareItems,
  start: number,
  end: number,
): void {
  for (let i = start + 1; i < end; i++) {
    const item = order[i];
    let at = i;
    for (; at > start && compare(order[at - 1], item) > 0; at--) order[at] = order[at - 1];
    order[at] = item;
  }
}

/** Of `order`, whose items begin at `base`, two runs into one in `target`. */
function merge(
  order: Uint32Array,
  base: number,
  compare: CompareItems,
  start: number,
  middle: number,
  end: number,
  target: Uint32Array,
): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const isLeft =
      left < middle && (right >= end || compare(order[base + left], order[base + right]) <= 0);
    target[at] = order[base + (isLeft ? left++ : right++)];
  }
}
