import type { Frame } from '../../base/frame.ts';
import { KEEP_DEADLINE } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import {
  openString,
  setJsonArgument,
  setPlain,
  setStringArgument,
} from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import {
  deadlineOf,
  ExpiryOptions,
  parseSetOptions,
  replyTimeError,
  TIME,
} from './expiry-options.ts';

export const setCommand: CommandRow = {
  name: 'set',
  arity: -3,
  flags: ['write', 'denyoom'],
  keys: [
    {
      ...keysAt(1, 0, 1, 'RW ACCESS UPDATE VARIABLE_FLAGS'),
      notes: 'RW and ACCESS due to the optional `GET` argument',
    },
  ],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Stores a string, whatever the key held, if its conditions are met',
  syntax:
    'key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | ' +
    'PXAT unix-time-milliseconds | KEEPTTL]',
  execute: executeSet,
};

export const setnxCommand: CommandRow = {
  name: 'setnx',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'OW INSERT')],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Stores a string if the key does not exist',
  syntax: 'key value',
  execute: executeSetnx,
};

export const setexCommand: CommandRow = {
  name: 'setex',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'OW UPDATE')],
  group: 'string',
  since: '2.0.0',
  complexity: 'O(1)',
  summary: 'Stores a string that expires after some seconds',
  syntax: 'key seconds value',
  execute: (session, frame, reply) => setForTime(session, frame, reply, TIME.EX, 'setex'),
};

export const psetexCommand: CommandRow = {
  name: 'psetex',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'OW UPDATE')],
  group: 'string',
  since: '2.6.0',
  complexity: 'O(1)',
  summary: 'Stores a string that expires after some milliseconds',
  syntax: 'key milliseconds value',
  execute: (session, frame, reply) => setForTime(session, frame, reply, TIME.PX, 'psetex'),
};

export const getsetCommand: CommandRow = {
  name: 'getset',
  deprecated: { since: '6.2.0', replacedBy: '`SET` with the `!GET` argument' },
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Stores a string and answers the one that it replaces',
  syntax: 'key value',
  execute: executeGetset,
};

function executeSet(session: Session, frame: Frame, reply: ReplyWriter): void {
  if (frame.count > 3) return setWithOptions(session, frame, reply);
  const database = session.database;
  const entry = database.find(frame, 1);
  const deadline = database.store.newDeadline();
  setPlain(database, entry, frame, deadline);
  reply.ok();
}

const OPTIONS = new ExpiryOptions();

/**
 * A deadline that has passed is stored like any other: the key expires at the next look. `JSON` is
 * no option for clients: HTTP says by it that the value is JSON other than a string, and effects
 * carry it on.
 */
function setWithOptions(session: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseSetOptions(frame, 3, OPTIONS)) return reply.error(ERRORS.syntax);
  const { store } = session;
  if (OPTIONS.isJson && !session.marksJson) return reply.error(ERRORS.syntax);
  let deadline: number | bigint = OPTIONS.keepsDeadline ? KEEP_DEADLINE : store.newDeadline();
  if (OPTIONS.time !== TIME.NONE) {
    deadline = deadlineOf(frame, OPTIONS.timeArg, OPTIONS.time, session.node.clock.nowMs);
    if (deadline <= 0) return replyTimeError(deadline, 'set', reply);
  }
  const database = session.database;
  let entry = 0;
  if (OPTIONS.wantsOld) {
    entry = database.read(frame, 1);
    if (!replyOldValue(session, entry, reply)) return;
  } else {
    entry = database.find(frame, 1);
  }
  if (entry === 0 ? OPTIONS.isXx : OPTIONS.isNx) {
    if (!OPTIONS.wantsOld) reply.null();
    return;
  }
  const place = OPTIONS.isJson ? setJsonArgument : setStringArgument;
  place(database, entry, frame, 1, 2, deadline, EVENT.set);
  if (!OPTIONS.wantsOld) reply.ok();
}

/** @returns false when the key holds another type; then that error was the reply */
function replyOldValue(session: Session, entry: number, reply: ReplyWriter): boolean {
  if (entry === 0) {
    reply.null();
    return true;
  }
  if (session.database.typeOf(entry) !== TYPE.STRING) {
    reply.error(ERRORS.wrongType);
    return false;
  }
  const old = openString(session.database, entry);
  reply.bulkView(old.bytes, old.view, old.offset, old.length);
  return true;
}

function executeSetnx(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  if (database.find(frame, 1) !== 0) return reply.integer(0);
  setStringArgument(database, 0, frame, 1, 2, database.store.newDeadline(), EVENT.set);
  reply.integer(1);
}

function setForTime(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  time: number,
  name: string,
): void {
  const deadline = deadlineOf(frame, 2, time, session.node.clock.nowMs);
  if (deadline <= 0) return replyTimeError(deadline, name, reply);
  const database = session.database;
  const entry = database.find(frame, 1);
  setStringArgument(database, entry, frame, 1, 3, deadline, EVENT.set);
  reply.ok();
}

function executeGetset(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const entry = database.read(frame, 1);
  if (!replyOldValue(session, entry, reply)) return;
  setStringArgument(database, entry, frame, 1, 2, database.store.newDeadline(), EVENT.set);
}
