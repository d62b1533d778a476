import type { Frame } from '../base/frame.ts';

/**
 * Integers as Redis reads them from arguments: the canonical decimal form only, so no `+`, no
 * leading zero, no `-0`, no blank. Most fit a double exactly; the rest takes the BigInt way.
 */

/** Digits that surely stay below 2^53. */
const SAFE_DIGIT_COUNT = 15;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** @returns argument `index` as a safe integer; NaN when it is no int64 or lies beyond 2^53-1 */
export function integerArgument(frame: Frame, index: number): number {
  return parseInteger(frame.bytes, frame.offsets[index], frame.lengths[index]);
}

/** @returns argument `index` as int64, or null */
export function integer64Argument(frame: Frame, index: number): bigint | null {
  return parseInteger64(frame.bytes, frame.offsets[index], frame.lengths[index]);
}

/** @returns the integer; NaN when the bytes are no canonical int64 or lie beyond 2^53-1 */
export function parseInteger(bytes: Uint8Array, offset: number, length: number): number {
  const isNegative = length > 1 && bytes[offset] === 45;
  const start = isNegative ? offset + 1 : offset;
  const end = offset + length;
  const digitCount = end - start;
  if (digitCount === 0 || digitCount > 16) return NaN;
  let value = bytes[start] - 48;
  if (value === 0) return digitCount === 1 && !isNegative ? 0 : NaN;
  if (value < 0 || value > 9) return NaN;
  for (let i = start + 1; i < end; i++) {
    const digit = bytes[i] - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  if (digitCount > SAFE_DIGIT_COUNT && value > Number.MAX_SAFE_INTEGER) return NaN;
  return isNegative ? -value : value;
}

/** @returns the int64, or null when the bytes are not its canonical form */
export function parseInteger64(bytes: Uint8Array, offset: number, length: number): bigint | null {
  if (length === 0 || length > 20) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1');
  if (!isCanonical(text)) return null;
  const value = BigInt(text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : null;
}

function isCanonical(text: string): boolean {
  if (text === '0') return true;
  let i = text.charCodeAt(0) === 45 ? 1 : 0;
  if (i === text.length || text.charCodeAt(i) === 48) return false;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}
