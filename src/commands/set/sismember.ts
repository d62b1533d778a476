import type { Frame } from '../../base/frame.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { parseScanCursor, parseScanOptions, ScanOptions } from '../scan-options.ts';
import type { Session } from '../session.ts';
import { isSet, memberArgument, SET, SHOWN, writeShown } from './set-argument.ts';

export const sismemberCommand: CommandRow = {
  name: 'sismember',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'set',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Tells whether a set has a member',
  syntax: 'key member',
  execute({ database }, frame, reply) {
    const entry = database.read(frame, 1);
    if (entry === 0) return reply.integer(0);
    if (!isSet(database, entry, reply)) return;
    reply.integer(SET.open(database, entry).has(memberArgument(frame, 2)) ? 1 : 0);
  },
};

export const smismemberCommand: CommandRow = {
  name: 'smismember',
  arity: -3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'set',
  since: '6.2.0',
  complexity: 'O(N) where N is the number of elements being checked for membership',
  summary: 'Tells for each of several members whether a set has it',
  syntax: 'key member [member ...]',
  execute({ database }, frame, reply) {
    const entry = database.read(frame, 1);
    if (entry !== 0 && !isSet(database, entry, reply)) return;
    if (entry !== 0) SET.open(database, entry);
    reply.array(frame.count - 2);
    for (let arg = 2; arg < frame.count; arg++) {
      reply.integer(entry !== 0 && SET.has(memberArgument(frame, arg)) ? 1 : 0);
    }
  },
};

export const scardCommand: CommandRow = {
  name: 'scard',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'set',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Tells how many members a set has',
  syntax: 'key',
  execute({ database }, frame, reply) {
    const entry = database.read(frame, 1);
    if (entry === 0) return reply.integer(0);
    if (isSet(database, entry, reply)) reply.integer(SET.open(database, entry).count);
  },
};

export const smembersCommand: CommandRow = {
  name: 'smembers',
  arity: 2,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'set',
  since: '1.0.0',
  complexity: 'O(N) where N is the set cardinality.',
  summary: 'Returns all members of a set',
  syntax: 'key',
  tips: ['nondeterministic_output_order'],
  timesItself: true,
  execute({ database, node }, frame, reply) {
    const entry = database.read(frame, 1);
    if (entry === 0) return reply.set(0);
    if (!isSet(database, entry, reply)) return;
    SET.open(database, entry);
    node.stopwatch.startIfLong(SET.count);
    reply.set(SET.count);
    SET.rewind();
    while (SET.next(SHOWN)) writeShown(reply);
  },
};

export const sscanCommand: CommandRow = {
  name: 'sscan',
  arity: -3,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'set',
  since: '2.8.0',
  complexity:
    'O(1) for every call. O(N) for a complete iteration, including enough command calls for the ' +
    'cursor to return back to 0. N is the number of elements inside the collection..',
  summary: 'Walks through the members of a set a few at a time',
  syntax: 'key cursor [MATCH pattern] [COUNT count]',
  tips: ['nondeterministic_output'],
  execute: executeSscan,
};

const options = new ScanOptions();

function executeSscan({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseScanCursor(frame, 2, options, reply)) return;
  const entry = database.read(frame, 1);
  if (entry === 0) {
    reply.array(2);
    reply.bulkInteger(0);
    return reply.array(0);
  }
  if (!isSet(database, entry, reply)) return;
  if (!parseScanOptions(frame, 2, false, options, reply)) return;
  SET.open(database, entry);
  reply.array(2);
  // The next cursor stands in front of the members: a first walk finds it.
  reply.bulkInteger(SET.scan(options.cursor, options.count, SHOWN, () => {}));
  const mark = reply.openAggregate();
  let count = 0;
  SET.scan(options.cursor, options.count, SHOWN, () => {
    if (!options.matches(frame, SHOWN)) return;
    writeShown(reply);
    count++;
  });
  reply.closeArray(mark, count);
}
