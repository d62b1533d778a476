import { CommandQueue } from '../command-queue.ts';
import type { CommandRow } from '../command-row.ts';
import { endTransaction } from '../end-transaction.ts';
import { GATE } from '../session.ts';

const FLAGS = ['noscript', 'loading', 'stale', 'fast', 'allow_busy'] as const;

export const multiCommand: CommandRow = {
  name: 'multi',
  arity: 1,
  flags: FLAGS,
  group: 'transactions',
  since: '1.2.0',
  complexity: 'O(1)',
  summary: 'Begin a transaction: what follows is queued until EXEC',
  syntax: '',
  execute(session, _frame, reply) {
    if (session.transaction !== null) {
      reply.errorText('ERR MULTI calls can not be nested');
      return;
    }
    session.transaction = {
      isBroken: false,
      hasWrite: false,
      hasDenyOom: false,
      isLastDenied: false,
      queue: new CommandQueue(),
    };
    session.gate |= GATE.IN_TRANSACTION;
    reply.ok();
  },
};

export const discardCommand: CommandRow = {
  name: 'discard',
  arity: 1,
  flags: FLAGS,
  group: 'transactions',
  since: '2.0.0',
  complexity: 'O(N), when N is the number of queued commands',
  summary: 'End a transaction without running it',
  syntax: '',
  execute(session, _frame, reply) {
    if (session.transaction === null) {
      reply.errorText('ERR DISCARD without MULTI');
      return;
    }
    endTransaction(session);
    reply.ok();
  },
};
