import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { removeEntry } from '../../engine/values/stream/stream-remove.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { parseEndArgument, parseIdArgument, parseStartArgument } from './id-argument.ts';
import {
  NOT_A_STREAM,
  RECORD,
  replyRange,
  requireStream,
  requireStreamToChange,
} from './stream-argument.ts';

export const xrangeCommand: CommandRow = {
  name: 'xrange',
  arity: -4,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'stream',
  since: '5.0.0',
  complexity:
    'O(N) with N being the number of elements being returned. If N is constant (e.g. always ' +
    'asking for the first 10 elements with COUNT), you can consider it O(1).',
  summary: 'Returns the entries of a stream between two ids',
  syntax: 'key start end [COUNT count]',
  execute: (session, frame, reply) => executeRange(session, frame, reply, false),
};

export const xrevrangeCommand: CommandRow = {
  name: 'xrevrange',
  arity: -4,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'stream',
  since: '5.0.0',
  complexity:
    'O(N) with N being the number of elements returned. If N is constant (e.g. always asking for ' +
    'the first 10 elements with COUNT), you can consider it O(1).',
  summary: 'Returns the entries of a stream between two ids, the last one first',
  syntax: 'key end start [COUNT count]',
  execute: (session, frame, reply) => executeRange(session, frame, reply, true),
};

export const xlenCommand: CommandRow = {
  name: 'xlen',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(1)',
  summary: 'Tells how many entries a stream has',
  syntax: 'key',
  execute({ database }, frame, reply) {
    const entry = requireStream(database, frame, 1, reply);
    if (entry === NOT_A_STREAM) return;
    reply.integer(entry === 0 ? 0 : RECORD.open(database, entry).length);
  },
};

export const xdelCommand: CommandRow = {
  name: 'xdel',
  arity: -3,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'stream',
  since: '5.0.0',
  complexity: 'O(1) for each single item to delete in the stream, regardless of the stream size.',
  summary: 'Removes entries from a stream',
  syntax: 'key id [id ...]',
  execute: executeXdel,
};

const FIRST = new StreamId();
const LAST = new StreamId();
const RANGE = { first: FIRST, last: LAST, count: 0, isBackwards: false };

function executeRange(
  { database }: Session,
  frame: Frame,
  reply: ReplyWriter,
  isBackwards: boolean,
): void {
  if (!parseStartArgument(frame, isBackwards ? 3 : 2, FIRST, reply)) return;
  if (!parseEndArgument(frame, isBackwards ? 2 : 3, LAST, reply)) return;
  let count = -1;
  for (let arg = 4; arg < frame.count; arg += 2) {
    if (!frame.equals(arg, 'COUNT') || arg + 1 === frame.count) return reply.error(ERRORS.syntax);
    count = roundedIntegerArgument(frame, arg + 1);
    if (Number.isNaN(count)) return reply.error(ERRORS.notInteger);
    if (count < 0) count = 0;
  }
  const entry = requireStream(database, frame, 1, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0) return reply.array(0);
  if (count === 0) return reply.nullArray();
  RANGE.count = count === -1 ? 0 : count;
  RANGE.isBackwards = isBackwards;
  replyRange(database, RECORD.open(database, entry), RANGE, reply);
}

function executeXdel({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const entry = requireStreamToChange(database, frame, 1, reply);
  if (entry === NOT_A_STREAM) return;
  if (entry === 0) return reply.integer(0);
  for (let arg = 2; arg < frame.count; arg++) {
    if (!parseIdArgument(frame, arg, FIRST, reply)) return;
  }
  RECORD.open(database, entry);
  let count = 0;
  for (let arg = 2; arg < frame.count; arg++) {
    parseIdArgument(frame, arg, FIRST, reply);
    if (removeEntry(database, RECORD, FIRST)) count++;
  }
  if (count > 0) {
    database.store.stats[STORE_STAT.CHANGES] += count - 1;
    database.recordCommand(frame, EVENT.xdel, 1);
  }
  reply.integer(count);
}
