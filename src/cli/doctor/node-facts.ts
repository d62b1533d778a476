/** What a running node tells of itself and of those beside it. */
import type { Configuration } from '../../base/configuration.ts';
import { NodeError } from '../../base/errors.ts';
import { settleConfiguration } from '../../config/settle-configuration.ts';
import { emptySource } from '../../config/sources/raw-setting.ts';
import { inUrl } from '../node/asked-node.ts';
import { askNode, type NodeAnswer, whyRefused } from '../node/node-access.ts';
import type { ToolRun } from '../tool-arguments.ts';

export interface NodeFacts {
  readonly url: string;
  /** Why it does not tell more than its health; '' when it does. */
  readonly refusal: string;
  readonly phase: string;
  readonly issues: readonly string[];
  /** As GET /stats has them; null: it does not tell. */
  readonly statistics: NodeStatistics | null;
  readonly configuration: Configuration | null;
  /** By store. */
  readonly persistence: Readonly<Record<string, StorePersistence>>;
  readonly rejectedConnectionCount: number;
  /** Its clock is ahead of this machine's; null: not known. */
  readonly clockAheadMs: number | null;
  /** Other members that live. */
  readonly peers: readonly PeerFacts[];
}

export interface NodeStatistics {
  readonly process: {
    readonly id: string;
    readonly version: string;
    readonly node_version: string;
    readonly pid: number;
    readonly connections: number;
  };
  readonly memory: {
    readonly used: number;
    readonly limit: number;
    readonly resident: number;
    readonly pressure: number;
    readonly pressure_level: string;
  };
  readonly cluster: ClusterFacts;
  readonly stores: Readonly<Record<string, StoreStatistics>>;
}

export interface ClusterFacts {
  readonly mode: string;
  readonly cluster_size: number;
  readonly table: { readonly digest: string };
  readonly members: readonly MemberFacts[];
  readonly repair: readonly { readonly store: string; readonly share: number }[];
}

