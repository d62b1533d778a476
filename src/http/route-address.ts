/**
 * From the address of a request to what routes are found by. Keys are any bytes: they may hold `/`,
 * dots, and, percent-encoded, bytes that are no UTF-8. No router takes such, so a key travels to
 * its route in base64url, behind a mark: without it, what stands there is the name of a route.
 *
 *     /api/cache/a/b%FF?ttl=3         /api/cache/~YS9i_w?ttl=3
 *     /api/stores/sessions/cache/x    /api/stores/sessions/cache/~eA
 *
 * Dots are left as they are: a key is no file, and `a/../b` is a key like any other.
 */

/** Below `/api/cache/`; a key of that name is reached through `/api/stores/default/cache/`. */
const RESERVED = new Set(['stats', 'batch/get', 'batch/set', 'batch/delete']);
/** Routes whose last part is a key, by what stands before it. */
const KEY_PLACES =
  /^(\/api\/(?:cache|filter\/check|stores\/[^/?]+\/(?:cache|filter\/check))\/)([^?]*)(.*)$/s;
/** Of a request to a proxy, which every server must take: `GET http://host/path`. */
const ABSOLUTE = /^https?:\/\/[^/?]*/i;

/** @returns the address that the router is asked for; null when a `%` is no encoding */
export function routeAddress(method: string, url: string): string | null {
  const address = url.charCodeAt(0) === SLASH ? url : pathOfAbsolute(url);
  const match = address.startsWith('/api/') ? KEY_PLACES.exec(address) : null;
  if (match === null) return isEncoded(address) ? address : null;
  const [, place, text, query] = match;
  if (text === '' || isReserved(place, text, method)) return address;
  const key = decodeKey(text);
  return key === null ? null : `${place}${KEY_MARK}${key.toString('base64url')}${query}`;
}

/** The host that an absolute address names; null for the usual form. */
export function hostOfAbsolute(url: string): string | null {
  const match = ABSOLUTE.exec(url);
  return match === null ? null : match[0].slice(match[0].indexOf('//') + 2);
}

/** Whether a part of a path is a key, and not the name of another route. */
export function isKeyParameter(part: string): boolean {
  return part.startsWith(KEY_MARK);
}

/** The key's bytes, of the parameter that a route got. */
export function keyOfParameter(parameter: string): Buffer {
  return Buffer.from(parameter.slice(KEY_MARK.length), 'base64url');
}

function isReserved(place: string, text: string, method: string): boolean {
  if (place === '/api/cache/') return RESERVED.has(text);
  return method === 'POST' && text.startsWith('batch/') && RESERVED.has(text);
}

function pathOfAbsolute(url: string): string {
  const path = url.replace(ABSOLUTE, '');
  return path.startsWith('/') ? path : `/${path}`;
}

/** Whether the router can decode it, as UTF-8. */
function isEncoded(address: string): boolean {
  if (!address.includes('%')) return true;
  try {
    decodeURIComponent(address);
    return true;
  } catch {
    return false;
  }
}

/** @returns null when a `%` is not followed by two hexadecimal digits */
function decodeKey(text: string): Buffer | null {
  // Node lets bytes above 127 through: they are what they are.
  const bytes = Buffer.from(text, 'latin1');
  if (!text.includes('%')) return bytes;
  let end = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== PERCENT) {
      bytes[end++] = bytes[i];
      continue;
    }
    const value = hexValue(bytes[i + 1]) * 16 + hexValue(bytes[i + 2]);
    if (Number.isNaN(value)) return null;
    bytes[end++] = value;
    i += 2;
  }
  return bytes.subarray(0, end);
}

/** NaN when it is no digit, or there is none. */
function hexValue(byte: number | undefined): number {
  if (byte === undefined) return Number.NaN;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : Number.NaN;
}

const KEY_MARK = '~';
const SLASH = 47;
const PERCENT = 37;
