import type * as Http from 'node:http';
import type * as Https from 'node:https';
import type { HttpHandler, HttpOptions, HttpServer, TlsOptions } from '../../base/world.ts';
import { HttpConnections, type HttpExchange } from './http-connections.ts';
import {
  bindServer,
  certificateDemand,
  contextOptions,
  withCertificateErrors,
} from './public-listener.ts';
import { HANDSHAKE_MS } from './socket-settings.ts';

/** How often Node looks for requests that are late. */
const LATE_CHECK_MS = 1000;

/** The machine's HTTP server, plain or over TLS. Neither module is loaded before it is needed. */
export async function listenHttp(options: HttpOptions): Promise<HttpServer> {
  const early: HttpExchange[] = [];
  const connections = new HttpConnections((...exchange) => void early.push(exchange));
  const server = await createServer(options, (...exchange) => connections.take(...exchange));
  server.on(options.tls === null ? 'connection' : 'secureConnection', (socket) => {
    connections.add(socket);
  });
  server.keepAliveTimeout = options.keepAliveMs;
  server.maxConnections = options.connectionCountMax;
  server.on('drop', options.onRefused);
  // A connection that says nothing at all: Node's own clock begins with a request's first byte.
  server.setTimeout(options.requestMs);
  let connectionCount = 0;
  server.on('connection', (socket) => {
    connectionCount++;
    socket.once('close', () => connectionCount--);
  });
  await bindServer(server, options);
  const { port } = server.address() as { port: number };
  return {
    port,
    raw: server,
    get connectionCount() {
      return connectionCount;
    },
    get heldBytes() {
      return connections.heldBytes;
    },
    setHandler(handler: HttpHandler) {
      connections.handle = handler as Http.RequestListener;
      for (const exchange of early.splice(0)) connections.handle(...exchange);
    },
    replaceTls(tls) {
      if (!('setSecureContext' in server)) return;
      withCertificateErrors(() => server.setSecureContext(contextOptions(tls)));
    },
    close: () => new Promise((resolve) => void server.close(() => resolve())),
    closeConnections: () => server.closeAllConnections(),
  };
}

async function createServer(
  options: HttpOptions,
  onRequest: Http.RequestListener,
): Promise<Http.Server | Https.Server> {
  const common = {
    noDelay: true,
    // A missing one is for the handler to refuse, as any other that is wrong.
    requireHostHeader: false,
    maxHeaderSize: options.headerBytesMax,
    headersTimeout: options.headersMs,
    requestTimeout: options.requestMs,
    connectionsCheckingInterval: LATE_CHECK_MS,
  };
  if (options.tls === null) {
    const http = await import('node:http');
    return http.createServer(common, onRequest);
  }
  const https = await import('node:https');
  const tls: TlsOptions = options.tls;
  const server = withCertificateErrors(() =>
    https.createServer(
      {
        ...common,
        ...contextOptions(tls),
        ...certificateDemand(tls),
        handshakeTimeout: HANDSHAKE_MS,
      },
      onRequest,
    ),
  );
  server.on('secureConnection', (socket) => {
    // One that may be left out must still be good if it is shown.
    if (socket.getPeerCertificate().subject !== undefined && !socket.authorized) socket.destroy();
  });
  // As of the RESP port: scanners and plaintext clients.
  server.on('tlsClientError', (_cause, socket) => socket.destroy());
  return server;
}
