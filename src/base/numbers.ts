/**
 * Numbers as Redis reads and writes them, straight from and to bytes: no string is made for an
 * integer. A refused number is NaN (or null where a bigint is due), never an exception.
 *
 * Integers follow string2ll: no '+', no leading zero, no '-0', no space, all of int64. Numbers
 * beyond 2^53 are legal in Redis and not exact in a double: `parseSafeInteger` answers NaN for them
 * and `parseInt64` is the slow second look. Doubles follow strtod as string2d uses it; they are
 * written with `%.17g` (redis-server 7.0 does so, it does not look for the shortest text).
 */
export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;
/** Room that any integer's digits need, sign included. */
export const INTEGER_BYTES_MAX = 20;

/**
 * @returns the integer, or NaN when the bytes are no canonical integer or it is beyond 2^53-1
 */
export function parseSafeInteger(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + length;
  if (length === 0) return NaN;
  const isNegative = bytes[offset] === MINUS;
  let position = isNegative ? offset + 1 : offset;
  const digitCount = end - position;
  if (digitCount === 0 || digitCount > 16) return NaN;
  if (bytes[position] === ZERO) return length === 1 ? 0 : NaN;
  let value = 0;
  for (; position < end; position++) {
    const digit = bytes[position] - ZERO;
    if (digit >>> 0 > 9) return NaN;
    value = value * 10 + digit;
  }
  if (value > Number.MAX_SAFE_INTEGER) return NaN;
  return isNegative ? -value : value;
}

/** The whole int64 range. Not for the hot path: makes a string and a bigint. */
export function parseInt64(bytes: Uint8Array, offset: number, length: number): bigint | null {
  if (!isDigits(bytes, offset, length)) return null;
  const value = BigInt(latin1(bytes, offset, length));
  return value < INT64_MIN || value > INT64_MAX ? null : value;
}

/** Whether the bytes are exactly what writing some int64 would give. */
export function isCanonicalInteger(bytes: Uint8Array, offset: number, length: number): boolean {
  if (!isDigits(bytes, offset, length)) return false;
  if (length < 19) return true;
  return parseInt64(bytes, offset, length) !== null;
}

/**
 * Writes the decimal digits of a safe integer.
 * @param bytes  must have INTEGER_BYTES_MAX bytes of room at `position`
 * @returns      the position after the last digit
 */
export function writeDigits(bytes: Uint8Array, position: number, value: number): number {
  let rest = value;
  let start = position;
  if (rest < 0) {
    bytes[start++] = MINUS;
    rest = -rest;
  }
  if (rest < 10) {
    bytes[start] = ZERO + rest;
    return start + 1;
  }
  const end = start + digitCountOf(rest);
  let at = end;
  while (rest >= 0x8000_0000) {
    const high = Math.floor(rest / 10);
    bytes[--at] = ZERO + (rest - high * 10);
    rest = high;
  }
  let small = rest | 0;
  while (small >= 10) {
    const high = (small / 10) | 0;
    bytes[--at] = ZERO + (small - high * 10);
    small = high;
  }
  bytes[--at] = ZERO + small;
  return end;
}

/** Digits of `value`, a safe integer >= 0. */
export function digitCountOf(value: number): number {
  if (value < 100_000) {
    if (value < 100) return value < 10 ? 1 : 2;
    if (value < 1_000) return 3;
    return value < 10_000 ? 4 : 5;
  }
  let count = 6;
  for (let bound = 1_000_000; value >= bound; bound *= 10) count++;
  return count;
}

/**
 * @returns the double, or NaN when refused: empty, a space at either end, anything after the
 *          number, `nan`, a value too large or (not being zero) too small for a double
 */
export function parseDouble(bytes: Uint8Array, offset: number, length: number): number {
  if (length <= 15) {
    const whole = parseSafeInteger(bytes, offset, length);
    if (!Number.isNaN(whole)) return whole;
  }
  if (length === 0) return NaN;
  const plain = parsePlainDecimal(bytes, offset, length);
  if (!Number.isNaN(plain)) return plain;
  if (length <= 4 && isShortInfinity(bytes, offset, length)) {
    return bytes[offset] === MINUS ? -Infinity : Infinity;
  }
  const text = latin1(bytes, offset, length);
  if (DECIMAL.test(text)) {
    const value = Number(text);
    if (value === Infinity || value === -Infinity) return NaN;
    return value === 0 && NON_ZERO_MANTISSA.test(text) ? NaN : value;
  }
  const infinity = INFINITY.exec(text);
  if (infinity !== null) return infinity[1] === '-' ? -Infinity : Infinity;
  const hexadecimal = HEXADECIMAL.exec(text);
  return hexadecimal === null ? NaN : parseHexadecimal(hexadecimal);
}

/** `%.17g`, with `inf`, `-inf` and `nan`. */
export function formatDouble(value: number): string {
  if (Number.isInteger(value) && value < 1e15 && value > -1e15) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (Number.isNaN(value)) return 'nan';
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  const magnitude = Math.abs(value);
  const isPlain = magnitude >= 1e-4 && magnitude < 1e16;
  if (isPlain && !Number.isInteger(value * TIE_SCALE)) return withoutZeros(value.toPrecision(17));
  const sign = value < 0 ? '-' : '';
  const [mantissa, exponentText] = roundedTo17Digits(magnitude).split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  const exponent = Number(exponentText);
  return sign + layOut(digits, exponent);
}

