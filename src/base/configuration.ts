import type {
  ClusterConfiguration,
  EvictionPolicyName,
  HttpConfiguration,
  PersistenceConfiguration,
  StoreConfiguration,
  TlsConfiguration,
} from './configuration-sections.ts';
import {
  defaultCluster,
  defaultHttp,
  defaultPersistence,
  defaultTls,
} from './configuration-sections.ts';

/**
 * The settled configuration of one node: what is left when defaults, file, environment and command
 * line have been merged and checked. A plain object of two levels. Rooms keep a reference and read
 * the live value where they need it; only the config room writes to it.
 * Defaults stand here once; the setting table of `config/` reads them from here.
 */
export interface Configuration {
  node: NodeConfiguration;
  network: NetworkConfiguration;
  tls: TlsConfiguration;
  security: SecurityConfiguration;
  cache: CacheConfiguration;
  encoding: EncodingConfiguration;
  scripting: ScriptingConfiguration;
  slowlog: SlowlogConfiguration;
  latency: LatencyConfiguration;
  notify: NotifyConfiguration;
  logging: LoggingConfiguration;
  persistence: PersistenceConfiguration;
  cluster: ClusterConfiguration;
  http: HttpConfiguration;
  /** Stores beside `default`, made at start when they do not exist yet. */
  stores: StoreConfiguration[];
  /** redis-server's parameters that mean nothing here: kept as text, echoed by CONFIG GET. */
  inert: Record<string, string>;
}

export interface NodeConfiguration {
  id: string;
  dataDir: string;
  pidFile: string;
  /** Background ticks a second, 1..500. */
  hz: number;
  shutdownTimeoutS: number;
}

export interface NetworkConfiguration {
  /** A leading '-' means: no error when the address does not exist on this machine. */
  respBindAddresses: string[];
  /** 0 = any free port. */
  respPort: number;
  /** False when redis-server would not listen on TCP: `port 0` in a redis.conf. */
  respEnabled: boolean;
  httpBindAddr: string;
  httpPort: number;
  gossipBindAddr: string;
  gossipPort: number;
  linkPort: number;
  /** 0: none. */
  redirectPort: number;
  advertiseAddr: string;
  /** Path of a unix socket to listen on as well; '' = none. */
  unixSocket: string;
  unixSocketPermissions: number;
  /** 0 = off. */
  tcpKeepaliveS: number;
  backlog: number;
  /** Which implementation of TCP sockets to use. */
  socketPath: 'auto' | 'handle' | 'public';
  maxClients: number;
  /** 0 = never. */
  idleTimeoutS: number;
  /** A connection that has not logged in by then is closed where a password is set. 0 = never. */
  loginTimeoutS: number;
  protectedMode: boolean;
  /** client-query-buffer-limit. */
  queryBufferBytesMax: number;
  /** proto-max-bulk-len. */
  bulkBytesMax: number;
  clientOutputBufferLimits: Record<ClientClass, OutputBufferLimit>;
  /** maxmemory-clients: bytes of all client buffers, or -percent of maxmemory; 0 = none. */
  clientMemoryBytesMax: number;
}

export type ClientClass = 'normal' | 'replica' | 'pubsub';

/** Closed at once above hardBytes, or when above softBytes for softS seconds. 0 = no limit. */
export interface OutputBufferLimit {
  hardBytes: number;
  softBytes: number;
  softS: number;
}

/** Who may use a risky command: nobody, clients on loopback or the unix socket, everybody. */
export type Allowance = 'no' | 'local' | 'yes';

export interface SecurityConfiguration {
  /** '' = none. */
  requirepass: string;
  aclFile: string;
  aclLogLengthMax: number;
  aclPubsubDefault: 'allchannels' | 'resetchannels';
  /** `user` lines of a redis.conf, without the word `user`. */
  users: string[];
  /** rename-command: an empty `to` removes the command. */
  renamedCommands: { from: string; to: string }[];
  enableDebugCommand: Allowance;
  enableProtectedConfigs: Allowance;
  enableModuleCommand: Allowance;
}

export interface CacheConfiguration {
  /** The default store. 0 = no limit of its own. */
  maxMemoryBytes: number;
  /** All stores and buffers together. 0 = no limit. */
  nodeMaxMemoryBytes: number;
  evictionPolicy: EvictionPolicyName;
  /** For writes that name no time to live. 0 = none. */
  defaultTtlMs: number;
  cuckooFilter: boolean;
  /** False-positive rate. */
  cuckooFilterFpp: number;
  maxStores: number;
  databases: number;
  maxmemorySamples: number;
  maxmemoryEvictionTenacity: number;
  lfuLogFactor: number;
  lfuDecayTimeMin: number;
  sessionGraceMs: number;
  /** 1..10 */
  activeExpireEffort: number;
  lazyfreeEviction: boolean;
  lazyfreeExpire: boolean;
  lazyfreeServerDel: boolean;
  lazyfreeUserDel: boolean;
  lazyfreeUserFlush: boolean;
  lazyfreeReplicaFlush: boolean;
  activeRehashing: boolean;
  /** Shares of a limit, 0..1. */
  pressureWarning: number;
  pressureCritical: number;
  pressurePanic: number;
  trackingTableKeyCountMax: number;
}

/** Up to which size a value keeps its compact form; what OBJECT ENCODING reports. */
export interface EncodingConfiguration {
  hashMaxListpackEntries: number;
  hashMaxListpackValueBytes: number;
  listMaxListpackSize: number;
  listCompressDepth: number;
  setMaxIntsetEntries: number;
  setMaxListpackEntries: number;
  setMaxListpackValueBytes: number;
  zsetMaxListpackEntries: number;
  zsetMaxListpackValueBytes: number;
  hllSparseMaxBytes: number;
  streamNodeMaxBytes: number;
  streamNodeMaxEntries: number;
}

