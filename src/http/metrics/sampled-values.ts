/**
 * Where the value of each sampled row of the metric table comes from. Everything here is a look at
 * something that is counted anyhow: no reader walks keys, so a scrape costs the same at any size.
 */
import type { GcWatch } from '../../base/world.ts';
import { type ClusterReplica, movingCount } from '../../commands/cluster-service.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { PersistenceFacts } from '../../commands/persistence-service.ts';
import type { Database } from '../../engine/database.ts';
import { type FilterStatistics, measureFilter } from '../../engine/filter/filter-stats.ts';
import { type MemoryPressure, rank } from '../../engine/memory/memory-pressure.ts';
import type { Store } from '../../engine/store.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import type { SampledMetric } from '../../observability/metrics/metric-table.ts';
import { clusterSize, isClusterHealthy } from '../admin/cluster-facts.ts';
import { operationCounts, operationDurations } from './operation-values.ts';

/** One line of the text format. */
export interface MetricValue {
  readonly value: number;
  /** Without `node`, which every line has. Lines that share the object are written faster. */
  readonly labels: Readonly<Record<string, string>>;
  /** Upper bound of a histogram's bucket. */
  readonly le?: string;
  /** Where it is not the row's name: `..._bucket`. */
  readonly metricName?: string;
}

export interface MetricSource {
  readonly node: NodeServices;
  readonly gc: GcWatch;
  /** Measured once a scrape, by the first row that asks. */
  readonly filters: Map<Store, FilterStatistics | null>;
}

export type MetricReader = (source: MetricSource) => MetricValue[];

/** Each sampled row has its reader: one without does not compile. */
export const SAMPLED_VALUES: Readonly<Record<SampledMetric, MetricReader>> = {
  up: nodeValue(() => 1),
  clusterHealthy: nodeValue(({ node }) => (isClusterHealthy(node) ? 1 : 0)),
  clusterSize: nodeValue(({ node }) => clusterSize(node)),
  clusterSlotsMoving: ({ node }) =>
    [...node.stores].map((store) => {
      const slots = node.cluster.slotsOf(store);
      return { value: slots === null ? 0 : movingCount(slots), labels: { store: store.name } };
    }),
  replicaBehind: replicaValue(({ behindCount }) => behindCount),
  replicaLag: replicaValue(({ lagMs }) => lagMs / 1000),
  certificateEnd: certificateEnds,
  commandsProcessed: nodeValue(({ node }) => node.table.calls),
  items: storeValue(itemCount),
  itemsTotal: storeValue(itemCount),
  memoryBytes: storeValue((store) => store.countedBytes()),
  memoryLimitBytes: storeValue((store) => store.memoryBytesMax),
  hits: storeValue((store) => store.stats[STORE_STAT.HITS]),
  misses: storeValue((store) => store.stats[STORE_STAT.MISSES]),
  expired: storeValue((store) => store.stats[STORE_STAT.EXPIRED]),
  evicts: storeValue(({ policy }) => (policy.evicts ? 1 : 0)),
  evictions: storeValue((store) => store.stats[STORE_STAT.EVICTED]),
  allocations: storeValue((store) => sumOver(store, ({ memory }) => memory.allocationCount)),
  allocationFailures: storeValue((store) => {
    const failedCount = sumOver(store, ({ memory }) => memory.allocationFailureCount);
    return failedCount + store.stats[STORE_STAT.REFUSED];
  }),
  hitRate: storeValue(({ stats }) => {
    const lookups = stats[STORE_STAT.HITS] + stats[STORE_STAT.MISSES];
    return lookups === 0 ? 0 : stats[STORE_STAT.HITS] / lookups;
  }),
  memoryPressure: ({ node }) => pressures(node, ({ ratio }) => ratio),
  memoryPressureLevel: ({ node }) => pressures(node, ({ level }) => rank(level)),
  nodeMemoryBytes: nodeValue(({ node }) => node.memory.storeBytes + node.memory.bufferBytes),
  nodeMemoryLimitBytes: nodeValue(({ node }) => node.memory.limitBytes),
  nodeMemoryPressure: nodeValue(({ node }) => node.memory.pressure.ratio),
  nodeMemoryPressureLevel: nodeValue(({ node }) => rank(node.memory.pressure.level)),
  connections: nodeValue(({ node }) => node.clients.count),
  blockedClients: nodeValue(({ node }) => node.blocking.count),
  filterItems: filterValue(({ size }) => size),
  filterCapacity: filterValue(({ capacity }) => capacity),
  filterMemoryBytes: filterValue(({ memoryUsage }) => memoryUsage),
  filterRate: filterValue(({ estimatedFalsePositiveRate }) => estimatedFalsePositiveRate),
  filterLookups: filterValue(({ lookupOperations }) => lookupOperations),
  filterFalsePositives: filterValue(({ falsePositives }) => falsePositives),
  filterFailedAdds: filterValue(({ failedAdds }) => failedAdds),
  loadingProgress: nodeValue(({ node }) => {
    const { isLoading, loading } = node.persistence;
    return isLoading ? loading.loadedBytes / Math.max(1, loading.totalBytes) : 1;
  }),
  snapshots: keptValue(({ snapshot }) => snapshot.saveCount),
  snapshotTime: keptValue(({ snapshot }) => snapshot.lastSaveS),
  snapshotDuration: keptValue(({ snapshot }) => snapshot.lastTookMs / 1000),
  snapshotBytes: keptValue(({ snapshot }) => snapshot.lastBytes),
  snapshotOk: keptValue(({ snapshot }) => (snapshot.isLastGood ? 1 : 0)),
  snapshotProgress: keptValue(({ snapshot }) => {
    return snapshot.keysTotal === 0 ? 0 : snapshot.keysWritten / snapshot.keysTotal;
  }),
  changesSinceSnapshot: keptValue(({ snapshot }) => snapshot.changesSince),
  logBytes: keptValue(({ log }) => log.currentBytes),
  logPendingBytes: keptValue(({ log }) => log.pendingBytes),
  logUnsyncedBytes: keptValue(({ log }) => log.unsyncedBytes),
  logSyncs: keptValue(({ log }) => log.syncCount),
  logSyncDuration: keptValue(({ log }) => log.lastSyncMs / 1000),
  logDelayedSyncs: keptValue(({ log }) => log.delayedSyncCount),
  logWritersHeld: keptValue(({ log }) => log.slowCount),
  logOk: keptValue(({ log }) => (log.failure === '' ? 1 : 0)),
  logRewrites: keptValue(({ log }) => log.rewriteCount),
  operations: operationCounts,
  operationDuration: operationDurations,
  gcDuration: nodeValue(({ gc }) => gc.seconds),
  gcCollections: nodeValue(({ gc }) => gc.count),
  httpConnections: nodeValue(({ node }) => node.http.connectionCount),
  httpBufferBytes: nodeValue(({ node }) => node.http.heldBytes),
  clientBufferBytes: nodeValue(({ node }) => node.clients.heldBytes),
  residentBytes: nodeValue(({ node }) => node.world.host.memoryUse().rssBytes),
  heapBytes: nodeValue(({ node }) => node.world.host.memoryUse().heapUsedBytes),
  cpuDuration: nodeValue(({ node }) => {
    const { userS, systemS } = node.world.host.cpuUse();
    return userS + systemS;
  }),
  startTime: nodeValue(({ node }) => node.startedMs / 1000),
  buildInfo: ({ node }) => [{ value: 1, labels: { version: node.version } }],
};

