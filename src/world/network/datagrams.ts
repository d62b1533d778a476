import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { NodeError } from '../../base/errors.ts';
import type { DatagramHandler, DatagramOptions, DatagramSocket } from '../../base/world.ts';
import { normaliseAddress } from './socket-settings.ts';

/** What arrives while the loop is busy waits here: 4,000 packets of gossip. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** A UDP port. One on an IPv6 address serves that family only. */
export function bindDatagram(
  { host, port }: DatagramOptions,
  onDatagram: DatagramHandler,
): Promise<DatagramSocket> {
  const isV6 = isIPv6(host);
  const inner = createSocket({
    type: isV6 ? 'udp6' : 'udp4',
    ipv6Only: isV6,
    // Addresses are numeric: no detour over the thread pool for each packet.
    lookup: (address, _options, done) => done(null, address, isV6 ? 6 : 4),
  });
  return new Promise((resolve, reject) => {
    inner.once('error', (cause: NodeJS.ErrnoException) => {
      const message = `Cannot listen on ${host}:${port}/udp: ${cause.code ?? cause.message}`;
      reject(new NodeError('PORT_REFUSED', message, { host, port }, cause));
    });
    inner.bind({ address: host, port, exclusive: true }, () => {
      inner.removeAllListeners('error');
      // Such as ICMP's word that nobody listens there: one more packet that did not arrive.
      inner.on('error', () => {});
      enlargeBuffer(() => inner.setRecvBufferSize(RECEIVE_BUFFER_BYTES));
      inner.on('message', (bytes, { address, port: from }) => {
        onDatagram(bytes, 0, bytes.length, normaliseAddress(address), from);
      });
      let isOpen = true;
      resolve({
        host,
        port: inner.address().port,
        send(bytes, start, end, toHost, toPort) {
          if (!isOpen || toPort < 1 || toPort > 65_535) return;
          inner.send(Buffer.from(bytes.subarray(start, end)), toPort, toHost, () => {});
        },
        close() {
          if (isOpen) inner.close();
          isOpen = false;
        },
      });
    });
  });
}

/** The system may refuse what is above its own limit. The default serves as well. */
function enlargeBuffer(enlarge: () => void): boolean {
  try {
    enlarge();
    return true;
  } catch {
    return false;
  }
}
