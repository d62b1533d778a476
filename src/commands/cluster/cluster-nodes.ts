import type { Frame } from '../../base/frame.ts';
import { echoed } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { ClusterNode, ClusterService } from '../cluster-service.ts';
import type { CommandRow } from '../command-row.ts';
import type { Session } from '../session.ts';
import { clusterRow } from './cluster-row.ts';
import { listSlotRanges, masterOf, portFor, presentNodes, type SlotRange } from './slot-ranges.ts';

export const nodesCommand: CommandRow = clusterRow({
  name: 'nodes',
  arity: 2,
  flags: ['stale'],
  since: '3.0.0',
  complexity: 'O(N) where N is the total number of Cluster nodes',
  summary: 'Tell all nodes and what they own, a line each',
  syntax: '',
  tips: ['nondeterministic_output'],
  execute(session, _frame, reply) {
    const { cluster } = session.node;
    const ranges = listSlotRanges(cluster);
    const lines = presentNodes(cluster).map((node) => lineOf(session, node, ranges));
    reply.verbatim('txt', lines.map((line) => `${line}\n`).join(''));
  },
});

const REPLICAS = {
  arity: 3,
  flags: ['admin', 'stale'],
  complexity: 'O(1)',
  summary: 'Tell the nodes that have copies of what a node owns, a line each',
  syntax: 'node-id',
  tips: ['nondeterministic_output'],
} as const;

export const replicasCommand: CommandRow = clusterRow({
  ...REPLICAS,
  name: 'replicas',
  since: '5.0.0',
  execute: replyReplicas,
});

export const slavesCommand: CommandRow = clusterRow({
  ...REPLICAS,
  name: 'slaves',
  since: '3.0.0',
  deprecated: { since: '5.0.0', replacedBy: '`CLUSTER REPLICAS`' },
  execute: replyReplicas,
});

function replyReplicas(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { cluster } = session.node;
  const master = findNode(cluster, frame, reply);
  if (master === null) return;
  const ranges = listSlotRanges(cluster);
  if (masterOf(master, ranges) !== null) return reply.error(ERRORS.clusterNotMaster);
  const replicas = presentNodes(cluster).filter((node) => masterOf(node, ranges)?.id === master.id);
  reply.array(replicas.length);
  for (const replica of replicas) reply.bulkText(lineOf(session, replica, ranges));
}

export const countFailureReportsCommand: CommandRow = clusterRow({
  name: 'count-failure-reports',
  arity: 3,
  flags: ['admin', 'stale'],
  since: '3.0.0',
  complexity: 'O(N) where N is the number of failure reports',
  summary: 'Count the other nodes that do not hear a node',
  syntax: 'node-id',
  tips: ['nondeterministic_output'],
  execute({ node }, frame, reply) {
    const found = findNode(node.cluster, frame, reply);
    if (found !== null) reply.integer(found.doubtCount);
  },
});

export const linksCommand: CommandRow = clusterRow({
  name: 'links',
  arity: 2,
  flags: ['stale'],
  since: '7.0.0',
  complexity: 'O(N) where N is the total number of Cluster nodes',
  summary: 'List the connections between this node and the others',
  syntax: '',
  tips: ['nondeterministic_output'],
  execute({ node }, _frame, reply) {
    const { links, nodes } = node.cluster;
    reply.array(links.length);
    for (const { bufferBytes, createdMs, direction, nodeId, queuedBytes } of links) {
      reply.map(6);
      reply.bulkLatin1('direction');
      reply.bulkLatin1(direction);
      reply.bulkLatin1('node');
      reply.bulkLatin1(nodes.find(({ id }) => id === nodeId)?.hexId ?? '');
      reply.bulkLatin1('create-time');
      reply.integer(createdMs);
      reply.bulkLatin1('events');
      reply.bulkLatin1(queuedBytes === 0 ? 'r' : 'rw');
      reply.bulkLatin1('send-buffer-allocated');
      reply.integer(bufferBytes);
      reply.bulkLatin1('send-buffer-used');
      reply.integer(queuedBytes);
    }
  },
});

/** Argument 2 as the id of a node; null when the error was written. */
export function findNode(
  cluster: ClusterService,
  frame: Frame,
  reply: ReplyWriter,
): ClusterNode | null {
  const hexId = frame.latin1(2);
  const node = presentNodes(cluster).find((present) => present.hexId === hexId);
  if (node !== undefined) return node;
  reply.errorLatin1(`ERR Unknown node ${echoed(frame, 2)}`);
  return null;
}

/** `id address:port@linkport flags master ping-sent pong-received epoch link slot ...` */
function lineOf(session: Session, node: ClusterNode, ranges: readonly SlotRange[]): string {
  const master = masterOf(node, ranges);
  const { address, hexId, isSelf, linkPort, seenMs } = node;
  const slots = ranges
    .filter(({ owner }) => owner.id === node.id)
    .map(({ end, start }) => (start === end ? `${start}` : `${start}-${end}`));
  return [
    hexId,
    `${address}:${portFor(session, node)}@${linkPort}`,
    flagsOf(node, master !== null),
    master?.hexId ?? '-',
    0,
    isSelf ? 0 : seenMs,
    session.node.cluster.tableVersion,
    isSelf || node.status === 'ready' || node.status === 'filling' ? 'connected' : 'disconnected',
    ...slots,
  ].join(' ');
}

function flagsOf({ isSelf, status }: ClusterNode, isReplica: boolean): string {
  const flags = isSelf ? ['myself'] : [];
  flags.push(isReplica ? 'slave' : 'master');
  if (status === 'failed') flags.push('fail');
  if (status === 'suspect') flags.push('fail?');
  return flags.join();
}
