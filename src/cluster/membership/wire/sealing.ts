import type { Ciphers, Random } from '../../../base/world.ts';
import type { Keyring } from './keyring.ts';

/**
 *     version u8 | nonce 12 | ciphertext | tag 16
 *
 * Version 0 filled the plain text up to whole blocks, as older members still do; we send version 1.
 */
const VERSION = 1;
const PADDED_VERSION = 0;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
export const SEAL_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

export interface SealingWorld {
  readonly ciphers: Ciphers;
  readonly random: Random;
}

export function seal(
  world: SealingWorld,
  keyring: Keyring,
  plain: Uint8Array,
  associated: Uint8Array,
): Uint8Array {
  const sealed = new Uint8Array(SEAL_BYTES + plain.length);
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  sealed[0] = VERSION;
  world.random.fill(nonce);
  const options = { key: keyring.primary, nonce, associated };
  sealed.set(world.ciphers.sealGcm(options, plain), 1 + NONCE_BYTES);
  return sealed;
}

/** @returns null when none of the keys made it, or a byte was changed */
export function open(
  world: SealingWorld,
  keyring: Keyring,
  sealed: Uint8Array,
  associated: Uint8Array,
): Uint8Array | null {
  const version = sealed[0];
  if (sealed.length < SEAL_BYTES || version > VERSION) return null;
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  for (const key of keyring.keys) {
    const options = { key, nonce, associated };
    const plain = world.ciphers.openGcm(options, sealed.subarray(1 + NONCE_BYTES));
    if (plain !== null) return version === PADDED_VERSION ? withoutPadding(plain) : plain;
  }
  return null;
}

/** PKCS7: the last byte tells how many were added. */
function withoutPadding(plain: Uint8Array): Uint8Array | null {
  const count = plain[plain.length - 1];
  if (plain.length === 0 || count === 0 || count > BLOCK_BYTES || count > plain.length) return null;
  return plain.subarray(0, plain.length - count);
}
