import { LIMITS } from '../base/limits.ts';
import type { NodeServices } from '../commands/node-services.ts';
import { GATE } from '../commands/session.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { clientClassOf } from './client-class.ts';
import type { ClientTable } from './client-registry.ts';
import type { Connection } from './connection.ts';
import { clientFacts } from './connection-reports.ts';

/**
 * Looks at every client now and then: who is idle, who has not logged in, who does not read. Ten
 * thousand clients take about half a millisecond.
 */
export function sweepClients(node: NodeServices, clients: ClientTable, nowMs: number): void {
  const { idleTimeoutS, loginTimeoutS } = node.configuration.network;
  for (const connection of clients.connections) {
    const { session } = connection;
    const idleMs = nowMs - session.lastCommandMs;
    clients.observe(connection);
    if ((session.gate & GATE.CLOSING) !== 0) {
      if (idleMs > LIMITS.closingMs) connection.close();
    } else if ((session.gate & GATE.LOGIN_REQUIRED) !== 0 && loginTimeoutS > 0) {
      const silentMs = nowMs - session.createdMs;
      if (silentMs > loginTimeoutS * 1000) closeForTimeout(node, connection, 'login');
    }
    if (idleTimeoutS > 0 && idleMs > idleTimeoutS * 1000 && mayIdleOut(connection)) {
      closeForTimeout(node, connection, 'idle');
    }
    connection.checkOutputLimit();
  }
}

/** Those who wait for others to act are not idle. */
function mayIdleOut(connection: Connection): boolean {
  const { session } = connection;
  if (session.isMonitor || connection.isPostponed) return false;
  return clientClassOf(session) !== 'pubsub';
}

function closeForTimeout(node: NodeServices, connection: Connection, timeout: string): void {
  node.counters[METRIC.idleDisconnections]++;
  if (node.logger.isDebug()) {
    const message = `Client closed: ${timeout} timeout`;
    node.logger.debug('client-closed', message, clientFacts(connection));
  }
  connection.close();
}
