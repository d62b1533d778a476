/**
 * Counting and finding bits in bytes, by 32-bit words. Bit 0 is the highest of the first byte.
 */

/** Set bits of a 32-bit word. */
export function popcount32(word: number): number {
  word -= (word >>> 1) & 0x5555_5555;
  word = (word & 0x3333_3333) + ((word >>> 2) & 0x3333_3333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Set bits of `length` bytes. */
export function countBits(view: DataView, offset: number, length: number): number {
  const end = offset + length;
  let count = 0;
  let at = offset;
  for (; at + BLOCK_BYTES <= end; at += BLOCK_BYTES) count += countBlock(view, at);
  for (; at + 4 <= end; at += 4) count += popcount32(view.getUint32(at, true));
  for (; at < end; at++) count += popcount32(view.getUint8(at));
  return count;
}

const BLOCK_BYTES = 32;

/**
 * Eight words at once: carry-save adders gather them into counts of ones, twos, fours and eights,
 * so that four words are counted instead of eight (Warren, Hacker's Delight, 5-1).
 */
function countBlock(view: DataView, at: number): number {
  const a = view.getInt32(at, true);
  const b = view.getInt32(at + 4, true);
  const c = view.getInt32(at + 8, true);
  const d = view.getInt32(at + 12, true);
  const e = view.getInt32(at + 16, true);
  const f = view.getInt32(at + 20, true);
  const g = view.getInt32(at + 24, true);
  const h = view.getInt32(at + 28, true);
  const ones1 = a ^ b ^ c;
  const twos1 = (a & b) | ((a ^ b) & c);
  const ones2 = ones1 ^ d ^ e;
  const twos2 = (ones1 & d) | ((ones1 ^ d) & e);
  const ones3 = ones2 ^ f ^ g;
  const twos3 = (ones2 & f) | ((ones2 ^ f) & g);
  const ones = ones3 ^ h;
  const twos4 = ones3 & h;
  const twosA = twos1 ^ twos2 ^ twos3;
  const fours1 = (twos1 & twos2) | ((twos1 ^ twos2) & twos3);
  const twos = twosA ^ twos4;
  const fours2 = twosA & twos4;
  const fours = fours1 ^ fours2;
  const eights = fours1 & fours2;
  return popcount32(ones) + 2 * popcount32(twos) + 4 * popcount32(fours) + 8 * popcount32(eights);
}

/**
 * @param firstBit  both counted from the bytes' first bit; `lastBit` is included
 * @returns         position of the first bit that is `bit`, or -1
 */
export function findBit(
  view: DataView,
  offset: number,
  firstBit: number,
  lastBit: number,
  bit: number,
): number {
  // Looking for a clear bit in x is looking for a set one in ~x.
  const flip = bit === 1 ? 0 : -1;
  let byteIndex = Math.floor(firstBit / 8);
  const lastByte = Math.floor(lastBit / 8);
  let found = (view.getUint8(offset + byteIndex) ^ flip) & (0xff >>> (firstBit % 8));
  while (found === 0) {
    byteIndex = skipWords(view, offset, byteIndex + 1, lastByte + 1, flip);
    if (byteIndex > lastByte) return -1;
    found = (view.getUint8(offset + byteIndex) ^ flip) & 0xff;
  }
  const position = byteIndex * 8 + Math.clz32(found) - 24;
  return position <= lastBit ? position : -1;
}

/** @returns index of the first byte that may be other than `flip`, `end` at most */
function skipWords(
  view: DataView,
  offset: number,
  start: number,
  end: number,
  flip: number,
): number {
  let index = start;
  while (index + 4 <= end && view.getInt32(offset + index, true) === flip) index += 4;
  return index;
}