export interface MemberFacts {
  readonly node_id: string;
  readonly address: string;
  readonly status: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface StoreStatistics {
  readonly items: number;
  readonly memory: number;
  readonly hits: number;
  readonly misses: number;
  readonly hit_rate: number;
  readonly evictions: number;
}

export interface StorePersistence {
  readonly snapshot: {
    readonly last_ok: boolean;
    readonly last_failure: string;
  };
  readonly log: {
    readonly failure: string;
    readonly last_sync_duration_ms: number;
    readonly delayed_syncs: number;
    readonly last_rewrite_ok: boolean;
  };
}

/** What another member says when it is asked itself. */
export interface PeerFacts {
  readonly id: string;
  readonly url: string;
  /** Why nothing is known of it; '' when all is. */
  readonly refusal: string;
  readonly cluster: ClusterFacts | null;
  readonly clockAheadMs: number | null;
}

const SILENCE_MS = 5_000;

/** @throws NodeError REQUEST_FAILED when nobody answers there */
export async function examineNode(tool: ToolRun, url: string): Promise<NodeFacts> {
  const health = await askNode(tool, { url: `${url}/health`, silenceMs: SILENCE_MS });
  const { issues, status } = health.facts ?? {};
  // Who comes with a wrong password is not even told that.
  if (typeof status !== 'string' && health.status !== 401) {
    throw new NodeError('REQUEST_FAILED', `${url}: it is no node of ours`);
  }
  const statistics = await askNode(tool, { url: `${url}/stats` });
  const isTold = statistics.status === 200;
  const told = isTold ? (statistics.facts as unknown as NodeStatistics) : null;
  const nothing: NodeFacts = {
    url,
    refusal: isTold ? '' : whyRefused(tool, statistics),
    phase: String(status ?? 'unknown'),
    issues: Array.isArray(issues) ? issues.map(String) : [],
    statistics: told,
    configuration: null,
    persistence: {},
    rejectedConnectionCount: 0,
    clockAheadMs: null,
    peers: [],
  };
  if (told === null) return nothing;
  const { stores } =
    (await askNode(tool, { url: `${url}/api/admin/persistence-stats` })).facts ?? {};
  return {
    ...nothing,
    configuration: configurationIn(await askNode(tool, { url: `${url}/api/config` })),
    persistence: (stores ?? {}) as NodeFacts['persistence'],
    rejectedConnectionCount: await countRejected(tool, url),
    clockAheadMs: await measureClock(tool, url),
    peers: await examinePeers(tool, url, told),
  };
}

function examinePeers(
  tool: ToolRun,
  url: string,
  { cluster, process: { id } }: NodeStatistics,
): Promise<PeerFacts[]> {
  const others = cluster.members.filter(
    ({ node_id, status }) => status === 'alive' && node_id !== id,
  );
  const { protocol } = new URL(url);
  return Promise.all(
    others.map(({ address, metadata, node_id }) =>
      examinePeer(tool, node_id, `${protocol}//${inUrl(address)}:${String(metadata['http_port'])}`),
    ),
  );
}

async function examinePeer(tool: ToolRun, id: string, url: string): Promise<PeerFacts> {
  try {
    const answer = await askNode(tool, { url: `${url}/api/cluster/status`, silenceMs: SILENCE_MS });
    const isTold = answer.status === 200;
    return {
      ...{ id, url },
      refusal: isTold ? '' : whyRefused(tool, answer),
      cluster: isTold ? (answer.facts as unknown as ClusterFacts) : null,
      clockAheadMs: isTold ? await measureClock(tool, url) : null,
    };
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return { id, url, refusal: error.message, cluster: null, clockAheadMs: null };
  }
}

/** By TIME: the node read its clock on the way there or back, so that half of it is the error. */
async function measureClock(tool: ToolRun, url: string): Promise<number | null> {
  const { clock } = tool.world;
  const [askedMs, startMs] = [clock.wallMs(), clock.monotonicMs()];
  const reply = await runCommand(tool, url, ['TIME']);
  const wayMs = clock.monotonicMs() - startMs;
  const parts = (reply?.value ?? []) as readonly { readonly value: string }[];
  if (parts.length !== 2) return null;
  const theirsMs = Number(parts[0].value) * 1000 + Number(parts[1].value) / 1000;
  return theirsMs - askedMs - wayMs / 2;
}

async function countRejected(tool: ToolRun, url: string): Promise<number> {
  const reply = await runCommand(tool, url, ['INFO', 'stats']);
  return Number(/^rejected_connections:(\d+)/m.exec(String(reply?.value))?.[1] ?? 0);
}

/** @returns null when the user may not */
async function runCommand(
  tool: ToolRun,
  url: string,
  command: readonly string[],
): Promise<{ readonly type: string; readonly value: unknown } | null> {
  const question = { url: `${url}/api/command`, method: 'POST', body: { command } } as const;
  const { facts } = await askNode(tool, question);
  const reply = facts?.['reply'] as { type: string; value: unknown } | undefined;
  return reply === undefined || reply.type === 'error' ? null : reply;
}

/** Sections that checks read. Others have texts that only redis-server's syntax reads. */
const SECTIONS = ['node', 'network', 'tls', 'security', 'cache', 'persistence', 'cluster', 'http'];

/** The settings that hold at the node, secrets as `***`. */
export function configurationIn({ facts, status }: NodeAnswer): Configuration | null {
  if (status !== 200) return null;
  const config = facts?.['config'] as Readonly<Record<string, Record<string, string>>>;
  const source = emptySource();
  for (const section of SECTIONS) {
    for (const [name, text] of Object.entries(config[section] ?? {})) {
      const path = `${section}.${name}`;
      const common = { isList: false, source: 'command line', where: path } as const;
      source.settings.push({ name: path, form: 'path', words: [text], ...common });
    }
  }
  return settleConfiguration({
    habit: 'hypercache',
    sources: [source],
    memoryBytesTotal: 0,
    workingDirectory: '/',
  }).configuration;
}
