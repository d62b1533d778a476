import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
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
    const { blocking, cluster } = session.node;
    const timeoutMs = blocking.parseTimeoutMs(frame, 2, reply);
    if (timeoutMs < 0) return;
    const position = cluster.positionOf(session);
    const answer = (to: ReplyWriter) => to.integer(cluster.acknowledgedCount(session, position));
    if (cluster.acknowledgedCount(session, position) >= replicaCount) return answer(reply);
    const done = blocking.blockForEvent(session, frame, reply, { timeoutMs, answer });
    // Of so many nodes that none can have them, none ever will: the time passes.
    const nodeCount = Number(replicaCount);
    cluster.whenAcknowledged(session, position, { nodeCount, timeoutMs, done });
  },
};
