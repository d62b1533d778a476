import type { Frame } from '../../base/frame.ts';
import { scanHash } from '../../engine/values/hash/hash-scan.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { parseScanCursor, parseScanOptions, ScanOptions } from '../scan-options.ts';
import type { Session } from '../session.ts';
import {
  FIELD,
  findArgument,
  HASH,
  isHash,
  openForReading,
  VALUE,
  writeSlice,
} from './hash-argument.ts';

const ALL = 'O(N) where N is the size of the hash.';

export const hgetCommand: CommandRow = {
  name: 'hget',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(1)',
  summary: 'Returns the value of a field of a hash',
  syntax: 'key field',
  execute: executeHget,
};

export const hmgetCommand: CommandRow = {
  name: 'hmget',
  arity: -3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(N) where N is the number of fields being requested.',
  summary: 'Returns the values of several fields of a hash',
  syntax: 'key field [field ...]',
  execute: executeHmget,
};

export const hexistsCommand: CommandRow = {
  name: 'hexists',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(1)',
  summary: 'Tells whether a hash has a field',
  syntax: 'key field',
  execute({ database }, frame, reply) {
    if (openForReading(database, frame, reply)) reply.integer(findArgument(frame, 2) ? 1 : 0);
    else if (HASH.entry === 0) reply.integer(0);
  },
};

export const hlenCommand: CommandRow = {
  name: 'hlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'hash',
  since: '2.0.0',
  complexity: 'O(1)',
  summary: 'Tells how many fields a hash has',
  syntax: 'key',
  execute({ database }, frame, reply) {
    if (openForReading(database, frame, reply)) reply.integer(HASH.liveCount);
    else if (HASH.entry === 0) reply.integer(0);
  },
};

export const hstrlenCommand: CommandRow = {
  name: 'hstrlen',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'hash',
  since: '3.2.0',
  complexity: 'O(1)',
  summary: 'Tells how long the value of a field of a hash is',
  syntax: 'key field',
  execute({ database }, frame, reply) {
    if (!openForReading(database, frame, reply)) {
      if (HASH.entry === 0) reply.integer(0);
      return;
    }
    if (!findArgument(frame, 2)) return reply.integer(0);
    HASH.readValue(VALUE);
    reply.integer(VALUE.length);
  },
};

export const hkeysCommand = allRow('hkeys', 'fields', 'keys');
export const hvalsCommand = allRow('hvals', 'values', 'values');
export const hgetallCommand = allRow('hgetall', 'fields and values', 'both');

export const hscanCommand: CommandRow = {
  name: 'hscan',
  arity: -3,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'hash',
  since: '2.8.0',
  complexity:
    'O(1) for every call. O(N) for a complete iteration, including enough command calls for the ' +
    'cursor to return back to 0. N is the number of elements inside the collection..',
  summary: 'Walks through the fields of a hash a few at a time',
  syntax: 'key cursor [MATCH pattern] [COUNT count] [NOVALUES]',
  tips: ['nondeterministic_output'],
  execute: executeHscan,
};

type Shown = 'keys' | 'values' | 'both';

function allRow(name: string, what: string, shown: Shown): CommandRow {
  return {
    name,
    arity: 2,
    flags: ['readonly'],
    keys: [keysAt(1, 0, 1, 'RO ACCESS')],
    group: 'hash',
    since: '2.0.0',
    complexity: ALL,
    timesItself: true,
    summary: `Returns all ${what} of a hash`,
    syntax: 'key',
    tips: ['nondeterministic_output_order'],
    execute: (session, frame, reply) => executeAll(session, frame, reply, shown),
  };
}

function executeHget({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!openForReading(database, frame, reply)) {
    if (HASH.entry === 0) reply.null();
    return;
  }
  if (!findArgument(frame, 2)) return reply.null();
  HASH.readValue(VALUE);
  writeSlice(reply, VALUE);
}

function executeHmget({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const isOpen = openForReading(database, frame, reply);
  if (!isOpen && HASH.entry !== 0) return;
  reply.array(frame.count - 2);
  for (let arg = 2; arg < frame.count; arg++) {
    if (!isOpen || !findArgument(frame, arg)) {
      reply.null();
      continue;
    }
    HASH.readValue(VALUE);
    writeSlice(reply, VALUE);
  }
}

function executeAll(
  { database, node }: Session,
  frame: Frame,
  reply: ReplyWriter,
  shown: Shown,
): void {
  if (!openForReading(database, frame, reply)) {
    if (HASH.entry !== 0) return;
    if (shown === 'both') reply.map(0);
    else reply.array(0);
    return;
  }
  node.stopwatch.startIfLong(HASH.count);
  const mark = reply.openAggregate();
  let count = 0;
  HASH.rewind();
  while (HASH.next(FIELD, VALUE)) {
    if (shown !== 'values') writeSlice(reply, FIELD);
    if (shown !== 'keys') writeSlice(reply, VALUE);
    count++;
  }
  if (shown === 'both') reply.closeMap(mark, count);
  else reply.closeArray(mark, count);
}

const SHOWN = { field: FIELD, value: VALUE };
const options = new ScanOptions();
options.takesNoValues = true;

function executeHscan({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  if (!parseScanCursor(frame, 2, options, reply)) return;
  const entry = database.read(frame, 1);
  if (entry === 0) {
    reply.array(2);
    reply.bulkInteger(0);
    return reply.array(0);
  }
  if (!isHash(database, entry, reply)) return;
  if (!parseScanOptions(frame, 2, false, options, reply)) return;
  HASH.open(database, entry);
  reply.array(2);
  // The next cursor stands in front of the fields: a first walk finds it.
  reply.bulkInteger(scanHash(HASH, options.cursor, options.count, SHOWN, () => {}));
  const mark = reply.openAggregate();
  let count = 0;
  scanHash(HASH, options.cursor, options.count, SHOWN, () => {
    if (!options.matches(frame, FIELD)) return;
    writeSlice(reply, FIELD);
    count++;
    if (options.noValues) return;
    writeSlice(reply, VALUE);
    count++;
  });
  reply.closeArray(mark, count);
}
