import type { Frame } from '../../base/frame.ts';
import { REDIS_VERSION } from '../../base/version.ts';
import { averageTtlMs } from '../../engine/expiry/average-ttl.ts';
import { measureFilter } from '../../engine/filter/filter-stats.ts';
import { measureStore } from '../../engine/store-statistics.ts';
import { isMember, isRedisCluster } from '../cluster-service.ts';
import type { CommandRow } from '../command-row.ts';
import type { NodeServices } from '../node-services.ts';
import type { InfoField } from './info-field.ts';
import { memoryFields } from './info-memory.ts';
import { persistenceFields } from './info-persistence.ts';
import { replicationFields } from './info-replication.ts';
import { commandFields, errorFields, latencyFields, statsFields } from './info-stats.ts';

interface Section {
  readonly name: string;
  readonly title: string;
  /** Shown when no section is asked for; or where there is something to show, if not asked for. */
  readonly isDefault: boolean | ((node: NodeServices) => boolean);
  readonly fields: (node: NodeServices) => InfoField[];
}

function section(
  title: string,
  fields: (node: NodeServices) => InfoField[],
  isDefault: Section['isDefault'] = true,
): Section {
  return { name: title.toLowerCase(), title, isDefault, fields };
}

/** In the order of the reply, whatever the order of the arguments. */
const SECTIONS: readonly Section[] = [
  section('Server', serverFields),
  section('Clients', clientFields),
  section('Memory', memoryFields),
  section('Persistence', persistenceFields),
  section('Stats', statsFields),
  section('Replication', replicationFields),
  section('CPU', cpuFields),
  section('Modules', () => []),
  section('Commandstats', commandFields, false),
  section('Errorstats', errorFields),
  section('Latencystats', latencyFields, false),
  section('Cluster', clusterFields),
  section('Keyspace', keyspaceFields),
  section('Stores', storeFields, (node) => node.stores.named.length > 0),
  section('Filter', filterFields, (node) => node.stores.all.some((store) => store.filterPlan)),
];

