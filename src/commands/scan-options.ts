import type { Frame } from '../base/frame.ts';
import { globMatches } from '../base/glob.ts';
import type { Slice } from '../engine/slice.ts';
import { ERRORS } from '../protocol/error-table.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { integer64Argument } from './integer-argument.ts';

const STAR = 42;
const DEFAULT_COUNT = 10;
const UINT64_MAX = 2n ** 64n - 1n;

/** What SCAN, HSCAN, SSCAN and ZSCAN are asked for. Reused by each. */
export class ScanOptions {
  cursor = 0;
  count = DEFAULT_COUNT;
  /** Arguments, 0: not given. */
  patternArg = 0;
  typeArg = 0;
  /** HSCAN alone may be told NOVALUES. */
  takesNoValues = false;
  noValues = false;

  /** Whether the name passes MATCH. */
  matches(frame: Frame, name: Slice): boolean {
    const { patternArg } = this;
    if (patternArg === 0) return true;
    const at = frame.offsets[patternArg];
    const length = frame.lengths[patternArg];
    if (length === 1 && frame.bytes[at] === STAR) return true;
    return globMatches(frame.bytes, at, length, name.bytes, name.offset, name.length);
  }
}

/** The cursor alone; false after the error reply. HSCAN and its kin read it before they look. */
export function parseScanCursor(
  frame: Frame,
  cursorArg: number,
  options: ScanOptions,
  reply: ReplyWriter,
): boolean {
  options.cursor = parseCursor(frame.latin1(cursorArg).split('\0', 1)[0]);
  if (!Number.isNaN(options.cursor)) return true;
  reply.error(ERRORS.invalidCursor);
  return false;
}

/**
 * The cursor and the options behind it.
 * @param takesType  SCAN itself
 * @returns          false after the error reply
 */
export function parseScanOptions(
  frame: Frame,
  cursorArg: number,
  takesType: boolean,
  options: ScanOptions,
  reply: ReplyWriter,
): boolean {
  options.count = DEFAULT_COUNT;
  options.patternArg = 0;
  options.typeArg = 0;
  options.noValues = false;
  if (!parseScanCursor(frame, cursorArg, options, reply)) return false;
  for (let arg = cursorArg + 1; arg < frame.count; arg += 2) {
    const hasValue = arg + 1 < frame.count;
    if (hasValue && frame.equals(arg, 'COUNT')) {
      if (!parseCount(frame, arg + 1, options, reply)) return false;
    } else if (hasValue && frame.equals(arg, 'MATCH')) {
      options.patternArg = arg + 1;
    } else if (takesType && hasValue && frame.equals(arg, 'TYPE')) {
      options.typeArg = arg + 1;
    } else if (options.takesNoValues && frame.equals(arg, 'NOVALUES')) {
      options.noValues = true;
      arg--;
    } else {
      reply.error(ERRORS.syntax);
      return false;
    }
  }
  return true;
}

function parseCount(frame: Frame, arg: number, options: ScanOptions, reply: ReplyWriter): boolean {
  const count = integer64Argument(frame, arg);
  if (count === null) {
    reply.error(ERRORS.notInteger);
    return false;
  }
  if (count < 1n) {
    reply.error(ERRORS.syntax);
    return false;
  }
  options.count = Number(count);
  return true;
}

/**
 * As strtoul reads it: digits with a sign, nothing before and nothing behind, at most 64 bits; the
 * empty text is 0, a negative number wraps around.
 * @returns NaN when Redis would refuse it
 */
function parseCursor(text: string): number {
  let at = 0;
  let isNegative = false;
  if (text.startsWith('-') || text.startsWith('+')) {
    isNegative = text.charCodeAt(0) === 45;
    at = 1;
  }
  if (text.length === 0) return 0;
  if (at === text.length) return NaN;
  let value = 0n;
  for (let i = at; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10n + BigInt(digit);
    if (value > UINT64_MAX) return NaN;
  }
  return Number(isNegative ? BigInt.asUintN(64, -value) : value);
}
