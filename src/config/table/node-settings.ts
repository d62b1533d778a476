import { defaultConfiguration } from '../../base/configuration.ts';
import { EVICTION_POLICY_NAMES } from '../../base/configuration-sections.ts';
import { LIMITS } from '../../base/limits.ts';
import {
  choice,
  duration,
  fraction,
  INT_MAX,
  integer,
  LONG_MAX,
  octal,
  size,
  sizeOrPercent,
  text,
  textList,
  UNSIGNED_LONG_MAX,
  yesNo,
} from './codecs.ts';
import { commandRenames, outputBufferLimits, repeatedLines } from './redis-codecs.ts';
import type { Setting } from './setting.ts';
import { setting } from './setting.ts';

/** Who the node is, where it listens, whom it lets in, what it may keep. */

const ID_RULE = 'must be 1..64 letters, digits, dots, dashes or underscores';
const isNodeId = (id: string) => (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id) ? null : ID_RULE);
const PORT = integer({ min: 0, max: 65_535 });
const COUNT = integer({ min: 0, max: INT_MAX });
const SECONDS = duration({ unit: 's', min: 0, max: INT_MAX });
const MIB = 1024 * 1024;

/** redis-server takes any number and moves it into this range. */
const hzRange = (hz: number) => Math.min(500, Math.max(1, hz));

export const NODE_SETTINGS: readonly Setting[] = [
  setting('node.id', 'node.id', text(isNodeId), {
    help: 'Name of this node; unique in its cluster.',
    access: 'immutable',
  }),
  setting('node.data_dir', 'node.dataDir', text(), {
    redis: 'dir',
    access: 'protected',
    restart: true,
    env: 'DATA_DIR',
    help: 'Directory of all files of this node. Unless set: ./data/<node.id>.',
  }),
  setting('node.pid_file', 'node.pidFile', text(), {
    redis: 'pidfile',
    access: 'immutable',
    help: 'File that holds the process id while the node runs; empty: none.',
  }),
  setting('node.hz', 'node.hz', integer({ min: 0, max: INT_MAX }, hzRange), {
    redis: 'hz',
    help: 'Background ticks a second, 1..500.',
  }),
  setting('node.shutdown_timeout', 'node.shutdownTimeoutS', SECONDS, {
    redis: 'shutdown-timeout',
    help: 'How long a stop waits for clients and replicas.',
  }),
];

