/**
 * Encryption between nodes: TLS with a key that both ends know, so no certificates to issue, renew
 * or mistrust. TLS 1.3's own key exchange (psk_dhe_ke) makes fresh keys for each connection: who
 * learns the secret later reads nothing that was sent before.
 */
import type { ConnectionOptions, TlsOptions } from 'node:tls';
import { assert } from '../../base/errors.ts';
import type { LinkSecret } from '../../base/world.ts';

/** Both ends name the same one: what tells nodes apart is said inside. */
const IDENTITY = 'hypercache';
const KEY_BYTES = 32;

/** OpenSSL takes a key that comes from a callback for one of SHA-256, so not the 384-bit suite. */
const COMMON = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
} as const;

export function listeningSecret({ key }: LinkSecret): TlsOptions {
  checkKey(key);
  return {
    ...COMMON,
    pskCallback: (_socket, identity) => (identity === IDENTITY ? key : null),
  };
}

export function dialingSecret({ key }: LinkSecret): ConnectionOptions {
  checkKey(key);
  return {
    ...COMMON,
    pskCallback: () => ({ psk: key, identity: IDENTITY }),
    // There is no certificate: the key proves who it is.
    checkServerIdentity: () => undefined,
  };
}

function checkKey(key: Uint8Array): void {
  assert(key.length === KEY_BYTES, 'a link secret has 32 bytes');
}
