/** What a running node says of itself. */
import { NodeError } from '../../../base/errors.ts';
import { VERSION } from '../../../base/version.ts';
import type { World } from '../../../base/world.ts';
import { reachable } from '../../node/asked-node.ts';
import { passwordOf } from '../../node/node-access.ts';
import { openTalk, type RespTalk } from '../../resp/resp-talk.ts';
import { counted, describeBytes, describeMs, describeShare } from '../../terminal/units.ts';
import {
  type CheckRow,
  type Finding,
  type Findings,
  failure,
  good,
  notice,
  type Patient,
  warning,
} from '../check-row.ts';

const RUNNING = ['here', 'afar'] as const;

export const NODE_CHECKS: readonly CheckRow[] = [
  {
    name: 'login',
    about: 'the node tells us what it knows',
    stages: RUNNING,
    look: checkLogin,
  },
  {
    name: 'health',
    about: 'the node finds nothing wrong with itself, nor with how it stands to others',
    stages: RUNNING,
    look: checkHealth,
  },
  {
    name: 'answers',
    about: 'the RESP port answers, and how quickly',
    stages: RUNNING,
    look: checkAnswers,
  },
  {
    name: 'version',
    about: 'node and command are of one version',
    stages: RUNNING,
    look: checkVersion,
  },
  {
    name: 'memory',
    about: 'memory is not nearly full',
    stages: RUNNING,
    look: checkMemory,
  },
  {
    name: 'log',
    about: 'the disk takes the log of changes, and in time',
    stages: RUNNING,
    look: checkLog,
  },
  {
    name: 'snapshot',
    about: 'the last snapshots succeeded',
    stages: RUNNING,
    look: checkSnapshot,
  },
  {
    name: 'clients',
    about: 'there is room for more clients, and none was refused',
    stages: RUNNING,
    look: checkClients,
  },
  {
    name: 'hit-rate',
    about: 'no store evicts what is asked for again',
    stages: RUNNING,
    look: checkHitRate,
  },
];

function checkLogin({ node }: Patient): Findings {
  if (node === null || node.refusal === '') return good(`${node?.url} tells all`);
  return failure(
    `${node.url}: ${node.refusal}`,
    'HYPERCACHE_PASSWORD=... hypercache doctor --user <name>; the user needs INFO and CONFIG GET',
  );
}

/** By the first word of an issue. */
const ADVICE: Readonly<Record<string, string>> = {
  memory: 'raise the limit, or let the store evict: eviction_policy',
  disk: 'make room, or see the permissions of the data directory',
  persistence: 'see the log of the node; hypercache check tells what is wrong with files',
  cluster: 'hypercache cluster status; start the nodes that are missing, or forget them',
};

function checkHealth({ node }: Patient): Findings {
  if (node === null || node.phase === 'unknown') return null;
  if (node.issues.length > 0) {
    return node.issues.map((issue) =>
      failure(issue, ADVICE[issue.split(':')[0]] ?? 'see the log of the node'),
    );
  }
  if (node.phase === 'healthy') return good('it is healthy');
  if (node.phase !== 'unhealthy') return notice(`it is ${node.phase}`, 'wait until it is done');
  return failure('it is not healthy, and tells why only who is logged in', 'log in');
}

const PING_COUNT = 20;
const PING_SLOW_MS = 20;
const PING_ADVICE = 'what else is found tells why';

async function checkAnswers({ configuration, node, tool, world }: Patient): Promise<Findings> {
  const { network } = configuration;
  if (node?.configuration === null || !network.respEnabled || network.respPort === 0) return null;
  const bound = reachable(network.respBindAddresses[0] ?? '');
  const asked = new URL(node?.url ?? '').hostname.replace(/^\[|\]$/g, '');
  // Bound to all addresses it is where its HTTP port is.
  const isAny = reachable('0.0.0.0') === bound;
  const place = { host: isAny ? asked : bound, port: network.respPort, tls: null };
  const login = { user: tool.flags.get('user') ?? null, password: passwordOf(tool), store: null };
  try {
    const talk = await openTalk(world, place, login);
    try {
      return await measurePings(talk, world);
    } finally {
      talk.socket.destroy();
    }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return failure(error.message, 'see firewalls, and network.resp_bind_addr');
  }
}

