import type { CommandRow } from '../command-row.ts';
import { replyHelp } from '../help-reply.ts';
import {
  bumpepochCommand,
  forgetCommand,
  meetCommand,
  REFUSED_COMMANDS,
  saveconfigCommand,
} from './cluster-change.ts';
import {
  countkeysinslotCommand,
  getkeysinslotCommand,
  infoCommand,
  keyslotCommand,
  myidCommand,
} from './cluster-info.ts';
import {
  countFailureReportsCommand,
  linksCommand,
  nodesCommand,
  replicasCommand,
  slavesCommand,
} from './cluster-nodes.ts';
import { clusterRow } from './cluster-row.ts';
import { shardsCommand, slotsCommand } from './cluster-slots.ts';

const helpCommand = clusterRow({
  name: 'help',
  arity: 2,
  flags: ['loading', 'stale'],
  since: '5.0.0',
  complexity: 'O(1)',
  summary: 'List the subcommands of CLUSTER',
  syntax: '',
  execute: (_session, _frame, reply) => replyHelp(reply, 'CLUSTER', HELP_LINES),
});

/** What is refused is not told of. */
const HELP_LINES = [
  'BUMPEPOCH',
  '    Return the version of the table of slots.',
  'COUNT-FAILURE-REPORTS <node-id>',
  '    Return the number of nodes that do not hear <node-id>.',
  'COUNTKEYSINSLOT <slot>',
  '    Return the number of keys in <slot>.',
  'FORGET <node-id>',
  '    Wait no more for a node that failed.',
  'GETKEYSINSLOT <slot> <count>',
  '    Return key names stored by current node in a slot.',
  'INFO',
  '    Return information about the cluster.',
  'KEYSLOT <key>',
  '    Return the hash slot for <key>.',
  'LINKS',
  '    Return information about all network links between this node and its peers.',
  '    Output format is an array where each array element is a map containing attributes of a link',
  'MEET <ip> <gossip-port>',
  '    Join the node whose gossip port that is.',
  'MYID',
  '    Return the node id.',
  'NODES',
  '    Return cluster configuration seen by node. Output format:',
  '    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...',
  'REPLICAS <node-id>',
  '    Return <node-id> replicas.',
  'SHARDS',
  '    Return information about slot range mappings and the nodes associated with them.',
  'SLOTS',
  '    Return information about slots range mappings. Each range is made of:',
  '    start, end, master and replicas IP addresses, ports and ids',
];

export const clusterCommand: CommandRow = {
  name: 'cluster',
  arity: -2,
  flags: [],
  group: 'cluster',
  since: '3.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Tell of the cluster, its nodes and what they own',
  syntax: '',
  subcommands: [
    ...REFUSED_COMMANDS,
    bumpepochCommand,
    countFailureReportsCommand,
    countkeysinslotCommand,
    forgetCommand,
    getkeysinslotCommand,
    helpCommand,
    infoCommand,
    keyslotCommand,
    linksCommand,
    meetCommand,
    myidCommand,
    nodesCommand,
    replicasCommand,
    saveconfigCommand,
    shardsCommand,
    slavesCommand,
    slotsCommand,
  ],
};
