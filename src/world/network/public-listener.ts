import { type AddressInfo, createServer, type Server } from 'node:net';
import type * as Tls from 'node:tls';
import { NodeError } from '../../base/errors.ts';
import type { Listener, ListenOptions, Socket, TlsOptions } from '../../base/world.ts';
import { PublicSocket } from './public-socket.ts';
import { HANDSHAKE_MS } from './socket-settings.ts';

export async function listenByPublicApi(
  options: ListenOptions,
  onSocket: (socket: Socket) => void,
): Promise<Listener> {
  if (options.tls !== null) return listenTls(options, options.tls, onSocket);
  const server = createServer(serverOptions(options), (inner) => {
    onSocket(new PublicSocket(inner, '', false));
  });
  await bindServer(server, options);
  return makeListener(server, options, null);
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
      ...serverOptions(options),
      ...contextOptions(tlsOptions),
      requestCert: tlsOptions.clientCertificate !== 'ignored',
      // An optional certificate must still be good if it is shown; checked below.
      rejectUnauthorized: tlsOptions.clientCertificate === 'required',
      handshakeTimeout: HANDSHAKE_MS,
    }),
  );
  server.on('secureConnection', (inner) => {
    const subject = inner.getPeerCertificate().subject;
    if (subject !== undefined && !inner.authorized) {
      inner.destroy();
      return;
    }
    onSocket(new PublicSocket(inner, nameOf(subject), true));
  });
  // Scanners and plaintext clients: nothing the node did, and nothing it can tell anybody.
  server.on('tlsClientError', (_cause, inner) => inner.destroy());
  await bindServer(server, options);
  return makeListener(server, options, server);
}

/** @throws NodeError PORT_REFUSED */
export function bindServer(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code ?? 'unknown';
      const where = `${options.host}:${options.port}`;
      const message = `Cannot listen on ${where}: ${code} ${reasonOf(cause)}`;
      reject(
        new NodeError('PORT_REFUSED', message, { host: options.host, port: options.port }, cause),
      );
    });
    const { host, port, backlog, ipv6Only = false } = options;
    server.listen({ host, port, backlog, ipv6Only }, () => {
      // What fails later is one accept (no descriptor left); that client sees its connection close.
      server.removeAllListeners('error');
      server.on('error', () => {});
      resolve();
    });
  });
}

export function makeListener(
  server: Server,
  options: ListenOptions,
  tlsServer: Tls.Server | null,
): Listener {
  const { port } = server.address() as AddressInfo;
  return {
    host: options.host,
    port,
    replaceTls(tlsOptions) {
      withCertificateErrors(() => tlsServer?.setSecureContext(contextOptions(tlsOptions)));
    },
    async close() {
      // The port is free at once; the callback of `close` would wait for the last connection.
      server.close();
    },
  };
}

function serverOptions(options: ListenOptions): {
  allowHalfOpen: true;
  noDelay: true;
  keepAlive: boolean;
  keepAliveInitialDelay: number;
} {
  return {
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: options.keepAliveS > 0,
    keepAliveInitialDelay: options.keepAliveS * 1000,
  };
}

function contextOptions(tlsOptions: TlsOptions): Tls.SecureContextOptions {
  return {
    cert: tlsOptions.certificate,
    key: tlsOptions.key,
    minVersion: tlsOptions.minVersion,
    ...(tlsOptions.authorities === null ? {} : { ca: tlsOptions.authorities }),
    ...(tlsOptions.ciphers === null ? {} : { ciphers: tlsOptions.ciphers }),
  };
}

function withCertificateErrors<Result>(act: () => Result): Result {
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
