import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow, Execute } from '../command-row.ts';

/** A row that answers, on a node that is part of no cluster, as redis-server does there. */
export function clusterRow(row: Omit<CommandRow, 'group'> & { execute: Execute }): CommandRow {
  const { execute } = row;
  return {
    ...row,
    group: 'cluster',
    execute(session, frame, reply) {
      if (session.node.cluster.isOn) execute(session, frame, reply);
      else reply.error(ERRORS.clusterDisabled);
    },
  };
}
