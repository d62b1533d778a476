/**
 * Doubles as C's printf writes them: `%e`, `%f`, `%g`, and Lua's own `%.14g`.
 *
 * JavaScript's toExponential and toFixed are exact too, but send a tie away from zero where printf
 * takes the even digit. A double m / 2^k (m odd) has exactly k decimals, the last one a 5: it is a
 * tie at n decimals just when k = n + 1, which is cheap to ask.
 */

/** As Lua's tostring: `%.14g`. */
export function numberText(value: number): string {
  if (value < 1e14 && value > -1e14) {
    if (Math.trunc(value) === value && (value !== 0 || 1 / value > 0)) return String(value);
  }
  return generalText(value, 14, false);
}

/**
 * `%.{precision}g`.
 * @param keepsZeros  C's flag `#`
 */
export function generalText(value: number, precision: number, keepsZeros: boolean): string {
  if (!Number.isFinite(value)) return nonFiniteText(value);
  const digitCount = precision === 0 ? 1 : precision;
  const text = exponentText(value, digitCount - 1, false);
  const cut = text.lastIndexOf('e');
  const exponent = Number(text.slice(cut + 1));
  if (exponent < -4 || exponent >= digitCount) {
    const mantissa = keepsZeros ? text.slice(0, cut) : withoutZeros(text.slice(0, cut));
    const pointed = keepsZeros && digitCount === 1 ? `${mantissa}.` : mantissa;
    return pointed + text.slice(cut);
  }
  const plain = fixedText(value, digitCount - 1 - exponent, keepsZeros);
  return keepsZeros ? plain : withoutZeros(plain);
}

/** `%.{decimals}e`. */
export function exponentText(value: number, decimals: number, keepsPoint: boolean): string {
  if (!Number.isFinite(value)) return nonFiniteText(value);
  const magnitude = Math.abs(value);
  const text = magnitude.toExponential(decimals);
  const cut = text.indexOf('e');
  const exponent = Number(text.slice(cut + 1));
  let digits = text.slice(0, cut);
  if (isOddDigit(digits) && isTie(magnitude, decimals, exponent)) digits = oneLess(digits);
  if (keepsPoint && decimals === 0) digits += '.';
  const exponentDigits = String(Math.abs(exponent)).padStart(2, '0');
  return `${signOf(value)}${digits}e${exponent < 0 ? '-' : '+'}${exponentDigits}`;
}

/** `%.{decimals}f`. */
export function fixedText(value: number, decimals: number, keepsPoint: boolean): string {
  if (!Number.isFinite(value)) return nonFiniteText(value);
  const magnitude = Math.abs(value);
  let digits: string;
  if (magnitude >= 1e21) {
    digits = BigInt(magnitude).toString();
    if (decimals > 0) digits += `.${'0'.repeat(decimals)}`;
  } else {
    digits = magnitude.toFixed(decimals);
    if (isOddDigit(digits) && hasBits(magnitude, decimals + 1)) digits = oneLess(digits);
  }
  if (keepsPoint && decimals === 0) digits += '.';
  return signOf(value) + digits;
}

/**
 * glibc writes the sign of a NaN too. JavaScript does not keep it; every NaN that arithmetic makes
 * on x86-64 has it set.
 */
function nonFiniteText(value: number): string {
  if (value === Infinity) return 'inf';
  return value === -Infinity ? '-inf' : '-nan';
}

function signOf(value: number): string {
  return value < 0 || Object.is(value, -0) ? '-' : '';
}

function isOddDigit(digits: string): boolean {
  return (digits.charCodeAt(digits.length - 1) & 1) === 1;
}

/** The last digit is odd, so it is not 0 and nothing is borrowed. */
function oneLess(digits: string): string {
  const last = digits.length - 1;
  return digits.slice(0, last) + String(digits.charCodeAt(last) - ZERO - 1);
}

/** Whether `d.ddd * 10^exponent` with that many decimals lies halfway, rounded already or not. */
function isTie(magnitude: number, decimals: number, exponent: number): boolean {
  const shownDecimals = decimals - exponent;
  if (shownDecimals >= 0) return hasBits(magnitude, shownDecimals + 1);
  if (!Number.isInteger(magnitude)) return false;
  const unit = 10n ** BigInt(-shownDecimals);
  return (BigInt(magnitude) % unit) * 2n === unit;
}

/** Whether the fraction of that double has exactly so many binary digits. */
function hasBits(magnitude: number, bitCount: number): boolean {
  if (bitCount > 1074) return false;
  // In two steps: 2^1074 is no double.
  const half = Math.min(bitCount, 1000);
  const scaled = magnitude * 2 ** half * 2 ** (bitCount - half);
  return scaled < 2 ** 53 && scaled % 2 === 1;
}

/** Takes the zeros at the end of the decimals, and then a bare point. */
function withoutZeros(text: string): string {
  if (!text.includes('.')) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  if (text.charCodeAt(end - 1) === POINT) end--;
  return text.slice(0, end);
}

const ZERO = 48;
const POINT = 46;
