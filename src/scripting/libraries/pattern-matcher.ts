/**
 * Lua 5.1's patterns: `%a`, `[set]`, `* + - ?`, captures, `%b()`, `%f[set]`, `%1`, anchors. The
 * algorithm is Lua's own backtracking one, so that the same text matches the same way and the same
 * pattern fails with the same words. It may take exponential time: every step is paid from the
 * script's budget. A pattern is a C string: a zero byte ends it.
 */
import type { LuaBudget } from '../lua/lua-budget.ts';
import { LuaError, type LuaValue } from '../lua/lua-value.ts';

const CAPTURE_COUNT_MAX = 32;
/** Nested items of one pattern; Lua 5.1 stops where its C stack ends. */
const DEPTH_MAX = 400;
const STEPS_AT_ONCE = 512;
/** Lengths of a capture that has no text. */
const UNFINISHED = -1;
const POSITION = -2;

export class PatternMatcher {
  private readonly source: string;
  private readonly pattern: string;
  private readonly budget: LuaBudget;
  private readonly starts: number[] = [];
  private readonly lengths: number[] = [];
  private level = 0;
  private depth = 0;
  private stepCount = 0;

  constructor(source: string, pattern: string, budget: LuaBudget) {
    this.source = source;
    const end = pattern.indexOf('\0');
    this.pattern = end < 0 ? pattern : pattern.slice(0, end);
    this.budget = budget;
  }

  /** Where a match that begins at `start` ends, or -1. @param patternStart  1 behind an anchor */
  matchAt(start: number, patternStart: number): number {
    this.level = 0;
    this.depth = 0;
    return this.match(start, patternStart);
  }

  get captureCount(): number {
    return this.level;
  }

  /** Capture `index` from 0; of a pattern without captures, number 0 is the whole match. */
  capture(index: number, start: number, end: number): LuaValue {
    if (index >= this.level) {
      if (index === 0) return this.source.slice(start, end);
      throw new LuaError('invalid capture index');
    }
    const length = this.lengths[index];
    const from = this.starts[index];
    if (length === POSITION) return from + 1;
    if (length === UNFINISHED) throw new LuaError('unfinished capture');
    return this.source.slice(from, from + length);
  }

  /** All captures; the whole match when the pattern has none. */
  captures(start: number, end: number): LuaValue[] {
    const values: LuaValue[] = [];
    const count = Math.max(1, this.level);
    for (let i = 0; i < count; i++) values.push(this.capture(i, start, end));
    return values;
  }

  /** As `capture`, a position as digits. */
  captureText(index: number, start: number, end: number): string {
    return String(this.capture(index, start, end));
  }

  sourceText(start: number, end: number): string {
    return this.source.slice(start, end);
  }

  /** Pays for the steps since the last payment. */
  settle(): void {
    const { stepCount } = this;
    this.stepCount = 0;
    this.budget.takeSteps(stepCount);
  }

  private step(): void {
    if (++this.stepCount > STEPS_AT_ONCE) this.settle();
  }

  private match(start: number, patternStart: number): number {
    if (++this.depth > DEPTH_MAX) throw new LuaError('pattern too complex');
    const end = this.matchItems(start, patternStart);
    this.depth--;
    return end;
  }

