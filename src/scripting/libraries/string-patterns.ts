/** find, match, gmatch and gsub. */
import { optionalInteger, requireString } from '../lua/arguments.ts';
import { LuaTable } from '../lua/lua-table.ts';
import {
  argumentError,
  LuaError,
  LuaFunction,
  type LuaHost,
  type LuaNative,
  type LuaResult,
  type LuaValue,
  typeName,
} from '../lua/lua-value.ts';
import { PatternMatcher } from './pattern-matcher.ts';

export const findInString: LuaNative = (runtime, args) => findOrMatch(runtime, args, true);

export const matchString: LuaNative = (runtime, args) => findOrMatch(runtime, args, false);

function findOrMatch(runtime: LuaHost, args: LuaValue[], isFind: boolean): LuaResult {
  const source = requireString(args, 0);
  const pattern = requireString(args, 1);
  const position = fromEnd(optionalInteger(args, 2, 1), source.length) - 1;
  const start = Math.min(Math.max(position, 0), source.length);
  const isPlain = args[3] !== undefined && args[3] !== false;
  if (isFind && (isPlain || !hasSpecials(pattern))) {
    runtime.budget.takeSteps((source.length - start) >> 4);
    const at = source.indexOf(pattern, start);
    return at < 0 ? undefined : [at + 1, at + pattern.length];
  }
  const matcher = new PatternMatcher(source, pattern, runtime.budget);
  const isAnchored = pattern.charCodeAt(0) === CARET;
  const patternStart = isAnchored ? 1 : 0;
  for (let s = start; s <= source.length; s++) {
    const end = matcher.matchAt(s, patternStart);
    if (end >= 0) {
      matcher.settle();
      if (!isFind) return resultOf(matcher, s, end);
      if (matcher.captureCount === 0) return [s + 1, end];
      return [s + 1, end, ...matcher.captures(s, end)];
    }
    if (isAnchored) break;
  }
  matcher.settle();
  return undefined;
}

function resultOf(matcher: PatternMatcher, start: number, end: number): LuaResult {
  if (matcher.captureCount <= 1) return matcher.capture(0, start, end);
  return matcher.captures(start, end);
}

export const matchAll: LuaNative = (runtime, args) => {
  const source = requireString(args, 0);
  const pattern = requireString(args, 1);
  const matcher = new PatternMatcher(source, pattern, runtime.budget);
  let next = 0;
  return runtime.native('for iterator', () => {
    for (let s = next; s <= source.length; s++) {
      const end = matcher.matchAt(s, 0);
      if (end < 0) continue;
      next = end === s ? end + 1 : end;
      matcher.settle();
      return resultOf(matcher, s, end);
    }
    next = source.length + 1;
    matcher.settle();
    return [];
  });
};

export const substitute: LuaNative = (runtime, args) => {
  const source = requireString(args, 0);
  const pattern = requireString(args, 1);
  const replacement = args[2];
  const countMax = optionalInteger(args, 3, source.length + 1) | 0;
  if (!isReplacement(replacement)) {
    throw argumentError(2, 'string/function/table expected');
  }
  const by = typeof replacement === 'number' ? requireString(args, 2) : replacement;
  const matcher = new PatternMatcher(source, pattern, runtime.budget);
  const isAnchored = pattern.charCodeAt(0) === CARET;
  let result = '';
  let count = 0;
  let s = 0;
  // What was passed over and not yet copied begins there.
  let kept = 0;
  while (count < countMax) {
    const end = matcher.matchAt(s, isAnchored ? 1 : 0);
    if (end >= 0) {
      count++;
      const piece = replace(runtime, matcher, by, s, end);
      runtime.budget.takeBytes(piece.length + s - kept + PIECE_BYTES);
      result += source.slice(kept, s) + piece;
      kept = end;
    }
    if (end > s) s = end;
    else if (s < source.length) s++;
    else break;
    if (isAnchored) break;
  }
  matcher.settle();
  if (count === 0) return [source, 0];
  runtime.budget.takeBytes(source.length - kept);
  return [result + source.slice(kept), count];
};

type Replacement = string | LuaTable | LuaFunction;

function isReplacement(value: LuaValue): value is Replacement | number {
  if (typeof value === 'string' || typeof value === 'number') return true;
  return value instanceof LuaTable || value instanceof LuaFunction;
}

function replace(
  runtime: LuaHost,
  matcher: PatternMatcher,
  by: Replacement,
  start: number,
  end: number,
): string {
  if (typeof by === 'string') return fillIn(matcher, by, start, end);
  const value =
    by instanceof LuaTable
      ? runtime.index(by, matcher.capture(0, start, end))
      : runtime.callOne(by, matcher.captures(start, end));
  if (value === undefined || value === false) return matcher.sourceText(start, end);
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return runtime.toText(value);
  throw new LuaError(`invalid replacement value (a ${typeName(value)})`);
}

/** `%0` to `%9` of the replacement become captures, `%` before anything else goes. */
function fillIn(matcher: PatternMatcher, by: string, start: number, end: number): string {
  let at = by.indexOf('%');
  if (at < 0) return by;
  let text = '';
  let from = 0;
  for (; at >= 0; at = by.indexOf('%', from)) {
    text += by.slice(from, at);
    from = at + 2;
    const code = by.charCodeAt(at + 1);
    if (code === ZERO) text += matcher.sourceText(start, end);
    else if (code > ZERO && code <= NINE) text += matcher.captureText(code - ZERO - 1, start, end);
    // A string of C ends with a zero byte, and that is what a last % takes.
    else text += at + 1 < by.length ? by[at + 1] : '\0';
  }
  return text + by.slice(from);
}

/** Without one of them a pattern is plain text. Looked for up to a zero byte, as in C. */
function hasSpecials(pattern: string): boolean {
  for (let i = 0; i < pattern.length; i++) {
    const code = pattern.charCodeAt(i);
    if (code === 0) return false;
    if (SPECIALS.includes(code)) return true;
  }
  return false;
}

/** A position that is negative counts from the end; 0 when it is before the beginning. */
export function fromEnd(position: number, length: number): number {
  return position >= 0 ? position : Math.max(0, position + length + 1);
}

/** What a piece of a text that is not copied together yet costs beside its bytes. */
const PIECE_BYTES = 32;
const SPECIALS: readonly number[] = [...'^$*+?.([%-'].map((char) => char.charCodeAt(0));
const CARET = 94;
const ZERO = 48;
const NINE = 57;
