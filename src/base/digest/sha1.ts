/**
 * SHA-1 (FIPS 180-4), because Redis names scripts and compares data sets by it; it protects nothing
 * here. The machine's own is out of reach: only `world/` may import it.
 */
export function sha1(bytes: Uint8Array, offset = 0, length: number = bytes.length): Uint8Array {
  const digest = new Uint8Array(SHA1_BYTES);
  sha1Into(digest, bytes, offset, length);
  return digest;
}

export const SHA1_BYTES = 20;

/** The same into 20 bytes of the caller's, which may be part of what is hashed. */
export function sha1Into(
  digest: Uint8Array,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  const state = Int32Array.from(INITIAL_STATE);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wholeEnd = length & ~63;
  for (let at = 0; at < wholeEnd; at += 64) mixBlock(state, view, offset + at);
  const tail = new Uint8Array(length - wholeEnd < 56 ? 64 : 128);
  tail.set(bytes.subarray(offset + wholeEnd, offset + length));
  tail[length - wholeEnd] = 0x80;
  const tailView = new DataView(tail.buffer);
  tailView.setUint32(tail.length - 8, Math.floor(length / 0x2000_0000));
  tailView.setUint32(tail.length - 4, (length << 3) >>> 0);
  for (let at = 0; at < tail.length; at += 64) mixBlock(state, tailView, at);
  const out = new DataView(digest.buffer, digest.byteOffset, SHA1_BYTES);
  for (let i = 0; i < 5; i++) out.setInt32(i * 4, state[i]);
}

const INITIAL_STATE = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];

/** The words of the block under way; nothing is kept between two of them. */
const words = new Int32Array(80);

function mixBlock(state: Int32Array, view: DataView, start: number): void {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(start + i * 4);
  for (let i = 16; i < 80; i++) {
    const word = words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16];
    words[i] = (word << 1) | (word >>> 31);
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  for (let i = 0; i < 80; i++) {
    let mixed: number;
    if (i < 20) mixed = ((b & c) | (~b & d)) + 0x5a827999;
    else if (i < 40) mixed = (b ^ c ^ d) + 0x6ed9eba1;
    else if (i < 60) mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else mixed = (b ^ c ^ d) + 0xca62c1d6;
    const next = (((a << 5) | (a >>> 27)) + mixed + e + words[i]) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
}
