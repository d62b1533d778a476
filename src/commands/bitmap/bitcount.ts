import type { Frame } from '../../base/frame.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { indexFromStart, isReversedFromEnd, roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { countBits, findBit, popcount32 } from './bit-count.ts';

export const bitcountCommand: CommandRow = {
  name: 'bitcount',
  arity: -2,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'bitmap',
  since: '2.6.0',
  complexity: 'O(N)',
  summary: 'Counts the set bits of a string or of a part of it',
  syntax: 'key [start end [BYTE | BIT]]',
  execute: executeBitcount,
};

export const bitposCommand: CommandRow = {
  name: 'bitpos',
  arity: -3,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'bitmap',
  since: '2.8.7',
  complexity: 'O(N)',
  summary: 'Finds the first set or the first clear bit of a string or of a part of it',
  syntax: 'key bit [start [end [BYTE | BIT]]]',
  execute: executeBitpos,
};

/** A missing key hides every error in the range, as in redis-server 7.0. */
function executeBitcount(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.integer(0);
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  const { view, offset, length } = openString(database, entry);
  if (frame.count === 2) return reply.integer(countBits(view, offset, length));
  if (frame.count !== 4 && frame.count !== 5) return reply.error(ERRORS.syntax);
  const start = roundedIntegerArgument(frame, 2);
  const end = roundedIntegerArgument(frame, 3);
  if (Number.isNaN(start) || Number.isNaN(end)) return reply.error(ERRORS.notInteger);
  // In Redis a range that is empty as it stands hides a wrong unit.
  const isInBits = frame.count === 5 && frame.equals(4, 'BIT');
  if (start < 0 && end < 0 && isReversedFromEnd(frame, 2, 3)) return reply.integer(0);
  if (frame.count === 5 && !isInBits && !frame.equals(4, 'BYTE')) return reply.error(ERRORS.syntax);
  const total = isInBits ? length * 8 : length;
  const first = indexFromStart(start, total);
  const last = Math.min(indexFromStart(end, total), total - 1);
  if (first > last) return reply.integer(0);
  if (!isInBits) return reply.integer(countBits(view, offset + first, last - first + 1));
  reply.integer(countBitRange(view, offset, first, last));
}

/** Set bits from bit `first` to bit `last`, both included. */
function countBitRange(view: DataView, offset: number, first: number, last: number): number {
  const firstByte = Math.floor(first / 8);
  const lastByte = Math.floor(last / 8);
  const before = view.getUint8(offset + firstByte) & ~(0xff >>> (first % 8));
  const behind = view.getUint8(offset + lastByte) & (0x7f >>> (last % 8));
  const count = countBits(view, offset + firstByte, lastByte - firstByte + 1);
  return count - popcount32(before) - popcount32(behind);
}

function executeBitpos(session: Session, frame: Frame, reply: ReplyWriter): void {
  const bit = roundedIntegerArgument(frame, 2);
  if (Number.isNaN(bit)) return reply.error(ERRORS.notInteger);
  if (bit !== 0 && bit !== 1) return reply.error(ERRORS.bitArgument);
  const database = session.database;
  const entry = database.read(frame, 1);
  // A missing key is endless zeros; again that hides every error in the range.
  if (entry === 0) return reply.integer(bit === 1 ? -1 : 0);
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  if (frame.count > 6) return reply.error(ERRORS.syntax);
  let start = 0;
  let end = -1;
  if (frame.count > 3) {
    start = roundedIntegerArgument(frame, 3);
    if (Number.isNaN(start)) return reply.error(ERRORS.notInteger);
  }
  const isInBits = frame.count === 6 && frame.equals(5, 'BIT');
  if (frame.count === 6 && !isInBits && !frame.equals(5, 'BYTE')) return reply.error(ERRORS.syntax);
  if (frame.count > 4) {
    end = roundedIntegerArgument(frame, 4);
    if (Number.isNaN(end)) return reply.error(ERRORS.notInteger);
  }
  const { view, offset, length } = openString(database, entry);
  const total = isInBits ? length * 8 : length;
  const first = indexFromStart(start, total);
  const last = Math.min(indexFromStart(end, total), total - 1);
  if (first > last) return reply.integer(-1);
  const firstBit = isInBits ? first : first * 8;
  const lastBit = isInBits ? last : last * 8 + 7;
  const found = findBit(view, offset, firstBit, lastBit, bit);
  // Without an end the string goes on with zeros.
  reply.integer(found === -1 && bit === 0 && frame.count < 5 ? length * 8 : found);
}