export const infoCommand: CommandRow = {
  name: 'info',
  arity: -1,
  flags: ['loading', 'stale'],
  categories: ['dangerous'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Report the state and the statistics of the node as lines of text',
  syntax: '[section [section ...]]',
  tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  execute({ node }, frame, reply) {
    const wanted: string[] = [];
    for (let arg = 1; arg < frame.count; arg++) wanted.push(sectionName(frame, arg));
    reply.verbatim('txt', infoText(node, wanted));
  },
};

/** As a C string, which a zero byte ends. */
function sectionName(frame: Frame, arg: number): string {
  return frame.latin1(arg).split('\0', 1)[0].toLowerCase();
}

/** @param wanted  names of sections in lower case; none, `default`, `all` or `everything` */
export function infoText(node: NodeServices, wanted: readonly string[]): string {
  const isDefault = wanted.length === 0 || wanted.includes('default');
  const isAll = wanted.includes('all') || wanted.includes('everything');
  const parts: string[] = [];
  for (const { name, title, isDefault: isUsual, fields } of SECTIONS) {
    const isShown = typeof isUsual === 'function' ? isUsual(node) : isAll || isUsual;
    if (!(isShown && (isDefault || isAll)) && !wanted.includes(name)) continue;
    const lines = fields(node).map(([field, value]) => `${field}:${value}\r\n`);
    parts.push(`# ${title}\r\n${lines.join('')}`);
  }
  return parts.join('\r\n');
}

function serverFields(node: NodeServices): InfoField[] {
  const { clock, cluster, configuration, world } = node;
  const { host } = world;
  const isCluster = isRedisCluster(cluster, configuration.cluster.redisProtocol);
  const uptimeS = Math.max(0, Math.floor((clock.nowMs - node.startedMs) / 1000));
  return [
    ['redis_version', REDIS_VERSION],
    ['hypercache_version', node.version],
    ['node_version', host.nodeVersion],
    ['redis_git_sha1', '00000000'],
    ['redis_git_dirty', 0],
    ['redis_build_id', '0'],
    ['redis_mode', isCluster ? 'cluster' : 'standalone'],
    ['os', host.osName],
    ['arch_bits', 64],
    ['monotonic_clock', 'libuv hrtime'],
    ['multiplexing_api', 'libuv'],
    ['atomicvar_api', 'none'],
    ['gcc_version', '0.0.0'],
    ['process_id', host.pid],
    ['process_supervised', 'no'],
    ['run_id', node.runId],
    ['tcp_port', node.ports.resp === 0 ? node.ports.tls : node.ports.resp],
    ['server_time_usec', world.clock.wallMs() * 1000],
    ['uptime_in_seconds', uptimeS],
    ['uptime_in_days', Math.floor(uptimeS / 86_400)],
    ['hz', node.configuration.node.hz],
    ['configured_hz', node.configuration.node.hz],
    ['lru_clock', clock.accessS],
    ['executable', host.executablePath],
    ['config_file', node.settings.filePath],
    ['io_threads_active', 0],
  ];
}

function clientFields(node: NodeServices): InfoField[] {
  const { blocking, clients, cluster, configuration, tracking } = node;
  return [
    ['connected_clients', clients.count],
    ['cluster_connections', cluster.links.length],
    ['maxclients', configuration.network.maxClients],
    ['client_recent_max_input_buffer', clients.queryBytesMax],
    ['client_recent_max_output_buffer', clients.outputBytesMax],
    ['blocked_clients', blocking.count],
    ['tracking_clients', tracking.clientCount],
    ['clients_in_timeout_table', blocking.timedCount],
    ['total_blocking_keys', blocking.keyCount],
    ['total_blocking_keys_on_nokey', blocking.deletionKeyCount],
  ];
}

function clusterFields(node: NodeServices): InfoField[] {
  const { cluster, configuration } = node;
  const { nodes } = cluster;
  const isCluster = isRedisCluster(cluster, configuration.cluster.redisProtocol);
  const enabled: InfoField = ['cluster_enabled', isCluster ? 1 : 0];
  if (!cluster.isOn) return [enabled];
  return [
    enabled,
    ['cluster_node_id', cluster.nodeId],
    ['cluster_node_state', nodes[0].status],
    ['cluster_members', nodes.filter(isMember).length],
    ['cluster_known_nodes', nodes.length],
    ['cluster_table_version', cluster.tableVersion],
    ['cluster_table_digest', cluster.tableDigest],
    ['cluster_default_store_owner', cluster.ownerOfStore(node.stores.default)?.id ?? ''],
  ];
}

function cpuFields(node: NodeServices): InfoField[] {
  const { userS, systemS } = node.world.host.cpuUse();
  return [
    ['used_cpu_sys', systemS.toFixed(6)],
    ['used_cpu_user', userS.toFixed(6)],
    ['used_cpu_sys_children', '0.000000'],
    ['used_cpu_user_children', '0.000000'],
    ['used_cpu_sys_main_thread', systemS.toFixed(6)],
    ['used_cpu_user_main_thread', userS.toFixed(6)],
  ];
}

/** One line a named store; what is not told here STORE INFO tells. */
function storeFields(node: NodeServices): InfoField[] {
  return node.stores.named.map((store) => {
    const facts = measureStore(store);
    const values = [
      `keys=${facts.keyCount}`,
      `expires=${facts.deadlineCount}`,
      `memory=${facts.memoryBytes}`,
      `limit=${facts.memoryBytesMax}`,
      `hits=${facts.hits}`,
      `misses=${facts.misses}`,
      `hit_rate=${facts.hitRate.toFixed(4)}`,
      `evictions=${facts.evictions}`,
      `expired=${facts.expired}`,
      `writes=${facts.writes}`,
    ];
    return [store.name, values.join(',')];
  });
}

/** One line a store that keeps a filter; what is not told here FILTER STATS tells. */
function filterFields(node: NodeServices): InfoField[] {
  const fields: InfoField[] = [];
  for (const store of node.stores.all) {
    const facts = measureFilter(store);
    if (facts === null) continue;
    const values = [
      `size=${facts.size}`,
      `capacity=${facts.capacity}`,
      `load_factor=${facts.loadFactor.toFixed(4)}`,
      `memory=${facts.memoryUsage}`,
      `false_positive_rate=${facts.falsePositiveRate}`,
      `estimated_rate=${facts.estimatedFalsePositiveRate.toPrecision(3)}`,
      `adds=${facts.addOperations}`,
      `lookups=${facts.lookupOperations}`,
      `deletes=${facts.deleteOperations}`,
      `failed_adds=${facts.failedAdds}`,
      `growths=${facts.growths}`,
    ];
    fields.push([store.name, values.join(',')]);
  }
  return fields;
}

/** The numbered databases, which are the default store's. */
function keyspaceFields(node: NodeServices): InfoField[] {
  const fields: InfoField[] = [];
  for (const database of node.stores.default.databases) {
    const { count, deadlineCount, index } = database;
    if (count === 0) continue;
    const averageMs = Math.max(0, Math.round(averageTtlMs(database)));
    fields.push([`db${index}`, `keys=${count},expires=${deadlineCount},avg_ttl=${averageMs}`]);
  }
  return fields;
}
