/**
 * Redis' glob patterns on bytes: `*`, `?`, `[abc]`, `[a-z]`, `[^x]`, `\` takes the next byte as it
 * is. Every token but `*` eats exactly one byte, so on a mismatch only the last `*` needs to be
 * tried again one byte further: time is at most pattern length times text length, whatever the
 * pattern, and there is neither recursion nor RegExp.
 *
 * Redis' oddities are kept: an unclosed class ends with the pattern, a range may be written in
 * either order, bytes of a range compare as signed, `-` before `]` makes `]` the range's end, an
 * escaped byte of a class has a case, and no pattern but the empty one matches the empty text.
 *
 * @param ignoreCase  ASCII letters only
 */
export function globMatches(
  pattern: Uint8Array,
  patternStart: number,
  patternLength: number,
  text: Uint8Array,
  textStart: number,
  textLength: number,
  ignoreCase = false,
): boolean {
  if (textLength === 0) return patternLength === 0;
  const patternEnd = patternStart + patternLength;
  const textEnd = textStart + textLength;
  let p = patternStart;
  let t = textStart;
  let starNext = -1;
  let starText = 0;
  while (t < textEnd) {
    if (p < patternEnd && pattern[p] === STAR) {
      do p++;
      while (p < patternEnd && pattern[p] === STAR);
      if (p === patternEnd) return true;
      starNext = p;
      starText = t;
      continue;
    }
    const next = p < patternEnd ? matchToken(pattern, p, patternEnd, text[t], ignoreCase) : -1;
    if (next >= 0) {
      p = next;
      t++;
    } else {
      if (starNext < 0) return false;
      p = starNext;
      t = ++starText;
    }
  }
  while (p < patternEnd && pattern[p] === STAR) p++;
  return p === patternEnd;
}

/** The same for texts of one char per byte (latin1), or ASCII. */
export function globMatchesText(pattern: string, text: string, ignoreCase = false): boolean {
  const patternBytes = Buffer.from(pattern, 'latin1');
  const textBytes = Buffer.from(text, 'latin1');
  return globMatches(
    patternBytes,
    0,
    patternBytes.length,
    textBytes,
    0,
    textBytes.length,
    ignoreCase,
  );
}

const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const CLOSE = 93;
const BACKSLASH = 92;
const CARET = 94;
const DASH = 45;

/** @returns where the next token starts when the token at `p` takes `byte`, else -1 */
function matchToken(
  pattern: Uint8Array,
  p: number,
  end: number,
  byte: number,
  ignoreCase: boolean,
): number {
  let token = pattern[p];
  if (token === QUESTION) return p + 1;
  if (token === OPEN) return matchClass(pattern, p + 1, end, byte, ignoreCase);
  if (token === BACKSLASH && p + 1 < end) token = pattern[++p];
  if (token === byte || (ignoreCase && toLower(token) === toLower(byte))) return p + 1;
  return -1;
}

/** `p` stands behind the bracket. */
function matchClass(
  pattern: Uint8Array,
  p: number,
  end: number,
  byte: number,
  ignoreCase: boolean,
): number {
  const isNegated = p < end && pattern[p] === CARET;
  if (isNegated) p++;
  let isMatch = false;
  for (; p < end && pattern[p] !== CLOSE; p++) {
    if (pattern[p] === BACKSLASH && p + 1 < end) {
      if (pattern[++p] === byte) isMatch = true;
    } else if (p + 2 < end && pattern[p + 1] === DASH) {
      if (isInRange(pattern[p], pattern[p + 2], byte, ignoreCase)) isMatch = true;
      p += 2;
    } else if (pattern[p] === byte) {
      isMatch = true;
    } else if (ignoreCase && toLower(pattern[p]) === toLower(byte)) {
      isMatch = true;
    }
  }
  if (isMatch === isNegated) return -1;
  return p < end ? p + 1 : end;
}

/** Bounds are put in order before their case is dropped, as Redis does. */
function isInRange(from: number, to: number, byte: number, ignoreCase: boolean): boolean {
  let low = signed(from);
  let high = signed(to);
  let value = signed(byte);
  if (low > high) [low, high] = [high, low];
  if (ignoreCase) {
    low = toLower(low);
    high = toLower(high);
    value = toLower(value);
  }
  return value >= low && value <= high;
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}

function toLower(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}
