import type { Ciphers } from '../base/world.ts';

const TAG_BYTES = 16;

/** By OpenSSL; what comes out depends on the arguments alone. 4 us a packet of 200 bytes. */
export const machineCiphers: Ciphers = {
  sealGcm({ key, nonce, associated }, plain) {
    const cipher = crypto().createCipheriv(algorithmOf(key), key, nonce);
    cipher.setAAD(associated);
    const head = cipher.update(plain);
    const tail = cipher.final();
    return new Uint8Array(Buffer.concat([head, tail, cipher.getAuthTag()]));
  },

  openGcm({ key, nonce, associated }, sealed) {
    if (sealed.length < TAG_BYTES) return null;
    const end = sealed.length - TAG_BYTES;
    const decipher = crypto().createDecipheriv(algorithmOf(key), key, nonce);
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(end));
    const head = decipher.update(sealed.subarray(0, end));
    try {
      return new Uint8Array(Buffer.concat([head, decipher.final()]));
    } catch {
      // The only thing that `final` can have against it is the tag.
      return null;
    }
  },

  certificateEndMs(chain) {
    const ends = (chain.match(CERTIFICATE) ?? []).map((text) => {
      return Date.parse(new (crypto().X509Certificate)(text).validTo);
    });
    return Math.min(...ends);
  },
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function algorithmOf(key: Uint8Array): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  if (key.length === 16) return 'aes-128-gcm';
  return key.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}

/** Loaded where something is encrypted: it costs a start 3 ms. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
