/**
 * CRC-32 (IEEE 802.3, as in zlib), eight bytes a step: 0.9 to 1.2 GB/s from 64 bytes on. The
 * machine's own (`Compression.crc32`) needs a view object and a call out, and is quicker from 256
 * bytes on.
 */
const TABLES = Array.from({ length: 8 }, () => new Int32Array(256));
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES;
const POLYNOMIAL = 0xedb88320;

for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1));
  T0[i] = crc;
}
for (let i = 0; i < 256; i++) {
  for (let t = 1; t < 8; t++) TABLES[t][i] = (TABLES[t - 1][i] >>> 8) ^ T0[TABLES[t - 1][i] & 255];
}

/**
 * Of bytes [start, end).
 * @param view   the same memory as `bytes`, index for index
 * @param crc    of what comes before; 0 at first
 * @returns      unsigned
 */
export function crc32(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  crc = 0,
): number {
  let state = ~crc;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    const low = view.getInt32(i, true) ^ state;
    const high = view.getInt32(i + 4, true);
    state =
      T7[low & 255] ^
      T6[(low >>> 8) & 255] ^
      T5[(low >>> 16) & 255] ^
      T4[low >>> 24] ^
      T3[high & 255] ^
      T2[(high >>> 8) & 255] ^
      T1[(high >>> 16) & 255] ^
      T0[high >>> 24];
  }
  for (; i < end; i++) state = (state >>> 8) ^ T0[(state ^ bytes[i]) & 255];
  return ~state >>> 0;
}
