/**
 * Subcommands by which an operator of Redis Cluster assigns slots and roles. Here both follow from
 * which nodes there are: what remains is to meet nodes and to forget those that failed.
 */
import { echoed } from '../../protocol/error-echo.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { integerArgument } from '../integer-argument.ts';
import { findNode } from './cluster-nodes.ts';
import { clusterRow } from './cluster-row.ts';

const ADMIN = { flags: ['admin', 'stale', 'no_async_loading'], since: '3.0.0' } as const;
const PORT_MAX = 65_535;

export const meetCommand: CommandRow = clusterRow({
  ...ADMIN,
  name: 'meet',
  arity: -4,
  complexity: 'O(1)',
  summary: 'Join the node whose gossip port is that one',
  syntax: 'ip port [cluster_bus_port]',
  execute({ node }, frame, reply) {
    const port = integerArgument(frame, 3);
    if (Number.isNaN(port)) {
      reply.errorLatin1(`ERR Invalid TCP base port specified: ${echoed(frame, 3)}`);
      return;
    }
    const busPort = frame.count > 4 ? integerArgument(frame, 4) : port;
    if (Number.isNaN(busPort)) {
      reply.errorLatin1(`ERR Invalid TCP bus port specified: ${echoed(frame, 4)}`);
      return;
    }
    const host = frame.latin1(2);
    if (!isAddress(host) || busPort < 1 || busPort > PORT_MAX) {
      reply.errorLatin1(
        `ERR Invalid node address specified: ${echoed(frame, 2)}:${echoed(frame, 3)}`,
      );
      return;
    }
    node.cluster.meet(host, busPort);
    reply.ok();
  },
});

/** IPv4 or IPv6, as far as its letters tell: names are for the seeds of the settings. */
function isAddress(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || /^[0-9a-fA-F.]*:[0-9a-fA-F:.]*$/.test(host);
}

export const forgetCommand: CommandRow = clusterRow({
  ...ADMIN,
  name: 'forget',
  arity: 3,
  complexity: 'O(1)',
  summary: 'Wait no more for a node that failed',
  syntax: 'node-id',
  execute({ node }, frame, reply) {
    const found = findNode(node.cluster, frame, reply);
    if (found === null) return;
    if (found.isSelf) return reply.error(ERRORS.clusterForgetSelf);
    if (!node.cluster.forgetNode(found.id)) return reply.error(ERRORS.clusterForgetLive);
    reply.ok();
  },
});

export const bumpepochCommand: CommandRow = clusterRow({
  ...ADMIN,
  name: 'bumpepoch',
  arity: 2,
  complexity: 'O(1)',
  summary: 'Tell the version of the table of slots, which changes by itself',
  syntax: '',
  tips: ['nondeterministic_output'],
  execute({ node }, _frame, reply) {
    reply.simple(`STILL ${node.cluster.tableVersion}`);
  },
});

export const saveconfigCommand: CommandRow = clusterRow({
  ...ADMIN,
  name: 'saveconfig',
  arity: 2,
  complexity: 'O(1)',
  summary: 'Do nothing: what is known of other nodes is kept whenever it changes',
  syntax: '',
  execute(_session, _frame, reply) {
    reply.ok();
  },
});

/** Each is refused with a reason. */
export const REFUSED_COMMANDS: readonly CommandRow[] = [
  refusedRow(ERRORS.clusterSlotsFollow, {
    name: 'addslots',
    arity: -3,
    complexity: 'O(N) where N is the total number of hash slot arguments',
    syntax: 'slot [slot ...]',
  }),
  refusedRow(ERRORS.clusterSlotsFollow, {
    name: 'addslotsrange',
    arity: -4,
    since: '7.0.0',
    complexity:
      'O(N) where N is the total number of the slots between the start slot and end slot ' +
      'arguments.',
    syntax: 'start-slot end-slot [start-slot end-slot ...]',
  }),
  refusedRow(ERRORS.clusterSlotsFollow, {
    name: 'delslots',
    arity: -3,
    complexity: 'O(N) where N is the total number of hash slot arguments',
    syntax: 'slot [slot ...]',
  }),
  refusedRow(ERRORS.clusterSlotsFollow, {
    name: 'delslotsrange',
    arity: -4,
    since: '7.0.0',
    complexity:
      'O(N) where N is the total number of the slots between the start slot and end slot ' +
      'arguments.',
    syntax: 'start-slot end-slot [start-slot end-slot ...]',
  }),
  refusedRow(ERRORS.clusterSlotsFollow, {
    name: 'flushslots',
    arity: 2,
    complexity: 'O(1)',
    syntax: '',
  }),
  refusedRow(ERRORS.clusterSlotsFollow, {
    name: 'set-config-epoch',
    arity: 3,
    complexity: 'O(1)',
    syntax: 'config-epoch',
  }),
  refusedRow(ERRORS.clusterSlotsFollow, {
    name: 'setslot',
    arity: -4,
    complexity: 'O(1)',
    syntax: 'slot <IMPORTING node-id | MIGRATING node-id | NODE node-id | STABLE>',
  }),
  refusedRow(ERRORS.clusterOwnersFollow, {
    name: 'failover',
    arity: -2,
    complexity: 'O(1)',
    syntax: '[FORCE | TAKEOVER]',
  }),
  refusedRow(ERRORS.clusterOwnersFollow, {
    name: 'replicate',
    arity: 3,
    complexity: 'O(1)',
    syntax: 'node-id',
  }),
  refusedRow(ERRORS.clusterReset, {
    name: 'reset',
    arity: -2,
    flags: ['admin', 'noscript', 'stale'],
    complexity:
      'O(N) where N is the number of known nodes. The command may execute a FLUSHALL as a side ' +
      'effect.',
    syntax: '[HARD | SOFT]',
  }),
];

function refusedRow(
  error: ErrorRow,
  facts: Pick<CommandRow, 'name' | 'arity' | 'complexity' | 'syntax'> & Partial<CommandRow>,
): CommandRow {
  return clusterRow({
    ...ADMIN,
    summary: 'Refused: who owns what follows from the nodes of the cluster',
    ...facts,
    execute: (_session, _frame, reply) => reply.error(error),
  });
}
