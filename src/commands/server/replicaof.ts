import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow, Execute } from '../command-row.ts';

/** Independent is what this node is; to follow another is not to be had by this command. */
const executeReplicaof: Execute = (_session, frame, reply) => {
  if (frame.equals(1, 'NO') && frame.equals(2, 'ONE')) reply.ok();
  else reply.error(ERRORS.replicaofRefused);
};

function replicaofRow(name: string, since: string): CommandRow {
  return {
    name,
    arity: 3,
    flags: ['admin', 'noscript', 'stale', 'no_async_loading'],
    group: 'server',
    since,
    complexity: 'O(1)',
    summary: 'Follow another server, or stop doing so; only the latter is allowed here',
    syntax: '<host port | NO ONE>',
    execute: executeReplicaof,
  };
}

export const replicaofCommand: CommandRow = replicaofRow('replicaof', '5.0.0');
export const slaveofCommand: CommandRow = {
  ...replicaofRow('slaveof', '1.0.0'),
  deprecated: { since: '5.0.0', replacedBy: '`REPLICAOF`' },
};
