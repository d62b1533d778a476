/**
 * The extended floating-point numbers of x86-64, which Redis calls `long double`: a 64-bit mantissa
 * and a 15-bit exponent. INCRBYFLOAT and HINCRBYFLOAT read decimal text into one, add two, and
 * write the sum with 17 decimals. Doubles would answer other digits, so it is done in BigInt,
 * exactly:
 *
 *     value = (isNegative ? -1 : 1) * mantissa * 2^exponent
 *     mantissa 2^63 .. 2^64-1, exponent -16445 .. 16320    normal
 *     mantissa 1 .. 2^63-1,    exponent -16445             subnormal
 *     mantissa 0                                           zero
 *
 * Each operation is exact and then rounded once, half to even. Source: Intel 64 manual, vol. 1,
 * 4.2; strtold and printf("%.17Lf") of glibc.
 */
export interface LongDouble {
  readonly isNegative: boolean;
  readonly isInfinite: boolean;
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** What is read as one number at most; Redis' MAX_LONG_DOUBLE_CHARS with the closing zero. */
const TEXT_LENGTH_MAX = 5 * 1024 - 1;
const MANTISSA_BITS = 64;
const MANTISSA_SHIFT = 64n;
/** Bits of a quotient beyond the mantissa, before it is rounded. */
const GUARD_BITS = 2;
const EXPONENT_MIN = -16_445;
const EXPONENT_MAX = 16_320;
/** Decimal exponents beyond which every number of up to TEXT_LENGTH_MAX digits is 0 or infinite. */
const DECIMAL_EXPONENT_LIMIT = 11_000;
const DECIMALS = 17;
const DECIMAL_SCALE = 10n ** BigInt(DECIMALS);
/** 10^0 to 10^31: raising costs 275 ns, a look here 5. */
const POWERS_OF_TEN = Array.from({ length: 32 }, (_, exponent) => 10n ** BigInt(exponent));

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?$/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;

export const LONG_DOUBLE_ZERO: LongDouble = finite(false, 0n, 0);

/**
 * Reads what strtold reads whole: decimal, hexadecimal, `inf`.
 * @param text  one char per byte
 * @returns     null for what Redis calls no valid float: anything else, `nan`, and numbers too
 *              large or too small to be told from infinity or zero
 */
export function parseLongDouble(text: string): LongDouble | null {
  if (text.length === 0 || text.length > TEXT_LENGTH_MAX) return null;
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return parseDecimal(decimal);
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) return parseHexadecimal(hexadecimal);
  const infinity = INFINITY.exec(text);
  return infinity === null ? null : infinite(infinity[1] === '-');
}

/** @returns the rounded sum; null when it is infinite or no number */
export function addLongDoubles(left: LongDouble, right: LongDouble): LongDouble | null {
  if (left.isInfinite || right.isInfinite) return null;
  const exponent = Math.min(left.exponent, right.exponent);
  const sum = aligned(left, exponent) + aligned(right, exponent);
  const isNegative = sum < 0n;
  const rounded = roundScaled(isNegative, isNegative ? -sum : sum, 1n, exponent);
  return rounded.isInfinite ? null : rounded;
}

/** As `%.17Lf` without the zeros at its end; a zero has no sign. */
export function formatLongDouble(value: LongDouble): string {
  const { mantissa, exponent } = value;
  const scaled =
    exponent >= 0
      ? (mantissa << BigInt(exponent)) * DECIMAL_SCALE
      : divideToEven(mantissa * DECIMAL_SCALE, 1n << BigInt(-exponent));
  if (scaled === 0n) return '0';
  const whole = scaled / DECIMAL_SCALE;
  const decimals = (scaled % DECIMAL_SCALE).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  const sign = value.isNegative ? '-' : '';
  return decimals === '' ? `${sign}${whole}` : `${sign}${whole}.${decimals}`;
}

function parseDecimal(match: RegExpExecArray): LongDouble | null {
  const [, sign, whole, fraction, exponentText] = match;
  if (whole === '' && fraction === '') return null;
  const digits = (whole + fraction).replace(/^0+/, '');
  const isNegative = sign === '-';
  if (digits === '') return finite(isNegative, 0n, 0);
  const exponent = Number(exponentText ?? 0) - fraction.length;
  if (Math.abs(exponent) > DECIMAL_EXPONENT_LIMIT) return null;
  const scale = powerOfTen(Math.abs(exponent));
  return refuseOutOfRange(
    exponent < 0
      ? roundScaled(isNegative, BigInt(digits), scale, 0)
      : roundScaled(isNegative, BigInt(digits) * scale, 1n, 0),
  );
}

