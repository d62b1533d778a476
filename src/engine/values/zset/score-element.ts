/**
 * Scores as elements of a listpack, as redis-server writes them: whole numbers as integers, others
 * as `%.17g` text. A negative zero is text too; redis-server has none in a listpack, and whoever
 * must not either stores 0.
 */
import { formatDouble } from '../../../base/numbers.ts';
import { Slice } from '../../slice.ts';
import { type ElementPlan, elementInteger, readElement } from '../packed/listpack.ts';

/** Beyond, redis-server writes a whole number as text. */
const INTEGER_MAX = 2 ** 62;
/** A double's digits up to here are exact, and so is a product or quotient with a power of ten. */
const EXACT_DIGIT_COUNT = 15;
const EXACT_POWER_MAX = 22;
/** What is read digit by digit is at most that far, in relation, from the true value. */
const READ_ERROR = 1e-14;
const TEXT_BYTES_MAX = 32;

const POINT = 46;
const MINUS = 45;
const DIGIT_0 = 48;

const POWERS: Float64Array = Float64Array.from({ length: EXACT_POWER_MAX + 1 }, (_, i) =>
  Number(`1e${i}`),
);
const text = new Slice();
const scratch = new Uint8Array(TEXT_BYTES_MAX);
const scratchView = new DataView(scratch.buffer);
/** Whether the number that `readDigits` gave is the true value, and not only near it. */
let isExact = false;

/** Plans the element of that score, which is not NaN. It must be written before the next plan. */
export function planScore(plan: ElementPlan, score: number): void {
  const isInteger = Math.floor(score) === score && score <= INTEGER_MAX && score >= -INTEGER_MAX;
  if (isInteger && (score !== 0 || 1 / score > 0)) return plan.ofInteger(score);
  const written = formatDouble(score);
  for (let i = 0; i < written.length; i++) scratch[i] = written.charCodeAt(i);
  plan.ofText(scratchView, scratch, 0, written.length);
}

/** The score in the element at `at`. */
export function readScore(view: DataView, bytes: Uint8Array, at: number): number {
  const integer = elementInteger(view, at);
  if (!Number.isNaN(integer)) return integer;
  readElement(bytes, view, at, text);
  const near = readDigits();
  return isExact ? near : parseText();
}

/** Below 0 when the score in the element at `at` is below `score`, 0 when equal, else above 0. */
export function compareScore(view: DataView, bytes: Uint8Array, at: number, score: number): number {
  const integer = elementInteger(view, at);
  if (!Number.isNaN(integer)) return integer < score ? -1 : integer > score ? 1 : 0;
  readElement(bytes, view, at, text);
  let value = readDigits();
  if (!isExact) {
    const margin = Math.abs(value) * READ_ERROR;
    if (value + margin < score) return -1;
    if (value - margin > score) return 1;
    value = parseText();
  }
  return value < score ? -1 : value > score ? 1 : 0;
}

/** The number in `text`, plain decimal; NaN, and not exact, when it is written otherwise. */
function readDigits(): number {
  const { bytes, offset, length } = text;
  const end = offset + length;
  let at = offset;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  let mantissa = 0;
  let digitCount = 0;
  let pointAt = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - DIGIT_0;
    if (digit >>> 0 <= 9) {
      mantissa = mantissa * 10 + digit;
      if (mantissa !== 0) digitCount++;
    } else if (bytes[at] === POINT) {
      pointAt = at;
    } else {
      isExact = false;
      return Number.NaN;
    }
  }
  const decimals = pointAt === 0 ? 0 : end - pointAt - 1;
  if (decimals > EXACT_POWER_MAX) {
    isExact = false;
    return Number.NaN;
  }
  isExact = digitCount <= EXACT_DIGIT_COUNT;
  const value = mantissa / POWERS[decimals];
  return isNegative ? -value : value;
}

function parseText(): number {
  const { bytes, offset, length } = text;
  let written = '';
  for (let i = 0; i < length; i++) written += String.fromCharCode(bytes[offset + i]);
  if (written === 'inf') return Number.POSITIVE_INFINITY;
  if (written === '-inf') return Number.NEGATIVE_INFINITY;
  return Number(written);
}
