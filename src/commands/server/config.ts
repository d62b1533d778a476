import type { Frame } from '../../base/frame.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { resetCounters } from '../../observability/metrics/metric-table.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import { isLocal } from '../allowance.ts';
import type { CommandRow, Execute } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';
import type { Session } from '../session.ts';

function configRow(
  name: string,
  facts: Pick<CommandRow, 'arity' | 'since' | 'complexity' | 'summary' | 'syntax' | 'tips'>,
  execute: Execute,
): CommandRow {
  return {
    name,
    flags: ['admin', 'noscript', 'loading', 'stale'],
    group: 'server',
    ...facts,
    execute,
  };
}

const getRow = configRow(
  'get',
  {
    arity: -3,
    since: '2.0.0',
    complexity: 'O(N) when N is the number of configuration parameters provided',
    summary: 'Show the settings whose names match patterns',
    syntax: 'parameter [parameter ...]',
  },
  ({ node }, frame, reply) => {
    const patterns: string[] = [];
    for (let arg = 2; arg < frame.count; arg++) patterns.push(frame.latin1(arg));
    const pairs = node.settings.get(patterns);
    reply.map(pairs.length);
    for (const [name, value] of pairs) {
      reply.bulkText(name);
      reply.bulkText(value);
    }
  },
);

const setRow = configRow(
  'set',
  {
    arity: -4,
    since: '2.0.0',
    complexity: 'O(N) when N is the number of configuration parameters provided',
    summary: 'Change settings of the running node, all of them or none',
    syntax: 'parameter value [parameter value ...]',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  },
  (session, frame, reply) => {
    if (frame.count % 2 !== 0) return reply.error(ERRORS.syntax);
    const pairs: [string, string][] = [];
    for (let arg = 2; arg < frame.count; arg += 2)
      pairs.push([frame.latin1(arg), frame.text(arg + 1)]);
    if (mustWait(session, frame, pairs)) return;
    const refusal = session.node.settings.set(pairs, { isLocal: isLocal(session) });
    if (refusal === null) reply.ok();
    // A name that is not known is repeated as a C string, byte for byte.
    else reply.errorLatin1(refusal.replace(/\0[^']*/, ''));
  },
);

/** A port is bound in its own time. Within EXEC nothing waits: `set` then refuses it. */
const PREPARE_MS_MAX = 10_000;

/** @returns whether the command was put aside until what it needs is there */
function mustWait(session: Session, frame: Frame, pairs: readonly [string, string][]): boolean {
  const { channel, node, mayWait } = session;
  if (channel === null || !mayWait) return false;
  const preparing = node.settings.prepare(pairs);
  if (preparing === null) return false;
  channel.postpone(frame, node.clock.nowMs + PREPARE_MS_MAX);
  preparing.then(() => channel.resumePostponed());
  return true;
}

const resetstatRow = configRow(
  'resetstat',
  {
    arity: 2,
    since: '2.0.0',
    complexity: 'O(1)',
    summary: 'Set the counters that INFO reports back to zero',
    syntax: '',
  },
  ({ node }, _frame, reply) => {
    resetCounters(node.counters);
    node.table.resetCounters();
    node.latency.resetHistograms();
    node.statistics.reset();
    for (const store of node.stores) {
      // Changes are counted since the last snapshot, not since the last reset.
      const changes = store.stats[STORE_STAT.CHANGES];
      store.stats.fill(0);
      store.stats[STORE_STAT.CHANGES] = changes;
    }
    reply.ok();
  },
);

const rewriteRow = configRow(
  'rewrite',
  {
    arity: 2,
    since: '2.8.0',
    complexity: 'O(1)',
    summary: 'Write the settings as they are now to the configuration file',
    syntax: '',
  },
  ({ node }, _frame, reply) => {
    const refusal = node.settings.rewrite();
    if (refusal === null) reply.ok();
    else reply.errorText(refusal);
  },
);

const configHelpRow = helpRow({
  container: 'CONFIG',
  group: 'server',
  since: '5.0.0',
  lines: [
    'GET <pattern>',
    '    Return parameters matching the glob-like <pattern> and their values.',
    'SET <directive> <value>',
    '    Set the configuration <directive> to <value>.',
    'RESETSTAT',
    '    Reset statistics reported by the INFO command.',
    'REWRITE',
    '    Rewrite the configuration file.',
  ],
});

export const configCommand: CommandRow = {
  name: 'config',
  arity: -2,
  flags: [],
  group: 'server',
  since: '2.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands on the settings of the running node',
  syntax: '',
  subcommands: [getRow, configHelpRow, resetstatRow, rewriteRow, setRow],
};