function parseHexadecimal(match: RegExpExecArray): LongDouble | null {
  const [, sign, whole, fraction, exponentText] = match;
  if (whole === '' && fraction === '') return null;
  const mantissa = BigInt(`0x0${whole}${fraction}`);
  const isNegative = sign === '-';
  if (mantissa === 0n) return finite(isNegative, 0n, 0);
  const exponent = Number(exponentText ?? 0) - 4 * fraction.length;
  return refuseOutOfRange(roundScaled(isNegative, mantissa, 1n, exponent));
}

/** strtold says ERANGE for these, and Redis then refuses the text. */
function refuseOutOfRange(value: LongDouble): LongDouble | null {
  return value.isInfinite || value.mantissa === 0n ? null : value;
}

/**
 * numerator / denominator * 2^exponent, rounded to the format. Neither is negative.
 *
 * One division gives at least GUARD_BITS more than the mantissa has; whether it left a rest decides
 * what those bits alone cannot.
 */
function roundScaled(
  isNegative: boolean,
  numerator: bigint,
  denominator: bigint,
  exponent: number,
): LongDouble {
  if (numerator === 0n) return finite(isNegative, 0n, 0);
  // The quotient has `top` or `top + 1` bits before the point.
  const top = bitLength(numerator) - bitLength(denominator);
  if (top + exponent > EXPONENT_MAX + MANTISSA_BITS) return infinite(isNegative);
  if (top + exponent < EXPONENT_MIN - 2) return finite(isNegative, 0n, 0);
  const shift = MANTISSA_BITS + GUARD_BITS - top;
  const dividend = shift >= 0 ? numerator << BigInt(shift) : numerator;
  const divisor = shift >= 0 ? denominator : denominator << BigInt(-shift);
  const quotient = dividend / divisor;
  const hasRest = quotient * divisor !== dividend;
  const scale = exponent - shift;
  const unit = Math.max(scale + bitLength(quotient) - MANTISSA_BITS, EXPONENT_MIN);
  const mantissa = dropBits(quotient, unit - scale, hasRest);
  if (mantissa >> MANTISSA_SHIFT !== 0n) return withinRange(isNegative, mantissa >> 1n, unit + 1);
  return withinRange(isNegative, mantissa, unit);
}

/** The quotient without its lowest `count` bits, half to even. */
function dropBits(quotient: bigint, count: number, hasRest: boolean): bigint {
  const kept = quotient >> BigInt(count);
  const dropped = quotient - (kept << BigInt(count));
  const half = 1n << BigInt(count - 1);
  const isUp = dropped > half || (dropped === half && (hasRest || (kept & 1n) === 1n));
  return isUp ? kept + 1n : kept;
}

function withinRange(isNegative: boolean, mantissa: bigint, exponent: number): LongDouble {
  return exponent > EXPONENT_MAX ? infinite(isNegative) : finite(isNegative, mantissa, exponent);
}

function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twiceRest = (numerator - quotient * denominator) * 2n;
  const isUp = twiceRest > denominator || (twiceRest === denominator && (quotient & 1n) === 1n);
  return isUp ? quotient + 1n : quotient;
}

function aligned(value: LongDouble, exponent: number): bigint {
  const magnitude = value.mantissa << BigInt(value.exponent - exponent);
  return value.isNegative ? -magnitude : magnitude;
}

/** From the exponent of the nearest double; that one may be a power of two too high. */
function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const near = Number(value);
  if (near === Infinity) {
    const digits = value.toString(16);
    return digits.length * 4 + 28 - Math.clz32(Number.parseInt(digits[0], 16));
  }
  const length = exponentOf(near) + 1;
  return value >> BigInt(length - 1) === 0n ? length - 1 : length;
}

function exponentOf(value: number): number {
  SCRATCH.setFloat64(0, value);
  return ((SCRATCH.getUint16(0) >>> 4) & 0x7ff) - 1023;
}

/** Written before each reading. */
const SCRATCH = new DataView(new ArrayBuffer(8));

function powerOfTen(exponent: number): bigint {
  return exponent < POWERS_OF_TEN.length ? POWERS_OF_TEN[exponent] : 10n ** BigInt(exponent);
}

function finite(isNegative: boolean, mantissa: bigint, exponent: number): LongDouble {
  return { isNegative, isInfinite: false, mantissa, exponent };
}

function infinite(isNegative: boolean): LongDouble {
  return { isNegative, isInfinite: true, mantissa: 0n, exponent: 0 };
}
