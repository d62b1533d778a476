/**
 * Dense registers: 16,384 numbers of 6 bits, the first in the low bits of the first byte.
 *
 *     byte 0    byte 1    byte 2
 *     11000000  22221111  33333322
 */
import { REGISTER_COUNT } from './register-hash.ts';

export const REGISTER_BITS = 6;
const REGISTER_MAX = 63;
export const DENSE_BYTES = (REGISTER_COUNT * REGISTER_BITS) / 8;
/** Registers that fill three whole bytes. */
const GROUP = 4;

/** @param start  where the registers begin */
export function denseRegister(bytes: Uint8Array, start: number, index: number): number {
  const bit = index * REGISTER_BITS;
  const at = start + (bit >>> 3);
  const shift = bit & 7;
  if (shift <= 2) return (bytes[at] >>> shift) & REGISTER_MAX;
  return ((bytes[at] >>> shift) | (bytes[at + 1] << (8 - shift))) & REGISTER_MAX;
}

/** Raises a register. False when it has that value or a larger one already. */
export function raiseDense(
  bytes: Uint8Array,
  start: number,
  index: number,
  value: number,
): boolean {
  if (denseRegister(bytes, start, index) >= value) return false;
  const bit = index * REGISTER_BITS;
  const at = start + (bit >>> 3);
  const shift = bit & 7;
  bytes[at] = (bytes[at] & ~(REGISTER_MAX << shift)) | (value << shift);
  if (shift > 2) {
    const over = 8 - shift;
    bytes[at + 1] = (bytes[at + 1] & ~(REGISTER_MAX >>> over)) | (value >>> over);
  }
  return true;
}

/** Counts how many registers have each value. */
export function countDense(bytes: Uint8Array, start: number, histogram: Int32Array): void {
  const end = start + DENSE_BYTES;
  for (let at = start; at < end; at += 3) {
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    histogram[word & REGISTER_MAX]++;
    histogram[(word >>> 6) & REGISTER_MAX]++;
    histogram[(word >>> 12) & REGISTER_MAX]++;
    histogram[word >>> 18]++;
  }
}

/** Raises each of the registers, a byte each, to the dense ones'. */
export function mergeDense(registers: Uint8Array, bytes: Uint8Array, start: number): void {
  let at = start;
  for (let i = 0; i < REGISTER_COUNT; i += GROUP) {
    const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    at += 3;
    if (word === 0) continue;
    const value0 = word & REGISTER_MAX;
    const value1 = (word >>> 6) & REGISTER_MAX;
    const value2 = (word >>> 12) & REGISTER_MAX;
    const value3 = word >>> 18;
    if (value0 > registers[i]) registers[i] = value0;
    if (value1 > registers[i + 1]) registers[i + 1] = value1;
    if (value2 > registers[i + 2]) registers[i + 2] = value2;
    if (value3 > registers[i + 3]) registers[i + 3] = value3;
  }
}

/** Writes registers of a byte each as dense ones. */
export function writeDense(registers: Uint8Array, bytes: Uint8Array, start: number): void {
  let at = start;
  for (let i = 0; i < REGISTER_COUNT; i += GROUP) {
    const word =
      registers[i] | (registers[i + 1] << 6) | (registers[i + 2] << 12) | (registers[i + 3] << 18);
    bytes[at] = word;
    bytes[at + 1] = word >>> 8;
    bytes[at + 2] = word >>> 16;
    at += 3;
  }
}