export const NETWORK_SETTINGS: readonly Setting[] = [
  setting('network.resp_bind_addr', 'network.respBindAddresses', textList(), {
    redis: 'bind',
    help: "Addresses of the RESP port; '*' is every address, a leading '-' allows a missing one.",
  }),
  setting('network.resp_port', 'network.respPort', PORT, {
    redis: 'port',
    help: "RESP port; 0 takes any free one (as redis-server's `port`: no TCP port).",
  }),
  setting('network.resp_enabled', 'network.respEnabled', yesNo(), {
    access: 'immutable',
    help: 'Whether to listen for RESP over TCP at all.',
  }),
  setting('network.http_bind_addr', 'network.httpBindAddr', text(), {
    access: 'immutable',
    help: 'Address of the HTTP port; 0.0.0.0 is every one.',
  }),
  setting('network.http_port', 'network.httpPort', PORT, {
    access: 'immutable',
    help: 'HTTP port; 0 takes any free one.',
  }),
  setting('network.gossip_bind_addr', 'network.gossipBindAddr', text(), {
    access: 'immutable',
    help: 'Address of the gossip and data link ports.',
  }),
  setting('network.gossip_port', 'network.gossipPort', PORT, {
    access: 'immutable',
    help: 'Gossip port; 0 takes any free one.',
  }),
  setting('network.link_port', 'network.linkPort', PORT, {
    access: 'immutable',
    help: 'Data link port. Unless set: gossip_port - 1000.',
  }),
  setting('network.redirect_port', 'network.redirectPort', PORT, {
    access: 'immutable',
    help: 'Port that sends clients to the owner of their key, as Redis Cluster does; 0: none.',
  }),
  setting('network.advertise_addr', 'network.advertiseAddr', text(), {
    access: 'immutable',
    help: 'Address other nodes reach this one at; empty: the bound one.',
  }),
  setting('network.unix_socket', 'network.unixSocket', text(), {
    redis: 'unixsocket',
    access: 'immutable',
    help: 'Path of a unix socket to listen on as well; empty: none.',
  }),
  setting('network.unix_socket_permissions', 'network.unixSocketPermissions', octal(0o777), {
    redis: 'unixsocketperm',
    access: 'immutable',
    help: 'Permission bits of the unix socket, in octal; 0: as the umask gives.',
  }),
  setting('network.tcp_keepalive', 'network.tcpKeepaliveS', SECONDS, {
    redis: 'tcp-keepalive',
    help: 'Idle time before TCP probes a client; 0: off. For new connections.',
  }),
  setting('network.backlog', 'network.backlog', COUNT, {
    redis: 'tcp-backlog',
    access: 'immutable',
    help: 'Connections the kernel queues before they are accepted.',
  }),
  setting('network.socket_path', 'network.socketPath', choice(['auto', 'handle', 'public']), {
    access: 'immutable',
    help: 'Socket implementation: the quick one, the public API, or the quick one where it works.',
  }),
  setting('network.max_clients', 'network.maxClients', integer({ min: 1, max: 4_294_967_295 }), {
    redis: 'maxclients',
    help: 'Connections at the same time; further ones get an error and are closed.',
  }),
  setting('network.idle_timeout', 'network.idleTimeoutS', SECONDS, {
    redis: 'timeout',
    help: 'Closes a client that is silent for so long; 0: never.',
  }),
  setting('network.login_timeout', 'network.loginTimeoutS', SECONDS, {
    help: 'Closes a client that has not logged in by then where a password is set; 0: never.',
  }),
  setting('network.protected_mode', 'network.protectedMode', yesNo(), {
    redis: 'protected-mode',
    help: 'Without a password, only clients of this machine are served.',
  }),
  setting(
    'network.query_buffer_max',
    'network.queryBufferBytesMax',
    size({ min: MIB, max: LONG_MAX }),
    {
      redis: 'client-query-buffer-limit',
      help: 'Bytes of unfinished commands one client may have.',
    },
  ),
  setting('network.bulk_max', 'network.bulkBytesMax', size({ min: MIB, max: LONG_MAX }), {
    redis: 'proto-max-bulk-len',
    help: 'Longest argument and longest string value.',
  }),
  setting(
    'network.output_buffer_limits',
    'network.clientOutputBufferLimits',
    outputBufferLimits(defaultConfiguration().network.clientOutputBufferLimits),
    {
      redis: 'client-output-buffer-limit',
      help: 'Unsent replies a client may have, by class: normal, replica, pubsub.',
    },
  ),
  setting('network.client_memory', 'network.clientMemoryBytesMax', sizeOrPercent(), {
    redis: 'maxmemory-clients',
    help: 'All client buffers together, in bytes or percent of max_memory; 0: no limit.',
  }),
];

const ALLOWANCE = choice(['no', 'yes', 'local']);

export const SECURITY_SETTINGS: readonly Setting[] = [
  setting('security.requirepass', 'security.requirepass', text(), {
    redis: 'requirepass',
    secret: true,
    env: 'REQUIREPASS',
    help: 'Password of the default user; empty: none.',
  }),
  setting('security.acl_file', 'security.aclFile', text(), {
    redis: 'aclfile',
    access: 'immutable',
    help: 'File of users and their rules, which ACL SAVE writes and ACL LOAD reads; empty: none.',
  }),
  setting('security.acl_log_max', 'security.aclLogLengthMax', integer({ min: 0, max: LONG_MAX }), {
    redis: 'acllog-max-len',
    help: 'Entries kept by ACL LOG.',
  }),
  setting(
    'security.acl_pubsub_default',
    'security.aclPubsubDefault',
    choice(['allchannels', 'resetchannels']),
    { redis: 'acl-pubsub-default', help: 'Channels a new user may use.' },
  ),
  setting('security.users', 'security.users', repeatedLines(), {
    redis: 'user',
    access: 'directive',
    secret: true,
    help: 'Users and their rules, as in `user alice on >secret ~* +@all`.',
  }),
  setting('security.renamed_commands', 'security.renamedCommands', commandRenames(), {
    redis: 'rename-command',
    access: 'directive',
    help: 'Commands under another name, or removed by an empty one.',
  }),
  setting('security.enable_debug_command', 'security.enableDebugCommand', ALLOWANCE, {
    redis: 'enable-debug-command',
    access: 'immutable',
    help: 'Who may use DEBUG: no, local, yes.',
  }),
  setting('security.enable_protected_configs', 'security.enableProtectedConfigs', ALLOWANCE, {
    redis: 'enable-protected-configs',
    access: 'immutable',
    help: 'Who may CONFIG SET dir and dbfilename: no, local, yes.',
  }),
  setting('security.enable_module_command', 'security.enableModuleCommand', ALLOWANCE, {
    redis: 'enable-module-command',
    access: 'immutable',
    help: 'Who may use MODULE: no, local, yes.',
  }),
];

const FILE_PATH = text();

