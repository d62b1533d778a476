import type { CommandRow } from '../command-row.ts';
import { clusterRow } from './cluster-row.ts';

const FAST = { arity: 1, categories: ['connection'], since: '3.0.0', complexity: 'O(1)' } as const;

export const readonlyCommand: CommandRow = clusterRow({
  ...FAST,
  name: 'readonly',
  flags: ['loading', 'stale', 'fast'],
  summary: 'Let reads of this client be answered by any node that has a copy',
  syntax: '',
  execute({ slots }, _frame, reply) {
    if (slots !== null) slots.isReadonly = true;
    reply.ok();
  },
});

export const readwriteCommand: CommandRow = clusterRow({
  ...FAST,
  name: 'readwrite',
  flags: ['loading', 'stale', 'fast'],
  summary: 'Send reads of this client to the owner again',
  syntax: '',
  execute({ slots }, _frame, reply) {
    if (slots !== null) slots.isReadonly = false;
    reply.ok();
  },
});

export const askingCommand: CommandRow = clusterRow({
  ...FAST,
  name: 'asking',
  flags: ['fast'],
  summary: 'Take the next command though its slot is owned elsewhere',
  syntax: '',
  execute({ slots }, _frame, reply) {
    if (slots !== null) slots.isAsking = true;
    reply.ok();
  },
});
