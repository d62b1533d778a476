import { digestsEqual, sha256 } from '../../../base/digest/sha256.ts';

/**
 * The keys of the gossip: what arrives may be sealed with any of them, what leaves is sealed with
 * the first, the primary one. So a new key is given to all nodes, then used by all, and then the
 * old one is taken away, and nobody is left out on the way.
 */
export class Keyring {
  private ring: Uint8Array[];

  /** @param keys  at least one, the primary one first */
  constructor(keys: readonly Uint8Array[]) {
    this.ring = [...keys];
  }

  get keys(): readonly Uint8Array[] {
    return this.ring;
  }

  get primary(): Uint8Array {
    return this.ring[0];
  }

  /** @returns '', or what is wrong, in memberlist's words */
  install(key: Uint8Array): string {
    if (!isKeyLength(key.length)) return 'key size must be 16, 24 or 32 bytes';
    if (this.find(key) === -1) this.ring.push(key);
    return '';
  }

  use(key: Uint8Array): string {
    const at = this.find(key);
    if (at === -1) return 'requested key is not in the keyring';
    this.ring = [this.ring[at], ...this.ring.filter((_, i) => i !== at)];
    return '';
  }

  remove(key: Uint8Array): string {
    const at = this.find(key);
    if (at === 0) return 'removing the primary key is not allowed';
    this.ring = this.ring.filter((_, i) => i !== at);
    return '';
  }

  private find(key: Uint8Array): number {
    return this.ring.findIndex((known) => digestsEqual(known, key));
  }
}

/**
 * The gossip's first key. Base64 of 16, 24 or 32 bytes is the key itself, so that `serf agent
 * -encrypt` can be given the same text; any other text is hashed to 32 bytes.
 */
export function gossipKeyOf(clusterKey: string): Uint8Array {
  return parseKey(clusterKey) ?? sha256(encoder.encode(`hypercache gossip\0${clusterKey}`));
}

/** @returns null when it is not base64 of 16, 24 or 32 bytes */
export function parseKey(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64');
  const isExact = isKeyLength(bytes.length) && bytes.toString('base64') === text;
  return isExact ? new Uint8Array(bytes) : null;
}

export function formatKey(key: Uint8Array): string {
  return Buffer.from(key).toString('base64');
}

function isKeyLength(byteCount: number): boolean {
  return byteCount === 16 || byteCount === 24 || byteCount === 32;
}

const encoder = new TextEncoder();
