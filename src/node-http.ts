import { NodeError } from './base/errors.ts';
import type { NodeServices } from './commands/node-services.ts';
import type { ClientChannel, Session } from './commands/session.ts';
import { type HttpPort, openHttp } from './http/http-port.ts';
import { AcceptErrors } from './server/accept-errors.ts';
import { readCertificates } from './server/tls-files.ts';

/** What the HTTP port needs of the node. */
export interface HttpNode {
  readonly services: NodeServices;
  readonly loop: { readonly hasFailed: boolean; fail(error: unknown): void };
  openSession(channel: ClientChannel | null): Session;
  closeSession(session: Session): void;
}

/**
 * Opens the HTTP port where the settings want it. Its requests are answered until it is closed,
 * also while the node stops.
 * @param closeOthers  undoes what was opened before, when this cannot be
 * @throws NodeError PORT_REFUSED, BAD_CERTIFICATE
 */
export async function openNodeHttp(
  node: HttpNode,
  closeOthers: () => Promise<void>,
): Promise<HttpPort | null> {
  try {
    return await openPort(node);
  } catch (error) {
    await closeOthers();
    throw error;
  }
}

async function openPort(node: HttpNode): Promise<HttpPort | null> {
  const { services, loop } = node;
  const { http, tls } = services.configuration;
  if (!http.enabled) return null;
  const certificates = http.isTls ? readCertificates(tls, services.world.disk) : null;
  const keeper = {
    services,
    loop,
    get isStopping() {
      return loop.hasFailed;
    },
    openSession: (channel: ClientChannel) => node.openSession(channel),
    closeSession: (session: Session) => node.closeSession(session),
  };
  const acceptErrors = new AcceptErrors(services);
  const port = await openHttp(keeper, certificates, (code) => acceptErrors.record(code));
  services.ports.http = port.port;
  services.health.certificates.http = certificates?.certificate ?? '';
  return port;
}

/**
 * Certificates that were renewed are taken by the HTTP port too.
 * @returns false when they cannot be used: the old ones stay
 */
export function reloadHttpTls(port: HttpPort | null, services: NodeServices): boolean {
  const { configuration, health, world, logger } = services;
  if (port === null || !configuration.http.isTls) return true;
  try {
    const certificates = readCertificates(configuration.tls, world.disk);
    port.replaceTls(certificates);
    health.certificates.http = certificates.certificate;
    return true;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    logger
      .child('http')
      .warn('tls', 'The certificates cannot be used; the old ones stay', { error });
    return false;
  }
}
