/** `serf keys`: an operator installs, uses, removes and lists keys on all members at once. */
import { LIMITS } from '../../../base/limits.ts';
import type { Logger } from '../../../base/logger.ts';
import { formatKey, type Keyring } from '../wire/keyring.ts';
import { encodeKeyResponse, type KeyResponse } from '../wire/serf-messages.ts';
import { parseKeyRequest } from '../wire/serf-parsers.ts';

export const KEY_QUERY = {
  install: '_serf_install-key',
  use: '_serf_use-key',
  remove: '_serf_remove-key',
  list: '_serf_list-keys',
} as const;

/** What a response has around its payload. */
const RESPONSE_FRAME_BYTES = 192;
const NO_KEYRING = 'No keyring to modify (encryption not enabled)';

export class KeyQueries {
  private readonly keyring: Keyring | null;
  private readonly logger: Logger;
  private readonly onChange: () => void;

  /** @param options.onChange  the ring is another one: to be kept over a restart */
  constructor(options: { keyring: Keyring | null; logger: Logger; onChange: () => void }) {
    this.keyring = options.keyring;
    this.logger = options.logger;
    this.onChange = options.onChange;
  }

  /** @returns the payload to respond, or null when it is no query about keys */
  answer(name: string, payload: Uint8Array): Uint8Array | null {
    if (!Object.values(KEY_QUERY).some((known) => known === name)) return null;
    const { keyring } = this;
    if (keyring === null) return encodeKeyResponse(failed(NO_KEYRING));
    if (name === KEY_QUERY.list) return this.list(keyring);
    const key = parseKeyRequest(payload);
    if (key === null) return encodeKeyResponse(failed('key request is damaged'));
    const problem = change(keyring, name, key);
    if (problem === '') {
      this.logger.info('keys', 'gossip keys changed by an operator', {
        query: name,
        keyCount: keyring.keys.length,
      });
      this.onChange();
    }
    return encodeKeyResponse(problem === '' ? succeeded('', []) : failed(problem));
  }

  /** As many as fit into one response. */
  private list(keyring: Keyring): Uint8Array {
    const all = keyring.keys.map(formatKey);
    const primary = all[0];
    for (let count = all.length; ; count--) {
      const isCut = count < all.length;
      const text = isCut
        ? `Truncated key list response, showing first ${count} of ${all.length} keys`
        : '';
      const payload = encodeKeyResponse({ ...succeeded(text, all.slice(0, count)), primary });
      const isSmall = payload.length + RESPONSE_FRAME_BYTES <= LIMITS.gossipQueryBytesMax;
      if (isSmall || count === 0) return payload;
    }
  }
}

function change(keyring: Keyring, name: string, key: Uint8Array): string {
  if (name === KEY_QUERY.install) return keyring.install(key);
  return name === KEY_QUERY.use ? keyring.use(key) : keyring.remove(key);
}

function succeeded(text: string, keys: readonly string[]): KeyResponse {
  return { isOk: true, text, keys, primary: '' };
}

function failed(text: string): KeyResponse {
  return { isOk: false, text, keys: [], primary: '' };
}