export const TLS_SETTINGS: readonly Setting[] = [
  setting('tls.port', 'tls.port', PORT, {
    redis: 'tls-port',
    help: 'Port of RESP over TLS; 0: none.',
  }),
  setting('tls.cert_file', 'tls.certFile', FILE_PATH, {
    redis: 'tls-cert-file',
    help: 'Certificate chain, PEM.',
  }),
  setting('tls.key_file', 'tls.keyFile', FILE_PATH, {
    redis: 'tls-key-file',
    help: 'Private key, PEM.',
  }),
  setting('tls.key_file_pass', 'tls.keyFilePassword', text(), {
    redis: 'tls-key-file-pass',
    secret: true,
    help: 'Password of the private key.',
  }),
  setting('tls.ca_cert_file', 'tls.caCertFile', FILE_PATH, {
    redis: 'tls-ca-cert-file',
    help: 'Authorities that client certificates are checked against, PEM.',
  }),
  setting('tls.ca_cert_dir', 'tls.caCertDir', FILE_PATH, {
    redis: 'tls-ca-cert-dir',
    help: 'Directory of such authorities.',
  }),
  setting('tls.auth_clients', 'tls.authClients', choice(['no', 'yes', 'optional']), {
    redis: 'tls-auth-clients',
    help: 'Whether clients need a certificate of their own.',
  }),
  setting('tls.protocols', 'tls.protocols', text(), {
    redis: 'tls-protocols',
    help: 'Versions allowed, such as "TLSv1.2 TLSv1.3"; empty: both.',
  }),
  setting('tls.ciphers', 'tls.ciphers', text(), {
    redis: 'tls-ciphers',
    help: 'Ciphers for TLS 1.2; empty: the default of OpenSSL.',
  }),
  setting('tls.ciphersuites', 'tls.ciphersuites', text(), {
    redis: 'tls-ciphersuites',
    help: 'Ciphers for TLS 1.3; empty: the default of OpenSSL.',
  }),
  setting('tls.prefer_server_ciphers', 'tls.preferServerCiphers', yesNo(), {
    redis: 'tls-prefer-server-ciphers',
    help: 'The order of the server decides.',
  }),
  setting('tls.session_caching', 'tls.sessionCaching', yesNo(), {
    redis: 'tls-session-caching',
    help: 'Clients may resume sessions.',
  }),
  setting('tls.session_cache_size', 'tls.sessionCacheSize', COUNT, {
    redis: 'tls-session-cache-size',
    help: 'Accepted: sessions travel in tickets, none is kept here.',
  }),
  setting('tls.session_cache_timeout', 'tls.sessionCacheTimeoutS', SECONDS, {
    redis: 'tls-session-cache-timeout',
    help: 'How long a session may be resumed.',
  }),
];

const DATABASE_COUNT = integer({ min: 1, max: LIMITS.databaseCountMax });

/** redis-server's eight names in the order of its error text, then ours. */
const POLICY = choice(EVICTION_POLICY_NAMES, {
  redis: [
    ['volatile-lru', 'volatile-lru'],
    ['volatile-lfu', 'volatile-lfu'],
    ['volatile-random', 'volatile-random'],
    ['volatile-ttl', 'volatile-ttl'],
    ['allkeys-lru', 'lru'],
    ['allkeys-lfu', 'lfu'],
    ['allkeys-random', 'random'],
    ['noeviction', 'noeviction'],
  ],
});

