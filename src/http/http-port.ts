/**
 * The HTTP port: bound at once, so that a port that is taken fails the start before anything is
 * loaded; the web framework, which takes as long as the rest of a start, comes after it.
 */
import { LIMITS } from '../base/limits.ts';
import type { HttpServer, TlsOptions } from '../base/world.ts';
import type { HttpTraffic } from '../commands/node-services.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import type { HttpApp } from './http-app.ts';
import type { SessionKeeper } from './http-sessions.ts';

export interface HttpPort {
  readonly port: number;
  readonly app: HttpApp;
  readonly traffic: HttpTraffic;
  replaceTls(tls: TlsOptions): void;
  /**
   * Answers the requests that are running, takes no new ones, and closes every connection. After
   * `waitMs` what is left is cut off.
   */
  close(waitMs: number): Promise<void>;
}

/**
 * @param onAcceptError  a connection could not be accepted; `code` such as EMFILE
 * @throws NodeError PORT_REFUSED, BAD_CERTIFICATE
 */
export async function openHttp(
  node: SessionKeeper,
  tls: TlsOptions | null,
  onAcceptError: (code: string) => void,
): Promise<HttpPort> {
  const { world, configuration, counters } = node.services;
  const server = await world.network.listenHttp({
    host: configuration.network.httpBindAddr,
    port: configuration.network.httpPort,
    backlog: configuration.network.backlog,
    tls,
    headerBytesMax: LIMITS.httpHeaderBytesMax,
    headersMs: LIMITS.httpHeadersMs,
    requestMs: LIMITS.httpRequestMs,
    keepAliveMs: LIMITS.httpKeepAliveMs,
    connectionCountMax: configuration.http.connectionCountMax,
    onAcceptError,
    onRefused: () => void counters[METRIC.httpConnectionsRefused]++,
  });
  const { createHttpApp } = await import('./http-app.ts');
  const app = await createHttpApp(node, server);
  return {
    port: server.port,
    app,
    traffic: server,
    replaceTls: (options) => server.replaceTls(options),
    close: (waitMs) => closePort(server, app, { node, waitMs }),
  };
}

async function closePort(
  server: HttpServer,
  app: HttpApp,
  { node, waitMs }: { node: SessionKeeper; waitMs: number },
): Promise<void> {
  app.beginDrain();
  const timer = node.services.world.timers.after(waitMs, () => server.closeConnections());
  await server.close();
  timer.cancel();
  await app.close();
}
