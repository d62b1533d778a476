/** What several routes tell of the node, its memory and the cluster, which is this node alone. */
import type { NodeServices } from '../../commands/node-services.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';

export function clusterSize(): number {
  return 1;
}

export function memberFacts(services: NodeServices): Record<string, unknown> {
  const { clock, configuration, health, ports, startedMs, version } = services;
  const { network, node } = configuration;
  const address = network.advertiseAddr || firstAddress(network.respBindAddresses);
  return {
    node_id: node.id,
    address,
    port: ports.resp === 0 ? ports.tls : ports.resp,
    status: health.phase === 'stopping' ? 'leaving' : 'alive',
    metadata: { version, resp_port: ports.resp, http_port: ports.http },
    last_seen: new Date(clock.nowMs).toISOString(),
    joined_at: new Date(startedMs).toISOString(),
  };
}

export function clusterFacts(services: NodeServices): Record<string, unknown> {
  const issues = services.health.issues();
  return {
    healthy: issues.length === 0,
    cluster_size: clusterSize(),
    mode: 'single',
    coordinator: services.configuration.node.id,
    members: [memberFacts(services)],
  };
}

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

/** A leading `-` says that the address need not be there. */
function firstAddress(addresses: readonly string[]): string {
  return (addresses[0] ?? '').replace(/^-/, '') || '127.0.0.1';
}
