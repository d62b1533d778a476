/**
 * The footer of what DUMP gives and RESTORE takes: the RDB version, u16, and the CRC-64 of all
 * before it.
 */
import { crc64 } from '../base/digest/crc64.ts';
import { PAYLOAD_FOOTER_BYTES, READ_VERSION_MAX } from './format.ts';

/**
 * Whether bytes[start, start + length) is a payload of a version that is known and whole.
 * @returns where its object ends; -1 when it is not
 */
export function checkPayload(bytes: Uint8Array, start: number, length: number): number {
  const end = start + length - PAYLOAD_FOOTER_BYTES;
  if (end <= start || payloadVersion(bytes, end) > READ_VERSION_MAX) return -1;
  const digest = crc64(bytes, start, length - 8);
  for (let i = 0; i < 8; i++) {
    if (digest[i] !== bytes[end + 2 + i]) return -1;
  }
  return end;
}

/** @param end  what `checkPayload` said */
export function payloadVersion(bytes: Uint8Array, end: number): number {
  return bytes[end] | (bytes[end + 1] << 8);
}
