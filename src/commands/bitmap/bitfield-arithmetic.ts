/**
 * Integers of 1 to 64 bits anywhere in a string, highest bit first. A field is read and written in
 * parts of up to 32 bits, which touch at most 5 bytes. Up to NUMBER_BITS_MAX bits doubles hold
 * every value and every sum of two; wider fields and operands take the BigInt way.
 */
export const OVERFLOW = { WRAP: 0, SAT: 1, FAIL: 2 } as const;

/** Two values of so many bits have a sum below 2^53. */
export const NUMBER_BITS_MAX = 52;
/** Operands up to this added to any value of NUMBER_BITS_MAX bits stay exact. */
export const NUMBER_OPERAND_MAX = 2 ** 52;

const PART_BITS = 32;

/** Where fields lie: `length` bytes from `offset` on; past them all bits are 0. */
export interface FieldBytes {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/** A field of up to NUMBER_BITS_MAX bits. */
export function readField(
  from: FieldBytes,
  bitOffset: number,
  bits: number,
  isSigned: boolean,
): number {
  let value: number;
  if (bits <= PART_BITS) {
    value = readPart(from, bitOffset, bits);
  } else {
    const low = readPart(from, bitOffset + bits - PART_BITS, PART_BITS);
    value = readPart(from, bitOffset, bits - PART_BITS) * 2 ** PART_BITS + low;
  }
  return isSigned && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}

/** A field of any width. */
export function readWideField(
  from: FieldBytes,
  bitOffset: number,
  bits: number,
  isSigned: boolean,
): bigint {
  if (bits <= NUMBER_BITS_MAX) return BigInt(readField(from, bitOffset, bits, isSigned));
  const high = BigInt(readPart(from, bitOffset, bits - PART_BITS));
  const low = BigInt(readPart(from, bitOffset + bits - PART_BITS, PART_BITS));
  const value = (high << 32n) | low;
  return isSigned ? BigInt.asIntN(bits, value) : value;
}

/** @param value  in the field's range; the field lies within `to` */
export function writeField(to: FieldBytes, bitOffset: number, bits: number, value: number): void {
  if (bits > PART_BITS) {
    writePart(to, bitOffset, bits - PART_BITS, Math.floor(value / 2 ** PART_BITS));
    writePart(to, bitOffset + bits - PART_BITS, PART_BITS, value);
  } else {
    writePart(to, bitOffset, bits, value);
  }
}

/** As `writeField`, for a field of any width. */
export function writeWideField(
  to: FieldBytes,
  bitOffset: number,
  bits: number,
  value: bigint,
): void {
  if (bits <= NUMBER_BITS_MAX) return writeField(to, bitOffset, bits, Number(value));
  writePart(to, bitOffset, bits - PART_BITS, Number(BigInt.asIntN(32, value >> 32n)));
  writePart(to, bitOffset + bits - PART_BITS, PART_BITS, Number(BigInt.asIntN(32, value)));
}

/**
 * Brings an exact result into a field of up to NUMBER_BITS_MAX bits.
 * @returns the value to store, or NaN when `overflow` is FAIL and the result does not fit
 */
export function fitField(value: number, bits: number, isSigned: boolean, overflow: number): number {
  const span = 2 ** bits;
  const max = isSigned ? span / 2 - 1 : span - 1;
  const min = isSigned ? -span / 2 : 0;
  if (value >= min && value <= max) return value;
  if (overflow === OVERFLOW.FAIL) return NaN;
  if (overflow === OVERFLOW.SAT) return value > max ? max : min;
  const wrapped = ((value % span) + span) % span;
  return wrapped > max ? wrapped - span : wrapped;
}

/** As `fitField` for any width; null instead of NaN. */
export function fitWideField(
  value: bigint,
  bits: number,
  isSigned: boolean,
  overflow: number,
): bigint | null {
  const wrapped = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  if (wrapped === value || overflow === OVERFLOW.WRAP) return wrapped;
  if (overflow === OVERFLOW.FAIL) return null;
  const max = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n;
  if (value > max) return max;
  return isSigned ? -max - 1n : 0n;
}

/** Up to 32 bits as an unsigned number. */
function readPart(from: FieldBytes, bitOffset: number, bits: number): number {
  const firstByte = Math.floor(bitOffset / 8);
  const endBit = (bitOffset % 8) + bits;
  const byteCount = (endBit + 7) >>> 3;
  // At most 39 bits: a double's multiplication instead of a shift.
  let value = 0;
  for (let i = 0; i < byteCount; i++) {
    const index = firstByte + i;
    value = value * 256 + (index < from.length ? from.bytes[from.offset + index] : 0);
  }
  return Math.floor(value / 2 ** (byteCount * 8 - endBit)) % 2 ** bits;
}

/** The lowest `bits` bits of `value`, from the last byte to the first. */
function writePart(to: FieldBytes, bitOffset: number, bits: number, value: number): void {
  // Modulo 2^32, two's complement: shifts keep what is needed.
  let rest = value | 0;
  let left = bits;
  let index = Math.floor((bitOffset + bits - 1) / 8);
  // Bits of the byte at `index` behind the field.
  let behind = 7 - ((bitOffset + bits - 1) % 8);
  while (left > 0) {
    const taken = Math.min(left, 8 - behind);
    const mask = ((1 << taken) - 1) << behind;
    const at = to.offset + index;
    to.bytes[at] = (to.bytes[at] & ~mask) | ((rest << behind) & mask);
    rest >>= taken;
    left -= taken;
    behind = 0;
    index--;
  }
}