export interface ScriptingConfiguration {
  /** busy-reply-threshold, lua-time-limit. */
  busyReplyThresholdMs: number;
}

export interface SlowlogConfiguration {
  /** Microseconds; 0 = every command, below 0 = none. */
  slowerThanUs: number;
  lengthMax: number;
}

export interface LatencyConfiguration {
  /** 0 = off. */
  monitorThresholdMs: number;
  tracking: boolean;
  trackingPercentiles: number[];
}

export interface NotifyConfiguration {
  /** Redis' letters, such as 'KEA'; '' = off. */
  keyspaceEvents: string;
}

export type LogLevel = 'trace' | 'debug' | 'verbose' | 'info' | 'warn' | 'error' | 'fatal';

export interface LoggingConfiguration {
  level: LogLevel;
  enableConsole: boolean;
  enableFile: boolean;
  /** '' = `logs` in the data directory. */
  logDir: string;
  /** redis-server's logfile: one file without rotation; '' = none. */
  logFile: string;
  maxFileSizeBytes: number;
  maxFiles: number;
  output: 'stdout' | 'stderr';
  /** False: lines for people instead of JSON. */
  structured: boolean;
  /** Keys in log lines are replaced by their length. */
  redactKeys: boolean;
}

const MIB = 1024 * 1024;

/** A fresh object each time: what a node without file, environment and flags runs with. */
export function defaultConfiguration(): Configuration {
  return {
    node: {
      id: 'node-1',
      dataDir: './data/node-1',
      pidFile: '',
      hz: 10,
      shutdownTimeoutS: 10,
    },
    network: defaultNetwork(),
    tls: defaultTls(),
    security: {
      requirepass: '',
      aclFile: '',
      aclLogLengthMax: 128,
      aclPubsubDefault: 'resetchannels',
      users: [],
      renamedCommands: [],
      enableDebugCommand: 'no',
      enableProtectedConfigs: 'no',
      enableModuleCommand: 'no',
    },
    cache: defaultCache(),
    encoding: defaultEncoding(),
    scripting: { busyReplyThresholdMs: 5000 },
    slowlog: { slowerThanUs: 10_000, lengthMax: 128 },
    latency: { monitorThresholdMs: 0, tracking: true, trackingPercentiles: [50, 99, 99.9] },
    notify: { keyspaceEvents: '' },
    logging: {
      level: 'info',
      enableConsole: true,
      enableFile: false,
      logDir: '',
      logFile: '',
      maxFileSizeBytes: 100 * MIB,
      maxFiles: 10,
      output: 'stdout',
      structured: true,
      redactKeys: false,
    },
    persistence: defaultPersistence(),
    cluster: defaultCluster(),
    http: defaultHttp(),
    stores: [],
    inert: {},
  };
}

function defaultNetwork(): NetworkConfiguration {
  return {
    respBindAddresses: ['127.0.0.1', '-::1'],
    respPort: 8080,
    respEnabled: true,
    httpBindAddr: '127.0.0.1',
    httpPort: 9080,
    gossipBindAddr: '127.0.0.1',
    gossipPort: 7946,
    linkPort: 6946,
    redirectPort: 0,
    advertiseAddr: '',
    unixSocket: '',
    unixSocketPermissions: 0,
    tcpKeepaliveS: 300,
    backlog: 511,
    socketPath: 'auto',
    maxClients: 10_000,
    idleTimeoutS: 0,
    loginTimeoutS: 60,
    protectedMode: true,
    queryBufferBytesMax: 1024 * MIB,
    bulkBytesMax: 512 * MIB,
    clientOutputBufferLimits: {
      normal: { hardBytes: 0, softBytes: 0, softS: 0 },
      replica: { hardBytes: 256 * MIB, softBytes: 64 * MIB, softS: 60 },
      pubsub: { hardBytes: 32 * MIB, softBytes: 8 * MIB, softS: 60 },
    },
    clientMemoryBytesMax: 0,
  };
}

function defaultCache(): CacheConfiguration {
  return {
    maxMemoryBytes: 0,
    nodeMaxMemoryBytes: 0,
    evictionPolicy: 'lru',
    defaultTtlMs: 0,
    cuckooFilter: false,
    cuckooFilterFpp: 0.01,
    maxStores: 16,
    databases: 16,
    maxmemorySamples: 5,
    maxmemoryEvictionTenacity: 10,
    lfuLogFactor: 10,
    lfuDecayTimeMin: 1,
    sessionGraceMs: 300_000,
    activeExpireEffort: 1,
    lazyfreeEviction: false,
    lazyfreeExpire: false,
    lazyfreeServerDel: false,
    lazyfreeUserDel: false,
    lazyfreeUserFlush: false,
    lazyfreeReplicaFlush: false,
    activeRehashing: true,
    pressureWarning: 0.85,
    pressureCritical: 0.9,
    pressurePanic: 0.95,
    trackingTableKeyCountMax: 1_000_000,
  };
}

function defaultEncoding(): EncodingConfiguration {
  return {
    hashMaxListpackEntries: 512,
    hashMaxListpackValueBytes: 64,
    listMaxListpackSize: -2,
    listCompressDepth: 0,
    setMaxIntsetEntries: 512,
    setMaxListpackEntries: 128,
    setMaxListpackValueBytes: 64,
    zsetMaxListpackEntries: 128,
    zsetMaxListpackValueBytes: 64,
    hllSparseMaxBytes: 3000,
    streamNodeMaxBytes: 4096,
    streamNodeMaxEntries: 100,
  };
}
