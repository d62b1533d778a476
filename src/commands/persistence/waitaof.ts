import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';

export const waitaofCommand: CommandRow = {
  name: 'waitaof',
  arity: 4,
  flags: ['noscript'],
  categories: ['-keyspace', 'connection'],
  group: 'generic',
  since: '7.2.0',
  complexity: 'O(1)',
  summary: 'Wait until what was written before lies on this disk, and on those of replicas',
  syntax: 'numlocal numreplicas timeout',
  tips: ['request_policy:all_shards', 'response_policy:agg_min'],
  execute(session, frame, reply) {
    const { node, store } = session;
    const { blocking, persistence } = node;
    const localCount = integer64Argument(frame, 1);
    if (localCount === null) return reply.error(ERRORS.notInteger);
    if (localCount < 0n || localCount > 1n) return reply.error(ERRORS.outOfRangeOne);
    const replicaCount = integer64Argument(frame, 2);
    if (replicaCount === null) return reply.error(ERRORS.notInteger);
    if (replicaCount < 0n) return reply.error(ERRORS.outOfRangePositive);
    const timeoutMs = blocking.parseTimeoutMs(frame, 3, reply);
    if (timeoutMs < 0) return;
    if (localCount > 0n && !persistence.hasLog(store)) return reply.error(ERRORS.waitaofNoLog);
    const position = persistence.positionOf(store);
    const answer = (to: ReplyWriter) => {
      to.array(2);
      to.integer(persistence.hasLog(store) && persistence.isSynced(store, position) ? 1 : 0);
      to.integer(0);
    };
    const isLocalDone = localCount === 0n || persistence.isSynced(store, position);
    // There are no replicas: who asks for one waits for the time to pass.
    if (isLocalDone && replicaCount === 0n) return answer(reply);
    const wake = blocking.blockForEvent(session, frame, reply, { timeoutMs, answer });
    if (replicaCount === 0n) persistence.whenSynced(store, position, wake);
  },
};
