import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
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
  VALUE,
  writeSlice,
} from './hash-argument.ts';
import { TIME_WORDS } from './time-words.ts';

export const hgetdelCommand: CommandRow = {
  name: 'hgetdel',
  arity: -5,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS DELETE')],
  group: 'hash',
  since: '8.0.0',
  complexity: 'O(N) where N is the number of specified fields',
  summary: 'Returns the values of fields of a hash and removes them',
  syntax: 'key FIELDS numfields field [field ...]',
  execute: executeHgetdel,
};

export const hgetexCommand: CommandRow = {
  name: 'hgetex',
  arity: -5,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'hash',
  since: '8.0.0',
  complexity: 'O(N) where N is the number of specified fields',
  summary: 'Returns the values of fields of a hash and sets or takes away their deadlines',
  syntax:
    'key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | ' +
    'PERSIST] FIELDS numfields field [field ...]',
  execute: executeHgetex,
};

/** Arguments whose fields were removed, and whose got another deadline. */
const REMOVED = new ReachedArguments();
const UPDATED = new ReachedArguments();
/** In place of a deadline: what there is stays. */
const UNCHANGED = -1;

function executeHgetdel({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = database.find(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  const firstArg = parseFieldList(frame, 2, reply, ERRORS.hashCountPositive);
  if (firstArg < 0) return;
  const isThere = entry !== 0 && openForChange(database, entry, frame, firstArg, 1);
  REMOVED.clear();
  reply.array(frame.count - firstArg);
  for (let arg = firstArg; arg < frame.count; arg++) {
    if (!isThere || !replyValue(frame, arg, reply)) continue;
    HASH.removeFound();
    REMOVED.add(arg);
  }
  if (!isThere) for (let arg = firstArg; arg < frame.count; arg++) reply.null();
  finishRemovals(database, frame);
}

function executeHgetex(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database, node } = session;
  const entry = database.find(frame, 1);
  if (entry !== 0 && !isHash(database, entry, reply)) return;
  const { nowMs } = node.clock;
  let keywordArg = 2;
  let deadlineMs: number = UNCHANGED;
  const word = TIME_WORDS.find(({ name }) => frame.equals(2, name));
  if (word !== undefined) {
    const baseMs = word.isRelative ? nowMs : 0;
    deadlineMs = parseDeadline(frame, 3, { name: 'hgetex', unitMs: word.unitMs, baseMs }, reply);
    if (deadlineMs < 0) return;
    keywordArg = 4;
  } else if (frame.equals(2, 'PERSIST')) {
    deadlineMs = NO_FIELD_DEADLINE;
    keywordArg = 3;
  }
  const firstArg = parseFieldList(frame, keywordArg, reply, ERRORS.hashCountPositive);
  if (firstArg < 0) return;
  const isThere = entry !== 0 && openForChange(database, entry, frame, firstArg, 1);
  const removes = word !== undefined && deadlineMs <= nowMs;
  REMOVED.clear();
  UPDATED.clear();
  reply.array(frame.count - firstArg);
  for (let arg = firstArg; arg < frame.count; arg++) {
    if (!isThere) reply.null();
    else if (replyValue(frame, arg, reply)) changeDeadline(frame, arg, deadlineMs, removes);
  }
  const isPersist = keywordArg === 3;
  if (isPersist) {
    recordFields(database, frame, 'HPERSIST', { event: EVENT.hpersist, reached: UPDATED });
  } else {
    const event = EVENT.hexpire;
    recordFields(database, frame, 'HPEXPIREAT', { event, deadlineMs, reached: UPDATED });
  }
  finishRemovals(database, frame);
}

/** Of the field that was found and whose value is in the reply. */
function changeDeadline(frame: Frame, arg: number, deadlineMs: number, removes: boolean): void {
  if (removes) {
    HASH.removeFound();
    REMOVED.add(arg);
    return;
  }
  if (deadlineMs === UNCHANGED) return;
  if (deadlineMs === NO_FIELD_DEADLINE && HASH.deadlineMs === NO_FIELD_DEADLINE) return;
  HASH.setDeadline(showArgument(frame, arg, FIELD), deadlineMs);
  UPDATED.add(arg);
}

/** Writes the field's value, or null; false when there is no such field. */
function replyValue(frame: Frame, arg: number, reply: ReplyWriter): boolean {
  if (!findArgument(frame, arg)) {
    reply.null();
    return false;
  }
  HASH.readValue(VALUE);
  writeSlice(reply, VALUE);
  return true;
}

function finishRemovals(database: Database, frame: Frame): void {
  recordFields(database, frame, 'HDEL', { event: EVENT.hdel, reached: REMOVED });
  if (REMOVED.count > 0) settleShrunk(database);
}
