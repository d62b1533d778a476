import { Frame } from '../../../base/frame.ts';
import { globMatchesText } from '../../../base/glob.ts';
import { ERRORS } from '../../../protocol/error-table.ts';
import type { ReplyWriter } from '../../../protocol/reply-writer.ts';
import { type CommandRow, categoriesOf, type Execute, type KeySpec } from '../../command-row.ts';
import type { Command, CommandTable } from '../../command-table.ts';
import { helpRow } from '../../help-reply.ts';
import { findKeyPositions, hasKeys, KeyPositions, keyFlagsIn } from '../../key-positions.ts';
import { keyFlagsOf } from './command-facts.ts';
import { replyDocs, replyInfo, replySimpleSet } from './command-info.ts';

const positions = new KeyPositions();

function subcommandRow(
  name: string,
  facts: Pick<CommandRow, 'arity' | 'since' | 'complexity' | 'summary' | 'syntax' | 'tips'>,
  execute: Execute,
): CommandRow {
  return {
    name,
    flags: ['loading', 'stale'],
    categories: ['connection'],
    group: 'server',
    ...facts,
    execute,
  };
}

const TIPS = ['nondeterministic_output_order'];
const PER_COMMAND = 'O(N) where N is the number of commands to look up';
const PER_ARGUMENT = 'O(N) where N is the number of arguments to the command';
const ALL_COMMANDS = 'O(N) where N is the total number of commands';

const countRow = subcommandRow(
  'count',
  {
    arity: 2,
    since: '2.8.13',
    complexity: 'O(1)',
    summary: 'Count the commands of this server',
    syntax: '',
  },
  ({ node }, _frame, reply) => reply.integer(node.table.commands.length),
);

const docsRow = subcommandRow(
  'docs',
  {
    arity: -2,
    since: '7.0.0',
    complexity: PER_COMMAND,
    summary: 'Describe commands for people and for tools that help them',
    syntax: '[command-name [command-name ...]]',
    tips: TIPS,
  },
  ({ node }, frame, reply) => {
    const commands = namedCommands(node.table, frame).filter((command) => command !== null);
    reply.map(commands.length);
    for (const command of commands) {
      reply.bulkText(command.fullName);
      replyDocs(reply, command);
    }
  },
);

const infoRow = subcommandRow(
  'info',
  {
    arity: -2,
    since: '2.8.13',
    complexity: PER_COMMAND,
    summary: 'Describe commands for client libraries',
    syntax: '[command-name [command-name ...]]',
    tips: TIPS,
  },
  ({ node }, frame, reply) => {
    const commands = namedCommands(node.table, frame);
    reply.array(commands.length);
    for (const command of commands) replyInfo(reply, command);
  },
);

const listRow = subcommandRow(
  'list',
  {
    arity: -2,
    since: '7.0.0',
    complexity: ALL_COMMANDS,
    summary: 'List the names of commands',
    syntax: '[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]',
    tips: TIPS,
  },
  ({ node }, frame, reply) => {
    if (frame.count !== 2 && (frame.count !== 5 || !frame.equals(2, 'FILTERBY'))) {
      return reply.error(ERRORS.syntax);
    }
    const isWanted = frame.count === 2 ? () => true : parseFilter(frame);
    if (isWanted === null) return reply.error(ERRORS.syntax);
    const names: string[] = [];
    for (const command of allCommands(node.table)) {
      if (isWanted(command)) names.push(command.fullName);
    }
    reply.array(names.length);
    for (const name of names) reply.bulkText(name);
  },
);

const getkeysRow = subcommandRow(
  'getkeys',
  {
    arity: -4,
    since: '2.8.13',
    complexity: PER_ARGUMENT,
    summary: 'Find the keys among the arguments of a command',
    syntax: '',
  },
  ({ node }, frame, reply) => {
    const inner = innerFrame(frame);
    if (requireKeys(node.table, inner, reply) === null) return;
    reply.array(positions.count);
    for (let i = 0; i < positions.count; i++) replyArgument(reply, inner, positions.positions[i]);
  },
);

const getkeysandflagsRow = subcommandRow(
  'getkeysandflags',
  {
    arity: -4,
    since: '7.0.0',
    complexity: PER_ARGUMENT,
    summary: 'Find the keys among the arguments of a command, and what it does to each',
    syntax: '',
  },
  ({ node }, frame, reply) => {
    const inner = innerFrame(frame);
    const command = requireKeys(node.table, inner, reply);
    if (command === null) return;
    reply.array(positions.count);
    for (let i = 0; i < positions.count; i++) {
      const spec = command.row.keys?.[positions.specs[i]];
      reply.array(2);
      replyArgument(reply, inner, positions.positions[i]);
      replySimpleSet(reply, spec === undefined ? [] : keyFlagWords(command.row, spec, inner));
    }
  },
);

