import {
  choice,
  duration,
  INT_MAX,
  integer,
  integerOr,
  LONG_MAX,
  size,
  text,
  textList,
  yesNo,
} from './codecs.ts';
import { keyspaceEvents, percentiles, savePoints } from './redis-codecs.ts';
import type { Setting } from './setting.ts';
import { setting } from './setting.ts';

/** How values are kept in memory, on disk and on other nodes; what is watched and logged. */

const COUNT = integer({ min: 0, max: INT_MAX });
const LONG_COUNT = integer({ min: 0, max: LONG_MAX });
const BYTES = size({ min: 0, max: LONG_MAX });

/** Values do not depend on these; what OBJECT ENCODING reports does. */
export const ENCODING_SETTINGS: readonly Setting[] = (
  [
    setting('encoding.hash_max_listpack_entries', 'encoding.hashMaxListpackEntries', LONG_COUNT, {
      redis: 'hash-max-listpack-entries',
      alias: 'hash-max-ziplist-entries',
      help: 'Fields up to which a hash keeps its compact form.',
    }),
    setting('encoding.hash_max_listpack_value', 'encoding.hashMaxListpackValueBytes', BYTES, {
      redis: 'hash-max-listpack-value',
      alias: 'hash-max-ziplist-value',
      help: 'Longest field or value in the compact form of a hash.',
    }),
    setting(
      'encoding.list_max_listpack_size',
      'encoding.listMaxListpackSize',
      integer({ min: -INT_MAX - 1, max: INT_MAX }),
      {
        redis: 'list-max-listpack-size',
        alias: 'list-max-ziplist-size',
        help: 'Elements of one list node; -1..-5: 4, 8, 16, 32, 64 kb instead.',
      },
    ),
    setting('encoding.list_compress_depth', 'encoding.listCompressDepth', COUNT, {
      redis: 'list-compress-depth',
      help: 'Nodes at each end of a list that stay uncompressed; 0: all.',
    }),
    setting('encoding.set_max_intset_entries', 'encoding.setMaxIntsetEntries', LONG_COUNT, {
      redis: 'set-max-intset-entries',
      help: 'Members up to which a set of integers keeps its compact form.',
    }),
    setting('encoding.set_max_listpack_entries', 'encoding.setMaxListpackEntries', LONG_COUNT, {
      help: 'Members up to which a set keeps its compact form.',
    }),
    setting('encoding.set_max_listpack_value', 'encoding.setMaxListpackValueBytes', BYTES, {
      help: 'Longest member in the compact form of a set.',
    }),
    setting('encoding.zset_max_listpack_entries', 'encoding.zsetMaxListpackEntries', LONG_COUNT, {
      redis: 'zset-max-listpack-entries',
      alias: 'zset-max-ziplist-entries',
      help: 'Members up to which a sorted set keeps its compact form.',
    }),
    setting('encoding.zset_max_listpack_value', 'encoding.zsetMaxListpackValueBytes', BYTES, {
      redis: 'zset-max-listpack-value',
      alias: 'zset-max-ziplist-value',
      help: 'Longest member in the compact form of a sorted set.',
    }),
    setting('encoding.hll_sparse_max', 'encoding.hllSparseMaxBytes', BYTES, {
      redis: 'hll-sparse-max-bytes',
      help: 'Bytes up to which a HyperLogLog keeps its sparse form.',
    }),
    setting('encoding.stream_node_max', 'encoding.streamNodeMaxBytes', BYTES, {
      redis: 'stream-node-max-bytes',
      help: 'Bytes of one node of a stream; 0: no limit.',
    }),
    setting('encoding.stream_node_max_entries', 'encoding.streamNodeMaxEntries', LONG_COUNT, {
      redis: 'stream-node-max-entries',
      help: 'Entries of one node of a stream; 0: no limit.',
    }),
  ] satisfies Setting[]
).map((row) => ({ ...row, effect: 'later' as const }));

const LEVELS = choice(['trace', 'debug', 'verbose', 'info', 'warn', 'error', 'fatal'], {
  aliases: { warning: 'warn', notice: 'info', critical: 'fatal' },
  redis: [
    ['debug', 'debug'],
    ['verbose', 'verbose'],
    ['notice', 'info'],
    ['warning', 'warn'],
  ],
});

