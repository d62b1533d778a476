/**
 * What Redis' tools ask of replication. Any node takes writes and sends them where they belong, so
 * that each says that it is a master: clients send none to what says `slave`. Who executes what
 * changes the default store tells who has copies of it; offsets count changes, not bytes.
 */
import type { ClusterReplica } from '../cluster-service.ts';
import type { CommandRow } from '../command-row.ts';
import type { NodeServices } from '../node-services.ts';
import type { InfoField } from './info-field.ts';

export function replicationFields(node: NodeServices): InfoField[] {
  const { cluster, configuration, runId, stores } = node;
  const { position, replicas } = cluster.streamOf(stores.default);
  return [
    ['role', 'master'],
    ['connected_slaves', replicas.length],
    ...replicas.map((replica, i): InfoField => [`slave${i}`, describe(node, replica)]),
    ['master_failover_state', 'no-failover'],
    ['master_replid', runId],
    ['master_replid2', '0'.repeat(40)],
    ['master_repl_offset', position],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', configuration.cluster.replBacklogBytes],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
  ];
}

export const roleCommand: CommandRow = {
  name: 'role',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast'],
  categories: ['admin', 'dangerous'],
  group: 'server',
  since: '2.8.12',
  complexity: 'O(1)',
  summary: 'Tell the part that this node plays in replication',
  syntax: '',
  execute({ node }, _frame, reply) {
    const { position, replicas } = node.cluster.streamOf(node.stores.default);
    reply.array(3);
    reply.bulkText('master');
    reply.integer(position);
    reply.array(replicas.length);
    for (const replica of replicas) {
      reply.array(3);
      reply.bulkText(replica.node.address);
      reply.bulkInteger(portOf(replica));
      reply.bulkInteger(replica.position);
    }
  },
};

function describe({ world }: NodeServices, replica: ClusterReplica): string {
  const { address, seenMs, status } = replica.node;
  const lagS = Math.max(0, Math.floor((world.clock.wallMs() - seenMs) / 1000));
  const state = status === 'filling' ? 'send_bulk' : 'online';
  const offset = `offset=${replica.position},lag=${lagS}`;
  return `ip=${address},port=${portOf(replica)},state=${state},${offset}`;
}

function portOf({ node }: ClusterReplica): number {
  return node.respPort === 0 ? node.tlsPort : node.respPort;
}
