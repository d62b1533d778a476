import { ERRORS } from '../../protocol/error-table.ts';
import type { CommandRow, Execute } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';

/** Modules of redis-server are machine code for that program: there are none here to load. */

function moduleRow(
  name: string,
  facts: Pick<CommandRow, 'arity' | 'since' | 'complexity' | 'summary' | 'syntax'> &
    Partial<Pick<CommandRow, 'flags' | 'guard' | 'tips'>>,
  execute: Execute,
): CommandRow {
  return { name, flags: ['admin', 'noscript'], group: 'server', ...facts, execute };
}

const refuse: Execute = (_session, _frame, reply) => reply.error(ERRORS.noModules);

const GUARDED = {
  flags: ['admin', 'noscript', 'no_async_loading'],
  guard: 'enableModuleCommand',
} as const;

const listRow = moduleRow(
  'list',
  {
    arity: 2,
    since: '4.0.0',
    complexity: 'O(N) where N is the number of loaded modules',
    summary: 'List the modules that are loaded, of which there are none',
    syntax: '',
    tips: ['nondeterministic_output_order'],
  },
  (_session, _frame, reply) => reply.array(0),
);

const loadRow = moduleRow(
  'load',
  {
    arity: -3,
    ...GUARDED,
    since: '4.0.0',
    complexity: 'O(1)',
    summary: 'Refused: modules of redis-server cannot be loaded here',
    syntax: 'path [arg [arg ...]]',
  },
  refuse,
);

const loadexRow = moduleRow(
  'loadex',
  {
    arity: -3,
    ...GUARDED,
    since: '7.0.0',
    complexity: 'O(1)',
    summary: 'Refused: modules of redis-server cannot be loaded here',
    syntax: 'path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]',
  },
  refuse,
);

const unloadRow = moduleRow(
  'unload',
  {
    arity: 3,
    ...GUARDED,
    since: '4.0.0',
    complexity: 'O(1)',
    summary: 'Refused: there is no module to unload',
    syntax: 'name',
  },
  refuse,
);

const moduleHelpRow = helpRow({
  container: 'MODULE',
  group: 'server',
  since: '5.0.0',
  lines: [
    'LIST',
    '    Return a list of loaded modules.',
    'LOAD <path> [<arg> ...]',
    '    Load a module library from <path>, passing to it any optional arguments.',
    'LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]',
    '    Load a module library from <path>, while passing it module configurations and optional ' +
      'arguments.',
    'UNLOAD <name>',
    '    Unload a module.',
  ],
});

export const moduleCommand: CommandRow = {
  name: 'module',
  arity: -2,
  flags: [],
  group: 'server',
  since: '4.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands on modules',
  syntax: '',
  subcommands: [moduleHelpRow, listRow, loadRow, loadexRow, unloadRow],
};
