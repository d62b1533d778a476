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
  execute(_session, frame, reply) {
    if (integer64Argument(frame, 1) === null) return reply.error(ERRORS.notInteger);
    const timeoutMs = integer64Argument(frame, 2);
    if (timeoutMs === null) return reply.error(ERRORS.timeoutNotInteger);
    if (timeoutMs < 0n) return reply.error(ERRORS.timeoutNegative);
    // There are no replicas to wait for, now or when the time has passed.
    reply.integer(0);
  },
};
