/** What several routes tell of the node and its memory. */
import type { NodeServices } from '../../commands/node-services.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';

export function processFacts(services: NodeServices): Record<string, unknown> {
  const { clients, clock, configuration, counters, rates, startedMs, version, world } = services;
  const { host } = world;
  const { userS, systemS } = host.cpuUse();
  return {
    id: configuration.node.id,
    version,
    node_version: host.nodeVersion,
    pid: host.pid,
    uptime_seconds: Math.max(0, Math.floor((clock.nowMs - startedMs) / 1000)),
    started_at: new Date(startedMs).toISOString(),
    connections: clients.count,
    commands_processed: services.table.calls,
    commands_per_second: Math.round(rates.commandsPerS),
    errors: counters[METRIC.errorReplies],
    cpu_seconds: userS + systemS,
  };
}

export function memoryFacts({ memory, world }: NodeServices): Record<string, unknown> {
  const { rssBytes, heapUsedBytes } = world.host.memoryUse();
  return {
    used: memory.storeBytes + memory.bufferBytes,
    stores: memory.storeBytes,
    buffers: memory.bufferBytes,
    limit: memory.limitBytes,
    pressure: memory.pressure.ratio,
    pressure_level: memory.pressure.level,
    resident: rssBytes,
    heap_used: heapUsedBytes,
  };
}
