import type { Frame } from '../../base/frame.ts';
import { globMatchesText } from '../../base/glob.ts';
import { LIMITS } from '../../base/limits.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { subcommandSyntaxText } from '../../protocol/error-echo.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandFlag, CommandRow, Execute } from '../command-row.ts';
import { noteStoreLeft, type Session } from '../session.ts';
import { functionHelpRow } from './function-help.ts';
import type { FunctionLibrary, RestorePolicy } from './script-engine.ts';

function functionSubcommand(
  name: string,
  facts: Pick<CommandRow, 'arity' | 'complexity' | 'summary' | 'syntax' | 'tips'> & {
    flags?: readonly CommandFlag[];
  },
  execute: Execute,
): CommandRow {
  const flags: CommandFlag[] = [...(facts.flags ?? []), 'noscript'];
  return { name, group: 'scripting', since: '7.0.0', ...facts, flags, execute };
}

const EVERYWHERE = ['request_policy:all_shards', 'response_policy:all_succeeded'];

/** Libraries belong to the node; what changes them is recorded with the default store's changes. */
function recordChange(session: Session, ...words: readonly (string | Uint8Array)[]): void {
  const store = session.node.stores.default;
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.hasReaders) return;
  const effect = store.effect.begin('FUNCTION', 0, 0);
  for (const word of words) {
    if (typeof word === 'string') effect.text(word);
    else effect.bytes(word, 0, word.length);
  }
  store.sink.recordFunctions(effect);
  if (session.store !== store) noteStoreLeft(session, store);
}

/** An argument in an error's text ends at a zero byte, as in C. */
function shown(frame: Frame, arg: number): string {
  return frame.latin1(arg).split('\0', 1)[0].slice(0, LIMITS.echoedBytesMax);
}

const loadRow = functionSubcommand(
  'load',
  {
    arity: -3,
    flags: ['write', 'denyoom'],
    complexity: 'O(1) (considering compilation time is redundant)',
    summary: 'Create a library of functions',
    syntax: '[REPLACE] function-code',
    tips: EVERYWHERE,
  },
  (session, frame, reply) => {
    let replaces = false;
    const codeArg = frame.count - 1;
    for (let arg = 2; arg < codeArg; arg++) {
      if (!frame.equals(arg, 'REPLACE')) {
        return reply.errorLatin1(`ERR Unknown option given: ${shown(frame, arg)}`);
      }
      replaces = true;
    }
    const { functions } = session.node.scripting;
    const { value, error } = functions.load(frame.latin1(codeArg), replaces);
    if (error !== '') return reply.errorLatin1(error);
    recordChange(session, 'LOAD', 'REPLACE', frame.copyArgument(codeArg));
    reply.bulkLatin1(value);
  },
);

const deleteRow = functionSubcommand(
  'delete',
  {
    arity: 3,
    flags: ['write'],
    complexity: 'O(1)',
    summary: 'Delete a library and its functions',
    syntax: 'library-name',
    tips: EVERYWHERE,
  },
  (session, frame, reply) => {
    if (!session.node.scripting.functions.delete(frame.latin1(2))) {
      return reply.errorText('ERR Library not found');
    }
    recordChange(session, 'DELETE', frame.copyArgument(2));
    reply.ok();
  },
);

