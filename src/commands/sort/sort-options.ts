import type { Frame } from '../../base/frame.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import { integer64Argument } from '../integer-argument.ts';

/** What SORT was asked for. Arguments are named by their position; 0 is none. */
export interface SortOptions {
  isDescending: boolean;
  isAlpha: boolean;
  /** BY with a pattern that has no `*`: elements stay in the order in which they are. */
  isUnsorted: boolean;
  byArg: number;
  readonly getArgs: number[];
  storeArg: number;
  limitStart: number;
  /** Below 0: to the end. */
  limitCount: number;
}

const ASTERISK = 42;
const FIRST_OPTION_ARG = 2;

/**
 * @param canStore         false for SORT_RO
 * @param mayReadEveryKey  asked when a pattern may name any key
 */
export function parseSort(
  frame: Frame,
  canStore: boolean,
  mayReadEveryKey: () => boolean,
): SortOptions | ErrorRow {
  const options: SortOptions = {
    isDescending: false,
    isAlpha: false,
    isUnsorted: false,
    byArg: 0,
    getArgs: [],
    storeArg: 0,
    limitStart: 0,
    limitCount: -1,
  };
  for (let arg = FIRST_OPTION_ARG; arg < frame.count; arg++) {
    const left = frame.count - arg - 1;
    if (frame.equals(arg, 'ASC')) options.isDescending = false;
    else if (frame.equals(arg, 'DESC')) options.isDescending = true;
    else if (frame.equals(arg, 'ALPHA')) options.isAlpha = true;
    else if (frame.equals(arg, 'LIMIT') && left >= 2) {
      const start = integer64Argument(frame, arg + 1);
      const count = integer64Argument(frame, arg + 2);
      if (start === null || count === null) return ERRORS.notInteger;
      options.limitStart = Number(start);
      options.limitCount = Number(count);
      arg += 2;
    } else if (canStore && frame.equals(arg, 'STORE') && left >= 1) {
      options.storeArg = ++arg;
    } else if (frame.equals(arg, 'BY') && left >= 1) {
      options.byArg = ++arg;
      // Once said it stays, even when another BY follows: as in Redis.
      if (!hasAsterisk(frame, arg)) options.isUnsorted = true;
      else if (!mayReadEveryKey()) return ERRORS.sortByDenied;
    } else if (frame.equals(arg, 'GET') && left >= 1) {
      if (!mayReadEveryKey()) return ERRORS.sortGetDenied;
      options.getArgs.push(++arg);
    } else return ERRORS.syntax;
  }
  return options;
}

/** The elements that LIMIT leaves of `length`: from `start` on, `end` not included. */
export function limitOf(options: SortOptions, length: number): { start: number; end: number } {
  const start = Math.min(Math.max(options.limitStart, 0), length);
  const count = options.limitCount < 0 ? length : options.limitCount;
  return { start, end: Math.min(length, start + count) };
}

/** A zero byte ends the pattern, as in C. */
function hasAsterisk(frame: Frame, arg: number): boolean {
  const end = frame.offsets[arg] + frame.lengths[arg];
  for (let at = frame.offsets[arg]; at < end && frame.bytes[at] !== 0; at++) {
    if (frame.bytes[at] === ASTERISK) return true;
  }
  return false;
}
