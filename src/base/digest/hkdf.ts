import { sha256 } from './sha256.ts';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
const OUTER_PAD = 0x5c;
const INNER_PAD = 0x36;

/**
 * HKDF (RFC 5869) with SHA-256: keys for several uses out of one secret, none of which tells
 * anything of another. The secret itself must be hard to guess: this is no password hash.
 * @param salt        public; the same for all of one program
 * @param info        what the key is for
 * @param byteCount   up to 255 * 32
 */
export function hkdf(
  secret: Uint8Array,
  { salt, info, byteCount }: { salt: Uint8Array; info: Uint8Array; byteCount: number },
): Uint8Array {
  const extracted = hmacSha256(salt, secret);
  const out = new Uint8Array(byteCount);
  let block: Uint8Array = new Uint8Array(0);
  for (let at = 0, number = 1; at < byteCount; at += DIGEST_BYTES, number++) {
    block = hmacSha256(extracted, join([block, info, Uint8Array.of(number)]));
    out.set(block.subarray(0, Math.min(DIGEST_BYTES, byteCount - at)), at);
  }
  return out;
}

/** HMAC (RFC 2104) with SHA-256. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key;
  const inner = new Uint8Array(BLOCK_BYTES).fill(INNER_PAD);
  const outer = new Uint8Array(BLOCK_BYTES).fill(OUTER_PAD);
  for (let i = 0; i < short.length; i++) {
    inner[i] ^= short[i];
    outer[i] ^= short[i];
  }
  return sha256(join([outer, sha256(join([inner, message]))]));
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
