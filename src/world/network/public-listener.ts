import * as fs from 'node:fs';
import { type AddressInfo, createServer, type Socket as NetSocket, type Server } from 'node:net';
import type * as Tls from 'node:tls';
import { NodeError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type {
  LinkSecret,
  Listener,
  ListenOptions,
  Socket,
  TlsOptions,
  UnixSocketOptions,
} from '../../base/world.ts';
import type { TcpHandle } from './handle-binding.ts';
import { listeningSecret } from './link-secret.ts';
import { PublicSocket } from './public-socket.ts';
import { HANDSHAKE_MS } from './socket-settings.ts';

export async function listenByPublicApi(
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  if (options.tls !== null) return listenTls(options, options.tls, onSocket);
  const { secret = null } = options;
  if (secret !== null) return listenSecretly(options, secret, onSocket);
  const path = options.unixSocket?.path ?? '';
  const server = createServer(SERVER_OPTIONS, (inner) => {
    keepAlive(inner, listener);
    onSocket(new PublicSocket(inner, { unixPath: path }));
  });
  if (options.unixSocket !== undefined) removeStaleSocket(path);
  await bindServer(server, options);
  if (options.unixSocket !== undefined) setPermissions(server, options.unixSocket);
  const listener = makeListener(server, options, null);
  return listener;
}

async function listenTls(
  options: ListenOptions,
  tlsOptions: TlsOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  // Loading TLS takes 2 ms, which a start without it need not pay.
  const tls = await import('node:tls');
  const server = withCertificateErrors(() =>
    tls.createServer({
      ...SERVER_OPTIONS,
      ...contextOptions(tlsOptions),
      ...certificateDemand(tlsOptions),
      handshakeTimeout: HANDSHAKE_MS,
    }),
  );
  server.on('secureConnection', (inner) => {
    keepAlive(inner, listener);
    const subject = inner.getPeerCertificate().subject;
    if (subject !== undefined && !inner.authorized) {
      inner.destroy();
      return;
    }
    onSocket(new PublicSocket(inner, { peerName: nameOf(subject), isTls: true }));
  });
  // Scanners and plaintext clients: nothing the node did, and nothing it can tell anybody.
  server.on('tlsClientError', (_cause, inner) => inner.destroy());
  await bindServer(server, options);
  const listener = makeListener(server, options, server);
  return listener;
}

async function listenSecretly(
  options: ListenOptions,
  secret: LinkSecret,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  const tls = await import('node:tls');
  const server = tls.createServer({
    ...SERVER_OPTIONS,
    ...listeningSecret(secret),
    handshakeTimeout: HANDSHAKE_MS,
  });
  // Those that have not come through the handshake are seen by nobody else.
  server.maxConnections = LIMITS.linkCountMax;
  server.on('secureConnection', (inner) => {
    keepAlive(inner, listener);
    onSocket(new PublicSocket(inner, { isTls: true }));
  });
  // Who does not know the secret is told nothing.
  server.on('tlsClientError', (_cause, inner) => inner.destroy());
  await bindServer(server, options);
  const listener = makeListener(server, options, null);
  return listener;
}

export type BindOptions = Pick<
  ListenOptions,
  'host' | 'port' | 'backlog' | 'ipv6Only' | 'unixSocket' | 'onAcceptError'
>;

/**
 * @param handle  bound already, to what the options say; null: bind it here
 * @throws        NodeError PORT_REFUSED
 */
export function bindServer(
  server: Server,
  options: BindOptions,
  handle: TcpHandle | null = null,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code ?? 'unknown';
      const where = options.unixSocket?.path ?? `${options.host}:${options.port}`;
      const message = `Cannot listen on ${where}: ${code} ${reasonOf(cause)}`;
      reject(
        new NodeError('PORT_REFUSED', message, { host: options.host, port: options.port }, cause),
      );
    });
    const { host, port, backlog, ipv6Only = false, unixSocket } = options;
    const place = unixSocket === undefined ? { host, port, ipv6Only } : { path: unixSocket.path };
    const onListening = () => {
      // What fails later is one accept (no descriptor left); that client sees its connection close.
      server.removeAllListeners('error');
      server.on('error', (cause: NodeJS.ErrnoException) => {
        options.onAcceptError?.(cause.code ?? cause.name);
      });
      resolve();
    };
    if (handle === null) server.listen({ ...place, backlog }, onListening);
    else server.listen(handle, backlog, onListening);
  });
}

