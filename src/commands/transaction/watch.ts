import { type CommandRow, keysAt } from '../command-row.ts';

const FLAGS = ['noscript', 'loading', 'stale', 'fast', 'allow_busy'] as const;

export const watchCommand: CommandRow = {
  name: 'watch',
  arity: -2,
  flags: FLAGS,
  keys: [keysAt(1, -1, 1, 'RO')],
  group: 'transactions',
  since: '2.2.0',
  complexity: 'O(1) for every key.',
  summary: 'Let the next EXEC run only if these keys have not changed until then',
  syntax: 'key [key ...]',
  execute(session, frame, reply) {
    if (session.transaction !== null) {
      reply.errorText('ERR WATCH inside MULTI is not allowed');
      return;
    }
    // Once dirty, always dirty: what follows cannot make EXEC run.
    if (session.watched?.isDirty !== true) {
      for (let arg = 1; arg < frame.count; arg++) session.node.watches.watch(session, frame, arg);
    }
    reply.ok();
  },
};

export const unwatchCommand: CommandRow = {
  name: 'unwatch',
  arity: 1,
  flags: FLAGS,
  group: 'transactions',
  since: '2.2.0',
  complexity: 'O(1)',
  summary: 'Forget the watched keys',
  syntax: '',
  execute(session, _frame, reply) {
    session.node.watches.unwatch(session);
    reply.ok();
  },
};
