import type { Frame } from '../../base/frame.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { openString, stringLength } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';

export const getCommand: CommandRow = {
  name: 'get',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Answers the string that a key holds',
  syntax: 'key',
  execute: executeGet,
};

export const mgetCommand: CommandRow = {
  name: 'mget',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, -1, 1, 'RO ACCESS')],
  group: 'string',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys to retrieve.',
  summary: 'Answers the strings that several keys hold, null for a key that holds none',
  syntax: 'key [key ...]',
  tips: ['request_policy:multi_shard'],
  execute: executeMget,
};

export const strlenCommand: CommandRow = {
  name: 'strlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'string',
  since: '2.2.0',
  complexity: 'O(1)',
  summary: 'Answers how many bytes the string of a key has',
  syntax: 'key',
  execute: executeStrlen,
};

function executeGet(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.null();
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  const value = openString(database, entry);
  reply.bulkView(value.bytes, value.view, value.offset, value.length);
}

function executeMget(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  reply.array(frame.count - 1);
  for (let arg = 1; arg < frame.count; arg++) {
    const entry = database.read(frame, arg);
    if (entry === 0 || database.typeOf(entry) !== TYPE.STRING) {
      reply.null();
      continue;
    }
    const value = openString(database, entry);
    reply.bulkView(value.bytes, value.view, value.offset, value.length);
  }
}

function executeStrlen(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.integer(0);
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  reply.integer(stringLength(database, entry));
}