export function makeListener(
  server: Server,
  options: ListenOptions,
  tlsServer: Tls.Server | null,
): Listener {
  const address = server.address() as AddressInfo | string;
  return {
    host: options.host,
    port: typeof address === 'string' ? 0 : address.port,
    keepAliveS: options.keepAliveS,
    get isClosed() {
      return !server.listening;
    },
    replaceTls(tlsOptions) {
      if (tlsServer === null) return;
      withCertificateErrors(() => tlsServer.setSecureContext(contextOptions(tlsOptions)));
      // Read at each handshake, though only the constructor documents them.
      Object.assign(tlsServer, certificateDemand(tlsOptions));
    },
    async close() {
      // The port is free at once; the callback of `close` would wait for the last connection.
      server.close();
    },
  };
}

/** As OpenSSL's headers say, and node:crypto, which is loaded for TLS only. */
const SSL_OP_NO_TICKET = 0x4000;

const SERVER_OPTIONS = { allowHalfOpen: true, noDelay: true } as const;

function keepAlive(inner: NetSocket, { keepAliveS }: Listener): void {
  if (keepAliveS > 0) inner.setKeepAlive(true, keepAliveS * 1000);
}

/** A socket whose process is gone is still there as a file. Anything else is left alone. */
function removeStaleSocket(path: string): void {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket() === true) fs.unlinkSync(path);
}

function setPermissions(server: Server, { path, permissions }: UnixSocketOptions): void {
  if (permissions === 0) return;
  try {
    fs.chmodSync(path, permissions);
  } catch (cause) {
    server.close();
    const message = `Cannot set the permissions of ${path}: ${(cause as Error).message}`;
    throw new NodeError('PORT_REFUSED', message, {}, cause);
  }
}

export function certificateDemand({ clientCertificate }: TlsOptions): {
  requestCert: boolean;
  rejectUnauthorized: boolean;
} {
  return {
    requestCert: clientCertificate !== 'ignored',
    // An optional certificate must still be good if it is shown; checked when the client is there.
    rejectUnauthorized: clientCertificate === 'required',
  };
}

export function contextOptions(tlsOptions: TlsOptions): Tls.SecureContextOptions {
  return {
    cert: tlsOptions.certificate,
    key: tlsOptions.key,
    ...(tlsOptions.passphrase === undefined ? {} : { passphrase: tlsOptions.passphrase }),
    minVersion: tlsOptions.minVersion,
    ...(tlsOptions.maxVersion === undefined ? {} : { maxVersion: tlsOptions.maxVersion }),
    ...(tlsOptions.prefersOwnCiphers === true ? { honorCipherOrder: true } : {}),
    ...sessionOptions(tlsOptions.sessionS),
    ...(tlsOptions.authorities === null ? {} : { ca: tlsOptions.authorities }),
    ...(tlsOptions.ciphers === null ? {} : { ciphers: tlsOptions.ciphers }),
  };
}

/** Sessions travel in tickets that the client keeps: nothing is stored here. */
function sessionOptions(sessionS: number | undefined): Tls.SecureContextOptions {
  if (sessionS === undefined) return {};
  return sessionS === 0 ? { secureOptions: SSL_OP_NO_TICKET } : { sessionTimeout: sessionS };
}

export function withCertificateErrors<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (cause) {
    const message = `Cannot use the TLS certificate: ${(cause as Error).message}`;
    throw new NodeError('BAD_CERTIFICATE', message, {}, cause);
  }
}

function nameOf(subject: Tls.Certificate | undefined): string {
  const name: string | string[] | undefined = subject?.CN;
  return Array.isArray(name) ? (name[0] ?? '') : (name ?? '');
}

/** `listen EADDRINUSE: address already in use 127.0.0.1:8080` -> `address already in use` */
function reasonOf(cause: Error): string {
  return /: ([a-z][a-z ]*)/.exec(cause.message)?.[1]?.trim() ?? '';
}
