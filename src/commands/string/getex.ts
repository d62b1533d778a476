import type { Frame } from '../../base/frame.ts';
import { NO_DEADLINE } from '../../engine/database.ts';
import { clearDeadline, setDeadline } from '../../engine/entry-deadline.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import {
  deadlineOf,
  ExpiryOptions,
  parseGetexOptions,
  replyTimeError,
  TIME,
} from './expiry-options.ts';

export const getexCommand: CommandRow = {
  name: 'getex',
  arity: -2,
  flags: ['write', 'fast'],
  keys: [
    {
      ...keysAt(1, 0, 1, 'RW ACCESS UPDATE'),
      notes: 'RW and UPDATE because it changes the TTL',
    },
  ],
  group: 'string',
  since: '6.2.0',
  complexity: 'O(1)',
  summary: 'Answers the string that a key holds and sets or clears its deadline',
  syntax:
    'key [EX seconds | PX milliseconds | EXAT unix-time-seconds | ' +
    'PXAT unix-time-milliseconds | PERSIST]',
  execute: executeGetex,
};

export const getdelCommand: CommandRow = {
  name: 'getdel',
  arity: 2,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS DELETE')],
  group: 'string',
  since: '6.2.0',
  complexity: 'O(1)',
  summary: 'Answers the string that a key holds and deletes the key',
  syntax: 'key',
  execute: executeGetdel,
};

const OPTIONS = new ExpiryOptions();

/** The order of checks is Redis': a missing key hides a bad time, a bad word does not. */
function executeGetex(session: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseGetexOptions(frame, 2, OPTIONS)) return reply.error(ERRORS.syntax);
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.null();
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  const nowMs = session.node.clock.nowMs;
  let deadline: number | bigint = NO_DEADLINE;
  if (OPTIONS.time !== TIME.NONE) {
    deadline = deadlineOf(frame, OPTIONS.timeArg, OPTIONS.time, nowMs);
    if (deadline <= 0) return replyTimeError(deadline, 'getex', reply);
  }
  const value = openString(database, entry);
  reply.bulkView(value.bytes, value.view, value.offset, value.length);
  if (OPTIONS.persists) {
    if (database.deadlineOf(entry) !== NO_DEADLINE) clearDeadline(database, entry);
  } else if (OPTIONS.time !== TIME.NONE) {
    if (deadline <= nowMs) database.remove(entry, EVENT.del);
    else setDeadline(database, entry, deadline);
  }
}

function executeGetdel(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.null();
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  const value = openString(database, entry);
  reply.bulkView(value.bytes, value.view, value.offset, value.length);
  database.remove(entry, EVENT.del);
}
