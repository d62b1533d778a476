import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { NO_FIELD_DEADLINE } from '../../engine/values/hash/open-hash.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { parseDeadline, parseFieldList, ReachedArguments, recordFields } from './field-list.ts';
import {
  FIELD,
  findArgument,
  HASH,
  isHash,
  openForChange,
  settleShrunk,
  showArgument,
} from './hash-argument.ts';

/** What is told of each field. */
const OUTCOME = { NO_FIELD: -2, NO_DEADLINE: -1, REFUSED: 0, DONE: 1, REMOVED: 2 } as const;

const COMPLEXITY = 'O(N) where N is the number of specified fields';

interface TimeForm {
  readonly name: string;
  readonly unitMs: number;
  readonly isRelative: boolean;
}

export const hexpireCommand = expireRow(
  { name: 'hexpire', unitMs: 1000, isRelative: true },
  'Lets fields of a hash expire after some seconds',
  'seconds',
);
export const hpexpireCommand = expireRow(
  { name: 'hpexpire', unitMs: 1, isRelative: true },
  'Lets fields of a hash expire after some milliseconds',
  'milliseconds',
);
export const hexpireatCommand = expireRow(
  { name: 'hexpireat', unitMs: 1000, isRelative: false },
  'Lets fields of a hash expire at a Unix time given in seconds',
  'unix-time-seconds',
);
export const hpexpireatCommand = expireRow(
  { name: 'hpexpireat', unitMs: 1, isRelative: false },
  'Lets fields of a hash expire at a Unix time given in milliseconds',
  'unix-time-milliseconds',
);

export const httlCommand = timeRow(
  { name: 'httl', unitMs: 1000, isRelative: true },
  'Tells in how many seconds fields of a hash expire',
);
export const hpttlCommand = timeRow(
  { name: 'hpttl', unitMs: 1, isRelative: true },
  'Tells in how many milliseconds fields of a hash expire',
);
export const hexpiretimeCommand = timeRow(
  { name: 'hexpiretime', unitMs: 1000, isRelative: false },
  'Tells at which Unix time in seconds fields of a hash expire',
);
export const hpexpiretimeCommand = timeRow(
  { name: 'hpexpiretime', unitMs: 1, isRelative: false },
  'Tells at which Unix time in milliseconds fields of a hash expire',
);

export const hpersistCommand: CommandRow = {
  name: 'hpersist',
  arity: -5,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'hash',
  since: '7.4.0',
  complexity: COMPLEXITY,
  summary: 'Takes the deadlines of fields of a hash away',
  syntax: 'key FIELDS numfields field [field ...]',
  execute: executeHpersist,
};

function expireRow(form: TimeForm, summary: string, time: string): CommandRow {
  return {
    name: form.name,
    arity: -6,
    flags: ['write', 'denyoom', 'fast'],
    keys: [keysAt(1, 0, 1, 'RW UPDATE')],
    group: 'hash',
    since: '7.4.0',
    complexity: COMPLEXITY,
    summary,
    syntax: `key ${time} [NX | XX | GT | LT] FIELDS numfields field [field ...]`,
    execute: (session, frame, reply) => executeHexpire(session, frame, reply, form),
  };
}

function timeRow(form: TimeForm, summary: string): CommandRow {
  return {
    name: form.name,
    arity: -5,
    flags: ['readonly', 'fast'],
    keys: [keysAt(1, 0, 1, 'RO ACCESS')],
    group: 'hash',
    since: '7.4.0',
    complexity: COMPLEXITY,
    summary,
    syntax: 'key FIELDS numfields field [field ...]',
    tips: form.isRelative ? ['nondeterministic_output'] : [],
    execute: (session, frame, reply) => executeHttl(session, frame, reply, form),
  };
}

type Condition = 'NX' | 'XX' | 'GT' | 'LT' | '';

const UPDATED = new ReachedArguments();
const REMOVED = new ReachedArguments();