export const CACHE_SETTINGS: readonly Setting[] = [
  setting('cache.max_memory', 'cache.maxMemoryBytes', size({ min: 0, max: UNSIGNED_LONG_MAX }), {
    redis: 'maxmemory',
    env: 'DEFAULT_MEMORY',
    help: 'Memory of the default store; 0: no limit of its own. Unless set: half of the machine.',
  }),
  setting(
    'cache.node_max_memory',
    'cache.nodeMaxMemoryBytes',
    size({ min: 0, max: UNSIGNED_LONG_MAX }),
    {
      help: 'Memory of all stores and buffers; 0: no limit. Unless set: 0.8 of the machine.',
    },
  ),
  setting('cache.eviction_policy', 'cache.evictionPolicy', POLICY, {
    redis: 'maxmemory-policy',
    env: 'DEFAULT_EVICTION',
    help: 'What is removed for new data. Unless set: lru; under a redis.conf noeviction.',
  }),
  setting(
    'cache.default_ttl',
    'cache.defaultTtlMs',
    duration({ unit: 'ms', bareUnit: 's', min: 0, max: Number.MAX_SAFE_INTEGER }),
    { help: 'Time to live of writes of strings that name none (KEEPTTL names one); 0: for ever.' },
  ),
  setting('cache.cuckoo_filter', 'cache.cuckooFilter', yesNo(), {
    env: 'DEFAULT_CUCKOO',
    access: 'immutable',
    help: 'Keeps a filter that tells which keys are certainly absent (FILTER).',
  }),
  setting('cache.cuckoo_filter_fpp', 'cache.cuckooFilterFpp', fraction(0.000001, 0.5), {
    access: 'immutable',
    help: 'False-positive rate of that filter, and of those of named stores.',
  }),
  setting('cache.max_stores', 'cache.maxStores', integer({ min: 1, max: 64 }), {
    access: 'immutable',
    help: 'Named stores at most.',
  }),
  setting('cache.databases', 'cache.databases', DATABASE_COUNT, {
    redis: 'databases',
    access: 'immutable',
    help: 'Numbered databases of the default store.',
  }),
  setting('cache.samples', 'cache.maxmemorySamples', integer({ min: 1, max: INT_MAX }), {
    redis: 'maxmemory-samples',
    help: 'Keys compared for one eviction.',
  }),
  setting(
    'cache.eviction_tenacity',
    'cache.maxmemoryEvictionTenacity',
    integer({ min: 0, max: 100 }),
    {
      redis: 'maxmemory-eviction-tenacity',
      help: 'Below 100 a lowered limit is reached step by step; at 100 by one write, at once.',
    },
  ),
  setting('cache.lfu_log_factor', 'cache.lfuLogFactor', COUNT, {
    redis: 'lfu-log-factor',
    help: 'How slowly the frequency counter of lfu grows.',
  }),
  setting('cache.lfu_decay_time', 'cache.lfuDecayTimeMin', COUNT, {
    redis: 'lfu-decay-time',
    help: 'Minutes without use after which that counter is one less; 0: never.',
  }),
  setting(
    'cache.session_grace',
    'cache.sessionGraceMs',
    duration({ unit: 'ms', bareUnit: 's', min: 0, max: LIMITS.sessionGraceMsMax }),
    { help: 'Policy session: time in which a new key is to be used again, or it goes first.' },
  ),
  setting('cache.expire_effort', 'cache.activeExpireEffort', integer({ min: 1, max: 10 }), {
    redis: 'active-expire-effort',
    effect: 'later',
    help: 'Effort of removing expired keys in the background, 1..10.',
  }),
  setting('cache.lazyfree_eviction', 'cache.lazyfreeEviction', yesNo(), {
    redis: 'lazyfree-lazy-eviction',
    help: 'Accepted: what is evicted is freed at once, in constant time.',
  }),
  setting('cache.lazyfree_expire', 'cache.lazyfreeExpire', yesNo(), {
    redis: 'lazyfree-lazy-expire',
    help: 'Accepted: what expires is freed at once, in constant time.',
  }),
  setting('cache.lazyfree_server_del', 'cache.lazyfreeServerDel', yesNo(), {
    redis: 'lazyfree-lazy-server-del',
    help: 'Accepted: what is overwritten is freed at once, in constant time.',
  }),
  setting('cache.lazyfree_user_del', 'cache.lazyfreeUserDel', yesNo(), {
    redis: 'lazyfree-lazy-user-del',
    help: 'Accepted: DEL and UNLINK are the same, in constant time for each key.',
  }),
  setting('cache.lazyfree_user_flush', 'cache.lazyfreeUserFlush', yesNo(), {
    redis: 'lazyfree-lazy-user-flush',
    help: 'Accepted: FLUSHALL and FLUSHDB take constant time, with and without ASYNC.',
  }),
  setting('cache.active_rehashing', 'cache.activeRehashing', yesNo(), {
    redis: 'activerehashing',
    help: 'Accepted: the index grows and shrinks in small steps, never all at once.',
  }),
  setting('cache.pressure_warning', 'cache.pressureWarning', fraction(0, 1), {
    help: 'Share of a limit from which memory pressure is told as warning.',
  }),
  setting('cache.pressure_critical', 'cache.pressureCritical', fraction(0, 1), {
    help: 'Share of a limit from which it is told as critical.',
  }),
  setting('cache.pressure_panic', 'cache.pressurePanic', fraction(0, 1), {
    help: 'Share of a limit from which it is panic; bad health where nothing can be evicted.',
  }),
  setting(
    'cache.tracking_table_max',
    'cache.trackingTableKeyCountMax',
    integer({ min: 0, max: LONG_MAX }),
    {
      redis: 'tracking-table-max-keys',
      effect: 'later',
      help: 'Keys remembered for client-side caching; 0: no limit.',
    },
  ),
  setting('cache.lazyfree_replica_flush', 'cache.lazyfreeReplicaFlush', yesNo(), {
    redis: 'replica-lazy-flush',
    alias: 'slave-lazy-flush',
    effect: 'later',
    help: 'A replica empties itself in the background before a full copy.',
  }),
];