export const WATCH_SETTINGS: readonly Setting[] = [
  setting(
    'slowlog.slower_than',
    'slowlog.slowerThanUs',
    duration({ unit: 'us', min: -1, max: LONG_MAX }),
    {
      redis: 'slowlog-log-slower-than',
      help: 'Commands that take longer enter the slowlog; 0: every one, -1: none.',
    },
  ),
  setting('slowlog.max_len', 'slowlog.lengthMax', LONG_COUNT, {
    redis: 'slowlog-max-len',
    help: 'Entries kept by the slowlog.',
  }),
  setting(
    'latency.monitor_threshold',
    'latency.monitorThresholdMs',
    duration({ unit: 'ms', min: 0, max: LONG_MAX }),
    {
      redis: 'latency-monitor-threshold',
      help: 'Events that take longer are sampled for LATENCY; 0: none.',
    },
  ),
  setting('latency.tracking', 'latency.tracking', yesNo(), {
    redis: 'latency-tracking',
    help: 'Keeps a latency histogram of every command.',
  }),
  setting('latency.tracking_percentiles', 'latency.trackingPercentiles', percentiles(), {
    redis: 'latency-tracking-info-percentiles',
    help: 'Percentiles shown by INFO latencystats.',
  }),
  setting('notify.keyspace_events', 'notify.keyspaceEvents', keyspaceEvents(), {
    redis: 'notify-keyspace-events',
    help: 'Keyspace events that are published, in letters; empty: none.',
  }),
  setting(
    'scripting.busy_reply_threshold',
    'scripting.busyReplyThresholdMs',
    duration({ unit: 'ms', min: 0, max: LONG_MAX }),
    {
      redis: 'busy-reply-threshold',
      alias: 'lua-time-limit',
      effect: 'later',
      help: 'After so long in a script other clients get BUSY.',
    },
  ),
  setting('logging.level', 'logging.level', LEVELS, {
    redis: 'loglevel',
    help: 'Least level that is logged.',
  }),
  setting('logging.enable_console', 'logging.enableConsole', yesNo(), {
    restart: true,
    help: 'Log to the terminal.',
  }),
  setting('logging.enable_file', 'logging.enableFile', yesNo(), {
    access: 'immutable',
    help: 'Log to files in log_dir, rotated.',
  }),
  setting('logging.log_dir', 'logging.logDir', text(), {
    access: 'immutable',
    help: 'Directory of the log files; empty: logs in the data directory.',
  }),
  setting('logging.log_file', 'logging.logFile', text(), {
    redis: 'logfile',
    access: 'immutable',
    help: 'One log file without rotation, instead of the terminal; empty: none.',
  }),
  setting('logging.max_file_size', 'logging.maxFileSizeBytes', size({ min: 4096, max: LONG_MAX }), {
    access: 'immutable',
    help: 'A log file that reaches this size is rotated.',
  }),
  setting('logging.max_files', 'logging.maxFiles', integer({ min: 1, max: 1000 }), {
    access: 'immutable',
    help: 'Log files kept.',
  }),
  setting('logging.output', 'logging.output', choice(['stdout', 'stderr']), {
    access: 'immutable',
    help: 'Where terminal logging goes.',
  }),
  setting('logging.structured', 'logging.structured', yesNo(), {
    restart: true,
    help: 'One JSON object a line; else text for people.',
  }),
  setting('logging.redact_keys', 'logging.redactKeys', yesNo(), {
    help: 'Names of keys do not appear in log lines.',
  }),
];

