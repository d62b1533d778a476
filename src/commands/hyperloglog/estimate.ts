/**
 * Cardinality from the histogram of the registers, without the bias tables of HyperLogLog++.
 * Source: Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017,
 * algorithm 6, as in Redis since 5.0.
 */
import { RANK_BITS, REGISTER_COUNT } from './register-hash.ts';

/** Slots of a histogram: one for each 6-bit value. */
export const HISTOGRAM_LENGTH = 64;
/** 0.5 / ln(2) */
const ALPHA_INFINITE = 0.7213475204444817;

/**
 * @returns a whole number; Infinity where every register is at its top, or beyond
 */
export function estimate(histogram: Int32Array): number {
  const m = REGISTER_COUNT;
  let z = m * tau((m - histogram[RANK_BITS + 1]) / m);
  for (let value = RANK_BITS; value >= 1; value--) z = (z + histogram[value]) * 0.5;
  z += m * sigma(histogram[0] / m);
  return Math.round((ALPHA_INFINITE * m * m) / z);
}

/** Converges for shares of a whole: 0 to 1. */
function sigma(share: number): number {
  if (share === 1) return Infinity;
  let x = share;
  let y = 1;
  let z = x;
  let previous: number;
  do {
    x *= x;
    previous = z;
    z += x * y;
    y += y;
  } while (previous !== z);
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  let previous: number;
  do {
    x = Math.sqrt(x);
    previous = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (previous !== z);
  return z / 3;
}
