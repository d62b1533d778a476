import { subcommandSyntaxText } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow, Execute } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';
import { integer64Argument } from '../integer-argument.ts';

const DEFAULT_COUNT = 10;

function slowlogRow(
  name: string,
  facts: Pick<CommandRow, 'arity' | 'since' | 'complexity' | 'summary' | 'syntax' | 'tips'>,
  execute: Execute,
): CommandRow {
  return { name, flags: ['admin', 'loading', 'stale'], group: 'server', ...facts, execute };
}

const getRow = slowlogRow(
  'get',
  {
    arity: -2,
    since: '2.2.12',
    complexity: 'O(N) where N is the number of entries returned',
    summary: 'Show the newest entries of the slow log',
    syntax: '[count]',
    tips: ['request_policy:all_nodes', 'nondeterministic_output'],
  },
  ({ node }, frame, reply) => {
    if (frame.count > 3) return reply.errorLatin1(subcommandSyntaxText(frame, 'SLOWLOG'));
    let count: number = DEFAULT_COUNT;
    if (frame.count === 3) {
      const wanted = integer64Argument(frame, 2);
      if (wanted === null || wanted < -1n) return reply.error(ERRORS.slowlogCount);
      count = wanted === -1n ? node.slowLog.length : Number(wanted);
    }
    const entries = node.slowLog.newest(count);
    reply.array(entries.length);
    for (const entry of entries) {
      reply.array(6);
      reply.integer(entry.id);
      reply.integer(entry.timeS);
      reply.integer(entry.durationUs);
      reply.array(entry.args.length);
      for (const arg of entry.args) reply.bulk(arg, 0, arg.length);
      reply.bulkText(entry.peer);
      reply.bulkText(entry.clientName);
    }
  },
);

const lenRow = slowlogRow(
  'len',
  {
    arity: 2,
    since: '2.2.12',
    complexity: 'O(1)',
    summary: 'Count the entries of the slow log',
    syntax: '',
    tips: ['request_policy:all_nodes', 'response_policy:agg_sum', 'nondeterministic_output'],
  },
  ({ node }, _frame, reply) => reply.integer(node.slowLog.length),
);

const resetRow = slowlogRow(
  'reset',
  {
    arity: 2,
    since: '2.2.12',
    complexity: 'O(N) where N is the number of entries in the slowlog',
    summary: 'Empty the slow log',
    syntax: '',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  },
  ({ node }, _frame, reply) => {
    node.slowLog.reset();
    reply.ok();
  },
);

const slowlogHelpRow = helpRow({
  container: 'SLOWLOG',
  group: 'server',
  since: '6.2.0',
  lines: [
    'GET [<count>]',
    '    Return top <count> entries from the slowlog (default: 10, -1 mean all).',
    '    Entries are made of:',
    '    id, timestamp, time in microseconds, arguments array, client IP and port,',
    '    client name',
    'LEN',
    '    Return the length of the slowlog.',
    'RESET',
    '    Reset the slowlog.',
  ],
});

export const slowlogCommand: CommandRow = {
  name: 'slowlog',
  arity: -2,
  flags: [],
  group: 'server',
  since: '2.2.12',
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands on the log of slow commands',
  syntax: '',
  subcommands: [getRow, slowlogHelpRow, lenRow, resetRow],
};
