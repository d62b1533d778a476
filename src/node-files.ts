/** How the file descriptors that the system allows the process are shared out. */
import { LIMITS } from './base/limits.ts';
import type { NodeOptions } from './node.ts';

/** Of few descriptors HTTP has this part at least, RESP the rest. */
const HTTP_PARTS = 4;

/**
 * With no descriptor left connections are closed unheard, whosever they are: `network.max_clients`
 * and `http.max_connections` refuse them before. Where both together are not possible, both are
 * lowered, and the node itself keeps what it needs for its files and for other nodes.
 */
export function shareFiles({ configuration, configRegistry, logger, world }: NodeOptions): void {
  const { cluster, http, network } = configuration;
  const { openFileCountMax } = world.host;
  const linkCount = cluster.enabled ? LIMITS.reservedLinkCount : 0;
  const sharedCount = Math.max(2, openFileCountMax - LIMITS.reservedFileCount - linkCount);
  const httpPart = Math.max(Math.floor(sharedCount / HTTP_PARTS), sharedCount - network.maxClients);
  const httpCount = http.enabled ? Math.min(http.connectionCountMax, Math.max(1, httpPart)) : 0;
  const possible = sharedCount - httpCount;
  configRegistry.onChange('network.max_clients', () => {
    if (network.maxClients <= possible) return null;
    return (
      'The operating system is not able to handle the specified number of clients, ' +
      `try with ${possible}`
    );
  });
  if (http.enabled && http.connectionCountMax > httpCount) {
    logger.warn('max-connections', 'Fewer HTTP connections than asked for: too few files', {
      maxConnectionsAsked: http.connectionCountMax,
      maxConnections: httpCount,
      openFileCountMax,
    });
    http.connectionCountMax = httpCount;
  }
  if (network.maxClients <= possible) return;
  logger.warn('maxclients', 'Fewer clients than asked for: the system allows no more files', {
    maxClientsAsked: network.maxClients,
    maxClients: possible,
    openFileCountMax,
  });
  network.maxClients = possible;
}
