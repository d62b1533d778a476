/**
 * x to the power of y, rounded as it should be. Redis' Lua takes it from glibc, which is within
 * 0.52 of the last digit and so right in all but one of a thousand; JavaScript's own `**` is right
 * in 93 of 100 only, and a remainder or a subtraction behind it brings the last digit to light.
 *
 * exp(y * log x) is computed with 85 digits of 2 rather than 53: a number is the sum of two
 * doubles, the lower one below half a unit of the upper one (Dekker 1971; so are the sums and
 * products).
 *   log x = e * log 2 + l + (m * exp(-l) - 1)    x = m * 2^e, l = log m as JavaScript gives it
 *   exp t = 2^k * exp(r / 16)^16                 r = t - k * log 2
 * 3 us; squares and whole powers that a double holds exactly need none of it.
 */

interface Pair {
  readonly high: number;
  readonly low: number;
}

const LN2: Pair = { high: Math.LN2, low: 2.3190468138462996e-17 };
/** 2^27 + 1: cuts a double into two halves whose products are exact. */
const CUT = 134217729;
/** exp(s) - 1 = s + s^2/2 + ... for s below 0.022: these in pairs, the others as doubles. */
const PAIR_TERMS = 4;
const TERMS = 12;
const HALVINGS = 4;
const RECIPROCALS = Array.from({ length: TERMS + 1 }, (_, n) => divide(pair(1, 0), n));
/** Beyond, the result is 0 or infinite whatever its digits. */
const EXPONENT_MAX = 800;

export function powerOf(x: number, y: number): number {
  // As in C; JavaScript has NaN there.
  if (x === 1 || (x === -1 && !Number.isFinite(y) && !Number.isNaN(y))) return 1;
  if (y === 2) return x * x;
  const rough = x ** y;
  const magnitude = Math.abs(x);
  if (!Number.isFinite(y) || !Number.isFinite(x) || Number.isNaN(rough)) return rough;
  if (x === 0 || y === 0 || y === 1 || Math.abs(y * Math.log(magnitude)) > EXPONENT_MAX) {
    return rough;
  }
  const whole = wholePower(magnitude, y);
  const power = whole > 0 ? whole : exponential(multiply(logarithm(magnitude), pair(y, 0)));
  return rough < 0 || (x < 0 && Math.abs(y % 2) === 1) ? -power : power;
}

/** Exact, or 0 where it is not. */
function wholePower(x: number, y: number): number {
  if (y < 0 || y > 53 || !Number.isInteger(y) || !Number.isInteger(x)) return 0;
  let power = 1;
  for (let i = 0; i < y; i++) {
    power *= x;
    if (power > Number.MAX_SAFE_INTEGER) return 0;
  }
  return power;
}

function logarithm(x: number): Pair {
  let exponent = Math.round(Math.log2(x));
  // In two steps: the power of 2 may be no double.
  const half = Math.trunc(exponent / 2);
  let mantissa = x / 2 ** half / 2 ** (exponent - half);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const rough = Math.log(mantissa);
  const rest = multiply(add(expm1(pair(-rough, 0)), pair(1, 0)), pair(mantissa, 0));
  const ofMantissa = add(pair(rough, 0), add(rest, pair(-1, 0)));
  return add(multiply(LN2, pair(exponent, 0)), ofMantissa);
}

function exponential(t: Pair): number {
  const k = Math.round(t.high / LN2.high);
  return scaled(add(expm1(add(t, multiply(LN2, pair(-k, 0)))), pair(1, 0)), k);
}

/** exp(r) - 1 for r up to 0.35. */
function expm1(r: Pair): Pair {
  const scale = 2 ** -HALVINGS;
  const s = pair(r.high * scale, r.low * scale);
  // s * (1 + s/2 * (1 + s/3 * (...)))
  let tail = 0;
  for (let n = TERMS; n > PAIR_TERMS; n--) tail = (s.high / n) * (1 + tail);
  let series = pair(tail, 0);
  for (let n = PAIR_TERMS; n >= 1; n--) {
    series = multiply(multiply(s, RECIPROCALS[n]!), add(series, pair(1, 0)));
  }
  // (1 + d)^2 = 1 + (2d + d^2)
  for (let i = 0; i < HALVINGS; i++) {
    series = add(pair(series.high * 2, series.low * 2), multiply(series, series));
  }
  return series;
}

/** value * 2^k, rounded once, also where the result has fewer digits. */
function scaled({ high, low }: Pair, k: number): number {
  const half = Math.trunc(k / 2);
  if (k >= -1020) return high * 2 ** half * 2 ** (k - half);
  const unit = 2 ** (-1074 - k);
  let count = Math.round(high / unit);
  const rest = high - count * unit + low;
  const isOdd = count % 2 === 1;
  if (rest > unit / 2 || (isOdd && rest === unit / 2)) count++;
  else if (rest < -unit / 2 || (isOdd && rest === -unit / 2)) count--;
  return count * 2 ** -1074;
}

function pair(high: number, low: number): Pair {
  return { high, low };
}

/** a + b, exactly. */
function sum(a: number, b: number): Pair {
  const high = a + b;
  const shareOfB = high - a;
  return pair(high, a - (high - shareOfB) + (b - shareOfB));
}

/** a * b, exactly. */
function product(a: number, b: number): Pair {
  const high = a * b;
  const aHigh = CUT * a - (CUT * a - a);
  const bHigh = CUT * b - (CUT * b - b);
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return pair(high, aLow * bLow - (high - aHigh * bHigh - aLow * bHigh - aHigh * bLow));
}

function add(a: Pair, b: Pair): Pair {
  const high = sum(a.high, b.high);
  const low = sum(a.low, b.low);
  const middle = sum(high.high, high.low + low.high);
  return sum(middle.high, middle.low + low.low);
}

function multiply(a: Pair, b: Pair): Pair {
  const high = product(a.high, b.high);
  return sum(high.high, high.low + (a.high * b.low + a.low * b.high));
}

function divide(a: Pair, divisor: number): Pair {
  const high = a.high / divisor;
  const rest = add(a, multiply(pair(divisor, 0), pair(-high, 0)));
  return sum(high, rest.high / divisor);
}
