import {
  checkKey,
  type FilterStatistics,
  measureFilter,
} from '../../engine/filter/filter-stats.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';

const SINCE = 'HyperCache 0.2';

const statsRow: CommandRow = {
  name: 'stats',
  arity: 2,
  flags: ['loading', 'stale'],
  group: 'server',
  since: SINCE,
  complexity: 'O(N) where N is the number of tables, one for some thousand keys',
  summary: "Tell the statistics of the selected store's filter",
  syntax: '',
  tips: ['nondeterministic_output'],
  execute({ store }, _frame, reply) {
    const statistics = measureFilter(store);
    if (statistics === null) reply.error(ERRORS.noFilter);
    else replyStatistics(reply, statistics);
  },
};

function replyStatistics(reply: ReplyWriter, facts: FilterStatistics): void {
  const integers: readonly (readonly [string, number])[] = [
    ['size', facts.size],
    ['capacity', facts.capacity],
    ['memory_usage', facts.memoryUsage],
    ['fingerprint_bits', facts.fingerprintBits],
    ['tables', facts.tableCount],
    ['add_operations', facts.addOperations],
    ['lookup_operations', facts.lookupOperations],
    ['delete_operations', facts.deleteOperations],
    ['successful_adds', facts.successfulAdds],
    ['failed_adds', facts.failedAdds],
    ['growths', facts.growths],
    ['shrinkings', facts.shrinkings],
    ['false_positives', facts.falsePositives],
  ];
  const doubles: readonly (readonly [string, number])[] = [
    ['load_factor', facts.loadFactor],
    ['false_positive_rate', facts.falsePositiveRate],
    ['estimated_false_positive_rate', facts.estimatedFalsePositiveRate],
    ['observed_false_positive_rate', facts.observedFalsePositiveRate],
  ];
  reply.map(integers.length + doubles.length);
  for (const [name, value] of integers) {
    reply.bulkText(name);
    reply.integer(value);
  }
  for (const [name, value] of doubles) {
    reply.bulkText(name);
    reply.double(value);
  }
}

const checkRow: CommandRow = {
  name: 'check',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(2, 0, 1, 'RO')],
  group: 'server',
  since: SINCE,
  complexity: 'O(1)',
  summary: 'Tell what the filter says of a key and whether it exists; counts neither hit nor miss',
  syntax: 'key',
  execute({ database }, frame, reply) {
    const check = checkKey(database, frame, 2);
    if (check === null) return reply.error(ERRORS.noFilter);
    reply.map(3);
    reply.bulkText('filter_says');
    reply.boolean(check.filterSays);
    reply.bulkText('actually_exists');
    reply.boolean(check.exists);
    reply.bulkText('false_positive');
    reply.boolean(check.isFalsePositive);
  },
};

const filterHelpRow = helpRow({
  container: 'FILTER',
  group: 'server',
  since: SINCE,
  lines: [
    'CHECK <key>',
    '    Return what the filter says of <key>, and whether the key exists.',
    'STATS',
    "    Return statistics of the selected store's filter.",
  ],
});

export const filterCommand: CommandRow = {
  name: 'filter',
  arity: -2,
  flags: [],
  group: 'server',
  since: SINCE,
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands on the filter that tells which keys are certainly absent',
  syntax: '',
  subcommands: [checkRow, filterHelpRow, statsRow],
};
