import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { openString, stringLength } from '../../engine/values/string/string-value.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { type LcsRange, LcsTable, walkBack } from './lcs-table.ts';

/** Redis' table has 32 bits a cell. Ours is smaller; the limit is Redis'. */
const REDIS_CELL_BYTES = 4;

export const lcsCommand: CommandRow = {
  name: 'lcs',
  arity: -3,
  flags: ['readonly'],
  keys: [keysAt(1, 1, 1, 'RO ACCESS')],
  group: 'string',
  since: '7.0.0',
  complexity: 'O(N*M) where N and M are the lengths of s1 and s2, respectively',
  summary: 'Answers the longest common subsequence of two strings, its length or where it lies',
  syntax: 'key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]',
  execute: executeLcs,
};

interface LcsOptions {
  wantsLength: boolean;
  wantsRanges: boolean;
  withLengths: boolean;
  rangeLengthMin: number;
}

function executeLcs(session: Session, frame: Frame, reply: ReplyWriter): void {
  const database = session.database;
  const left = database.read(frame, 1);
  const right = database.read(frame, 2);
  if (isOtherType(database, left) || isOtherType(database, right)) {
    return reply.error(ERRORS.lcsNotStrings);
  }
  const options = parseOptions(frame, reply);
  if (options === null) return;
  const leftLength = left === 0 ? 0 : stringLength(database, left);
  const rightLength = right === 0 ? 0 : stringLength(database, right);
  const tableBytes = (leftLength + 1) * (rightLength + 1) * REDIS_CELL_BYTES;
  if (tableBytes > session.node.configuration.network.bulkBytesMax) {
    return reply.error(ERRORS.lcsTooLarge);
  }
  const isEmpty = leftLength === 0 || rightLength === 0;
  const table = new LcsTable(
    isEmpty ? new Uint8Array(0) : openString(database, left).copy(),
    isEmpty ? new Uint8Array(0) : openString(database, right).copy(),
    !options.wantsLength,
  );
  if (options.wantsRanges) replyRanges(table, options, reply);
  else if (options.wantsLength) reply.integer(table.length);
  else replySubsequence(table, reply);
}

function isOtherType(database: Database, entry: number): boolean {
  return entry !== 0 && database.typeOf(entry) !== TYPE.STRING;
}

/** @returns null when the error was replied */
function parseOptions(frame: Frame, reply: ReplyWriter): LcsOptions | null {
  const options = {
    wantsLength: false,
    wantsRanges: false,
    withLengths: false,
    rangeLengthMin: 0,
  };
  for (let arg = 3; arg < frame.count; arg++) {
    if (frame.equals(arg, 'IDX')) options.wantsRanges = true;
    else if (frame.equals(arg, 'LEN')) options.wantsLength = true;
    else if (frame.equals(arg, 'WITHMATCHLEN')) options.withLengths = true;
    else if (frame.equals(arg, 'MINMATCHLEN') && arg + 1 < frame.count) {
      options.rangeLengthMin = roundedIntegerArgument(frame, ++arg);
      if (Number.isNaN(options.rangeLengthMin)) {
        reply.error(ERRORS.notInteger);
        return null;
      }
    } else {
      reply.error(ERRORS.syntax);
      return null;
    }
  }
  if (!options.wantsRanges || !options.wantsLength) return options;
  reply.error(ERRORS.lcsAmbiguous);
  return null;
}

function replyRanges(table: LcsTable, options: LcsOptions, reply: ReplyWriter): void {
  reply.map(2);
  reply.bulkText('matches');
  const mark = reply.openAggregate();
  let count = 0;
  const onRange = (range: LcsRange): void => {
    const length = range.leftEnd - range.leftStart + 1;
    if (length < options.rangeLengthMin) return;
    count++;
    reply.array(options.withLengths ? 3 : 2);
    reply.array(2);
    reply.integer(range.leftStart);
    reply.integer(range.leftEnd);
    reply.array(2);
    reply.integer(range.rightStart);
    reply.integer(range.rightEnd);
    if (options.withLengths) reply.integer(length);
  };
  walkBack(table, () => {}, onRange);
  reply.closeArray(mark, count);
  reply.bulkText('len');
  reply.integer(table.length);
}

function replySubsequence(table: LcsTable, reply: ReplyWriter): void {
  const bytes = new Uint8Array(table.length);
  let position = table.length;
  const onMatch = (index: number): void => {
    bytes[--position] = table.left[index];
  };
  walkBack(table, onMatch, () => {});
  reply.bulk(bytes, 0, bytes.length);
}
