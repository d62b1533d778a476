import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { growString } from '../../engine/values/string/string-growth.ts';
import { openString, stringLength } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integerArgument } from '../integer-argument.ts';
import type { Session } from '../session.ts';
import { bitOffsetArgument } from './bit-offset.ts';

export const setbitCommand: CommandRow = {
  name: 'setbit',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS UPDATE')],
  group: 'bitmap',
  since: '2.2.0',
  complexity: 'O(1)',
  summary: 'Gives one bit of a string a value, with zero bits up to it if need be',
  syntax: 'key offset value',
  execute: executeSetbit,
};

export const getbitCommand: CommandRow = {
  name: 'getbit',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'bitmap',
  since: '2.2.0',
  complexity: 'O(1)',
  summary: 'Answers one bit of a string, 0 past its end',
  syntax: 'key offset',
  execute: executeGetbit,
};

function executeSetbit(session: Session, frame: Frame, reply: ReplyWriter): void {
  const offset = bitOffsetArgument(frame, 2, 0, session.node.configuration.network.bulkBytesMax);
  if (Number.isNaN(offset)) return reply.error(ERRORS.bitOffset);
  const bit = integerArgument(frame, 3);
  if (bit !== 0 && bit !== 1) return reply.error(ERRORS.bitValue);
  const database = session.database;
  const entry = database.find(frame, 1);
  let oldLength = 0;
  if (entry !== 0) {
    if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
    database.touch(entry);
    oldLength = stringLength(database, entry);
  }
  const byteIndex = Math.floor(offset / 8);
  const grown = growString(database, entry, frame, 1, byteIndex + 1);
  const value = openString(database, grown);
  const shift = 7 - (offset % 8);
  const at = value.offset + byteIndex;
  const oldBit = (value.bytes[at] >>> shift) & 1;
  if (oldBit !== bit || byteIndex >= oldLength || entry === 0) {
    value.bytes[at] ^= (oldBit ^ bit) << shift;
    database.recordCommand(frame, EVENT.setbit, 1);
  }
  reply.integer(oldBit);
}

function executeGetbit(session: Session, frame: Frame, reply: ReplyWriter): void {
  const offset = bitOffsetArgument(frame, 2, 0, session.node.configuration.network.bulkBytesMax);
  if (Number.isNaN(offset)) return reply.error(ERRORS.bitOffset);
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.integer(0);
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  const value = openString(database, entry);
  const byteIndex = Math.floor(offset / 8);
  if (byteIndex >= value.length) return reply.integer(0);
  reply.integer((value.bytes[value.offset + byteIndex] >>> (7 - (offset % 8))) & 1);
}