const flushRow = functionSubcommand(
  'flush',
  {
    arity: -2,
    flags: ['write'],
    complexity: 'O(N) where N is the number of functions deleted',
    summary: 'Delete all libraries',
    syntax: '[ASYNC | SYNC]',
    tips: EVERYWHERE,
  },
  (session, frame, reply) => {
    if (frame.count > 3) return reply.errorLatin1(subcommandSyntaxText(frame, 'FUNCTION'));
    if (frame.count === 3 && !frame.equals(2, 'SYNC') && !frame.equals(2, 'ASYNC')) {
      return reply.errorText('ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
    }
    session.node.scripting.functions.flush();
    recordChange(session, 'FLUSH');
    reply.ok();
  },
);

const dumpRow = functionSubcommand(
  'dump',
  {
    arity: 2,
    complexity: 'O(N) where N is the number of functions',
    summary: 'Give all libraries as one payload',
    syntax: '',
  },
  ({ node }, _frame, reply) => {
    const payload = node.scripting.functions.dump();
    reply.bulk(payload, 0, payload.length);
  },
);

const POLICIES: readonly RestorePolicy[] = ['append', 'replace', 'flush'];

const restoreRow = functionSubcommand(
  'restore',
  {
    arity: -3,
    flags: ['write', 'denyoom'],
    complexity: 'O(N) where N is the number of functions on the payload',
    summary: 'Create the libraries of a payload',
    syntax: 'serialized-value [FLUSH | APPEND | REPLACE]',
    tips: EVERYWHERE,
  },
  (session, frame, reply) => {
    if (frame.count > 4) return reply.errorLatin1(subcommandSyntaxText(frame, 'FUNCTION'));
    const word = frame.count === 4 ? frame.latin1(3).toLowerCase() : 'append';
    const policy = POLICIES.find((name) => name === word);
    if (policy === undefined) {
      return reply.errorText(
        'ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.',
      );
    }
    const error = session.node.scripting.functions.restore(frame.copyArgument(2), policy);
    if (error !== null) return reply.errorLatin1(error);
    recordChange(session, 'RESTORE', frame.copyArgument(2), policy.toUpperCase());
    reply.ok();
  },
);

const listRow = functionSubcommand(
  'list',
  {
    arity: -2,
    complexity: 'O(N) where N is the number of functions',
    summary: 'Show libraries and their functions',
    syntax: '[LIBRARYNAME library-name-pattern] [WITHCODE]',
    tips: ['nondeterministic_output_order'],
  },
  ({ node }, frame, reply) => {
    let pattern: string | null = null;
    let hasCode = false;
    for (let arg = 2; arg < frame.count; arg++) {
      if (!hasCode && frame.equals(arg, 'WITHCODE')) hasCode = true;
      else if (pattern === null && frame.equals(arg, 'LIBRARYNAME')) {
        if (++arg === frame.count) {
          return reply.errorText('ERR library name argument was not given');
        }
        pattern = frame.latin1(arg);
      } else return reply.errorLatin1(`ERR Unknown argument ${shown(frame, arg)}`);
    }
    const mark = reply.openAggregate();
    let count = 0;
    for (const library of node.scripting.functions.libraries) {
      if (pattern !== null && !globMatchesText(pattern, library.name, true)) continue;
      replyLibrary(reply, library, hasCode);
      count++;
    }
    reply.closeArray(mark, count);
  },
);

function replyLibrary(reply: ReplyWriter, library: FunctionLibrary, hasCode: boolean): void {
  reply.map(hasCode ? 4 : 3);
  reply.bulkText('library_name');
  reply.bulkLatin1(library.name);
  reply.bulkText('engine');
  reply.bulkText('LUA');
  reply.bulkText('functions');
  reply.array(library.functions.length);
  for (const { name, description, flags } of library.functions) {
    reply.map(3);
    reply.bulkText('name');
    reply.bulkLatin1(name);
    reply.bulkText('description');
    if (description === null) reply.null();
    else reply.bulkLatin1(description);
    reply.bulkText('flags');
    reply.set(flags.length);
    for (const flag of flags) reply.simple(flag);
  }
  if (!hasCode) return;
  reply.bulkText('library_code');
  reply.bulkLatin1(library.code);
}

const statsRow = functionSubcommand(
  'stats',
  {
    arity: 2,
    flags: ['allow_busy'],
    complexity: 'O(1)',
    summary: 'Show the function that runs, and how many there are',
    syntax: '',
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
  },
  ({ node }, _frame, reply) => {
    const { functions, running } = node.scripting;
    if (running?.kind === 'eval') return reply.error(ERRORS.busyScript);
    reply.map(2);
    reply.bulkText('running_script');
    if (running === null) reply.null();
    else {
      reply.map(3);
      reply.bulkText('name');
      reply.bulkLatin1(running.name);
      reply.bulkText('command');
      reply.array(running.command.length);
      for (const word of running.command) reply.bulk(word, 0, word.length);
      reply.bulkText('duration_ms');
      reply.integer(running.durationMs);
    }
    reply.bulkText('engines');
    reply.map(1);
    reply.bulkText('LUA');
    reply.map(2);
    reply.bulkText('libraries_count');
    reply.integer(functions.libraryCount);
    reply.bulkText('functions_count');
    reply.integer(functions.functionCount);
  },
);

const killRow = functionSubcommand(
  'kill',
  {
    arity: 2,
    flags: ['allow_busy'],
    complexity: 'O(1)',
    summary: 'End the function that keeps the node busy, unless it has written',
    syntax: '',
    tips: ['request_policy:all_shards', 'response_policy:one_succeeded'],
  },
  ({ node }, _frame, reply) => {
    const refusal = node.scripting.kill('function');
    if (refusal === null) reply.ok();
    else reply.errorText(refusal);
  },
);

export const functionCommand: CommandRow = {
  name: 'function',
  arity: -2,
  flags: [],
  categories: ['-scripting'],
  group: 'scripting',
  since: '7.0.0',
  complexity: 'Depends on subcommand.',
  summary: 'Manage libraries of functions',
  syntax: '',
  subcommands: [
    deleteRow,
    dumpRow,
    flushRow,
    functionHelpRow,
    killRow,
    listRow,
    loadRow,
    restoreRow,
    statsRow,
  ],
};
