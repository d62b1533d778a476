/**
 * Whether a client's address is this machine's own: the loopback interface, or the path of a unix
 * socket, which is what its clients have for an address.
 */
export function isLocalAddress(address: string): boolean {
  return (
    address === '::1' ||
    address === 'embedded' ||
    address.startsWith('127.') ||
    address.startsWith('::ffff:127.') ||
    address.startsWith('/')
  );
}
