/**
 * The slot of a key: CRC-16 (XMODEM) of its hash tag, or of all of it when it has none. Clients of
 * a cluster compute the same by themselves.
 */
export const SLOT_COUNT = 16_384;

/** One byte a step: keys are short, and so is the table. */
const TABLE = new Uint16Array(256);
/** x^16 + x^12 + x^5 + 1. */
const POLYNOMIAL = 0x1021;

for (let i = 0; i < 256; i++) {
  let crc = i << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  TABLE[i] = crc;
}

/**
 * @param bytes  the key is bytes[offset, offset + length)
 * @returns      0 .. SLOT_COUNT - 1
 * @source       keyHashSlot of Redis: what is between the first `{` and the next `}`, if anything
 */
export function slotOfKey(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + length;
  let open = offset;
  while (open < end && bytes[open] !== BRACE_OPEN) open++;
  if (open === end) return crc16(bytes, offset, end) & SLOT_MASK;
  const start = open + 1;
  let close = start;
  while (close < end && bytes[close] !== BRACE_CLOSE) close++;
  if (close === end || close === start) return crc16(bytes, offset, end) & SLOT_MASK;
  return crc16(bytes, start, close) & SLOT_MASK;
}

/** Of bytes[start, end). */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at++) {
    crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >>> 8) ^ bytes[at]];
  }
  return crc;
}

const SLOT_MASK = SLOT_COUNT - 1;
const BRACE_OPEN = 123;
const BRACE_CLOSE = 125;
