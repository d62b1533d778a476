import { LIMITS } from '../base/limits.ts';
import type { NodeServices } from '../commands/node-services.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';

/**
 * Connections that could not be accepted, mostly because no file descriptor was left (EMFILE). They
 * come in storms: each is counted, and one line in a while tells of all.
 */
export class AcceptErrors {
  private readonly node: NodeServices;
  private nextLineMs = Number.NEGATIVE_INFINITY;
  private countUntold = 0;

  constructor(node: NodeServices) {
    this.node = node;
  }

  /** @param code  such as EMFILE */
  record(code: string): void {
    const { counters, clients, logger, world } = this.node;
    counters[METRIC.acceptErrors]++;
    this.countUntold++;
    const nowMs = world.clock.monotonicMs();
    if (nowMs < this.nextLineMs) return;
    this.nextLineMs = nowMs + LIMITS.acceptErrorLineMs;
    logger.warn('accept-failed', 'Connections could not be accepted', {
      code,
      count: this.countUntold,
      clients: clients.count,
    });
    this.countUntold = 0;
  }
}
