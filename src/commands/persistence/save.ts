import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow } from '../command-row.ts';

/** Of the store that the session stands in, as all commands here. */
export const saveCommand: CommandRow = {
  name: 'save',
  arity: 1,
  flags: ['admin', 'noscript', 'no_async_loading', 'no_multi'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(N) where N is the total number of keys in all databases',
  summary: 'Write a snapshot and answer when it lies on disk',
  syntax: '',
  execute({ node, store }, _frame, reply) {
    const outcome = node.persistence.save(store);
    if (outcome === 'done') reply.ok();
    else if (outcome === 'saving') reply.error(ERRORS.saveInProgress);
    else reply.error(ERRORS.bare);
  },
};

export const bgsaveCommand: CommandRow = {
  name: 'bgsave',
  arity: -1,
  flags: ['admin', 'noscript', 'no_async_loading'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Begin a snapshot, which is written while commands run',
  syntax: '[SCHEDULE]',
  execute({ node, running, store }, frame, reply) {
    const mayWait = frame.count === 2 && frame.equals(1, 'SCHEDULE');
    if (frame.count > 1 && !mayWait) return reply.error(ERRORS.syntax);
    const outcome = node.persistence.saveInBackground(store, {
      isScheduled: mayWait,
      isWithinExec: running !== null,
    });
    if (outcome === 'started') reply.simple('Background saving started');
    else if (outcome === 'scheduled') reply.simple('Background saving scheduled');
    else if (outcome === 'running') reply.error(ERRORS.saveInProgress);
    else if (outcome === 'busy') reply.error(ERRORS.saveMustWait);
    else reply.error(ERRORS.bare);
  },
};

export const lastsaveCommand: CommandRow = {
  name: 'lastsave',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  categories: ['admin', 'dangerous'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Tell the Unix time of the last snapshot that was saved',
  syntax: '',
  tips: ['nondeterministic_output'],
  execute({ node, store }, _frame, reply) {
    reply.integer(node.persistence.factsOf(store).snapshot.lastSaveS);
  },
};
