import type { Frame } from '../../base/frame.ts';
import { parseInt64 } from '../../base/numbers.ts';
import { parseInteger } from '../integer-argument.ts';

const HASH = 35;

/**
 * A bit's position in a string, as SETBIT, GETBIT and BITFIELD take it.
 * @param fieldBits      bits of a BITFIELD type, by which `#n` is multiplied; 0: no such form
 * @param valueBytesMax  proto-max-bulk-len: the bit must lie in a string of that length
 * @returns              the position, or NaN when refused
 */
export function bitOffsetArgument(
  frame: Frame,
  arg: number,
  fieldBits: number,
  valueBytesMax: number,
): number {
  let start = frame.offsets[arg];
  let length = frame.lengths[arg];
  const isInFields = fieldBits > 0 && length > 0 && frame.bytes[start] === HASH;
  if (isInFields) {
    start++;
    length--;
  }
  let offset = parseInteger(frame.bytes, start, length);
  if (Number.isNaN(offset) || offset > Number.MAX_SAFE_INTEGER / 64) {
    const wide = parseInt64(frame.bytes, start, length);
    if (wide === null) return NaN;
    // Redis multiplies in int64 and lets it wrap.
    offset = Number(BigInt.asIntN(64, isInFields ? wide * BigInt(fieldBits) : wide));
  } else if (isInFields) {
    offset *= fieldBits;
  }
  return offset < 0 || Math.floor(offset / 8) >= valueBytesMax ? NaN : offset;
}