async function measurePings(talk: RespTalk, { clock }: World): Promise<Finding> {
  const times: number[] = [];
  for (let i = 0; i < PING_COUNT; i++) {
    const startMs = clock.monotonicMs();
    const errorText = await talk.ask(['PING']);
    if (errorText !== '') return failure(`a PING is refused: ${errorText}`, PING_ADVICE);
    times.push(clock.monotonicMs() - startMs);
  }
  const medianMs = times.sort((left, right) => left - right)[PING_COUNT >> 1];
  const found = `a PING takes ${describeMs(medianMs)} ms`;
  if (medianMs < PING_SLOW_MS) return good(found);
  return warning(found, 'SLOWLOG GET and LATENCY LATEST on the node; hypercache bench');
}

function checkVersion({ node }: Patient): Findings {
  const version = node?.statistics?.process.version;
  if (version === undefined) return null;
  if (version === VERSION) return good(version);
  return notice(
    `the node is of version ${version}, this command of ${VERSION}`,
    'it may not know all that the node has; take the command that the node was started with',
  );
}

function checkMemory({ node }: Patient): Findings {
  const memory = node?.statistics?.memory;
  if (memory === undefined) return null;
  const used = `${describeBytes(memory.used)} of ${describeBytes(memory.limit)} are in use`;
  if (memory.limit === 0) return good(`${describeBytes(memory.used)} are in use`);
  const advice = 'raise cache.node_max_memory, or let stores evict earlier: their max_memory';
  if (memory.pressure_level === 'ok') return good(used);
  const make = memory.pressure_level === 'panic' ? failure : warning;
  return make(`${used}: pressure is ${memory.pressure_level}`, advice);
}

const SYNC_SLOW_MS = 1_000;

function checkLog({ node }: Patient): Findings {
  const found: Finding[] = [];
  for (const [store, { log }] of Object.entries(node?.persistence ?? {})) {
    if (log.failure !== '') {
      found.push(
        failure(
          `the disk refuses the log of '${store}': ${log.failure}; writes are refused`,
          'make room, or see permissions; the node tries again by itself',
        ),
      );
    } else if (log.last_sync_duration_ms > SYNC_SLOW_MS) {
      const seconds = (log.last_sync_duration_ms / 1000).toFixed(1);
      found.push(
        warning(
          `the last sync of the log of '${store}' took ${seconds} s`,
          'use another disk, or see what else writes to it',
        ),
      );
    }
    if (!log.last_rewrite_ok) {
      found.push(
        warning(`the last rewrite of the log of '${store}' failed`, 'see the log of the node'),
      );
    }
  }
  return found.length > 0 ? found : good('it does');
}

function checkSnapshot({ node }: Patient): Findings {
  const failed = Object.entries(node?.persistence ?? {}).filter(
    ([, { snapshot }]) => !snapshot.last_ok,
  );
  if (failed.length === 0) return good('they did');
  return failed.map(([store, { snapshot }]) =>
    failure(
      `the last snapshot of '${store}' failed: ${snapshot.last_failure}`,
      'make room on the disk; BGSAVE tries again',
    ),
  );
}

const CLIENTS_SHARE_MAX = 0.8;

function checkClients({ configuration, node }: Patient): Findings {
  const connections = node?.statistics?.process.connections;
  if (node?.configuration === null || connections === undefined) return null;
  const { maxClients } = configuration.network;
  const found = `${counted(connections, 'client')} of ${maxClients}`;
  const advice = 'raise network.max_clients (and ulimit -n), or see who leaves connections open';
  const refused = node?.rejectedConnectionCount ?? 0;
  if (refused > 0) {
    return warning(`${found}; ${counted(refused, 'connection')} refused since the start`, advice);
  }
  return connections < maxClients * CLIENTS_SHARE_MAX ? good(found) : warning(found, advice);
}

const HIT_RATE_LOW = 0.5;
/** Below that a rate says nothing. */
const LOOKUPS_MIN = 10_000;

function checkHitRate({ node }: Patient): Findings {
  const stores = Object.entries(node?.statistics?.stores ?? {}).filter(
    ([, { evictions, hit_rate, hits, misses }]) =>
      evictions > 0 && hits + misses >= LOOKUPS_MIN && hit_rate < HIT_RATE_LOW,
  );
  if (stores.length === 0) return good('none does');
  return stores.map(([store, { evictions, hit_rate }]) =>
    notice(
      `'${store}' finds ${describeShare(hit_rate)} of what is asked for, ${evictions} keys evicted`,
      'give it more memory, or another eviction_policy',
    ),
  );
}