  private matchItems(start: number, patternStart: number): number {
    const { pattern, source } = this;
    let s = start;
    let p = patternStart;
    for (;;) {
      if (p >= pattern.length) return s;
      this.step();
      switch (pattern.charCodeAt(p)) {
        case OPEN:
          if (pattern.charCodeAt(p + 1) === CLOSE) return this.startCapture(s, p + 2, POSITION);
          return this.startCapture(s, p + 1, UNFINISHED);
        case CLOSE:
          return this.endCapture(s, p + 1);
        case DOLLAR:
          if (p + 1 === pattern.length) return s === source.length ? s : -1;
          break;
        case PERCENT: {
          const next = pattern.charCodeAt(p + 1);
          if (next !== LOWER_B && next !== LOWER_F && !isDigit(next)) break;
          if (next === LOWER_B) {
            s = this.matchBalance(s, p + 2);
            p += 4;
          } else if (next === LOWER_F) {
            p = this.matchFrontier(s, p + 2);
            if (p < 0) return -1;
          } else {
            s = this.matchBackReference(s, next);
            p += 2;
          }
          if (s < 0) return -1;
          continue;
        }
      }
      const itemEnd = this.itemEnd(p);
      const isMatch = s < source.length && this.matchOne(source.charCodeAt(s), p, itemEnd);
      switch (pattern.charCodeAt(itemEnd)) {
        case QUESTION: {
          const end = isMatch ? this.match(s + 1, itemEnd + 1) : -1;
          if (end >= 0) return end;
          p = itemEnd + 1;
          break;
        }
        case STAR:
          return this.expandMost(s, p, itemEnd);
        case PLUS:
          return isMatch ? this.expandMost(s + 1, p, itemEnd) : -1;
        case DASH:
          return this.expandLeast(s, p, itemEnd);
        default:
          if (!isMatch) return -1;
          s++;
          p = itemEnd;
      }
    }
  }

  /** As many as there are, then fewer and fewer. */
  private expandMost(s: number, p: number, itemEnd: number): number {
    const { source } = this;
    let count = 0;
    while (s + count < source.length && this.matchOne(source.charCodeAt(s + count), p, itemEnd)) {
      count++;
      this.step();
    }
    // Nothing follows: what was taken is the longest match.
    if (itemEnd + 1 >= this.pattern.length) return s + count;
    for (; count >= 0; count--) {
      const end = this.match(s + count, itemEnd + 1);
      if (end >= 0) return end;
    }
    return -1;
  }

  private expandLeast(start: number, p: number, itemEnd: number): number {
    const { source } = this;
    for (let s = start; ; s++) {
      const end = this.match(s, itemEnd + 1);
      if (end >= 0) return end;
      if (s >= source.length || !this.matchOne(source.charCodeAt(s), p, itemEnd)) return -1;
    }
  }

  private startCapture(s: number, p: number, kind: number): number {
    const { level } = this;
    if (level >= CAPTURE_COUNT_MAX) throw new LuaError('too many captures');
    this.starts[level] = s;
    this.lengths[level] = kind;
    this.level = level + 1;
    const end = this.match(s, p);
    if (end < 0) this.level--;
    return end;
  }

  private endCapture(s: number, p: number): number {
    const index = this.openCapture();
    this.lengths[index] = s - this.starts[index];
    const end = this.match(s, p);
    if (end < 0) this.lengths[index] = UNFINISHED;
    return end;
  }

  private openCapture(): number {
    for (let i = this.level - 1; i >= 0; i--) {
      if (this.lengths[i] === UNFINISHED) return i;
    }
    throw new LuaError('invalid pattern capture');
  }

  private matchBackReference(s: number, digit: number): number {
    const index = digit - ONE;
    if (index < 0 || index >= this.level || this.lengths[index] === UNFINISHED) {
      throw new LuaError('invalid capture index');
    }
    const length = this.lengths[index];
    if (length === POSITION || s + length > this.source.length) return -1;
    this.stepCount += length >> 3;
    const from = this.starts[index];
    return this.source.startsWith(this.source.slice(from, from + length), s) ? s + length : -1;
  }

  /** `%bxy`: from an x to the y that closes it. */
  private matchBalance(s: number, p: number): number {
    const { pattern, source } = this;
    if (p + 1 >= pattern.length) throw new LuaError('unbalanced pattern');
    const open = pattern.charCodeAt(p);
    const close = pattern.charCodeAt(p + 1);
    if (source.charCodeAt(s) !== open) return -1;
    let depth = 1;
    for (let i = s + 1; i < source.length; i++) {
      this.step();
      const code = source.charCodeAt(i);
      if (code === close) {
        if (--depth === 0) return i + 1;
      } else if (code === open) depth++;
    }
    return -1;
  }

  /** `%f[set]`: where the pattern goes on, or -1. */
  private matchFrontier(s: number, p: number): number {
    if (this.pattern.charCodeAt(p) !== BRACKET) {
      throw new LuaError("missing '[' after '%f' in pattern");
    }
    const itemEnd = this.itemEnd(p);
    const previous = s === 0 ? 0 : this.source.charCodeAt(s - 1);
    const next = s < this.source.length ? this.source.charCodeAt(s) : 0;
    if (this.matchSet(previous, p, itemEnd - 1)) return -1;
    return this.matchSet(next, p, itemEnd - 1) ? itemEnd : -1;
  }

