/** One read takes this much at most, and so does one loop turn of one connection: 4,600 PINGs. */
export const READ_BUFFER_BYTES = 64 * 1024;

/** How long an ended connection waits for the peer to end too, so that our last bytes arrive. */
export const LINGER_MS = 1000;

/** A client has this long to finish its TLS handshake. */
export const HANDSHAKE_MS = 10_000;

const IPV4_IN_IPV6 = '::ffff:';

/** A listener on `::` sees IPv4 peers as ::ffff:1.2.3.4; users know them as 1.2.3.4. */
export function normaliseAddress(address: string | undefined): string {
  if (address === undefined) return '';
  const isMapped = address.startsWith(IPV4_IN_IPV6) && address.includes('.');
  return isMapped ? address.slice(IPV4_IN_IPV6.length) : address;
}
