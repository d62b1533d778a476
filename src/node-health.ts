/** What of a node's rooms its health check tells. */
import type { LogHealth } from './base/logger.ts';
import type { NodeServices } from './commands/node-services.ts';
import { METRIC } from './observability/metrics/metric-table.ts';

/** What can be wrong with a node that runs. */
export function followHealth(services: NodeServices): void {
  const { health, logHealth, memory, persistence, stores } = services;
  health.addCheck(() => persistence.issues());
  health.addCheck(() => {
    const failure = stores.retrySave();
    return failure === '' ? [] : [`disk: stores.json cannot be written: ${failure}`];
  });
  health.addCheck(() =>
    memory
      .storesInDistress()
      .map(({ name }) => `memory: the store '${name}' is full and may evict nothing`),
  );
  health.addCheck(() =>
    logHealth.failure === '' ? [] : [`disk: the log cannot be written: ${logHealth.failure}`],
  );
}

/** Lines that were lost before the node was there count too. */
export function followLog(health: LogHealth, counters: Float64Array): LogHealth {
  counters[METRIC.logLinesLost] += health.lostLineCount;
  health.onLost(() => {
    counters[METRIC.logLinesLost]++;
  });
  return health;
}
