/**
 * CRC-64 (Jones), as Redis puts it behind payloads of DUMP. Two 32-bit halves: BigInt would cost
 * twenty times as much.
 */
const LOW = new Uint32Array(256);
const HIGH = new Uint32Array(256);
/** 0xad93d23594c935a9, bits reversed. */
const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL_HIGH = 0x95ac9329;

for (let i = 0; i < 256; i++) {
  let low = i;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high >>>= 1;
    if (!isOdd) continue;
    low = (low ^ POLYNOMIAL_LOW) >>> 0;
    high = (high ^ POLYNOMIAL_HIGH) >>> 0;
  }
  LOW[i] = low;
  HIGH[i] = high;
}

/** @returns eight bytes, the lowest first */
export function crc64(bytes: Uint8Array, offset = 0, length: number = bytes.length): Uint8Array {
  let low = 0;
  let high = 0;
  const end = offset + length;
  for (let i = offset; i < end; i++) {
    const index = (low ^ bytes[i]) & 255;
    low = ((low >>> 8) | (high << 24)) ^ LOW[index];
    high = (high >>> 8) ^ HIGH[index];
  }
  const digest = new Uint8Array(8);
  const view = new DataView(digest.buffer);
  view.setUint32(0, low >>> 0, true);
  view.setUint32(4, high >>> 0, true);
  return digest;
}
