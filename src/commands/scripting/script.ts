import type { CommandFlag, CommandRow, Execute } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';

function scriptSubcommand(
  name: string,
  facts: Pick<CommandRow, 'arity' | 'since' | 'complexity' | 'summary' | 'syntax' | 'tips'> & {
    flags?: readonly CommandFlag[];
  },
  execute: Execute,
): CommandRow {
  return {
    name,
    group: 'scripting',
    ...facts,
    flags: ['noscript', ...(facts.flags ?? [])],
    execute,
  };
}

const debugRow = scriptSubcommand(
  'debug',
  {
    arity: 3,
    since: '3.2.0',
    complexity: 'O(1)',
    summary: 'Set how scripts are debugged: not at all',
    syntax: '<YES | SYNC | NO>',
  },
  (_session, frame, reply) => {
    if (frame.equals(2, 'NO')) reply.ok();
    else if (frame.equals(2, 'YES') || frame.equals(2, 'SYNC')) {
      reply.errorText('ERR This node has no debugger for scripts');
    } else reply.errorText('ERR Use SCRIPT DEBUG YES/SYNC/NO');
  },
);

const existsRow = scriptSubcommand(
  'exists',
  {
    arity: -3,
    since: '2.6.0',
    complexity: 'O(N) where N is the number of digests',
    summary: 'Tell which scripts are in the cache',
    syntax: 'sha1 [sha1 ...]',
    tips: ['request_policy:all_shards', 'response_policy:agg_logical_and'],
  },
  ({ node }, frame, reply) => {
    reply.array(frame.count - 2);
    for (let arg = 2; arg < frame.count; arg++) {
      reply.integer(node.scripting.hasScript(frame.latin1(arg)) ? 1 : 0);
    }
  },
);

const flushRow = scriptSubcommand(
  'flush',
  {
    arity: -2,
    since: '2.6.0',
    complexity: 'O(N) where N is the number of scripts in the cache',
    summary: 'Empty the cache of scripts',
    syntax: '[ASYNC | SYNC]',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  },
  ({ node }, frame, reply) => {
    const isPlain = frame.count === 2;
    if (!isPlain && !(frame.count === 3 && (frame.equals(2, 'ASYNC') || frame.equals(2, 'SYNC')))) {
      reply.errorText('ERR SCRIPT FLUSH only support SYNC|ASYNC option');
      return;
    }
    node.scripting.flushScripts();
    node.cluster.shareScriptFlush();
    reply.ok();
  },
);

const killRow = scriptSubcommand(
  'kill',
  {
    arity: 2,
    flags: ['allow_busy'],
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'End the script that keeps the node busy, unless it has written',
    syntax: '',
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
  },
  ({ node }, _frame, reply) => {
    const refusal = node.scripting.kill('eval');
    if (refusal === null) reply.ok();
    else reply.errorText(refusal);
  },
);

const loadRow = scriptSubcommand(
  'load',
  {
    arity: 3,
    flags: ['stale'],
    since: '2.6.0',
    complexity: 'O(N) where N is the length of the script',
    summary: 'Compile a script and keep it in the cache',
    syntax: 'script',
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
  },
  ({ node }, frame, reply) => {
    const { value, error } = node.scripting.loadScript(frame.latin1(2));
    if (error !== '') return reply.errorLatin1(error);
    node.cluster.shareScript(frame.copyArgument(2), true);
    reply.bulkLatin1(value);
  },
);

export const scriptCommand: CommandRow = {
  name: 'script',
  arity: -2,
  flags: [],
  categories: ['-scripting'],
  group: 'scripting',
  since: '2.6.0',
  complexity: 'Depends on subcommand.',
  summary: 'Manage the cache of scripts',
  syntax: '',
  subcommands: [
    debugRow,
    existsRow,
    flushRow,
    helpRow({
      container: 'SCRIPT',
      group: 'scripting',
      since: '5.0.0',
      lines: [
        'DEBUG (YES|SYNC|NO)',
        '    Set the debug mode for subsequent scripts executed.',
        'EXISTS <sha1> [<sha1> ...]',
        '    Return information about the existence of the scripts in the script cache.',
        'FLUSH [ASYNC|SYNC]',
        '    Flush the Lua scripts cache. Very dangerous on replicas.',
        '    When called without the optional mode argument, the behavior is determined by the',
        '    lazyfree-lazy-user-flush configuration directive. Valid modes are:',
        '    * ASYNC: Asynchronously flush the scripts cache.',
        '    * SYNC: Synchronously flush the scripts cache.',
        'KILL',
        '    Kill the currently executing Lua script.',
        'LOAD <script>',
        '    Load a script into the scripts cache without executing it.',
      ],
    }),
    killRow,
    loadRow,
  ],
};
