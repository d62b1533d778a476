import type { Frame } from '../base/frame.ts';

/**
 * Splits one line of an inline command into arguments as Redis' sdssplitargs does: blanks separate,
 * "..." knows \n \r \t \b \a \xHH and \ before anything else, '...' knows \' only, and a closing
 * quote must be followed by a blank or the end.
 *
 * Quoted arguments are unescaped in place: they never get longer, and the line is spent anyway.
 * @param bytes  [start, end) is the line without its line feed; overwritten where it is quoted
 * @returns      false when a quote is left open or runs into a word
 */
export function splitInline(frame: Frame, bytes: Uint8Array, start: number, end: number): boolean {
  let position = start;
  for (;;) {
    while (position < end && isBlank(bytes[position])) position++;
    if (position === end) return true;
    const from = position;
    while (position < end && !endsPlainText(bytes[position])) position++;
    const stop = bytes[position];
    if (position === end || (stop !== QUOTE && stop !== APOSTROPHE)) {
      frame.append(from, position - from);
      continue;
    }
    position = unquote(frame, bytes, from, position, end);
    if (position < 0) return false;
  }
}

const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;
const LOWER_X = 120;

/**
 * Finishes the argument that began at `from` and has its opening quote at `open`.
 * @returns the position after the closing quote, or -1
 */
function unquote(frame: Frame, bytes: Uint8Array, from: number, open: number, end: number): number {
  const quote = bytes[open];
  let to = open;
  let position = open + 1;
  for (; position < end; position++) {
    let byte = bytes[position];
    if (byte === quote) {
      if (position + 1 < end && !isBlank(bytes[position + 1])) return -1;
      frame.append(from, to - from);
      return position + 1;
    }
    if (byte === BACKSLASH && position + 1 < end) {
      if (quote === QUOTE) {
        const hex = hexByte(bytes, position, end);
        byte = hex >= 0 ? hex : unescaped(bytes[position + 1]);
        position += hex >= 0 ? 3 : 1;
      } else if (bytes[position + 1] === APOSTROPHE) {
        byte = APOSTROPHE;
        position++;
      }
    }
    bytes[to++] = byte;
  }
  return -1;
}

/** The byte that `\xHH` at `position` stands for, or -1. */
function hexByte(bytes: Uint8Array, position: number, end: number): number {
  if (position + 3 >= end || bytes[position + 1] !== LOWER_X) return -1;
  const high = hexDigit(bytes[position + 2]);
  const low = hexDigit(bytes[position + 3]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function unescaped(byte: number): number {
  switch (byte) {
    case 110:
      return 10;
    case 114:
      return 13;
    case 116:
      return 9;
    case 98:
      return 8;
    case 97:
      return 7;
    default:
      return byte;
  }
}

/** C's isspace: space, and tab to carriage return. */
function isBlank(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** Unlike blanks between words, vertical tab and form feed do not end one. */
function endsPlainText(byte: number): boolean {
  return (
    byte === 32 || byte === 9 || byte === 10 || byte === 13 || byte === QUOTE || byte === APOSTROPHE
  );
}
