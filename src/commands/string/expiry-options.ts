/**
 * The options that SET and GETEX share, and the moment they name. Words are told apart by length
 * and letters straight from the frame: nothing is made per command.
 */

import type { Frame } from '../../base/frame.ts';
import { INT64_MAX } from '../../base/numbers.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { integer64Argument, integerArgument } from '../integer-argument.ts';

export const TIME = {
  NONE: 0,
  /** Relative seconds and milliseconds. */
  EX: 1,
  PX: 2,
  /** Absolute ones, since 1970. */
  EXAT: 3,
  PXAT: 4,
} as const;

/** What a call's options said. Reused by its owner and rewritten whole by each parse. */
export class ExpiryOptions {
  isNx = false;
  isXx = false;
  wantsOld = false;
  keepsDeadline = false;
  persists = false;
  /** JSON: of SET, from sessions that may say so. */
  isJson = false;
  /** One of TIME. */
  time = 0;
  /** Argument with the number that belongs to `time`. */
  timeArg = 0;
}

/** @returns false on a syntax error */
export function parseSetOptions(frame: Frame, firstArg: number, options: ExpiryOptions): boolean {
  clear(options);
  for (let arg = firstArg; arg < frame.count; arg++) {
    switch (wordLength(frame, arg)) {
      case 2:
        if (twoLetters(frame, arg) === NX && !options.isXx) options.isNx = true;
        else if (twoLetters(frame, arg) === XX && !options.isNx) options.isXx = true;
        else if (takeTime(frame, arg, options)) arg++;
        else return false;
        break;
      case 3:
        if (!frame.equals(arg, 'GET')) return false;
        options.wantsOld = true;
        break;
      case 4:
        if (frame.equals(arg, 'JSON')) options.isJson = true;
        else if (takeTime(frame, arg, options)) arg++;
        else return false;
        break;
      case 7:
        if (!frame.equals(arg, 'KEEPTTL') || options.time !== TIME.NONE) return false;
        options.keepsDeadline = true;
        break;
      default:
        return false;
    }
  }
  return true;
}

/** @returns false on a syntax error */
export function parseGetexOptions(frame: Frame, firstArg: number, options: ExpiryOptions): boolean {
  clear(options);
  for (let arg = firstArg; arg < frame.count; arg++) {
    if (frame.equals(arg, 'PERSIST') && options.time === TIME.NONE) options.persists = true;
    else if (takeTime(frame, arg, options)) arg++;
    else return false;
  }
  return true;
}

/** `deadlineOf` found no integer. */
export const TIME_NOT_INTEGER = 0;
/** Zero, negative, or past the end of int64. */
export const TIME_INVALID = -1;

/**
 * The absolute moment in milliseconds that `time` and its number name.
 * @param time  one of TIME, not NONE
 * @returns     above 0; a bigint beyond 2^53; or TIME_NOT_INTEGER, TIME_INVALID
 */
export function deadlineOf(
  frame: Frame,
  timeArg: number,
  time: number,
  nowMs: number,
): number | bigint {
  const value = integerArgument(frame, timeArg);
  if (Number.isNaN(value)) return wideDeadlineOf(frame, timeArg, time, nowMs);
  if (value <= 0) return TIME_INVALID;
  const valueMs = time === TIME.EX || time === TIME.EXAT ? value * 1000 : value;
  const deadlineMs = time === TIME.EX || time === TIME.PX ? valueMs + nowMs : valueMs;
  if (deadlineMs <= Number.MAX_SAFE_INTEGER) return deadlineMs;
  return wideDeadlineOf(frame, timeArg, time, nowMs);
}

/** @param refusal  what `deadlineOf` answered instead of a moment */
export function replyTimeError(refusal: number | bigint, name: string, reply: ReplyWriter): void {
  if (refusal === TIME_NOT_INTEGER) reply.error(ERRORS.notInteger);
  else reply.errorText(`ERR invalid expire time in '${name}' command`);
}

function wideDeadlineOf(
  frame: Frame,
  timeArg: number,
  time: number,
  nowMs: number,
): number | bigint {
  const value = integer64Argument(frame, timeArg);
  if (value === null) return TIME_NOT_INTEGER;
  if (value <= 0n) return TIME_INVALID;
  const valueMs = time === TIME.EX || time === TIME.EXAT ? value * 1000n : value;
  const deadlineMs = time === TIME.EX || time === TIME.PX ? valueMs + BigInt(nowMs) : valueMs;
  return deadlineMs > INT64_MAX ? TIME_INVALID : deadlineMs;
}

/** As Redis: a second EX may follow a first, but no other option about time may. */
function takeTime(frame: Frame, arg: number, options: ExpiryOptions): boolean {
  const time = timeWordAt(frame, arg);
  if (time === TIME.NONE || arg + 1 >= frame.count) return false;
  if (options.keepsDeadline || options.persists) return false;
  if (options.time !== TIME.NONE && options.time !== time) return false;
  options.time = time;
  options.timeArg = arg + 1;
  return true;
}

function timeWordAt(frame: Frame, arg: number): number {
  const length = wordLength(frame, arg);
  if (length === 2) {
    const word = twoLetters(frame, arg);
    if (word === EX) return TIME.EX;
    return word === PX ? TIME.PX : TIME.NONE;
  }
  if (length !== 4) return TIME.NONE;
  if (frame.equals(arg, 'EXAT')) return TIME.EXAT;
  return frame.equals(arg, 'PXAT') ? TIME.PXAT : TIME.NONE;
}

/** Bytes of a word, which a zero byte ends, as in Redis. */
function wordLength(frame: Frame, arg: number): number {
  const offset = frame.offsets[arg];
  const length = frame.lengths[arg];
  const scannedLength = Math.min(length, WORD_BYTES_MAX + 1);
  for (let i = 0; i < scannedLength; i++) if (frame.bytes[offset + i] === 0) return i;
  return length;
}

/** Both bytes in lower case, as one number. Bit 5 is all that tells a letter's two cases apart. */
function twoLetters(frame: Frame, arg: number): number {
  const offset = frame.offsets[arg];
  return ((frame.bytes[offset] | 0x20) << 8) | frame.bytes[offset + 1] | 0x20;
}

/** KEEPTTL and PERSIST. */
const WORD_BYTES_MAX = 7;
const EX = 0x6578;
const PX = 0x7078;
const NX = 0x6e78;
const XX = 0x7878;

function clear(options: ExpiryOptions): void {
  options.isNx = false;
  options.isXx = false;
  options.wantsOld = false;
  options.keepsDeadline = false;
  options.persists = false;
  options.isJson = false;
  options.time = TIME.NONE;
  options.timeArg = 0;
}
