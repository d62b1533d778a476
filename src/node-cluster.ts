/**
 * The rooms of the cluster, as one node has them: built after its data is loaded and before the
 * first command, started once its ports are known, stopped in the reverse order.
 */
import type { Logger } from './base/logger.ts';
import { type ClusterService, NO_CLUSTER } from './commands/cluster-service.ts';
import type { NodeServices } from './commands/node-services.ts';
import type { ClientChannel, Session } from './commands/session.ts';
import type { TurnLoop } from './server/turn-loop.ts';

export interface NodeClusterOptions {
  readonly services: NodeServices;
  readonly loop: TurnLoop;
  readonly logger: Logger;
  openSession(channel: ClientChannel | null): Session;
  closeSession(session: Session): void;
}

export class NodeCluster {
  readonly service: ClusterService = NO_CLUSTER;
  readonly options: NodeClusterOptions;

  constructor(options: NodeClusterOptions) {
    this.options = options;
  }

  /** @throws NodeError PORT_REFUSED */
  async start(): Promise<void> {}

  /** Hands over what it owns, and tells the others that it goes. */
  async leave(): Promise<void> {}

  async stop(): Promise<void> {}
}
