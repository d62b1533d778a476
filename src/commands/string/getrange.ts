import type { Frame } from '../../base/frame.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { openString } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { indexFromStart, isReversedFromEnd, roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';

const COMPLEXITY =
  'O(N) where N is the length of the returned string. The complexity is ultimately determined by ' +
  'the returned length, but because creating a substring from an existing string is very cheap, ' +
  'it can be considered O(1) for small strings.';

export const getrangeCommand: CommandRow = {
  name: 'getrange',
  arity: 4,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'string',
  since: '2.4.0',
  complexity: COMPLEXITY,
  summary: 'Answers the bytes of a string between two positions, both included',
  syntax: 'key start end',
  execute: executeGetrange,
};

export const substrCommand: CommandRow = {
  name: 'substr',
  deprecated: { since: '2.0.0', replacedBy: '`GETRANGE`' },
  arity: 4,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'string',
  since: '1.0.0',
  complexity: COMPLEXITY,
  summary: 'The older name of GETRANGE',
  syntax: 'key start end',
  execute: executeGetrange,
};

function executeGetrange(session: Session, frame: Frame, reply: ReplyWriter): void {
  const start = roundedIntegerArgument(frame, 2);
  const end = roundedIntegerArgument(frame, 3);
  if (Number.isNaN(start) || Number.isNaN(end)) return reply.error(ERRORS.notInteger);
  const database = session.database;
  const entry = database.read(frame, 1);
  if (entry === 0) return reply.bulk(frame.bytes, 0, 0);
  if (database.typeOf(entry) !== TYPE.STRING) return reply.error(ERRORS.wrongType);
  const value = openString(database, entry);
  const first = indexFromStart(start, value.length);
  const last = Math.min(indexFromStart(end, value.length), value.length - 1);
  const isReversed = start < 0 && end < 0 && isReversedFromEnd(frame, 2, 3);
  if (first > last || isReversed) return reply.bulk(frame.bytes, 0, 0);
  reply.bulk(value.bytes, value.offset + first, last - first + 1);
}
