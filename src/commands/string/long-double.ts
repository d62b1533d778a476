/**
 * The extended floating-point numbers of x86-64, which Redis calls `long double`: a 64-bit mantissa
 * and a 15-bit exponent. INCRBYFLOAT and HINCRBYFLOAT read decimal text into one, add two, and write
 * the sum with 17 decimals. Doubles would answer other digits, so it is done in BigInt, exactly:
 *
 *     value = (isNegative ? -1 : 1) * mantissa * 2^exponent
 *     mantissa 2^63 .. 2^64-1, exponent -16445 .. 16320    normal
 *     mantissa 1 .. 2^63-1,    exponent -16445             subnormal
 *     mantissa 0                                           zero
 *
 * Each operation is exact and then rounded once, half to even. Source: Intel 64 manual, vol. 1, 4.2;
 * strtold and printf("%.17Lf") of glibc.
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
const EXPONENT_MIN = -16_445;
const EXPONENT_MAX = 16_320;
/** Decimal exponents beyond which every number of up to TEXT_LENGTH_MAX digits is 0 or infinite. */
const DECIMAL_EXPONENT_LIMIT = 11_000;
const DECIMALS = 17;
const DECIMAL_SCALE = 10n ** BigInt(DECIMALS);

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([\da-fA-F]*)\.?([\da-fA-F]*)(?:[pP]([+-]?\d+))?$/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;

export const LONG_DOUBLE_ZERO: LongDouble = finite(false, 0n, 0);

/**
 * Reads what strtold reads whole: decimal, hexadecimal, `inf`.
 * @param text  one char per byte
 * @returns     null for what Redis calls no valid float: anything else, `nan`, and numbers too large
 *              or too small to be told from infinity or zero
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
  const scale = 10n ** BigInt(Math.abs(exponent));
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

/** numerator / denominator * 2^exponent, rounded to the format. Neither is negative. */
function roundScaled(
  isNegative: boolean,
  numerator: bigint,
  denominator: bigint,
  exponent: number,
): LongDouble {
  if (numerator === 0n) return finite(isNegative, 0n, 0);
  // The quotient has `top` or `top + 1` bits before rounding.
  const top = bitLength(numerator) - bitLength(denominator);
  if (top + exponent > EXPONENT_MAX + MANTISSA_BITS) return infinite(isNegative);
  if (top + exponent < EXPONENT_MIN - 2) return finite(isNegative, 0n, 0);
  let unit = Math.max(top + exponent - MANTISSA_BITS, EXPONENT_MIN);
  let mantissa = roundToUnit(numerator, denominator, exponent - unit);
  while (bitLength(mantissa) > MANTISSA_BITS) {
    // Rounded afresh with the larger unit: rounding the rounded would round twice.
    unit++;
    mantissa = roundToUnit(numerator, denominator, exponent - unit);
  }
  return unit > EXPONENT_MAX ? infinite(isNegative) : finite(isNegative, mantissa, unit);
}

/** numerator / denominator * 2^shift as an integer, half to even. */
function roundToUnit(numerator: bigint, denominator: bigint, shift: number): bigint {
  return shift >= 0
    ? divideToEven(numerator << BigInt(shift), denominator)
    : divideToEven(numerator, denominator << BigInt(-shift));
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

function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const digits = value.toString(16);
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0], 16)) + 28;
}

function finite(isNegative: boolean, mantissa: bigint, exponent: number): LongDouble {
  return { isNegative, isInfinite: false, mantissa, exponent };
}

function infinite(isNegative: boolean): LongDouble {
  return { isNegative, isInfinite: true, mantissa: 0n, exponent: 0 };
}
