import type { CommandRow } from '../command-row.ts';

export const monitorCommand: CommandRow = {
  name: 'monitor',
  arity: 1,
  flags: ['admin', 'noscript', 'loading', 'stale'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1) for each command of any client',
  summary: 'Show every command that the server executes, as it comes',
  syntax: '',
  execute(session, _frame, reply) {
    // Again is no error and has no reply, as in Redis.
    if (session.isMonitor) return;
    session.node.monitors.add(session);
    reply.ok();
  },
};
