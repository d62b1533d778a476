import type { CommandRow } from '../command-row.ts';

export const timeCommand: CommandRow = {
  name: 'time',
  arity: 1,
  flags: ['loading', 'stale', 'fast'],
  group: 'server',
  since: '2.6.0',
  complexity: 'O(1)',
  summary: 'Tell the Unix time as seconds and microseconds',
  syntax: '',
  tips: ['nondeterministic_output'],
  execute({ node }, _frame, reply) {
    const nowMs = node.world.clock.wallMs();
    reply.array(2);
    reply.bulkInteger(Math.floor(nowMs / 1000));
    reply.bulkInteger((nowMs % 1000) * 1000);
  },
};

export const roleCommand: CommandRow = {
  name: 'role',
  arity: 1,
  flags: ['noscript', 'loading', 'stale', 'fast'],
  categories: ['admin', 'dangerous'],
  group: 'server',
  since: '2.8.12',
  complexity: 'O(1)',
  summary: 'Tell the part that this node plays in replication',
  syntax: '',
  execute(_session, _frame, reply) {
    reply.array(3);
    reply.bulkText('master');
    reply.integer(0);
    reply.array(0);
  },
};