export const PERSISTENCE_SETTINGS: readonly Setting[] = [
  setting('persistence.enabled', 'persistence.enabled', yesNo(), {
    access: 'immutable',
    help: 'Keeps data over a restart.',
  }),
  setting(
    'persistence.strategy',
    'persistence.strategy',
    choice(['aof', 'snapshot', 'hybrid'], { aliases: { rdb: 'snapshot' } }),
    { access: 'immutable', help: 'Log of changes, snapshots, or both.' },
  ),
  setting(
    'persistence.sync_policy',
    'persistence.syncPolicy',
    choice(['everysec', 'always', 'no'], { aliases: { never: 'no' } }),
    { redis: 'appendfsync', help: 'When the log of changes is forced to disk.' },
  ),
  setting(
    'persistence.snapshot_interval',
    'persistence.snapshotIntervalMs',
    duration({ unit: 'ms', bareUnit: 's', min: 0, max: Number.MAX_SAFE_INTEGER }),
    { access: 'immutable', help: 'Time between snapshots; 0: as persistence.save says.' },
  ),
  setting('persistence.max_log_size', 'persistence.maxLogSizeBytes', BYTES, {
    access: 'immutable',
    help: 'As rewrite_min_size, in the words of the original.',
  }),
  setting(
    'persistence.compression_level',
    'persistence.compressionLevel',
    integer({ min: 0, max: 9 }),
    { access: 'immutable', help: 'Compression of snapshots; 0: none.' },
  ),
  setting('persistence.retain_logs', 'persistence.retainLogs', COUNT, {
    access: 'immutable',
    help: 'Older snapshots kept beside the last one: dump.rdb.1, dump.rdb.2, ...',
  }),
  setting('persistence.append_only', 'persistence.appendOnly', yesNo(), {
    redis: 'appendonly',
    help: 'Whether there is a log of changes; follows enabled and strategy unless set.',
  }),
  setting('persistence.save', 'persistence.savePoints', savePoints(), {
    redis: 'save',
    help: 'Snapshot after so many seconds with so many changes, in pairs; empty: never.',
  }),
  setting('persistence.snapshot_file', 'persistence.snapshotFileName', text(refuseFilePath), {
    redis: 'dbfilename',
    access: 'protected',
    help: 'Name of the snapshot file in the data directory.',
  }),
  setting('persistence.append_file', 'persistence.appendFileName', text(refuseFilePath), {
    redis: 'appendfilename',
    access: 'immutable',
    help: 'First part of the names of the log files.',
  }),
  setting('persistence.append_dir', 'persistence.appendDirName', text(refuseFilePath), {
    redis: 'appenddirname',
    access: 'immutable',
    help: 'Directory of the log files in the data directory.',
  }),
  setting('persistence.load_truncated', 'persistence.aofLoadTruncated', yesNo(), {
    redis: 'aof-load-truncated',
    help: 'Starts from a log whose last record is cut off.',
  }),
  setting('persistence.load_corrupt_tail', 'persistence.aofLoadCorruptTail', yesNo(), {
    access: 'immutable',
    help: 'Starts from a damaged log: gives up its first bad record and all that follows it.',
  }),
  setting('persistence.snapshot_preamble', 'persistence.aofUseSnapshotPreamble', yesNo(), {
    redis: 'aof-use-rdb-preamble',
    effect: 'later',
    help: 'A rewritten log begins with a snapshot; it always does here.',
  }),
  setting('persistence.log_timestamps', 'persistence.aofTimestampEnabled', yesNo(), {
    redis: 'aof-timestamp-enabled',
    effect: 'later',
    help: 'The log notes times, for recovery to a moment; each record has one here.',
  }),
  setting('persistence.rewrite_percentage', 'persistence.aofRewritePercentage', COUNT, {
    redis: 'auto-aof-rewrite-percentage',
    help: 'Growth of the log that starts a rewrite; 0: none.',
  }),
  setting('persistence.rewrite_min_size', 'persistence.aofRewriteMinBytes', BYTES, {
    redis: 'auto-aof-rewrite-min-size',
    help: 'Smallest log that is rewritten by growth.',
  }),
  setting('persistence.no_sync_on_rewrite', 'persistence.noSyncOnRewrite', yesNo(), {
    redis: 'no-appendfsync-on-rewrite',
    help: 'The log is not forced to disk while a rewrite or snapshot runs.',
  }),
  setting('persistence.stop_writes_on_error', 'persistence.stopWritesOnSaveError', yesNo(), {
    redis: 'stop-writes-on-bgsave-error',
    help: 'Refuses writes after a snapshot failed.',
  }),
  setting('persistence.compress', 'persistence.compressSnapshots', yesNo(), {
    redis: 'rdbcompression',
    help: 'Compresses long strings in snapshots.',
  }),
];

/** redis-server silently takes no less. */
const BACKLOG_BYTES_MIN = 16_384;

const PLANE_SETTINGS: readonly Setting[] = [
  setting('cluster.enabled', 'cluster.enabled', yesNo(), {
    access: 'immutable',
    help: 'Opens the gossip and data link ports, so that nodes can join.',
  }),
  setting('cluster.mode', 'cluster.mode', choice(['gossip', 'coordinated']), {
    access: 'immutable',
    help: 'Always writable without coordination, or one coordinated owner of each slot.',
  }),
  setting('cluster.key', 'cluster.key', text(), {
    access: 'immutable',
    secret: true,
    help: 'Secret shared by all nodes; without one they talk on loopback only.',
  }),
  setting('cluster.seeds', 'cluster.seeds', textList(refuseSeed), {
    access: 'immutable',
    env: 'SEEDS',
    help: 'Gossip addresses of other nodes, host:port.',
  }),
  setting('cluster.seed_dns', 'cluster.seedDns', text(), {
    access: 'immutable',
    env: 'SEED_DNS',
    help: 'Host name whose addresses are seeds.',
  }),
  setting('cluster.seed_dns_port', 'cluster.seedDnsPort', integer({ min: 1, max: 65_535 }), {
    access: 'immutable',
    env: 'SEED_DNS_PORT',
    help: 'Gossip port of the seeds found by name.',
  }),
  setting(
    'cluster.replication_factor',
    'cluster.replicationFactor',
    integerOr('all', 0, { min: 0, max: 1024 }),
    {
      access: 'immutable',
      env: 'REPLICATION_FACTOR',
      help: 'Nodes that hold each key; with a number each slot has an owner of its own.',
    },
  ),
  setting(
    'cluster.consistency_level',
    'cluster.consistencyLevel',
    choice(['eventual', 'quorum'], { aliases: { strong: 'quorum' } }),
    {
      access: 'immutable',
      env: 'CONSISTENCY_LEVEL',
      help: 'Whether a write answers at once or once a majority of its nodes holds it.',
    },
  ),
  setting('cluster.placement', 'cluster.placement', choice(['ring', 'balanced']), {
    access: 'immutable',
    help: 'How slots are given to nodes; balanced, in ranges, only where all hold every key.',
  }),
];

