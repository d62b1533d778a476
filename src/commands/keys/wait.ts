import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';

export const waitCommand: CommandRow = {
  name: 'wait',
  arity: 3,
  flags: ['noscript'],
  categories: ['-keyspace', 'connection'],
  group: 'generic',
  since: '3.0.0',
  complexity: 'O(1)',
  summary: 'Wait until replicas have acknowledged what this client wrote before',
  syntax: 'numreplicas timeout',
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  execute(session, frame, reply) {
    const replicaCount = integer64Argument(frame, 1);
    if (replicaCount === null) return reply.error(ERRORS.notInteger);
    const { blocking } = session.node;
    const timeoutMs = blocking.parseTimeoutMs(frame, 2, reply);
    if (timeoutMs < 0) return;
    // There are no replicas, now or when the time has passed; none is what was asked for at most.
    if (replicaCount <= 0n) reply.integer(0);
    else blocking.blockForTime(session, frame, reply, { timeoutMs, timeoutReply: 'zero' });
  },
};
