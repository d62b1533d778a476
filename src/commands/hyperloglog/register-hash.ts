/**
 * Which register an element belongs to, and the value it asks for: MurmurHash64A with Redis' seed.
 * The low 14 bits are the register; the value is one more than the zeros that follow them.
 *
 * The 64-bit state is two 32-bit halves: BigInt would cost hundreds of nanoseconds a step.
 * Source: MurmurHash2.cpp by Austin Appleby (public domain), read little-endian.
 */
export const REGISTER_COUNT = 16_384;
export const INDEX_BITS = 14;
export const INDEX_MASK = REGISTER_COUNT - 1;
/** Hash bits that make the value; the value is 1 to RANK_BITS + 1. */
export const RANK_BITS = 50;

const SEED = 0xadc83b19;
/** The multiplier 0xc6a4a7935bd1e995, and the 16-bit halves of its low word. */
const M_HIGH = 0xc6a4a793 | 0;
const M_LOW = 0x5bd1e995;
const M_LOW_1 = 0x5bd1;
const M_LOW_0 = 0xe995;

/**
 * @param view  covers the element's bytes
 * @returns     `value << INDEX_BITS | index`
 */
export function hashRegister(view: DataView, offset: number, length: number): number {
  let low = SEED ^ Math.imul(length, M_LOW);
  let high = productHigh(length, 0);
  const end = offset + (length & ~7);
  for (let at = offset; at < end; at += 8) {
    const blockLow = view.getInt32(at, true);
    const blockHigh = view.getInt32(at + 4, true);
    const mixedHigh = productHigh(blockLow, blockHigh);
    const mixedLow = Math.imul(blockLow, M_LOW) ^ (mixedHigh >>> 15);
    high ^= productHigh(mixedLow, mixedHigh);
    low ^= Math.imul(mixedLow, M_LOW);
    high = productHigh(low, high);
    low = Math.imul(low, M_LOW);
  }
  const restLength = length & 7;
  if (restLength > 0) {
    for (let i = 0; i < restLength; i++) {
      const byte = view.getUint8(end + i);
      if (i < 4) low ^= byte << (i * 8);
      else high ^= byte << (i * 8 - 32);
    }
    high = productHigh(low, high);
    low = Math.imul(low, M_LOW);
  }
  low ^= high >>> 15;
  high = productHigh(low, high);
  low = Math.imul(low, M_LOW);
  low ^= high >>> 15;
  return (rankOf(low, high) << INDEX_BITS) | (low & INDEX_MASK);
}

/** Position, from 1, of the lowest bit set above the index; one beyond the last counts as set. */
function rankOf(low: number, high: number): number {
  const rankLow = (low >>> INDEX_BITS) | (high << (32 - INDEX_BITS));
  if (rankLow !== 0) return 32 - Math.clz32(rankLow & -rankLow);
  const rankHigh = (high >>> INDEX_BITS) | (1 << (RANK_BITS - 32));
  return 64 - Math.clz32(rankHigh & -rankHigh);
}

/** High word of the multiplier's product with `high:low`; the low word is imul(low, M_LOW). */
function productHigh(low: number, high: number): number {
  const low1 = low >>> 16;
  const low0 = low & 0xffff;
  const carry = Math.imul(low0, M_LOW_0) >>> 16;
  const middle = ((Math.imul(low1, M_LOW_0) >>> 0) + carry) >>> 0;
  const middle0 = ((Math.imul(low0, M_LOW_1) >>> 0) + (middle & 0xffff)) >>> 0;
  const wide = Math.imul(low1, M_LOW_1) + (middle >>> 16) + (middle0 >>> 16);
  return (wide + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) | 0;
}
