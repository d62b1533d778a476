import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Database } from '../../engine/database.ts';
import { chooseRanks, randomBelow } from '../../engine/random-choice.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { FIELD, HASH, openForReading, VALUE, writeSlice } from './hash-argument.ts';

export const hrandfieldCommand: CommandRow = {
  name: 'hrandfield',
  arity: -2,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'hash',
  since: '6.2.0',
  complexity: 'O(N) where N is the number of fields returned',
  summary: 'Returns fields of a hash chosen at random',
  syntax: 'key [count [WITHVALUES]]',
  tips: ['nondeterministic_output'],
  execute: executeHrandfield,
};

const INT64_MIN = -(2 ** 63);
/** A field chosen at random may be expired: so often another one is drawn. */
const DRAWS_MAX = 100;

function executeHrandfield({ database }: Session, frame: Frame, reply: ReplyWriter): void {
  const hasCount = frame.count > 2;
  const count = hasCount ? roundedIntegerArgument(frame, 2) : 1;
  if (Number.isNaN(count)) return reply.error(ERRORS.notInteger);
  if (count === INT64_MIN) return reply.error(ERRORS.notInt64Symmetric);
  const hasValues = frame.count === 4 && frame.equals(3, 'WITHVALUES');
  if (frame.count > 4 || (frame.count === 4 && !hasValues)) return reply.error(ERRORS.syntax);
  if (hasValues && Math.abs(count) >= 2 ** 62) return reply.error(ERRORS.valueOutOfRange);
  if (-count > LIMITS.repeatedMembersMax) return reply.error(ERRORS.valueOutOfRange);
  if (!openForReading(database, frame, reply)) {
    if (HASH.entry !== 0) return;
    if (hasCount) reply.array(0);
    else reply.null();
    return;
  }
  if (!hasCount) {
    if (draw(database)) writeSlice(reply, FIELD);
    else reply.null();
    return;
  }
  const mark = reply.openAggregate();
  const written =
    count < 0
      ? writeAny(database, -count, reply, hasValues)
      : writeDistinct(database, count, reply, hasValues);
  const perField = hasValues && reply.protocol === 2 ? 2 : 1;
  reply.closeArray(mark, written * perField);
}

function writeDistinct(
  database: Database,
  wanted: number,
  reply: ReplyWriter,
  hasValues: boolean,
): number {
  const total = HASH.liveCount;
  const count = Math.min(wanted, total);
  HASH.rewind();
  // Where some have expired only a walk passes them over.
  const isWalkOnly = total !== HASH.count;
  chooseRanks(
    database.store.random,
    { total, count, isWalkOnly },
    {
      advance: () => HASH.next(FIELD, VALUE),
      visit(rank, isWalk) {
        if (!isWalk) HASH.showAt(rank, FIELD, VALUE);
        writeOne(reply, hasValues);
      },
    },
  );
  return count;
}

function writeAny(
  database: Database,
  count: number,
  reply: ReplyWriter,
  hasValues: boolean,
): number {
  for (let i = 0; i < count; i++) {
    if (!draw(database)) return i;
    writeOne(reply, hasValues);
  }
  return count;
}

function writeOne(reply: ReplyWriter, hasValues: boolean): void {
  if (hasValues && reply.protocol === 3) reply.array(2);
  writeSlice(reply, FIELD);
  if (hasValues) writeSlice(reply, VALUE);
}

/** Shows any live field; false when none was come by. */
function draw(database: Database): boolean {
  for (let i = 0; i < DRAWS_MAX; i++) {
    if (HASH.showAt(randomBelow(database.store.random, HASH.count), FIELD, VALUE)) return true;
  }
  HASH.rewind();
  return HASH.next(FIELD, VALUE);
}
