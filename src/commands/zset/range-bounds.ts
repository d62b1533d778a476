/** Bounds of ranges as arguments: `(1.5`, `-inf`, `[abc`, `(abc`, `-`, `+`. */
import type { Frame } from '../../base/frame.ts';
import { parseDouble, parseSafeInteger } from '../../base/numbers.ts';
import type { MemberBound, MemberRange, ScoreRange } from '../../engine/values/zset/zset-ranges.ts';

const OPEN = 40;
const CLOSED = 91;
const MINUS = 45;
const PLUS = 43;
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** @returns false when one of them is no number */
export function parseScoreRange(
  frame: Frame,
  minArg: number,
  maxArg: number,
  range: ScoreRange,
): boolean {
  range.min = parseScoreBound(frame, minArg);
  range.isMinExcluded = isOpen(frame, minArg);
  range.max = parseScoreBound(frame, maxArg);
  range.isMaxExcluded = isOpen(frame, maxArg);
  return !Number.isNaN(range.min) && !Number.isNaN(range.max);
}

/** @returns false when one of them is no bound */
export function parseMemberRange(
  frame: Frame,
  minArg: number,
  maxArg: number,
  range: MemberRange,
): boolean {
  return parseMemberBound(frame, minArg, range.min) && parseMemberBound(frame, maxArg, range.max);
}

function isOpen(frame: Frame, arg: number): boolean {
  return frame.lengths[arg] > 0 && frame.bytes[frame.offsets[arg]] === OPEN;
}

/** As strtod reads a C string of which nothing may be left. */
function parseScoreBound(frame: Frame, arg: number): number {
  const skipped = isOpen(frame, arg) ? 1 : 0;
  const offset = frame.offsets[arg] + skipped;
  const length = frame.lengths[arg] - skipped;
  const { bytes } = frame;
  const integer = parseSafeInteger(bytes, offset, length);
  if (!Number.isNaN(integer)) return integer;
  const value = parseDouble(bytes, offset, length);
  return Number.isNaN(value) ? parseAsC(frame.latin1(arg).slice(skipped)) : value;
}

/** Blanks before, a zero byte behind, the empty text, numbers too large or small for a double. */
function parseAsC(latin1: string): number {
  const end = latin1.indexOf('\0');
  const text = end < 0 ? latin1 : latin1.slice(0, end);
  if (text === '') return 0;
  const trimmed = text.replace(/^[ \t\n\v\f\r]+/, '');
  if (DECIMAL.test(trimmed)) return Number(trimmed);
  return parseDouble(Buffer.from(trimmed, 'latin1'), 0, trimmed.length);
}

function parseMemberBound(frame: Frame, arg: number, bound: MemberBound): boolean {
  const { bytes, view } = frame;
  const offset = frame.offsets[arg];
  const length = frame.lengths[arg];
  if (length === 0) return false;
  const first = bytes[offset];
  bound.isExcluded = first === OPEN;
  bound.kind = '';
  if (first === OPEN || first === CLOSED) {
    bound.member.point(bytes, view, offset + 1, length - 1);
    return true;
  }
  if (length > 1 && bytes[offset + 1] !== 0) return false;
  bound.kind = first === PLUS ? '+' : '-';
  return first === PLUS || first === MINUS;
}