function executeHexpire(session: Session, frame: Frame, reply: ReplyWriter, form: TimeForm): void {
  const { database, node } = session;
  const entry = database.find(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  const { nowMs } = node.clock;
  const base = { name: form.name, unitMs: form.unitMs, baseMs: form.isRelative ? nowMs : 0 };
  const deadlineMs = parseDeadline(frame, 2, base, reply);
  if (deadlineMs < 0) return;
  const condition = conditionAt(frame, 3);
  const keywordArg = condition === '' ? 3 : 4;
  const firstArg = parseFieldList(frame, keywordArg, reply, ERRORS.hashCountAboveZero);
  if (firstArg < 0) return;
  const isThere = entry !== 0 && openForChange(database, entry, frame, firstArg, 1);
  UPDATED.clear();
  REMOVED.clear();
  reply.array(frame.count - firstArg);
  for (let arg = firstArg; arg < frame.count; arg++) {
    if (!isThere || !findArgument(frame, arg)) {
      reply.integer(OUTCOME.NO_FIELD);
    } else if (!isAllowed(condition, deadlineMs, HASH.deadlineMs)) {
      reply.integer(OUTCOME.REFUSED);
    } else if (deadlineMs <= nowMs) {
      HASH.removeFound();
      REMOVED.add(arg);
      reply.integer(OUTCOME.REMOVED);
    } else {
      HASH.setDeadline(showArgument(frame, arg, FIELD), deadlineMs);
      UPDATED.add(arg);
      reply.integer(OUTCOME.DONE);
    }
  }
  const { hexpire, hdel } = EVENT;
  recordFields(database, frame, 'HPEXPIREAT', { event: hexpire, deadlineMs, reached: UPDATED });
  recordFields(database, frame, 'HDEL', { event: hdel, reached: REMOVED });
  if (REMOVED.count > 0) settleShrunk(database);
}

function executeHttl(
  { database, node }: Session,
  frame: Frame,
  reply: ReplyWriter,
  form: TimeForm,
): void {
  const entry = database.read(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  const firstArg = parseFieldList(frame, 2, reply, ERRORS.hashCountPositive);
  if (firstArg < 0) return;
  if (entry !== 0) HASH.open(database, entry);
  const baseMs = form.isRelative ? node.clock.nowMs : 0;
  reply.array(frame.count - firstArg);
  for (let arg = firstArg; arg < frame.count; arg++) {
    if (entry === 0 || !findArgument(frame, arg)) {
      reply.integer(OUTCOME.NO_FIELD);
    } else if (HASH.deadlineMs === NO_FIELD_DEADLINE) {
      reply.integer(OUTCOME.NO_DEADLINE);
    } else {
      // Rounded up: a field that lives for another half second is not said to have 0 left.
      reply.integer(Math.ceil((HASH.deadlineMs - baseMs) / form.unitMs));
    }
  }
}

function executeHpersist({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = database.find(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  const firstArg = parseFieldList(frame, 2, reply, ERRORS.hashCountPositive);
  if (firstArg < 0) return;
  const isThere = entry !== 0 && openForChange(database, entry, frame, firstArg, 1);
  UPDATED.clear();
  reply.array(frame.count - firstArg);
  for (let arg = firstArg; arg < frame.count; arg++) {
    if (!isThere || !findArgument(frame, arg)) {
      reply.integer(OUTCOME.NO_FIELD);
    } else if (HASH.deadlineMs === NO_FIELD_DEADLINE) {
      reply.integer(OUTCOME.NO_DEADLINE);
    } else {
      HASH.setDeadline(showArgument(frame, arg, FIELD), NO_FIELD_DEADLINE);
      UPDATED.add(arg);
      reply.integer(OUTCOME.DONE);
    }
  }
  recordFields(database, frame, 'HPERSIST', { event: EVENT.hpersist, reached: UPDATED });
}

function conditionAt(frame: Frame, arg: number): Condition {
  for (const word of CONDITIONS) if (frame.equals(arg, word)) return word;
  return '';
}

const CONDITIONS: readonly Condition[] = ['NX', 'XX', 'GT', 'LT'];

/** A field without a deadline counts as one that expires later than any. */
function isAllowed(condition: Condition, deadlineMs: number, currentMs: number): boolean {
  const hasCurrent = currentMs !== NO_FIELD_DEADLINE;
  switch (condition) {
    case 'NX':
      return !hasCurrent;
    case 'XX':
      return hasCurrent;
    case 'GT':
      return hasCurrent && deadlineMs > currentMs;
    case 'LT':
      return !hasCurrent || deadlineMs < currentMs;
    default:
      return true;
  }
}
