/**
 * One row per metric. A counter is a slot of one Float64Array: `counters[METRIC.errorReplies]++`
 * costs 1 ns. Each node has its own array, handed to every room that counts.
 * `counted` rows are bumped where the thing happens; `sampled` rows are read when somebody asks,
 * from the object that knows (stores, sockets, the host), and have no slot.
 * Per-command counts and latencies live with the command table, which knows the names.
 */
export interface MetricRow {
  readonly name: string;
  readonly type: MetricType;
  readonly source: 'counted' | 'sampled';
  readonly labels: readonly MetricLabel[];
  readonly help: string;
}

/**
 * `untyped` rows are second names that dashboards of the original know. As gauges that end in
 * `_total`, or as counters that do not, `promtool check metrics` would refuse them.
 */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'untyped';

interface CountedRow extends MetricRow {
  readonly source: 'counted';
  /** What a slot is multiplied by when it is shown: slots may count milliseconds. */
  readonly scale: number;
}

interface SampledRow extends MetricRow {
  readonly source: 'sampled';
}

export type MetricLabel = 'node' | 'store' | 'command' | 'peer' | 'port' | 'version';

function counted(name: string, help: string, scale = 1): CountedRow {
  return {
    name: `hypercache_${name}`,
    type: 'counter',
    source: 'counted',
    labels: NODE,
    help,
    scale,
  };
}

/** A slot that also goes down, or holds the largest value seen. */
function level(name: string, help: string, scale = 1): CountedRow {
  return { ...counted(name, help, scale), type: 'gauge' };
}

function sampled(
  name: string,
  type: MetricRow['type'],
  labels: readonly MetricLabel[],
  help: string,
): SampledRow {
  return { name: `hypercache_${name}`, type, source: 'sampled', labels, help };
}

const NODE = ['node'] as const;
const STORE = ['node', 'store'] as const;
const COMMAND = ['node', 'command'] as const;
const REPLICA = ['node', 'store', 'peer'] as const;

