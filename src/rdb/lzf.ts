/**
 * LZF, the compression of strings in RDB files: runs of up to 32 bytes as they are, and references
 * to up to 264 bytes within the last 8 KiB.
 *
 *     000lllll bytes...                  l + 1 bytes as they are
 *     lllooooo oooooooo                  l + 2 bytes from o + 1 back, l from 1 to 6
 *     111ooooo llllllll oooooooo         l + 9 bytes from o + 1 back
 *
 * The compressor makes the choices of liblzf 3.6 (hash of 16 bits, "very fast"), so that what we
 * write is byte for byte what redis-server writes.
 * @source  liblzf 3.6, lzf_c.c and lzf_d.c
 */
const HASH_BITS = 16;
const HASH_MASK = (1 << HASH_BITS) - 1;
const OFFSET_MAX = 1 << 13;
const REFERENCE_BYTES_MAX = (1 << 8) + (1 << 3);
const LITERAL_BYTES_MAX = 1 << 5;
/** Where the long form of a reference begins, in bytes beyond 2. */
const LONG_REFERENCE = 7;
const UNROLLED_COUNT = 16;
/** The table forgets all before its numbers grow beyond 31 bits. */
const EPOCH_MAX = 0x3fff_ffff;

/** Last place of each hash, counted on from call to call: what is below `epoch` is of another. */
const places = new Int32Array(1 << HASH_BITS);
let epoch = 1;

/**
 * Compresses `input[start, end)` into `output` from `to` on.
 * @param room  bytes that may be written; `output` has them, and 4 more
 * @returns     bytes written; 0 when they would be more than `room`
 */
export function compressLzf(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  to: number,
  room: number,
): number {
  if (end <= start || room <= 0) return 0;
  if (epoch > EPOCH_MAX - (end - start)) {
    places.fill(0);
    epoch = 1;
  }
  const shift = epoch - start;
  epoch += end - start;
  const outEnd = to + room;
  const lastTriple = end - 2;
  let at = start;
  let out = to + 1;
  let literalCount = 0;
  while (at < lastTriple) {
    const slot = slotOf(input, at);
    // The first byte is never referred to, as in liblzf, where its place looks like none.
    const reference = places[slot] - shift;
    places[slot] = at + shift;
    const offset = at - reference - 1;
    if (
      reference > start &&
      offset < OFFSET_MAX &&
      input[reference + 2] === input[at + 2] &&
      input[reference + 1] === input[at + 1] &&
      input[reference] === input[at]
    ) {
      if (out - (literalCount === 0 ? 1 : 0) + 4 >= outEnd) return 0;
      if (literalCount === 0) out--;
      else output[out - literalCount - 1] = literalCount - 1;
      const length = matchLength(input, reference, at, end);
      const beyond = length - 2;
      if (beyond < LONG_REFERENCE) {
        output[out++] = (offset >> 8) + (beyond << 5);
      } else {
        output[out++] = (offset >> 8) + (LONG_REFERENCE << 5);
        output[out++] = beyond - LONG_REFERENCE;
      }
      output[out++] = offset;
      literalCount = 0;
      out++;
      at += length;
      if (at >= lastTriple) break;
      places[slotOf(input, at - 2)] = at - 2 + shift;
      places[slotOf(input, at - 1)] = at - 1 + shift;
    } else {
      if (out >= outEnd) return 0;
      output[out++] = input[at++];
      if (++literalCount === LITERAL_BYTES_MAX) {
        output[out - literalCount - 1] = literalCount - 1;
        literalCount = 0;
        out++;
      }
    }
  }
  return finish(input, at, end, output, to, out, outEnd, literalCount);
}

/** Writes the last bytes as they are. */
function finish(
  input: Uint8Array,
  from: number,
  end: number,
  output: Uint8Array,
  to: number,
  outFrom: number,
  outEnd: number,
  literals: number,
): number {
  let out = outFrom;
  let literalCount = literals;
  if (out + 3 > outEnd) return 0;
  for (let at = from; at < end; at++) {
    output[out++] = input[at];
    if (++literalCount === LITERAL_BYTES_MAX) {
      output[out - literalCount - 1] = literalCount - 1;
      literalCount = 0;
      out++;
    }
  }
  if (literalCount === 0) out--;
  else output[out - literalCount - 1] = literalCount - 1;
  return out - to;
}

/** How many bytes are the same from both places on, as far as one reference can tell. */
function matchLength(input: Uint8Array, reference: number, at: number, end: number): number {
  const rest = end - at - 2;
  let lengthMax = rest > REFERENCE_BYTES_MAX ? REFERENCE_BYTES_MAX : rest;
  // Where there is room for 17 or 18, liblzf's unrolled loop looks at two bytes more.
  if (lengthMax > UNROLLED_COUNT && lengthMax < UNROLLED_COUNT + 3) lengthMax = UNROLLED_COUNT + 3;
  let length = 3;
  while (length < lengthMax && input[reference + length] === input[at + length]) length++;
  return length;
}

/** Of three bytes. */
function slotOf(input: Uint8Array, at: number): number {
  const triple = (input[at] << 16) | (input[at + 1] << 8) | input[at + 2];
  return ((triple >>> (24 - HASH_BITS)) - triple * 5) & HASH_MASK;
}

/**
 * Decompresses `input[start, end)` into `output[to, to + length)`. Whatever the bytes are, nothing
 * beyond either is touched.
 * @returns  whether they are LZF, and of exactly that length
 */
export function decompressLzf(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  to: number,
  length: number,
): boolean {
  const outEnd = to + length;
  let at = start;
  let out = to;
  while (at < end) {
    const control = input[at++];
    if (control < LITERAL_BYTES_MAX) {
      const runEnd = at + control + 1;
      if (runEnd > end || out + control + 1 > outEnd) return false;
      while (at < runEnd) output[out++] = input[at++];
      continue;
    }
    let runLength = control >>> 5;
    if (runLength === LONG_REFERENCE) {
      if (at >= end) return false;
      runLength += input[at++];
    }
    if (at >= end) return false;
    let reference = out - ((control & 31) << 8) - input[at++] - 1;
    const runEnd = out + runLength + 2;
    if (runEnd > outEnd || reference < to) return false;
    // Byte by byte: what is referred to may overlap what is written.
    while (out < runEnd) output[out++] = output[reference++];
  }
  return out === outEnd;
}
