/**
 * Sorts as far as a range of the result needs it: quicksort that leaves parts alone which lie
 * outside. Equal items come out in the order in which Redis leaves them, whose results with LIMIT
 * and COUNT show it: so the pivots and the swaps are those of Bentley and McIlroy, "Engineering a
 * sort function", 1993, and the recursion goes where Redis' pqsort goes.
 */
const INSERTION_LENGTH = 7;
const NINTHER_LENGTH = 40;

/** An array, typed or not. */
interface Items<T> {
  readonly length: number;
  [index: number]: T;
}

type Compare<T> = (left: T, right: T) => number;

/** Afterwards items[first] to items[last] are what a whole sort would put there. */
export function partialSort<T>(
  items: Items<T>,
  compare: Compare<T>,
  first: number,
  last: number,
): void {
  const parts: [number, number][] = [[0, items.length]];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [start, length] = part;
    if (length < INSERTION_LENGTH) {
      insertionSort(items, compare, start, length);
      continue;
    }
    const { lessLength, moreLength } = partition(items, compare, start, length);
    const moreStart = start + length - moreLength;
    const lessEnd = start + lessLength - 1;
    if (moreLength > 1 && !(last < moreStart || first > start + length - 1)) {
      parts.push([moreStart, moreLength]);
    }
    if (lessLength > 1 && !(last < start || first > lessEnd)) parts.push([start, lessLength]);
  }
}

/** Items less than a pivot, then those equal, then those more. */
function partition<T>(
  items: Items<T>,
  compare: Compare<T>,
  start: number,
  length: number,
): { lessLength: number; moreLength: number } {
  const end = start + length;
  swap(items, start, choosePivot(items, compare, start, length));
  // equal | less | unseen | more | equal
  let less = start + 1;
  let equalLeft = less;
  let more = end - 1;
  let equalRight = more;
  for (;;) {
    for (; less <= more; less++) {
      const order = compare(items[less], items[start]);
      if (order > 0) break;
      if (order === 0) swap(items, equalLeft++, less);
    }
    for (; less <= more; more--) {
      const order = compare(items[more], items[start]);
      if (order < 0) break;
      if (order === 0) swap(items, more, equalRight--);
    }
    if (less > more) break;
    swap(items, less++, more--);
  }
  const left = Math.min(equalLeft - start, less - equalLeft);
  swapRange(items, start, less - left, left);
  const right = Math.min(equalRight - more, end - equalRight - 1);
  swapRange(items, less, end - right, right);
  return { lessLength: less - equalLeft, moreLength: equalRight - more };
}

function choosePivot<T>(
  items: Items<T>,
  compare: Compare<T>,
  start: number,
  length: number,
): number {
  let low = start;
  let middle = start + Math.floor(length / 2);
  let high = start + length - 1;
  if (length === INSERTION_LENGTH) return middle;
  if (length > NINTHER_LENGTH) {
    const eighth = Math.floor(length / 8);
    low = median(items, compare, low, low + eighth, low + 2 * eighth);
    middle = median(items, compare, middle - eighth, middle, middle + eighth);
    high = median(items, compare, high - 2 * eighth, high - eighth, high);
  }
  return median(items, compare, low, middle, high);
}

function median<T>(items: Items<T>, compare: Compare<T>, a: number, b: number, c: number): number {
  const x = items[a];
  const y = items[b];
  const z = items[c];
  if (compare(x, y) < 0) {
    if (compare(y, z) < 0) return b;
    return compare(x, z) < 0 ? c : a;
  }
  if (compare(y, z) > 0) return b;
  return compare(x, z) < 0 ? a : c;
}

function insertionSort<T>(
  items: Items<T>,
  compare: Compare<T>,
  start: number,
  length: number,
): void {
  for (let i = start + 1; i < start + length; i++) {
    for (let j = i; j > start && compare(items[j - 1], items[j]) > 0; j--) swap(items, j, j - 1);
  }
}

function swap<T>(items: Items<T>, a: number, b: number): void {
  const item = items[a];
  items[a] = items[b];
  items[b] = item;
}

function swapRange<T>(items: Items<T>, a: number, b: number, length: number): void {
  for (let i = 0; i < length; i++) swap(items, a + i, b + i);
}
