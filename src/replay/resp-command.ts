import type { Frame } from '../base/frame.ts';

/** What `parseCommand` answers in place of a position. */
export const CUT_OFF = -1;
export const NO_COMMAND = -2;

/**
 * One command of a log, as redis-server and we write them: nothing else is taken for one.
 * @returns where the next one begins; CUT_OFF: the bytes end in the midst of it; NO_COMMAND
 */
export function parseCommand(frame: Frame, bytes: Uint8Array, start: number, end: number): number {
  frame.attach(bytes);
  LINE.at = start;
  const count = readLength(bytes, end, STAR);
  if (count <= 0) return count === CUT_OFF ? CUT_OFF : NO_COMMAND;
  for (let i = 0; i < count; i++) {
    const length = readLength(bytes, end, DOLLAR);
    if (length < 0) return length;
    const { at } = LINE;
    if (at + length + 2 > end) return CUT_OFF;
    if (bytes[at + length] !== CR || bytes[at + length + 1] !== LF) return NO_COMMAND;
    frame.append(at, length);
    LINE.at = at + length + 2;
  }
  return LINE.at;
}

/** Where the next line begins. */
const LINE = { at: 0 };

/** `*` or `$`, digits, CRLF. @returns the number, or CUT_OFF or NO_COMMAND */
function readLength(bytes: Uint8Array, end: number, type: number): number {
  let { at } = LINE;
  if (at >= end) return CUT_OFF;
  if (bytes[at++] !== type) return NO_COMMAND;
  let value = 0;
  const digitsAt = at;
  for (; at < end && bytes[at] !== CR; at++) {
    const digit = bytes[at] - ZERO;
    if (digit >>> 0 > 9 || at - digitsAt >= DIGITS_MAX) return NO_COMMAND;
    value = value * 10 + digit;
  }
  if (at + 1 >= end) return CUT_OFF;
  if (at === digitsAt || bytes[at + 1] !== LF) return NO_COMMAND;
  LINE.at = at + 2;
  return value;
}

/** 4 GB and more are no length. */
const DIGITS_MAX = 10;
const STAR = 42;
const DOLLAR = 36;
const ZERO = 48;
const CR = 13;
const LF = 10;
