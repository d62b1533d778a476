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

/** Of a nonce the first bytes are drawn, the others counted. */
const DRAWN_BYTES = 8;
const COUNT_RANGE = 2 ** 32;

export interface SealingWorld {
  readonly ciphers: Ciphers;
  readonly random: Random;
}

/** Seals with the first key of a ring, and opens with any of them. */
export class Sealing {
  private readonly world: SealingWorld;
  private readonly keyring: Keyring;
  private readonly nonce = new Uint8Array(NONCE_BYTES);
  private readonly nonceView = new DataView(this.nonce.buffer);
  private count = COUNT_RANGE;

  constructor(world: SealingWorld, keyring: Keyring) {
    this.world = world;
    this.keyring = keyring;
  }

  seal(plain: Uint8Array, associated: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(SEAL_BYTES + plain.length);
    sealed[0] = VERSION;
    this.nextNonce();
    sealed.set(this.nonce, 1);
    const options = { key: this.keyring.primary, nonce: this.nonce, associated };
    sealed.set(this.world.ciphers.sealGcm(options, plain), 1 + NONCE_BYTES);
    return sealed;
  }

  /** @returns null when none of the keys made it, or a byte was changed */
  open(sealed: Uint8Array, associated: Uint8Array): Uint8Array | null {
    const version = sealed[0];
    if (sealed.length < SEAL_BYTES || version > VERSION) return null;
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    for (const key of this.keyring.keys) {
      const options = { key, nonce, associated };
      const plain = this.world.ciphers.openGcm(options, sealed.subarray(1 + NONCE_BYTES));
      if (plain !== null) return version === PADDED_VERSION ? withoutPadding(plain) : plain;
    }
    return null;
  }

  /** To draw each anew from the system cost 30 us, more than all else of a packet. */
  private nextNonce(): void {
    if (this.count === COUNT_RANGE) {
      this.world.random.fill(this.nonce.subarray(0, DRAWN_BYTES));
      this.count = 0;
    }
    this.nonceView.setUint32(DRAWN_BYTES, this.count++);
  }
}

/** PKCS7: the last byte tells how many were added. */
function withoutPadding(plain: Uint8Array): Uint8Array | null {
  const count = plain[plain.length - 1];
  if (plain.length === 0 || count === 0 || count > BLOCK_BYTES || count > plain.length) return null;
  return plain.subarray(0, plain.length - count);
}
