import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';

export const bgrewriteaofCommand: CommandRow = {
  name: 'bgrewriteaof',
  arity: 1,
  flags: ['admin', 'noscript', 'no_async_loading'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Begin to write the log of changes anew, as short as the data allows',
  syntax: '',
  execute({ node, running, store }, _frame, reply) {
    const outcome = node.persistence.rewriteInBackground(store, running !== null);
    if (outcome === 'started') reply.simple('Background append only file rewriting started');
    else if (outcome === 'scheduled') {
      reply.simple('Background append only file rewriting scheduled');
    } else if (outcome === 'running') reply.error(ERRORS.rewriteInProgress);
    else reply.error(ERRORS.rewriteFailed);
  },
};
