/** What of a running node follows its settings when CONFIG SET changes them. */
import type { Configuration } from './base/configuration.ts';
import { NodeError } from './base/errors.ts';
import { AccessControl } from './commands/acl/access-control.ts';
import { configuredUsers, loadUsers } from './commands/acl/access-file.ts';
import { COMMAND_ROWS } from './commands/command-table.ts';
import { settleAllLogins } from './commands/login.ts';
import type { NodeServices } from './commands/node-services.ts';
import { KeyspaceNotifications } from './commands/notifications/keyspace-notifications.ts';
import type { ConfigRegistry } from './config/config-registry.ts';
import type { NodeOptions } from './node.ts';
import type { NodePersistence } from './persistence/node-persistence.ts';
import { authenticatedLimits, unauthenticatedLimits } from './protocol/frame-parser.ts';
import type { InputLimits } from './server/input-limits.ts';
import type { RespListener } from './server/listener.ts';

export interface SettingsParts {
  readonly services: NodeServices;
  readonly configRegistry: ConfigRegistry;
  readonly inputLimits: InputLimits;
  readonly traceCommands: () => void;
  readonly restartUpkeep: () => void;
}

/**
 * What must be acted upon when CONFIG SET changes it; everything else is read where it is used.
 */
export function followSettings(parts: SettingsParts): void {
  const { services, configRegistry, inputLimits } = parts;
  const { configuration } = services;
  const { cache } = configuration;
  const { stores } = services;
  const store = stores.default;
  const follow = (path: string, act: () => void) => {
    configRegistry.onChange(path, () => {
      act();
      return null;
    });
  };
  follow('cache.max_memory', () => {
    store.memoryBytesMax = cache.maxMemoryBytes;
  });
  follow('cache.node_max_memory', () => {
    services.memory.setLimit(cache.nodeMaxMemoryBytes);
  });
  configRegistry.onChange('cache.eviction_policy', () => {
    return store.setPolicy(cache.evictionPolicy) ? null : 'this policy is not available';
  });
  follow('cache.default_ttl', () => {
    store.defaultTtlMs = cache.defaultTtlMs;
  });
  follow('cache.samples', () => {
    for (const each of stores) each.sampleCount = cache.maxmemorySamples;
  });
  const limitInput = () => {
    const limits = inputLimitsOf(configuration);
    Object.assign(inputLimits.authenticated, limits.authenticated);
    Object.assign(inputLimits.unauthenticated, limits.unauthenticated);
  };
  follow('network.bulk_max', limitInput);
  follow('network.query_buffer_max', limitInput);
  follow('security.requirepass', () => {
    services.access.setDefaultPassword(configuration.security.requirepass);
    settleAllLogins(services);
  });
  const { notify } = configuration;
  const { pubsub } = services;
  const notifications = new KeyspaceNotifications({ pubsub, stores });
  notifications.follow(notify.keyspaceEvents);
  follow('notify.keyspace_events', () => notifications.follow(notify.keyspaceEvents));
  follow('node.hz', parts.restartUpkeep);
  const { traceCommands } = parts;
  traceCommands();
  follow('logging.level', traceCommands);
  follow('slowlog.slower_than', () => services.table.timeNext());
  const { security } = configuration;
  configRegistry.onRewrite('security.users', () => configuredUsers(services.access, security));
}

/** Ports and certificates can be changed while the node runs; see `RespListener`. */
export function followPorts(
  configRegistry: ConfigRegistry,
  listener: RespListener,
  reloadTls: () => boolean,
): void {
  for (const [path, refusal] of PORT_SETTINGS) {
    configRegistry.onPrepare(path, (next) => listener.preparePorts(next));
    configRegistry.onChange(path, () => (listener.applyPorts() ? null : refusal));
  }
  for (const path of CERTIFICATE_SETTINGS) {
    configRegistry.onChange(path, () => (reloadTls() ? null : TLS_REFUSAL));
  }
  configRegistry.onChange('network.tcp_keepalive', () => {
    listener.applyKeepAlive();
    return null;
  });
}

/** What is kept on disk, and how. */
export function followDisk(configRegistry: ConfigRegistry, persistence: NodePersistence): void {
  for (const path of ['persistence.append_only', 'persistence.save']) {
    configRegistry.onChange(path, () => persistence.followPlan());
  }
  configRegistry.onChange('node.data_dir', () => persistence.followDirectory());
  configRegistry.onChange('persistence.sync_policy', () => {
    persistence.followSyncPolicy();
    return null;
  });
}

/** Redis' words, by the setting that they belong to. */
const PORT_REFUSAL = 'Unable to listen on this port. Check server logs.';
const PORT_SETTINGS = [
  ['network.resp_port', PORT_REFUSAL],
  ['network.resp_bind_addr', 'Failed to bind to specified addresses.'],
  ['tls.port', PORT_REFUSAL],
] as const;
const TLS_REFUSAL = 'Unable to update TLS configuration. Check server logs.';
const CERTIFICATE_SETTINGS = [
  'tls.cert_file',
  'tls.key_file',
  'tls.key_file_pass',
  'tls.ca_cert_file',
  'tls.ca_cert_dir',
  'tls.auth_clients',
  'tls.protocols',
  'tls.ciphers',
  'tls.ciphersuites',
  'tls.prefer_server_ciphers',
  'tls.session_caching',
  'tls.session_cache_timeout',
];

export function inputLimitsOf({ network }: Configuration): InputLimits {
  const { bulkBytesMax, queryBufferBytesMax } = network;
  return {
    authenticated: authenticatedLimits(bulkBytesMax, queryBufferBytesMax),
    unauthenticated: unauthenticatedLimits(bulkBytesMax, queryBufferBytesMax),
  };
}

/** The users of redis.conf, or of the ACL file. */
export function createAccess({ world, configuration, logger }: NodeOptions): AccessControl {
  const { security } = configuration;
  const access = new AccessControl(COMMAND_ROWS, security);
  const error = loadUsers(access, security, world.disk);
  if (error !== null) throw new NodeError('BAD_CONFIGURATION', error);
  if (security.aclFile !== '' && security.requirepass !== '' && !access.needsLogin) {
    logger.warn(
      'requirepass',
      'requirepass is void: the ACL file says that default has no password',
    );
  }
  return access;
}
