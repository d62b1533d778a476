import { LIMITS } from '../base/limits.ts';
import type { Frame } from '../protocol/frame.ts';

/** A client's argument as an error reply may repeat it: up to its first NUL byte, and not too long. */
export function echoedArgument(frame: Frame, index: number): string {
  const start = frame.offsets[index];
  const length = Math.min(frame.lengths[index], LIMITS.echoedBytesMax);
  const bytes = frame.bytes.subarray(start, start + length);
  const nul = bytes.indexOf(0);
  return Buffer.from(nul < 0 ? bytes : bytes.subarray(0, nul)).toString('utf8');
}
