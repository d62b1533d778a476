import type { Frame } from '../../base/frame.ts';
import { parseDouble } from '../../base/numbers.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { integer64Argument } from '../integer-argument.ts';

/** Beyond that a timeout never comes: 285,000 years. */
const TIMEOUT_MS_MAX = Number.MAX_SAFE_INTEGER;
/** Redis converts to a signed integer of 64 bits; what is larger comes out negative there. */
const MILLISECONDS_END = 2 ** 63;

/**
 * A timeout in seconds with a fraction.
 * @returns whole milliseconds, rounded up; 0: for ever; -1 after an error reply was written
 */
export function parseTimeoutS(frame: Frame, arg: number, reply: ReplyWriter): number {
  const seconds = parseDouble(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
  if (Number.isNaN(seconds)) {
    reply.error(ERRORS.timeoutNotFloat);
    return -1;
  }
  const timeoutMs = Math.ceil(seconds * 1000);
  if (timeoutMs < 0 || timeoutMs >= MILLISECONDS_END) {
    reply.error(ERRORS.timeoutNegative);
    return -1;
  }
  // Not -0, which is what a tiny negative timeout is rounded to; Redis too waits for ever then.
  return Math.min(timeoutMs, TIMEOUT_MS_MAX) + 0;
}

/**
 * A timeout in whole milliseconds.
 * @returns milliseconds; 0: for ever; -1 after an error reply was written
 */
export function parseTimeoutMs(frame: Frame, arg: number, reply: ReplyWriter): number {
  const timeoutMs = integer64Argument(frame, arg);
  if (timeoutMs === null) {
    reply.error(ERRORS.timeoutNotInteger);
    return -1;
  }
  if (timeoutMs < 0n) {
    reply.error(ERRORS.timeoutNegative);
    return -1;
  }
  return Math.min(Number(timeoutMs), TIMEOUT_MS_MAX);
}
