import type { Frame } from '../base/frame.ts';
import { integer64Argument, integerArgument } from './integer-argument.ts';

/**
 * An int64 argument where only its size against lengths below 2^53 matters.
 * @returns exact up to 2^53-1, rounded (but never to within that) beyond; NaN when it is no int64
 */
export function roundedIntegerArgument(frame: Frame, index: number): number {
  const value = integerArgument(frame, index);
  if (!Number.isNaN(value)) return value;
  const wide = integer64Argument(frame, index);
  return wide === null ? NaN : Number(wide);
}

/**
 * Whether both arguments count from the end and the first lies beyond the second. Redis decides
 * that before it clamps anything. Doubles decide it for all but a pair beyond 2^53.
 */
export function isReversedFromEnd(frame: Frame, startIndex: number, endIndex: number): boolean {
  const start = roundedIntegerArgument(frame, startIndex);
  const end = roundedIntegerArgument(frame, endIndex);
  if (start >= 0 || end >= 0) return false;
  if (start !== end) return start > end;
  const wideStart = integer64Argument(frame, startIndex);
  const wideEnd = integer64Argument(frame, endIndex);
  return wideStart !== null && wideEnd !== null && wideStart > wideEnd;
}

/** An index that may count from the end (-1 is the last), as one from the start; never below 0. */
export function indexFromStart(index: number, length: number): number {
  return index < 0 ? Math.max(0, length + index) : index;
}
