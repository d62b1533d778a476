import { connect, isIP, isIPv4 } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import { NodeError } from '../../base/errors.ts';
import type { DialOptions, DialTls, LinkSecret, Socket } from '../../base/world.ts';
import { type HandleLane, HandleSocket } from './handle-socket.ts';
import { dialingSecret } from './link-secret.ts';
import { PublicSocket } from './public-socket.ts';

/** @param lane  null: not usable here, the public API serves */
export function dial(options: DialOptions, lane: HandleLane | null): Promise<Socket> {
  if (options.secret !== null) return dialSecretly(options, options.secret);
  if (options.tls !== undefined) return dialOverTls(options, options.tls);
  const { host, localHost = host } = options;
  if (lane === null || !isIPv4(host) || !isIPv4(localHost)) return dialByPublicApi(options);
  return dialByHandle(options, lane);
}

/** As with accepted sockets: no net.Socket around the handle. */
function dialByHandle(options: DialOptions, lane: HandleLane): Promise<Socket> {
  const { host, port, timeoutMs, localHost } = options;
  return new Promise((resolve, reject) => {
    const handle = new lane.binding.Tcp(0);
    const refuse = (code: string): void => {
      clearTimeout(timer);
      handle.close(() => {});
      reject(refused(options, code));
    };
    const timer = setTimeout(() => {
      request.oncomplete = () => {};
      refuse('ETIMEDOUT');
    }, timeoutMs);
    timer.unref();
    const request = new lane.binding.ConnectWrap();
    request.oncomplete = (status) => {
      if (status !== 0) return refuse(getSystemErrorName(status));
      clearTimeout(timer);
      handle.setNoDelay(true);
      resolve(new HandleSocket(handle, lane, { address: host, port }));
    };
    const bound = localHost === undefined ? 0 : handle.bind(localHost, 0);
    const status = bound === 0 ? handle.connect(request, host, port) : bound;
    if (status !== 0) refuse(getSystemErrorName(status));
  });
}

function dialByPublicApi(options: DialOptions): Promise<Socket> {
  const inner = connect({ ...placeOf(options), allowHalfOpen: true, noDelay: true });
  return settle(options, {
    begin: (onReady) => inner.once('connect', onReady),
    inner,
    makeSocket: () => new PublicSocket(inner, {}),
  });
}

function dialSecretly(options: DialOptions, secret: LinkSecret): Promise<Socket> {
  return dialEncrypted(options, dialingSecret(secret));
}

function dialOverTls(options: DialOptions, { authorities }: DialTls): Promise<Socket> {
  const { host } = options;
  // A certificate for an address is checked as well; only a name may be sent along.
  const name = isIP(host) === 0 ? { servername: host } : {};
  return dialEncrypted(options, { ...name, ...(authorities === null ? {} : { ca: authorities }) });
}

async function dialEncrypted(options: DialOptions, how: ConnectionOptions): Promise<Socket> {
  const tls = await import('node:tls');
  const inner = tls.connect({
    ...how,
    ...placeOf(options),
    // Taken, though the types do not know it.
    ...({ allowHalfOpen: true } as object),
  });
  // As an option `tls.connect` loses it: one small message in fifty then took 40 ms.
  inner.setNoDelay(true);
  return settle(options, {
    begin: (onReady) => inner.once('secureConnect', onReady),
    inner,
    makeSocket: () => new PublicSocket(inner, { isTls: true }),
  });
}

interface Attempt {
  readonly inner: ReturnType<typeof connect>;
  begin(onReady: () => void): unknown;
  makeSocket(): Socket;
}

function settle(options: DialOptions, { begin, inner, makeSocket }: Attempt): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const refuse = (code: string): void => {
      clearTimeout(timer);
      inner.destroy();
      reject(refused(options, code));
    };
    const timer = setTimeout(refuse, options.timeoutMs, 'ETIMEDOUT');
    timer.unref();
    const onError = (cause: NodeJS.ErrnoException): void => refuse(cause.code ?? cause.name);
    // The other end hung up in the middle of the handshake: it may do so without an error.
    const onClose = (): void => refuse('ECONNRESET');
    inner.once('error', onError);
    inner.once('close', onClose);
    begin(() => {
      clearTimeout(timer);
      inner.off('close', onClose);
      const socket = makeSocket();
      inner.off('error', onError);
      resolve(socket);
    });
  });
}

function placeOf({ host, port, localHost }: DialOptions): {
  host: string;
  port: number;
  localAddress?: string;
} {
  return localHost === undefined ? { host, port } : { host, port, localAddress: localHost };
}

function refused({ host, port }: DialOptions, code: string): NodeError {
  const message = `Cannot connect to ${host}:${port}: ${code}`;
  return new NodeError('CONNECT_REFUSED', message, { host, port, code });
}
