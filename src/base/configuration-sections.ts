/** Sections of the configuration that belong to one room each, with their defaults. */

export interface TlsConfiguration {
  /** 0 = no TLS port. */
  port: number;
  certFile: string;
  keyFile: string;
  keyFilePassword: string;
  caCertFile: string;
  caCertDir: string;
  authClients: 'yes' | 'no' | 'optional';
  /** As redis-server writes them: 'TLSv1.2 TLSv1.3'; '' = both. */
  protocols: string;
  ciphers: string;
  ciphersuites: string;
  preferServerCiphers: boolean;
  sessionCaching: boolean;
  sessionCacheSize: number;
  sessionCacheTimeoutS: number;
}

export const EVICTION_POLICY_NAMES = [
  'noeviction',
  'lru',
  'lfu',
  'fifo',
  'ttl',
  'session',
  'random',
  's3fifo',
  'sieve',
  'w-tinylfu',
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
] as const;

export type EvictionPolicyName = (typeof EVICTION_POLICY_NAMES)[number];

export interface StoreConfiguration {
  name: string;
  evictionPolicy: EvictionPolicyName;
  maxMemoryBytes: number;
  defaultTtlMs: number;
  cuckooFilter: boolean;
  /** Null: as the node's. */
  persistence: PersistenceConfiguration['strategy'] | 'none' | null;
  ownership: 'store' | 'slot' | null;
  consistency: ClusterConfiguration['consistencyLevel'] | null;
}

/** An option of a store as it is shown: bytes as a number, times as `30s`; null: as the node's. */
export type StoreOptionValue = string | number | boolean | null;

export interface PersistenceConfiguration {
  enabled: boolean;
  strategy: 'aof' | 'snapshot' | 'hybrid';
  syncPolicy: 'always' | 'everysec' | 'no';
  /** 0 = as savePoints say. */
  snapshotIntervalMs: number;
  maxLogSizeBytes: number;
  compressionLevel: number;
  retainLogs: number;
  /** Derived: enabled, with strategy aof or hybrid. */
  appendOnly: boolean;
  /** Derived unless set: none when not enabled or strategy aof. */
  savePoints: { seconds: number; changes: number }[];
  snapshotFileName: string;
  appendFileName: string;
  appendDirName: string;
  aofLoadTruncated: boolean;
  /** What follows the first bad record is given up. */
  aofLoadCorruptTail: boolean;
  aofUseSnapshotPreamble: boolean;
  aofTimestampEnabled: boolean;
  aofRewritePercentage: number;
  aofRewriteMinBytes: number;
  noSyncOnRewrite: boolean;
  stopWritesOnSaveError: boolean;
  compressSnapshots: boolean;
}

export interface ClusterConfiguration {
  enabled: boolean;
  mode: 'gossip' | 'coordinated';
  /** Shared secret of all nodes; '' = nodes on loopback only. */
  key: string;
  /** Gossip addresses, host:port. */
  seeds: string[];
  seedDns: string;
  seedDnsPort: number;
  /** 0 = all nodes. */
  replicationFactor: number;
  consistencyLevel: 'eventual' | 'quorum';
  placement: 'ring' | 'balanced';
  /** Redis Cluster protocol (cluster-enabled). */
  redisProtocol: boolean;
  nodeTimeoutMs: number;
  requireFullCoverage: boolean;
  replicaOf: string;
  replBacklogBytes: number;
  minReplicasToWrite: number;
  minReplicasMaxLagS: number;
}

export interface HttpConfiguration {
  enabled: boolean;
  bodyBytesMax: number;
  allowedHosts: string[];
  allowedOrigins: string[];
  /** Requests a second of one address; 0 = no limit. */
  rateLimit: number;
  connectionCountMax: number;
  /** Over TLS, with the certificates of `tls`. */
  isTls: boolean;
  docsEnabled: boolean;
  dashboardEnabled: boolean;
  /** A turn of the event loop that long makes the node unhealthy for a while; 0 = none does. */
  healthLagMsMax: number;
}

const MIB = 1024 * 1024;

export function defaultTls(): TlsConfiguration {
  return {
    port: 0,
    certFile: '',
    keyFile: '',
    keyFilePassword: '',
    caCertFile: '',
    caCertDir: '',
    authClients: 'yes',
    protocols: '',
    ciphers: '',
    ciphersuites: '',
    preferServerCiphers: false,
    sessionCaching: true,
    sessionCacheSize: 20_480,
    sessionCacheTimeoutS: 300,
  };
}

export function defaultPersistence(): PersistenceConfiguration {
  return {
    enabled: true,
    strategy: 'hybrid',
    syncPolicy: 'everysec',
    snapshotIntervalMs: 0,
    maxLogSizeBytes: 64 * MIB,
    compressionLevel: 1,
    retainLogs: 1,
    appendOnly: true,
    savePoints: [
      { seconds: 3600, changes: 1 },
      { seconds: 300, changes: 100 },
      { seconds: 60, changes: 10_000 },
    ],
    snapshotFileName: 'dump.rdb',
    appendFileName: 'appendonly.aof',
    appendDirName: 'appendonlydir',
    aofLoadTruncated: true,
    aofLoadCorruptTail: false,
    aofUseSnapshotPreamble: true,
    aofTimestampEnabled: false,
    aofRewritePercentage: 100,
    aofRewriteMinBytes: 64 * MIB,
    noSyncOnRewrite: false,
    stopWritesOnSaveError: true,
    compressSnapshots: true,
  };
}

export function defaultCluster(): ClusterConfiguration {
  return {
    enabled: true,
    mode: 'gossip',
    key: '',
    seeds: [],
    seedDns: '',
    seedDnsPort: 7946,
    replicationFactor: 0,
    consistencyLevel: 'eventual',
    placement: 'ring',
    redisProtocol: false,
    nodeTimeoutMs: 15_000,
    requireFullCoverage: true,
    replicaOf: '',
    replBacklogBytes: MIB,
    minReplicasToWrite: 0,
    minReplicasMaxLagS: 10,
  };
}

export function defaultHttp(): HttpConfiguration {
  return {
    enabled: true,
    bodyBytesMax: 16 * MIB,
    allowedHosts: [],
    allowedOrigins: [],
    rateLimit: 0,
    connectionCountMax: 1_000,
    isTls: false,
    docsEnabled: true,
    dashboardEnabled: true,
    healthLagMsMax: 5_000,
  };
}
