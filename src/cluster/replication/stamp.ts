/**
 * When a key was changed last, as all nodes agree on it: 64 bits in two u32.
 *
 *     high [ 31 .. 0 ]                  low [ 31 .. 11 ]         low [ 10 .. 0 ]
 *     time: 41 bits of ms since 2025, then 12 bits of a counter  hash of the node's id
 *
 * The greater one is the later one; 0, 0 is before all. See `hybrid-clock.ts`.
 */

/** 2025-01-01, Unix ms. */
export const STAMP_EPOCH_MS = 1_735_689_600_000;

export const COUNTER_STEPS = 4096;
const LOW_STEPS = 2 ** 21;
export const NODE_STEPS = 2 ** 11;

/** Bits that every stamp of that time has in its upper half. */
export function stampHigh(time: number): number {
  return Math.floor(time / LOW_STEPS);
}

export function stampLow(time: number, nodeHash: number): number {
  return (time - Math.floor(time / LOW_STEPS) * LOW_STEPS) * NODE_STEPS + nodeHash;
}

/** The time of a stamp: ms and counter in one number below 2^53. */
export function timeOf(high: number, low: number): number {
  return (high >>> 0) * LOW_STEPS + (low >>> 11);
}

/** Unix time in ms of a stamp. */
export function stampMs(high: number, low: number): number {
  return Math.floor(timeOf(high, low) / COUNTER_STEPS) + STAMP_EPOCH_MS;
}

/** Whether the first stamp is later than the second. */
export function isNewer(high: number, low: number, thanHigh: number, thanLow: number): boolean {
  const left = high >>> 0;
  const right = thanHigh >>> 0;
  return left > right || (left === right && low >>> 0 > thanLow >>> 0);
}

/**
 * Two words that stand for a key and its stamp in the digest of a slot: every bit depends on every
 * bit, and the two on different ways.
 */
export function mixLeft(tag: number, high: number, low: number): number {
  let word = Math.imul(tag ^ (high << 7) ^ (high >>> 25), 0x85ebca6b);
  word = Math.imul((word ^ (word >>> 15)) + low, 0xc2b2ae35);
  word = Math.imul(word ^ (word >>> 13) ^ high, 0x27d4eb2f);
  return word ^ (word >>> 16);
}

export function mixRight(tag: number, high: number, low: number): number {
  let word = Math.imul(low ^ (tag << 11) ^ (tag >>> 21), 0x9e3779b1);
  word = Math.imul((word ^ (word >>> 16)) + high, 0x7feb352d);
  word = Math.imul(word ^ (word >>> 14) ^ tag, 0x846ca68b);
  return word ^ (word >>> 15);
}
