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