  /** Behind the character, class or set that begins at `start`. */
  private itemEnd(start: number): number {
    const { pattern } = this;
    const { length } = pattern;
    let p = start + 1;
    switch (pattern.charCodeAt(start)) {
      case PERCENT:
        if (p >= length) throw new LuaError("malformed pattern (ends with '%')");
        return p + 1;
      case BRACKET: {
        if (pattern.charCodeAt(p) === CARET) p++;
        do {
          if (p >= length) throw new LuaError("malformed pattern (missing ']')");
          if (pattern.charCodeAt(p++) === PERCENT && p < length) p++;
        } while (pattern.charCodeAt(p) !== BRACKET_END);
        return p + 1;
      }
      default:
        return p;
    }
  }

  private matchOne(code: number, p: number, itemEnd: number): boolean {
    const item = this.pattern.charCodeAt(p);
    switch (item) {
      case DOT:
        return true;
      case PERCENT:
        return matchClass(code, this.pattern.charCodeAt(p + 1));
      case BRACKET:
        return this.matchSet(code, p, itemEnd - 1);
      default:
        return item === code;
    }
  }

  /** @param end  of the set's closing bracket */
  private matchSet(code: number, start: number, end: number): boolean {
    const { pattern } = this;
    let p = start + 1;
    let isIn = true;
    if (pattern.charCodeAt(p) === CARET) {
      isIn = false;
      p++;
    }
    this.stepCount += (end - p) >> 3;
    for (; p < end; p++) {
      const item = pattern.charCodeAt(p);
      if (item === PERCENT) {
        p++;
        if (matchClass(code, pattern.charCodeAt(p))) return isIn;
      } else if (pattern.charCodeAt(p + 1) === DASH && p + 2 < end) {
        p += 2;
        if (item <= code && code <= pattern.charCodeAt(p)) return isIn;
      } else if (item === code) return isIn;
    }
    return !isIn;
  }
}

/** `%a` and its like; a letter that names no class, and anything else, stands for itself. */
function matchClass(code: number, name: number): boolean {
  const lower = name | 32;
  const isLetter = lower >= LOWER_A && lower <= LOWER_Z;
  const bit = isLetter ? CLASS_BITS[lower - LOWER_A] : 0;
  if (bit === 0) return name === code;
  const isIn = ((CLASSES[code] ?? 0) & bit) !== 0;
  return name === lower ? isIn : !isIn;
}

const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const PLUS = 43;
const DASH = 45;
const DOT = 46;
const DOLLAR = 36;
const PERCENT = 37;
const ONE = 49;
const QUESTION = 63;
const BRACKET = 91;
const BRACKET_END = 93;
const CARET = 94;
const LOWER_A = 97;
const LOWER_B = 98;
const LOWER_F = 102;
const LOWER_Z = 122;

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** A bit for each of the class letters. */
const CLASS_LETTERS = 'acdlpsuwxz';
const CLASS_BITS: readonly number[] = Array.from({ length: 26 }, (_, i) => {
  const at = CLASS_LETTERS.indexOf(String.fromCharCode(LOWER_A + i));
  return at < 0 ? 0 : 1 << at;
});

/** C's ctype in the C locale: the classes of each byte. */
const CLASSES: Uint16Array = Uint16Array.from({ length: 256 }, (_, code) => {
  const text = String.fromCharCode(code);
  const tests: readonly RegExp[] = [
    /[A-Za-z]/,
    /[\x00-\x1f\x7f]/,
    /[0-9]/,
    /[a-z]/,
    /[!-/:-@[-`{-~]/,
    /[ \t\n\v\f\r]/,
    /[A-Z]/,
    /[A-Za-z0-9]/,
    /[0-9A-Fa-f]/,
    /\x00/,
  ];
  return tests.reduce((bits, test, i) => (test.test(text) ? bits | (1 << i) : bits), 0);
});
