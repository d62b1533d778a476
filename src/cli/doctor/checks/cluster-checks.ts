/** How a running node stands to the others. */
import { counted, describeMs } from '../../terminal/units.ts';
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
import type { PeerFacts } from '../node-facts.ts';

const RUNNING = ['here', 'afar'] as const;

export const CLUSTER_CHECKS: readonly CheckRow[] = [
  {
    name: 'members',
    about: 'no member of the cluster is missing, and seeds led to somebody',
    stages: RUNNING,
    look: checkMembers,
  },
  {
    name: 'peers',
    about: 'the HTTP ports of the other members answer',
    stages: RUNNING,
    look: checkPeers,
  },
  {
    name: 'views',
    about: 'all members see the same cluster',
    stages: RUNNING,
    look: checkViews,
  },
  {
    name: 'cluster-versions',
    about: 'all members are of one version',
    stages: RUNNING,
    look: checkVersions,
  },
  {
    name: 'clocks',
    about: 'the clocks of all members agree: nodes half a second apart are not linked',
    stages: RUNNING,
    look: checkClocks,
  },
  {
    name: 'copies',
    about: 'there are as many nodes as `cluster.replication_factor` wants copies',
    stages: RUNNING,
    look: checkCopies,
  },
  {
    name: 'repair',
    about: 'no node is being filled',
    stages: RUNNING,
    look: checkRepair,
  },
];

function isInCluster({ configuration, node }: Patient): boolean {
  return node?.statistics !== null && node !== null && configuration.cluster.enabled;
}

function checkMembers(patient: Patient): Findings {
  const { configuration, node } = patient;
  if (!isInCluster(patient)) return null;
  const { cluster_size: size, members } = node!.statistics!.cluster;
  const missing = members.filter(({ status }) => status === 'failed' || status === 'suspect');
  if (missing.length > 0) {
    return missing.map(({ node_id, status }) =>
      failure(
        `${node_id} is ${status === 'failed' ? 'not reached any more' : 'suspected to be gone'}`,
        `start it again, or hypercache cluster forget ${node_id}`,
      ),
    );
  }
  const { seedDns, seeds } = configuration.cluster;
  if (size === 1 && (seeds.length > 0 || seedDns !== '')) {
    return warning(
      'there are seeds, and the node is alone',
      'see that the others run, have the same cluster.key, and are reached by TCP and UDP',
    );
  }
  return good(`${counted(size, 'node')}`);
}

function checkPeers(patient: Patient): Findings {
  const { node } = patient;
  if (!isInCluster(patient) || node!.peers.length === 0) return null;
  const silent = node!.peers.filter(({ refusal }) => refusal !== '');
  if (silent.length === 0)
    return good(`answers from ${counted(node!.peers.length, 'other member')}`);
  return silent.map(({ id, refusal, url }) =>
    warning(
      `${id} does not tell how it is: ${refusal.includes(url) ? refusal : `${url}: ${refusal}`}`,
      'ask it by itself (doctor --url), or see firewalls and passwords',
    ),
  );
}

function checkViews(patient: Patient): Findings {
  const { node } = patient;
  const told = tellingPeers(patient);
  if (told.length === 0) return null;
  const own = node!.statistics!.cluster;
  const others = told.filter(
    ({ cluster }) =>
      cluster.cluster_size !== own.cluster_size || cluster.table.digest !== own.table.digest,
  );
  if (others.length === 0) return good(`${counted(own.cluster_size, 'node')} agree`);
  return others.map(({ cluster, id }) =>
    failure(
      cluster.cluster_size === own.cluster_size
        ? `${id} has another table of owners`
        : `${id} sees ${counted(cluster.cluster_size, 'node')}, this one ${own.cluster_size}`,
      'wait some seconds, and ask again; if it stays, gossip does not pass: TCP and UDP both ways',
    ),
  );
}

function checkVersions(patient: Patient): Findings {
  if (!isInCluster(patient)) return null;
  const { members } = patient.node!.statistics!.cluster;
  const byVersion = new Map<string, string[]>();
  for (const { metadata, node_id, status } of members) {
    if (status !== 'alive') continue;
    const version = String(metadata['version']);
    byVersion.set(version, [...(byVersion.get(version) ?? []), node_id]);
  }
  if (byVersion.size <= 1) return good([...byVersion.keys()].join());
  const parts = [...byVersion].map(([version, ids]) => `${version}: ${ids.join(', ')}`);
  return warning(parts.join('; '), 'bring all to one version; a mix is for the time of an upgrade');
}

/** Where links are refused. */
const SKEW_REFUSED_MS = 500;
const SKEW_NOTICED_MS = 100;

function checkClocks(patient: Patient): Findings {
  const ownMs = patient.node?.clockAheadMs ?? null;
  const known = tellingPeers(patient).filter(({ clockAheadMs }) => clockAheadMs !== null);
  if (ownMs === null || known.length === 0) return null;
  const found: Finding[] = [];
  let largestMs = 0;
  for (const { clockAheadMs, id } of known) {
    const skewMs = clockAheadMs! - ownMs;
    largestMs = Math.max(largestMs, Math.abs(skewMs));
    if (Math.abs(skewMs) < SKEW_NOTICED_MS) continue;
    const make = Math.abs(skewMs) < SKEW_REFUSED_MS ? warning : failure;
    const way = skewMs > 0 ? 'ahead' : 'behind';
    const reason = `the clock of ${id} is ${Math.round(Math.abs(skewMs))} ms ${way}`;
    found.push(make(reason, 'let all machines follow one time: chrony, or systemd-timesyncd'));
  }
  return found.length > 0 ? found : good(`${describeMs(largestMs)} ms apart at most`);
}

function checkCopies(patient: Patient): Findings {
  if (!isInCluster(patient)) return null;
  const { replicationFactor } = patient.configuration.cluster;
  const { cluster_size: size } = patient.node!.statistics!.cluster;
  if (replicationFactor === 0) {
    if (size > 1) return good('every node holds every key');
    return notice('the node is alone: there is no other copy', 'hypercache cluster add');
  }
  if (replicationFactor > size) {
    return warning(
      `${counted(size, 'node')} for the ${replicationFactor} copies of cluster.replication_factor`,
      'add nodes',
    );
  }
  if (replicationFactor > 1) return good(`${replicationFactor} copies on ${size} nodes`);
  return warning(
    'cluster.replication_factor is 1: a node that dies takes its keys with it',
    'set it to 2 or more on all nodes',
  );
}

function checkRepair(patient: Patient): Findings {
  if (!isInCluster(patient)) return null;
  const { members, repair } = patient.node!.statistics!.cluster;
  const filling = members.filter(({ metadata }) => metadata['state'] === 'filling');
  if (filling.length === 0 && repair.length === 0) return good('none is');
  const ids = filling.map(({ node_id }) => node_id).join(', ');
  const what = ids === '' ? `${counted(repair.length, 'store')} of this node` : ids;
  return notice(`${what}: copies are being made equal`, 'hypercache cluster rebalance shows it');
}

type TellingPeer = PeerFacts & { readonly cluster: NonNullable<PeerFacts['cluster']> };

function tellingPeers(patient: Patient): TellingPeer[] {
  const peers = isInCluster(patient) ? patient.node!.peers : [];
  return peers.filter((peer): peer is TellingPeer => peer.cluster !== null);
}