function nodeValue(read: (source: MetricSource) => number): MetricReader {
  return (source) => [{ value: read(source), labels: {} }];
}

function pressures(
  { memory, stores }: NodeServices,
  read: (pressure: MemoryPressure) => number,
): MetricValue[] {
  return [...stores].map((store) => {
    return { value: read(memory.pressureOf(store)), labels: { store: store.name } };
  });
}

function storeValue(read: (store: Store) => number): MetricReader {
  return ({ node }) =>
    [...node.stores].map((store) => ({ value: read(store), labels: { store: store.name } }));
}

/** Of stores that this node executes for. */
function replicaValue(read: (replica: ClusterReplica) => number): MetricReader {
  return ({ node: { cluster, stores } }) => {
    const values: MetricValue[] = [];
    for (const store of stores) {
      for (const replica of cluster.streamOf(store).replicas) {
        const labels = { store: store.name, peer: replica.node.id };
        values.push({ value: read(replica), labels });
      }
    }
    return values;
  };
}

/** Of the ports that speak TLS. */
function certificateEnds({ node: { health, world } }: MetricSource): MetricValue[] {
  const values: MetricValue[] = [];
  for (const [port, chain] of Object.entries(health.certificates)) {
    if (chain === '') continue;
    values.push({ value: world.ciphers.certificateEndMs(chain) / 1000, labels: { port } });
  }
  return values;
}

/** Of what lies on disk. */
function keptValue(read: (facts: PersistenceFacts) => number): MetricReader {
  return ({ node }) =>
    [...node.stores].map((store) => {
      const value = read(node.persistence.factsOf(store));
      return { value, labels: { store: store.name } };
    });
}

/** Of stores that keep a filter. */
function filterValue(read: (statistics: FilterStatistics) => number): MetricReader {
  return ({ node, filters }) => {
    const values: MetricValue[] = [];
    for (const store of node.stores) {
      let statistics = filters.get(store);
      if (statistics === undefined) {
        statistics = measureFilter(store);
        filters.set(store, statistics);
      }
      if (statistics === null) continue;
      values.push({ value: read(statistics), labels: { store: store.name } });
    }
    return values;
  };
}

function itemCount(store: Store): number {
  return sumOver(store, ({ count }) => count);
}

function sumOver(store: Store, read: (database: Database) => number): number {
  return store.databases.reduce((sum, database) => sum + read(database), 0);
}
