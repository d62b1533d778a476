import { frequencyOf, idleSecondsOf } from '../../engine/entry-access.ts';
import { ENCODING, ENCODING_NAMES } from '../../engine/keyspace/entry.ts';
import { integerOf } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type Execute, keysAt } from '../command-row.ts';
import { helpRow } from '../help-reply.ts';
import type { Session } from '../session.ts';
import { lookUpQuietly } from './look-up.ts';

/** Redis shares one object for each of these integers and says so. */
const SHARED_INTEGER_COUNT = 10_000;
const SHARED_REFERENCE_COUNT = 2_147_483_647;

function objectRow(
  name: string,
  facts: { since: string; summary: string },
  replyFact: (session: Session, entry: number, reply: ReplyWriter) => void,
): CommandRow {
  const execute: Execute = (session, frame, reply) => {
    const entry = lookUpQuietly(session.database, frame, 2);
    if (entry === 0) return reply.null();
    replyFact(session, entry, reply);
  };
  return {
    name,
    arity: 3,
    flags: ['readonly'],
    keys: [keysAt(2, 0, 1, 'RO')],
    group: 'generic',
    complexity: 'O(1)',
    syntax: 'key',
    tips: ['nondeterministic_output'],
    execute,
    ...facts,
  };
}

const encodingRow = objectRow(
  'encoding',
  { since: '2.2.3', summary: 'Tell how the value under a key is represented' },
  ({ database }, entry, reply) => reply.bulkText(ENCODING_NAMES[database.encodingOf(entry)]),
);

const freqRow = objectRow(
  'freq',
  { since: '4.0.0', summary: 'Tell how often a key is used, on a logarithmic scale' },
  ({ database }, entry, reply) => {
    const frequency = frequencyOf(database, entry);
    if (frequency < 0) return reply.error(ERRORS.lfuNotSelected);
    reply.integer(frequency);
  },
);

const idletimeRow = objectRow(
  'idletime',
  { since: '2.2.3', summary: 'Tell for how many seconds a key was not used' },
  ({ database, store }, entry, reply) => {
    if (isLfu(store.policy.redisName)) return reply.error(ERRORS.lfuSelected);
    const idleS = idleSecondsOf(database, entry);
    if (idleS < 0) return reply.error(ERRORS.idleTimeNotKept);
    reply.integer(idleS);
  },
);

const refcountRow = objectRow(
  'refcount',
  { since: '2.2.3', summary: 'Tell how many references the value under a key has' },
  ({ database, store }, entry, reply) => {
    const isShared =
      database.encodingOf(entry) === ENCODING.INT &&
      isBelow(integerOf(database, entry), SHARED_INTEGER_COUNT) &&
      (store.memoryBytesMax === 0 || !keepsAccess(store.policy.redisName));
    reply.integer(isShared ? SHARED_REFERENCE_COUNT : 1);
  },
);

const objectHelpRow = helpRow({
  container: 'OBJECT',
  group: 'generic',
  since: '6.2.0',
  lines: [
    'ENCODING <key>',
    '    Return the kind of internal representation used in order to store the value',
    '    associated with a <key>.',
    'FREQ <key>',
    '    Return the access frequency index of the <key>. The returned integer is',
    '    proportional to the logarithm of the recent access frequency of the key.',
    'IDLETIME <key>',
    '    Return the idle time of the <key>, that is the approximated number of',
    '    seconds elapsed since the last access to the key.',
    'REFCOUNT <key>',
    '    Return the number of references of the value associated with the specified',
    '    <key>.',
  ],
});

export const objectCommand: CommandRow = {
  name: 'object',
  arity: -2,
  flags: [],
  categories: ['-keyspace'],
  group: 'generic',
  since: '2.2.3',
  complexity: 'Depends on subcommand.',
  summary: 'Container of commands that look at the representation of a value',
  syntax: '',
  subcommands: [encodingRow, freqRow, objectHelpRow, idletimeRow, refcountRow],
};

function isBelow(value: number, bound: number): boolean {
  return value >= 0 && value < bound;
}

function isLfu(policyName: string): boolean {
  return policyName.endsWith('-lfu');
}

/** Policies that need each value's own access bits make Redis share no integers. */
function keepsAccess(policyName: string): boolean {
  return policyName.endsWith('-lru') || isLfu(policyName);
}
