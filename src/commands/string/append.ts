import { copyBytes } from '../../base/bytes.ts';
import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { growString } from '../../engine/values/string/string-growth.ts';
import {
  openString,
  setStringArgument,
  stringLength,
} from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';

export const appendCommand: CommandRow = {
  name: 'append',
  arity: 3,
  flags: ['write', 'denyoom', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW INSERT')],
  group: 'string',
  since: '2.0.0',
  complexity:
    'O(1). The amortized time complexity is O(1) assuming the appended value is small and the ' +
    'already present value is of any size, since the dynamic string library used by Redis will ' +
    'double the free space available on every reallocation.',
  summary: 'Puts bytes at the end of a string, making the key when it is missing',
  syntax: 'key value',
  execute: executeAppend,
};

export const setrangeCommand: CommandRow = {
  name: 'setrange',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'string',
  since: '2.2.0',
  complexity:
    'O(1), not counting the time taken to copy the new string in place. Usually, this string is ' +
    'very small so the amortized complexity is O(1). Otherwise, complexity is O(M) with M being ' +
    'the length of the value argument.',
  summary: 'Overwrites part of a string from an offset on, with zero bytes up to it if need be',
  syntax: 'key offset value',
  execute: executeSetrange,
};

function executeAppend(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const addedLength = frame.lengths[2];
  const entry = database.find(frame, 1);
  if (entry === 0) {
    setStringArgument(database, 0, frame, 1, 2, database.store.newDeadline(), EVENT.append);
    return reply.integer(addedLength);
  }
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  const oldLength = stringLength(database, entry);
  const length = oldLength + addedLength;
  if (length > session.node.configuration.network.bulkBytesMax) {
    return reply.error(ERRORS.stringTooLong);
  }
  overwrite(session, entry, frame, 2, oldLength);
  database.recordCommand(frame, EVENT.append, 1);
  reply.integer(length);
}

function executeSetrange(session: Session, frame: Frame, reply: ReplyWriter): void {
  const offset = roundedIntegerArgument(frame, 2);
  if (Number.isNaN(offset)) return reply.error(ERRORS.notInteger);
  if (offset < 0) return reply.error(ERRORS.offsetOutOfRange);
  const database = session.database;
  const entry = database.find(frame, 1);
  let oldLength = 0;
  if (entry !== 0) {
    if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
    oldLength = stringLength(database, entry);
  }
  const valueLength = frame.lengths[3];
  if (valueLength === 0) return reply.integer(oldLength);
  if (offset + valueLength > session.node.configuration.network.bulkBytesMax) {
    return reply.error(ERRORS.stringTooLong);
  }
  overwrite(session, entry, frame, 3, offset);
  database.recordCommand(frame, EVENT.setrange, 1);
  reply.integer(Math.max(oldLength, offset + valueLength));
}

/** Copies an argument into the string at `at`, which grows as far as it must. Records nothing. */
function overwrite(session: Session, entry: number, frame: Frame, arg: number, at: number): void {
  const database = session.database;
  const length = frame.lengths[arg];
  if (entry !== 0) database.touch(entry);
  const grown = growString(database, entry, frame, 1, at + length);
  const value = openString(database, grown);
  const to = value.offset + at;
  copyBytes(value.view, value.bytes, to, frame.view, frame.bytes, frame.offsets[arg], length);
}