export const METRIC_ROWS = {
  connectionsReceived: counted('connections_received_total', 'Connections accepted.'),
  connectionsRejected: counted('connections_rejected_total', 'Connections refused by maxclients.'),
  connectionsDenied: counted('connections_denied_total', 'Connections refused by protected mode.'),
  httpConnectionsRefused: counted(
    'http_connections_refused_total',
    'HTTP connections refused by http.max_connections.',
  ),
  acceptErrors: counted('accept_errors_total', 'Connections that could not be accepted.'),
  errorReplies: counted('errors_total', 'Error replies sent.'),
  unexpectedErrors: counted('unexpected_errors_total', 'Exceptions that closed a connection.'),
  protocolErrors: counted('protocol_errors_total', 'Connections closed by a protocol error.'),
  expireTimeCapReached: counted(
    'expire_time_cap_reached_total',
    'Expiry slices that ended by their time limit with keys still due.',
  ),
  evictedClients: counted('evicted_clients_total', 'Clients closed to free their buffers.'),
  outOfMemoryRefusals: counted('out_of_memory_refusals_total', 'Writes refused: no room.'),
  netInputBytes: counted('net_input_bytes_total', 'Bytes read from clients.'),
  netOutputBytes: counted('net_output_bytes_total', 'Bytes written to clients.'),
  readsProcessed: counted('socket_reads_total', 'Socket reads.'),
  writesProcessed: counted('socket_writes_total', 'Socket writes.'),
  pubsubMessages: counted('pubsub_messages_total', 'Messages published.'),
  pubsubDeliveries: counted('pubsub_deliveries_total', 'Messages handed to subscribers.'),
  outputBufferDisconnections: counted(
    'output_buffer_disconnections_total',
    'Clients closed because their reply buffer passed its limit.',
  ),
  queryBufferDisconnections: counted(
    'query_buffer_disconnections_total',
    'Clients closed because their query buffer passed its limit.',
  ),
  idleDisconnections: counted('idle_disconnections_total', 'Clients closed by a timeout.'),
  replyBufferGrowths: counted('reply_buffer_growths_total', 'Reply buffers made larger.'),
  replyBufferShrinks: counted('reply_buffer_shrinks_total', 'Reply buffers given back.'),
  deniedLogins: counted('acl_denied_auth_total', 'Failed logins.'),
  deniedCommands: counted('acl_denied_cmd_total', 'Commands refused to their user.'),
  deniedKeys: counted('acl_denied_key_total', 'Commands refused because of a key.'),
  deniedChannels: counted('acl_denied_channel_total', 'Commands refused because of a channel.'),
  deniedStores: counted('acl_denied_store_total', 'Commands refused because of a store.'),
  logLinesLost: counted('log_lines_lost_total', 'Log lines that no file or terminal took.'),
  logLinesHeld: counted(
    'log_lines_held_total',
    'Log lines left out because too many of one kind came at once.',
  ),
  loopTurns: counted('loop_turns_total', 'Event-loop lag samples.'),
  loopLagMsSum: counted('loop_lag_seconds_total', 'Sum of event-loop lag samples.', 0.001),
  loopLagMsMax: level(
    'loop_lag_seconds_max',
    'Longest event-loop lag since the last reset.',
    0.001,
  ),
  loopStalls: counted(
    'loop_stalls_total',
    'Event-loop lag samples of a tenth of a second and more.',
  ),
  repairsRunning: level(
    'cluster_repairs_running',
    'Stores that are being made equal to their owner now.',
  ),
  repairsBegun: counted('cluster_repairs_total', 'Times a store was begun to be made equal.'),
  repairDifferences: counted(
    'cluster_repair_differences_total',
    'Comparisons with the owner that found a difference without any known reason.',
  ),
  repairKeysSent: counted('cluster_repair_sent_keys_total', 'Keys sent to make others equal.'),
  repairKeysTaken: counted('cluster_repair_taken_keys_total', 'Keys received for that.'),
  repairBytesSent: counted('cluster_repair_sent_bytes_total', 'Bytes of keys sent for that.'),
  repairBytesTaken: counted('cluster_repair_taken_bytes_total', 'Bytes of keys received for it.'),
  repairRefusals: counted(
    'cluster_repair_refused_keys_total',
    'Keys of other nodes that could not be stored.',
  ),
  gossipMembersAlive: level('gossip_members_alive', 'Members that the gossip reaches.'),
  gossipMembersLeaving: level('gossip_members_leaving', 'Members that said they leave.'),
  gossipMembersLeft: level('gossip_members_left', 'Members that left within a day.'),
  gossipMembersFailed: level('gossip_members_failed', 'Members that are not reached any more.'),
  gossipPacketsSent: counted('gossip_sent_packets_total', 'Packets of gossip sent.'),
  gossipPacketsReceived: counted('gossip_received_packets_total', 'Packets of gossip received.'),
  gossipBytesSent: counted('gossip_sent_bytes_total', 'Bytes of gossip sent, UDP and TCP.'),
  gossipBytesReceived: counted('gossip_received_bytes_total', 'Bytes of gossip received.'),
  gossipRefusals: counted(
    'gossip_refusals_total',
    'Packets of gossip refused: damaged, or with the key or label of another cluster.',
  ),
  gossipSuspicions: counted('gossip_suspicions_total', 'Times a member was suspected.'),
  gossipRefutations: counted(
    'gossip_refutations_total',
    'Times this node was suspected and objected.',
  ),
  gossipHealthScore: level(
    'gossip_health_score',
    'How late this node takes part in the gossip: 0 well, 7 worst.',
  ),
  linksUp: level('cluster_links_up', 'Peers that messages go to and come from.'),
  linkBytesSent: counted('cluster_link_sent_bytes_total', 'Bytes sent to other nodes.'),
  linkBytesReceived: counted('cluster_link_received_bytes_total', 'Bytes read from other nodes.'),
  linkMessagesSent: counted('cluster_link_sent_messages_total', 'Messages sent to other nodes.'),
  linkMessagesReceived: counted(
    'cluster_link_received_messages_total',
    'Messages read from other nodes.',
  ),
  linkMessagesDropped: counted(
    'cluster_link_dropped_messages_total',
    'Messages not sent because the link was not up, or too much waited for it.',
  ),
  linkMessagesBroken: counted(
    'cluster_link_broken_messages_total',
    'Links closed because what came was no message.',
  ),
  linkRefusals: counted(
    'cluster_link_refusals_total',
    'Greetings of other nodes refused, here or there.',
  ),
  forwardedCommands: counted(
    'cluster_forwarded_commands_total',
    'Commands of clients of this node that another node was to execute.',
  ),
  forwardedRefusals: counted(
    'cluster_forwarded_refusals_total',
    'Of those, answers of a node that it does not own the keys any more: they are sent again.',
  ),
  forwardedTimeouts: counted(
    'cluster_forwarded_timeouts_total',
    'Of those, answered TRYAGAIN: no owner was found in time.',
  ),
  unknownOutcomes: counted(
    'cluster_unknown_outcomes_total',
    'Writes answered with an error because their owner was lost before it answered.',
  ),
  proxiedCommands: counted(
    'cluster_proxied_commands_total',
    'Commands executed for clients of other nodes.',
  ),
  replicatedChanges: counted(
    'cluster_replicated_changes_total',
    'Changes that other nodes made, applied here.',
  ),
  staleChanges: counted(
    'cluster_stale_changes_total',
    'Changes of other nodes that were not newer than what was here.',
  ),
  fetchedKeys: counted(
    'cluster_fetched_keys_total',
    'Keys asked for one by one, because a change of them did not fit what was here.',
  ),
  lostVersions: counted(
    'cluster_lost_versions_total',
    'Versions of keys that were written at the same time as a later one, and lost.',
  ),
  failedChanges: counted(
    'cluster_failed_changes_total',
    'Changes of other nodes that could not be executed here.',
  ),
  streamGaps: counted(
    'cluster_stream_gaps_total',
    'Times that changes of another node had been missed, so that the stores were compared.',
  ),
  sentBatches: counted('cluster_sent_batches_total', 'Batches of changes sent to other nodes.'),
  refusedBatches: counted(
    'cluster_refused_batches_total',
    'Batches not sent to a node that has too much waiting for it.',
  ),
  linkBreaks: counted('cluster_link_breaks_total', 'Times that a peer was up and is not.'),
  linkQueueBytes: level('cluster_link_queue_bytes', 'Bytes that wait to be sent to other nodes.'),
  linkRoundTripMs: level(
    'cluster_link_round_trip_seconds_max',
    'The longest of the smoothed round trips to other nodes.',
    0.001,
  ),

  up: sampled('up', 'gauge', NODE, '1 while the node answers.'),
  clusterHealthy: sampled('cluster_healthy', 'gauge', NODE, '1 when all members are reachable.'),
  clusterSize: sampled('cluster_size', 'gauge', NODE, 'Members known, this node included.'),
  clusterSlotsMoving: sampled(
    'cluster_slots_moving',
    'gauge',
    STORE,
    'Slots that this node is to take, to fill, or to give away.',
  ),
  replicaBehind: sampled(
    'cluster_replica_behind_changes',
    'gauge',
    REPLICA,
    'Changes executed here that the peer has not acknowledged.',
  ),
  replicaLag: sampled(
    'cluster_replica_lag_seconds',
    'gauge',
    REPLICA,
    'For how long the peer has not acknowledged one of them, to half a second.',
  ),
  certificateEnd: sampled(
    'certificate_end_time_seconds',
    'gauge',
    ['node', 'port'],
    'Unix time at which the first certificate ends of those that a TLS port shows.',
  ),
  items: sampled('items', 'gauge', STORE, 'Live keys.'),
  itemsTotal: sampled('items_total', 'untyped', STORE, 'Live keys: hypercache_items.'),
  memoryBytes: sampled('memory_bytes', 'gauge', STORE, 'Bytes counted against the limit.'),
  memoryLimitBytes: sampled(
    'memory_limit_bytes',
    'gauge',
    STORE,
    'Limit of the store; 0 when it has none of its own.',
  ),
  hits: sampled('hits_total', 'counter', STORE, 'Look-ups that found a key.'),
  misses: sampled('misses_total', 'counter', STORE, 'Look-ups that found none.'),
  expired: sampled(
    'expired_total',
    'counter',
    STORE,
    'Keys removed because their deadline passed.',
  ),
  evicts: sampled('store_evicts', 'gauge', STORE, '1 when keys may be removed to make room.'),
  evictions: sampled('evictions_total', 'counter', STORE, 'Keys removed to make room.'),
  allocations: sampled('allocations_total', 'counter', STORE, 'Blocks taken from the slabs.'),
  allocationFailures: sampled(
    'allocation_failures_total',
    'counter',
    STORE,
    'Blocks that could not be had, and writes refused because there was no room.',
  ),
  hitRate: sampled('hit_rate', 'gauge', STORE, 'Hits of all look-ups since start, 0..1.'),
  memoryPressure: sampled('memory_pressure', 'gauge', STORE, 'Memory used of its limit, 0..1.'),
  memoryPressureLevel: sampled(
    'memory_pressure_level',
    'gauge',
    STORE,
    'Memory pressure: 0 ok, 1 warning, 2 critical, 3 panic.',
  ),
  nodeMemoryBytes: sampled('node_memory_bytes', 'gauge', NODE, 'Bytes of all stores and buffers.'),
  nodeMemoryLimitBytes: sampled(
    'node_memory_limit_bytes',
    'gauge',
    NODE,
    'Limit of all stores and buffers; 0 when there is none.',
  ),
  nodeMemoryPressure: sampled(
    'node_memory_pressure',
    'gauge',
    NODE,
    'Memory used of the limit of the node, 0..1.',
  ),
  nodeMemoryPressureLevel: sampled(
    'node_memory_pressure_level',
    'gauge',
    NODE,
    'Memory pressure of the node: 0 ok, 1 warning, 2 critical, 3 panic.',
  ),
  connections: sampled('connections', 'gauge', NODE, 'Clients connected now.'),
  blockedClients: sampled('blocked_clients', 'gauge', NODE, 'Clients waiting in a command.'),
  filterItems: sampled('filter_items', 'gauge', STORE, 'Keys in the filter.'),
  filterCapacity: sampled('filter_capacity', 'gauge', STORE, 'Places of the filter.'),
  filterMemoryBytes: sampled('filter_memory_bytes', 'gauge', STORE, 'Memory of the filter.'),
  filterRate: sampled(
    'filter_false_positive_rate',
    'gauge',
    STORE,
    'False positives to expect from how full the filter is, 0..1.',
  ),
  filterLookups: sampled('filter_lookups_total', 'counter', STORE, 'Questions to the filter.'),
  filterFalsePositives: sampled(
    'filter_false_positives_total',
    'counter',
    STORE,
    'Absent keys that the filter did not exclude.',
  ),
  filterFailedAdds: sampled(
    'filter_failed_adds_total',
    'counter',
    STORE,
    'Keys that found no place in the filter, which then excludes less.',
  ),
  loadingProgress: sampled(
    'loading_ratio',
    'gauge',
    NODE,
    'Part of the data on disk loaded, 0..1.',
  ),
  snapshots: sampled('snapshots_total', 'counter', STORE, 'Snapshots written.'),
  snapshotTime: sampled(
    'snapshot_last_time_seconds',
    'gauge',
    STORE,
    'Unix time of the last snapshot, or of the start.',
  ),
  snapshotDuration: sampled(
    'snapshot_duration_seconds',
    'gauge',
    STORE,
    'How long the last snapshot took.',
  ),
  snapshotBytes: sampled('snapshot_bytes', 'gauge', STORE, 'Size of the last snapshot.'),
  snapshotOk: sampled('snapshot_ok', 'gauge', STORE, '0 when the last snapshot failed.'),
  snapshotProgress: sampled(
    'snapshot_ratio',
    'gauge',
    STORE,
    'Keys written of a snapshot or rewrite that runs, 0..1.',
  ),
  changesSinceSnapshot: sampled(
    'changes_since_snapshot',
    'gauge',
    STORE,
    'Changes since the last snapshot.',
  ),
  logBytes: sampled('log_bytes', 'gauge', STORE, 'Size of the log of changes.'),
  logPendingBytes: sampled('log_pending_bytes', 'gauge', STORE, 'Log not written yet.'),
  logUnsyncedBytes: sampled('log_unsynced_bytes', 'gauge', STORE, 'Log written, not synced yet.'),
  logSyncs: sampled('log_syncs_total', 'counter', STORE, 'Syncs of the log.'),
  logSyncDuration: sampled(
    'log_sync_duration_seconds',
    'gauge',
    STORE,
    'How long the last sync of the log took.',
  ),
  logDelayedSyncs: sampled(
    'log_delayed_syncs_total',
    'counter',
    STORE,
    'Syncs that came late because the one before took too long.',
  ),
  logWritersHeld: sampled(
    'log_writers_held_total',
    'counter',
    STORE,
    'Times that writers had to wait for the disk.',
  ),
  logOk: sampled('log_ok', 'gauge', STORE, '0 while the disk refuses the log: writes are refused.'),
  logRewrites: sampled('log_rewrites_total', 'counter', STORE, 'Rewrites of the log.'),
  commandsProcessed: sampled('commands_processed_total', 'counter', NODE, 'Commands executed.'),
  operations: sampled('operations_total', 'counter', COMMAND, 'Commands executed, by name.'),
  operationDuration: sampled(
    'operation_duration_seconds',
    'histogram',
    COMMAND,
    'Time in the command, by name.',
  ),
  gcDuration: sampled(
    'gc_seconds_total',
    'counter',
    NODE,
    'Time in garbage collection since the first scrape.',
  ),
  gcCollections: sampled(
    'gc_collections_total',
    'counter',
    NODE,
    'Garbage collections since the first scrape, small ones included.',
  ),
  httpConnections: sampled('http_connections', 'gauge', NODE, 'HTTP clients connected.'),
  httpBufferBytes: sampled(
    'http_buffer_bytes',
    'gauge',
    NODE,
    'Memory of HTTP requests and answers that are under way.',
  ),
  clientBufferBytes: sampled('client_buffer_bytes', 'gauge', NODE, 'Memory of client buffers.'),
  residentBytes: sampled('resident_memory_bytes', 'gauge', NODE, 'Resident memory of the process.'),
  heapBytes: sampled('heap_used_bytes', 'gauge', NODE, 'JavaScript heap in use.'),
  cpuDuration: sampled('cpu_seconds_total', 'counter', NODE, 'Processor time of the process.'),
  startTime: sampled('start_time_seconds', 'gauge', NODE, 'Unix time at which the node started.'),
  buildInfo: sampled('build_info', 'gauge', ['node', 'version'], 'Always 1; the version.'),
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRIC_ROWS;

/** Names of the rows that have a slot. */
export type CountedMetric = {
  [Name in MetricName]: (typeof METRIC_ROWS)[Name]['source'] extends 'sampled' ? never : Name;
}[MetricName];

/** Names of the rows that are read when somebody asks. */
export type SampledMetric = Exclude<MetricName, CountedMetric>;

const countedNames = (Object.keys(METRIC_ROWS) as MetricName[]).filter(
  (name) => METRIC_ROWS[name].source === 'counted',
);

/** Row -> slot of the counters. */
export const METRIC = Object.freeze(
  Object.fromEntries(countedNames.map((name, slot) => [name, slot])),
) as { readonly [Name in CountedMetric]: number };

/** Slots of one node, all 0. */
export function createCounters(): Float64Array {
  return new Float64Array(countedNames.length);
}

/** CONFIG RESETSTAT: every slot back to 0. */
export function resetCounters(counters: Float64Array): void {
  counters.fill(0);
}
