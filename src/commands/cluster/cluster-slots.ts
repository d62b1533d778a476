import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { ClusterNode } from '../cluster-service.ts';
import type { CommandRow } from '../command-row.ts';
import type { Session } from '../session.ts';
import { clusterRow } from './cluster-row.ts';
import { listSlotRanges, masterOf, portFor, presentNodes, type SlotRange } from './slot-ranges.ts';

export const slotsCommand: CommandRow = clusterRow({
  name: 'slots',
  arity: 2,
  flags: ['stale'],
  since: '3.0.0',
  complexity: 'O(N) where N is the total number of Cluster nodes',
  summary: 'List which node owns which slots, and who has copies',
  syntax: '',
  deprecated: { since: '7.0.0', replacedBy: '`CLUSTER SHARDS`' },
  tips: ['nondeterministic_output'],
  execute(session, _frame, reply) {
    const { cluster } = session.node;
    const ranges = listSlotRanges(cluster);
    const replicas = presentNodes(cluster).filter(
      (node) => node.status === 'ready' && masterOf(node, ranges) !== null,
    );
    const places = placesIn(session);
    reply.array(ranges.length);
    for (const { end, owner, start } of ranges) {
      reply.array(3 + replicas.length);
      reply.integer(start);
      reply.integer(end);
      for (const node of [owner, ...replicas]) replyPlace(places.get(node.id), reply);
    }
  },
});

/** Where a client finds a node. */
interface Place {
  readonly address: string;
  readonly port: number;
  readonly hexId: string;
}

/** Each node stands in hundreds of ranges. */
function placesIn(session: Session): Map<string, Place> {
  const nodes = presentNodes(session.node.cluster);
  return new Map(
    nodes.map((node) => {
      const { address, hexId, id } = node;
      return [id, { address, port: portFor(session, node), hexId }];
    }),
  );
}

function replyPlace(place: Place | undefined, reply: ReplyWriter): void {
  reply.array(4);
  reply.bulkText(place?.address ?? '');
  reply.integer(place?.port ?? 0);
  reply.bulkLatin1(place?.hexId ?? '');
  // Further facts, of which there are none: no host names.
  reply.array(0);
}

export const shardsCommand: CommandRow = clusterRow({
  name: 'shards',
  arity: 2,
  flags: ['stale'],
  since: '7.0.0',
  complexity: 'O(N) where N is the total number of cluster nodes',
  summary: 'List owners with all their slots and those who have copies',
  syntax: '',
  tips: ['nondeterministic_output'],
  execute(session, _frame, reply) {
    const { cluster } = session.node;
    const ranges = listSlotRanges(cluster);
    const nodes = presentNodes(cluster);
    const masters = nodes.filter((node) => masterOf(node, ranges) === null);
    reply.array(masters.length);
    for (const master of masters) {
      const replicas = nodes.filter((node) => masterOf(node, ranges)?.id === master.id);
      reply.map(2);
      replySlots(
        ranges.filter(({ owner }) => owner.id === master.id),
        reply,
      );
      reply.bulkLatin1('nodes');
      reply.array(1 + replicas.length);
      replyShardNode(session, master, 'master', reply);
      for (const replica of replicas) replyShardNode(session, replica, 'replica', reply);
    }
  },
});

function replySlots(ranges: readonly SlotRange[], reply: ReplyWriter): void {
  reply.bulkLatin1('slots');
  reply.array(ranges.length * 2);
  for (const { end, start } of ranges) {
    reply.integer(start);
    reply.integer(end);
  }
}

function replyShardNode(
  session: Session,
  node: ClusterNode,
  role: 'master' | 'replica',
  reply: ReplyWriter,
): void {
  reply.map(node.tlsPort === 0 ? 7 : 8);
  reply.bulkLatin1('id');
  reply.bulkLatin1(node.hexId);
  if (node.tlsPort !== 0) {
    reply.bulkLatin1('tls-port');
    reply.integer(node.tlsPort);
  }
  reply.bulkLatin1('port');
  reply.integer(portFor(session, node));
  reply.bulkLatin1('ip');
  reply.bulkText(node.address);
  reply.bulkLatin1('endpoint');
  reply.bulkText(node.address);
  reply.bulkLatin1('role');
  reply.bulkLatin1(role);
  reply.bulkLatin1('replication-offset');
  reply.integer(0);
  reply.bulkLatin1('health');
  reply.bulkLatin1(healthOf(node));
}

function healthOf({ status }: ClusterNode): string {
  if (status === 'failed') return 'failed';
  return status === 'filling' ? 'loading' : 'online';
}