const ZERO = 48;
const MINUS = 45;
const PLUS = 43;
const POINT = 46;
/** The largest power of ten that is a double. */
const EXACT_POWER_MAX = 22;
const POWERS_OF_TEN: Float64Array = Float64Array.from({ length: EXACT_POWER_MAX + 1 }, (_, i) =>
  Number(`1e${i}`),
);
/**
 * JavaScript rounds a tie up, printf to even. A tie at the 17th digit has exactly 18, D / 10^k, and
 * is dyadic: 5^k divides D < 10^18, so k <= 25. Only a multiple of 2^-25 can be one; few are, and
 * the closer look is dear.
 */
const TIE_SCALE = 2 ** 25;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const NON_ZERO_MANTISSA = /^[+-]?[0.]*[1-9]/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const HEXADECIMAL = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i;

/**
 * Digits with or without a sign and a point, where a double holds the digits and the power of ten
 * exactly: their quotient is rounded once, as strtod does. NaN for all other texts.
 */
function parsePlainDecimal(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + length;
  const isNegative = bytes[offset] === MINUS;
  let position = isNegative || bytes[offset] === PLUS ? offset + 1 : offset;
  let mantissa = 0;
  let digitCount = 0;
  let pointEnd = 0;
  for (; position < end; position++) {
    const digit = bytes[position] - ZERO;
    if (digit >>> 0 <= 9) {
      mantissa = mantissa * 10 + digit;
      digitCount++;
    } else if (bytes[position] === POINT && pointEnd === 0) {
      pointEnd = position + 1;
    } else {
      return NaN;
    }
  }
  const decimals = pointEnd === 0 ? 0 : end - pointEnd;
  if (digitCount === 0 || decimals > EXACT_POWER_MAX || mantissa > Number.MAX_SAFE_INTEGER) {
    return NaN;
  }
  const value = mantissa / POWERS_OF_TEN[decimals];
  return isNegative ? -value : value;
}

/** `inf` in any case, with or without a sign. */
function isShortInfinity(bytes: Uint8Array, offset: number, length: number): boolean {
  const first = bytes[offset];
  const at = first === MINUS || first === PLUS ? offset + 1 : offset;
  if (at + 3 !== offset + length) return false;
  return (bytes[at] | 32) === 105 && (bytes[at + 1] | 32) === 110 && (bytes[at + 2] | 32) === 102;
}

/** '-'? then '0' alone or digits without a leading zero; no wider than an int64. */
function isDigits(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length === 0 || length > INTEGER_BYTES_MAX) return false;
  const end = offset + length;
  let position = bytes[offset] === MINUS ? offset + 1 : offset;
  if (position === end) return false;
  if (bytes[position] === ZERO) return length === 1;
  for (; position < end; position++) {
    if ((bytes[position] - ZERO) >>> 0 > 9) return false;
  }
  return true;
}

function latin1(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1');
}

/** @param text  digits with a point among them */
function withoutZeros(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** `d.dddde±x` with 17 digits, an exact tie going to the even digit as printf does. */
function roundedTo17Digits(value: number): string {
  const text = value.toExponential(16);
  if (!Number.isInteger(value * TIE_SCALE)) return text;
  const precise = value.toExponential(17);
  const cut = precise.indexOf('e');
  if (precise[cut - 1] !== '5' || !/^0*$/.test(value.toExponential(99).slice(19, 101))) return text;
  return Number(precise[cut - 2]) % 2 === 0 ? precise.slice(0, cut - 1) + precise.slice(cut) : text;
}

function layOut(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= 17) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    const exponentDigits = String(Math.abs(exponent)).padStart(2, '0');
    return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${exponentDigits}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return digits.padEnd(exponent + 1, '0');
  return `${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** C's hexadecimal floats, rounded once, half to even. */
function parseHexadecimal(match: RegExpExecArray): number {
  const [, sign, whole, fraction, power] = match;
  if (whole === '' && fraction === '') return NaN;
  const mantissa = BigInt(`0x0${whole}${fraction}`);
  if (mantissa === 0n) return sign === '-' ? -0 : 0;
  const exponent = Number(power ?? 0) - 4 * fraction.length;
  const value = scaled(mantissa, exponent);
  if (value === 0 || value === Infinity) return NaN;
  return sign === '-' ? -value : value;
}

/** mantissa * 2^exponent. The mantissa is cut to what a double at that magnitude can hold. */
function scaled(mantissa: bigint, exponent: number): number {
  const bitCount = mantissa.toString(2).length;
  const top = exponent + bitCount;
  if (top > 1024) return Infinity;
  if (top < -1074) return 0;
  const keptBits = Math.min(53, top + 1074);
  const droppedBits = bitCount - keptBits;
  if (droppedBits <= 0) return Number(mantissa) * 2 ** exponent;
  let kept = mantissa >> BigInt(droppedBits);
  const dropped = mantissa - (kept << BigInt(droppedBits));
  const half = 1n << BigInt(droppedBits - 1);
  if (dropped > half || (dropped === half && (kept & 1n) === 1n)) kept++;
  return Number(kept) * 2 ** (exponent + droppedBits);
}