const commandHelpRow = helpRow({
  container: 'COMMAND',
  group: 'server',
  since: '5.0.0',
  categories: ['connection'],
  lines: [
    '(no subcommand)',
    '    Return details about all Redis commands.',
    'COUNT',
    '    Return the total number of commands in this Redis server.',
    'LIST',
    '    Return a list of all commands in this Redis server.',
    'INFO [<command-name> ...]',
    '    Return details about multiple Redis commands.',
    '    If no command names are given, documentation details for all',
    '    commands are returned.',
    'DOCS [<command-name> ...]',
    '    Return documentation details about multiple Redis commands.',
    '    If no command names are given, documentation details for all',
    '    commands are returned.',
    'GETKEYS <full-command>',
    '    Return the keys from a full Redis command.',
    'GETKEYSANDFLAGS <full-command>',
    '    Return the keys and the access flags from a full Redis command.',
  ],
});

export const commandCommand: CommandRow = {
  name: 'command',
  arity: -1,
  flags: ['loading', 'stale'],
  categories: ['connection'],
  group: 'server',
  since: '2.8.13',
  complexity: ALL_COMMANDS,
  summary: 'Describe all commands for client libraries',
  syntax: '',
  tips: TIPS,
  execute({ node }, _frame, reply) {
    const { table } = node;
    reply.array(table.commands.length);
    for (const command of table.commands) replyInfo(reply, command);
  },
  subcommands: [
    countRow,
    docsRow,
    getkeysRow,
    getkeysandflagsRow,
    commandHelpRow,
    infoRow,
    listRow,
  ],
};

/** The commands that arguments 2 and up name, null where there is none; all when none is named. */
function namedCommands(table: CommandTable, frame: Frame): readonly (Command | null)[] {
  if (frame.count === 2) return table.commands;
  const commands: (Command | null)[] = [];
  for (let arg = 2; arg < frame.count; arg++) commands.push(table.find(frame.latin1(arg)));
  return commands;
}

function* allCommands(table: CommandTable): Generator<Command> {
  for (const command of table.commands) {
    yield command;
    if (command.subcommands !== null) yield* command.subcommands.values();
  }
}

function parseFilter(frame: Frame): ((command: Command) => boolean) | null {
  const wanted = frame.latin1(4);
  if (frame.equals(3, 'MODULE')) return () => false;
  if (frame.equals(3, 'ACLCAT')) {
    const category = wanted.toLowerCase();
    return (command) => categoriesOf(command.row).includes(category);
  }
  if (frame.equals(3, 'PATTERN')) {
    return (command) => globMatchesText(wanted, command.fullName, true);
  }
  return null;
}

/** The command inside COMMAND GETKEYS as a frame of its own over the same bytes. */
function innerFrame(frame: Frame): Frame {
  const inner = new Frame();
  inner.attach(frame.bytes);
  for (let arg = 2; arg < frame.count; arg++) inner.append(frame.offsets[arg], frame.lengths[arg]);
  return inner;
}

/** Fills `positions` for the command in `inner`; null after an error reply. */
function requireKeys(table: CommandTable, inner: Frame, reply: ReplyWriter): Command | null {
  const command = findInner(table, inner);
  if (command === null) reply.error(ERRORS.getkeysNoCommand);
  else if (!hasKeys(command.row)) reply.error(ERRORS.getkeysNoKeys);
  else if (!isArityRight(command, inner.count)) reply.error(ERRORS.getkeysArity);
  else if (findKeyPositions(command.row, inner, positions) > 0) return command;
  else if (positions.count === 0 && command.row.flags.includes('no_mandatory_keys')) return command;
  else reply.error(ERRORS.getkeysArguments);
  return null;
}

function findInner(table: CommandTable, inner: Frame): Command | null {
  const name = inner.latin1(0);
  const command = name.includes('|') ? null : table.find(name);
  if (command === null || command.subcommands === null || inner.count === 1) return command;
  return command.subcommands.get(inner.latin1(1).toLowerCase()) ?? null;
}

function isArityRight(command: Command, count: number): boolean {
  return command.arity > 0 ? count === command.arity : count >= -command.arity;
}

function replyArgument(reply: ReplyWriter, frame: Frame, arg: number): void {
  reply.bulk(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
}

/** As the call has them: `variable_flags` itself is no longer said. */
function keyFlagWords(row: CommandRow, spec: KeySpec, frame: Frame): string[] {
  const flags = keyFlagsIn(row, spec, frame);
  return keyFlagsOf({ ...spec, flags }).filter((flag) => flag !== 'variable_flags');
}