/** Of redis-server's own replication and cluster. */
const REDIS_CLUSTER_SETTINGS: readonly Setting[] = (
  [
    setting('cluster.redis_protocol', 'cluster.redisProtocol', yesNo(), {
      redis: 'cluster-enabled',
      access: 'immutable',
      help: 'Redirects clients as Redis Cluster does.',
    }),
    setting(
      'cluster.node_timeout',
      'cluster.nodeTimeoutMs',
      duration({ unit: 'ms', min: 0, max: LONG_MAX }),
      { redis: 'cluster-node-timeout', help: 'Silence after which a node is thought dead.' },
    ),
    setting('cluster.require_full_coverage', 'cluster.requireFullCoverage', yesNo(), {
      redis: 'cluster-require-full-coverage',
      help: 'Refuses commands while a slot has no owner.',
    }),
    setting('cluster.replica_of', 'cluster.replicaOf', text(), {
      access: 'immutable',
      help: 'Node to copy, "host port"; empty: none.',
    }),
    setting(
      'cluster.repl_backlog_size',
      'cluster.replBacklogBytes',
      size({ min: 1, max: LONG_MAX }, (bytes) => Math.max(BACKLOG_BYTES_MIN, bytes)),
      { redis: 'repl-backlog-size', help: 'Changes kept for replicas that were away.' },
    ),
    setting('cluster.min_replicas_to_write', 'cluster.minReplicasToWrite', COUNT, {
      redis: 'min-replicas-to-write',
      alias: 'min-slaves-to-write',
      help: 'Writes are refused with fewer replicas.',
    }),
    setting(
      'cluster.min_replicas_max_lag',
      'cluster.minReplicasMaxLagS',
      duration({ unit: 's', min: 0, max: INT_MAX }),
      {
        redis: 'min-replicas-max-lag',
        alias: 'min-slaves-max-lag',
        help: 'A replica that lags more does not count for that.',
      },
    ),
  ] satisfies Setting[]
).map((row) => ({ ...row, effect: 'later' as const }));

export const CLUSTER_SETTINGS: readonly Setting[] = [...PLANE_SETTINGS, ...REDIS_CLUSTER_SETTINGS];

export const HTTP_SETTINGS: readonly Setting[] = [
  setting('http.enabled', 'http.enabled', yesNo(), {
    access: 'immutable',
    help: 'Opens the HTTP port.',
  }),
  setting('http.body_max', 'http.bodyBytesMax', size({ min: 1024, max: LONG_MAX }), {
    access: 'immutable',
    help: 'Largest request body.',
  }),
  setting('http.allowed_hosts', 'http.allowedHosts', textList(), {
    access: 'immutable',
    help: 'Host names requests may come for, beside those of the bound addresses.',
  }),
  setting('http.allowed_origins', 'http.allowedOrigins', textList(), {
    access: 'immutable',
    help: 'Origins of pages that may call the API.',
  }),
  setting('http.rate_limit', 'http.rateLimit', COUNT, {
    access: 'immutable',
    help: 'Requests a second from one address; 0: no limit.',
  }),
  setting('http.max_connections', 'http.connectionCountMax', integer({ min: 1, max: INT_MAX }), {
    access: 'immutable',
    help: 'HTTP connections at the same time; further ones are closed.',
  }),
  setting('http.tls', 'http.isTls', yesNo(), {
    access: 'immutable',
    help: 'Speaks HTTPS, with the certificates of tls.*.',
  }),
  setting('http.docs', 'http.docsEnabled', yesNo(), {
    access: 'immutable',
    help: 'Serves the API description.',
  }),
  setting('http.dashboard', 'http.dashboardEnabled', yesNo(), {
    access: 'immutable',
    help: 'Serves the page.',
  }),
  setting(
    'http.health_lag_max',
    'http.healthLagMsMax',
    duration({ unit: 'ms', bareUnit: 'ms', min: 0, max: INT_MAX }),
    {
      help: 'A turn of the event loop that long makes /health unhealthy for 10 seconds; 0: none.',
    },
  ),
];

function refuseFilePath(name: string): string | null {
  return name === '' || name.includes('/') || name.includes('\0')
    ? 'must be a file name, not a path'
    : null;
}

function refuseSeed(seed: string): string | null {
  const match = /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(seed);
  if (match === null) return 'must be host:port';
  return match[1] !== undefined && Number(match[1]) > 65_535 ? 'port must be up to 65535' : null;
}
