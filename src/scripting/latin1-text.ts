import type { FastBuffer } from '../base/fast-buffer.ts';

/** Below that, chars one by one are quicker than the native call. */
const SHORT_LENGTH = 12;
const { latin1Slice } = Buffer.prototype as FastBuffer;

/** Bytes as a string of one char each. */
export function latin1Text(bytes: Uint8Array, start: number, length: number): string {
  if (length > SHORT_LENGTH) return latin1Slice.call(bytes as FastBuffer, start, start + length);
  const end = start + length;
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]);
  return text;
}
