import type { HandleBinding, TcpHandle } from './handle-binding.ts';

/** `tcp_wrap` constants: SERVER and UV_TCP_IPV6ONLY. */
const LISTENS = 1;
const IPV6_ONLY = 1;

/**
 * Binds a numeric address without `server.listen({ host })`, which hands even those to dns.lookup:
 * that loads the DNS module (1.5 ms) and, for `::1`, compiles a pattern for every way to write an
 * IPv6 address (3.5 ms), all before the first client is answered.
 * @returns a bound handle for `server.listen(handle)`; null for a name, and for an address that is
 *          refused: then net.Server tries it, and reports it in the usual words
 */
export function bindLiteral(
  { Tcp }: HandleBinding,
  { host, port, ipv6Only = false }: { host: string; port: number; ipv6Only?: boolean },
): TcpHandle | null {
  const isV6 = host.includes(':');
  if (!isV6 && !/^[0-9.]+$/.test(host)) return null;
  const handle = new Tcp(LISTENS);
  if (typeof handle.bind !== 'function' || typeof handle.bind6 !== 'function') return null;
  const status = isV6
    ? handle.bind6(host, port, ipv6Only ? IPV6_ONLY : 0)
    : handle.bind(host, port);
  if (status === 0) return handle;
  handle.close(() => {});
  return null;
}
