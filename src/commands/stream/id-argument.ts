/** Ids of stream entries among the arguments, as Redis reads them. */
import type { Frame } from '../../base/frame.ts';
import type { StreamId } from '../../engine/values/stream/stream-id.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';

/** What an argument was. */
export const ID_FORM = {
  /** No id; nothing is said of what the target holds then. */
  REFUSED: 0,
  WHOLE: 1,
  /** `ms-*`: the sequence number is to be chosen. */
  OPEN_SEQ: 2,
} as const;

/** Longer texts are refused unread. */
const TEXT_BYTES_MAX = 127;
/** Digits that surely stay below 2^53. */
const SAFE_DIGIT_COUNT = 15;
const UINT64_MAX = 2n ** 64n - 1n;
const DASH = 45;
const OPEN = 40;
const PLUS = 43;

/**
 * `ms-seq`, or `ms` alone, whose sequence number is then 0. Refuses `-` and `+`.
 * @returns  a row of ID_FORM, OPEN_SEQ only when `takesOpen`
 */
export function readIdArgument(
  frame: Frame,
  arg: number,
  id: StreamId,
  takesOpen: boolean = false,
): number {
  const offset = frame.offsets[arg];
  const length = frame.lengths[arg];
  if (readPlain(frame.bytes, offset, length, id, false)) return ID_FORM.WHOLE;
  return readText(textOf(frame, offset, length), id, { takesOpen, isEnd: false, isStrict: true });
}

/** The same, with the error reply. @returns whether it is one */
export function parseIdArgument(
  frame: Frame,
  arg: number,
  id: StreamId,
  reply: ReplyWriter,
): boolean {
  if (readIdArgument(frame, arg, id) === ID_FORM.WHOLE) return true;
  reply.error(ERRORS.streamInvalidId);
  return false;
}

/** An id, or `-` and `+` for the first and the last one possible. */
export function parseAnyIdArgument(
  frame: Frame,
  arg: number,
  id: StreamId,
  reply: ReplyWriter,
): boolean {
  return parseBound(frame, arg, 0, false, id, reply);
}

/** The begin of a range, inclusive then. @returns false after the error reply */
export function parseStartArgument(
  frame: Frame,
  arg: number,
  id: StreamId,
  reply: ReplyWriter,
): boolean {
  if (!isOpen(frame, arg)) return parseBound(frame, arg, 0, false, id, reply);
  if (!parseBound(frame, arg, 1, false, id, reply)) return false;
  if (id.increment()) return true;
  reply.error(ERRORS.streamInvalidStart);
  return false;
}

/** The end of a range, inclusive then. @returns false after the error reply */
export function parseEndArgument(
  frame: Frame,
  arg: number,
  id: StreamId,
  reply: ReplyWriter,
): boolean {
  if (!isOpen(frame, arg)) return parseBound(frame, arg, 0, true, id, reply);
  if (!parseBound(frame, arg, 1, true, id, reply)) return false;
  if (id.decrement()) return true;
  reply.error(ERRORS.streamInvalidEnd);
  return false;
}

function isOpen(frame: Frame, arg: number): boolean {
  return frame.lengths[arg] > 1 && frame.bytes[frame.offsets[arg]] === OPEN;
}

/** @param skipped  bytes before the id: an exclusive bound has one, and is strict */
function parseBound(
  frame: Frame,
  arg: number,
  skipped: number,
  isEnd: boolean,
  id: StreamId,
  reply: ReplyWriter,
): boolean {
  const offset = frame.offsets[arg] + skipped;
  const length = frame.lengths[arg] - skipped;
  if (readPlain(frame.bytes, offset, length, id, isEnd)) return true;
  if (length === 1 && skipped === 0) {
    const char = frame.bytes[offset];
    if (char === DASH) id.setZero();
    else if (char === PLUS) id.setMax();
    if (char === DASH || char === PLUS) return true;
  }
  const options = { takesOpen: false, isEnd, isStrict: skipped > 0 };
  if (readText(textOf(frame, offset, length), id, options) !== ID_FORM.REFUSED) return true;
  reply.error(ERRORS.streamInvalidId);
  return false;
}

/** Digits, or digits on both sides of a dash, few enough for a double. */
function readPlain(
  bytes: Uint8Array,
  offset: number,
  length: number,
  id: StreamId,
  isEnd: boolean,
): boolean {
  const end = offset + length;
  let ms = 0;
  let at = offset;
  for (; at < end && bytes[at] !== DASH; at++) {
    const digit = bytes[at] - 48;
    if (digit >>> 0 > 9) return false;
    ms = ms * 10 + digit;
  }
  if (at === offset || at - offset > SAFE_DIGIT_COUNT) return false;
  if (at === end) {
    id.set(ms, 0);
    if (isEnd) id.setSeqMax();
    return true;
  }
  const seqAt = ++at;
  let seq = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - 48;
    if (digit >>> 0 > 9) return false;
    seq = seq * 10 + digit;
  }
  if (at === seqAt || at - seqAt > SAFE_DIGIT_COUNT) return false;
  id.set(ms, seq);
  return true;
}

/** As a C string: up to the first zero byte. */
function textOf(frame: Frame, offset: number, length: number): string | null {
  if (length > TEXT_BYTES_MAX) return null;
  const bytes = frame.bytes.subarray(offset, offset + length);
  return Buffer.from(bytes).toString('latin1').split('\0', 1)[0];
}

function readText(
  text: string | null,
  id: StreamId,
  options: { takesOpen: boolean; isEnd: boolean; isStrict: boolean },
): number {
  if (text === null) return ID_FORM.REFUSED;
  if (text === '-' || text === '+') {
    if (options.isStrict) return ID_FORM.REFUSED;
    if (text === '-') id.setZero();
    else id.setMax();
    return ID_FORM.WHOLE;
  }
  const dash = text.indexOf('-');
  const ms = parseUnsigned(dash < 0 ? text : text.slice(0, dash));
  if (ms === null) return ID_FORM.REFUSED;
  id.setZero().setMs(ms);
  if (dash < 0) {
    if (options.isEnd) id.setSeqMax();
    return ID_FORM.WHOLE;
  }
  const seqText = text.slice(dash + 1);
  if (options.takesOpen && seqText === '*') return ID_FORM.OPEN_SEQ;
  const seq = parseUnsigned(seqText);
  if (seq === null) return ID_FORM.REFUSED;
  id.setSeq(seq);
  return ID_FORM.WHOLE;
}

/** As strtoull: blanks and a sign before, zeros at the head, a negative number wraps around. */
function parseUnsigned(text: string): bigint | null {
  const match = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/.exec(text);
  if (match === null) return null;
  // What is a number by the stricter rules is not negative.
  if (/^-[1-9]/.test(text) && BigInt(text) >= -(2n ** 63n)) return null;
  const magnitude = BigInt(match[2]);
  if (magnitude > UINT64_MAX) return null;
  return match[1] === '-' ? BigInt.asUintN(64, -magnitude) : magnitude;
}
