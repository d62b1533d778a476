/** Numeric addresses as text, and as the 4 or 16 bytes that the gossip carries. */

const V4_BYTES = 4;
const V6_BYTES = 16;
/** Ten zeros and two 0xff before an IPv4 address within an IPv6 one. */
const MAPPED_PREFIX_BYTES = 12;

/** @returns null when it is no numeric address */
export function parseAddress(text: string): Uint8Array | null {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

/** @returns '' when it is neither of 4 nor of 16 bytes */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === V4_BYTES) return bytes.join('.');
  if (bytes.length !== V6_BYTES) return '';
  if (isMapped(bytes)) return bytes.subarray(MAPPED_PREFIX_BYTES).join('.');
  const groups: number[] = [];
  for (let i = 0; i < V6_BYTES; i += 2) groups.push(bytes[i] * 256 + bytes[i + 1]);
  const gap = findLongestGap(groups);
  const hex = groups.map((group) => group.toString(16));
  if (gap.count < 2) return hex.join(':');
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.start + gap.count).join(':')}`;
}

/** Only this machine is reached by it. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

/** It stands for every address of the machine: something to listen on, and not to send to. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** `host:port`, with an IPv6 host in brackets. */
export function formatPlace(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseV4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== V4_BYTES) return null;
  const bytes = new Uint8Array(V4_BYTES);
  for (let i = 0; i < V4_BYTES; i++) {
    if (!/^\d{1,3}$/.test(parts[i]) || Number(parts[i]) > 255) return null;
    bytes[i] = Number(parts[i]);
  }
  return bytes;
}

function parseV6(text: string): Uint8Array | null {
  const withoutZone = text.split('%', 1)[0];
  const lastColon = withoutZone.lastIndexOf(':');
  const tail = parseV4(withoutZone.slice(lastColon + 1));
  if (tail !== null) {
    const [a, b, c, d] = tail;
    const words = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    return parseV6(withoutZone.slice(0, lastColon + 1) + words);
  }
  const halves = withoutZone.split('::');
  if (halves.length > 2) return null;
  const head = splitGroups(halves[0]);
  const rest = splitGroups(halves[1] ?? '');
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...rest];
  const bytes = new Uint8Array(V6_BYTES);
  for (let i = 0; i < groups.length; i++) {
    if (!/^[0-9a-f]{1,4}$/i.test(groups[i])) return null;
    const value = Number.parseInt(groups[i], 16);
    bytes[i * 2] = value >>> 8;
    bytes[i * 2 + 1] = value & 255;
  }
  return bytes;
}

function splitGroups(text: string): string[] {
  return text === '' ? [] : text.split(':');
}

function isMapped(bytes: Uint8Array): boolean {
  if (bytes[10] !== 255 || bytes[11] !== 255) return false;
  return bytes.subarray(0, 10).every((byte) => byte === 0);
}

/** The longest run of zero groups, which `::` stands for. */
function findLongestGap(groups: readonly number[]): { start: number; count: number } {
  let best = { start: 0, count: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.count) best = { start, count: i - start };
    start = i + 1;
  }
  return best;
}
