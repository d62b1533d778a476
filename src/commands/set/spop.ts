import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { chooseRanks, randomBelow } from '../../engine/random-choice.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { isSet, MEMBER, SET, SHOWN, settleShrunk, writeShown } from './set-argument.ts';

export const spopCommand: CommandRow = {
  name: 'spop',
  arity: -2,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS DELETE')],
  group: 'set',
  since: '1.0.0',
  complexity:
    'Without the count argument O(1), otherwise O(N) where N is the value of the passed count.',
  summary: 'Takes members chosen at random out of a set and returns them',
  syntax: 'key [count]',
  tips: ['nondeterministic_output'],
  execute: executeSpop,
};

export const srandmemberCommand: CommandRow = {
  name: 'srandmember',
  arity: -2,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'set',
  since: '1.0.0',
  complexity:
    'Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed ' +
    'count.',
  summary: 'Returns members of a set chosen at random',
  syntax: 'key [count]',
  tips: ['nondeterministic_output'],
  execute: executeSrandmember,
};

const INT64_MIN = -(2 ** 63);

function executeSpop(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  if (frame.count > 3) return reply.error(ERRORS.syntax);
  const hasCount = frame.count === 3;
  const count = hasCount ? roundedIntegerArgument(frame, 2) : 1;
  if (!(count >= 0)) return reply.error(ERRORS.outOfRangePositive);
  const entry = database.find(frame, 1);
  if (entry === 0) return hasCount ? reply.set(0) : reply.null();
  if (!isSet(database, entry, reply)) return;
  if (count === 0) return reply.set(0);
  SET.open(database, entry);
  const taken = Math.min(count, SET.count);
  if (hasCount) reply.set(taken);
  if (taken === SET.count) {
    // Redis unites the set with nothing then, which reads it; a count tells the two forms apart.
    if (hasCount) session.store.stats[STORE_STAT.HITS]++;
    return popAll(session, frame, reply);
  }
  popSome(session, frame, reply, taken);
}

/** All members, without a look at chance. */
function popAll({ database, store }: Session, frame: Frame, reply: ReplyWriter): void {
  store.stats[STORE_STAT.CHANGES] += SET.count;
  SET.rewind();
  while (SET.next(SHOWN)) writeShown(reply);
  const { entry } = SET;
  const { bytes, offsets, lengths } = frame;
  store.recordEvent(EVENT.spop, database.index, bytes, offsets[1], lengths[1]);
  if (store.sink.isActive) store.effect.begin('DEL', database.index, 1);
  if (store.sink.isActive) store.effect.bytes(bytes, offsets[1], lengths[1]);
  database.dropFound(entry);
  if (store.sink.isActive) store.recordEffect(EVENT.del);
}

function popSome(session: Session, frame: Frame, reply: ReplyWriter, count: number): void {
  const { database, store } = session;
  const popped = store.sink.isActive ? store.effect.begin('SREM', database.index, 1) : null;
  popped?.bytes(frame.bytes, frame.offsets[1], frame.lengths[1]);
  for (let i = 0; i < count; i++) {
    SET.memberAt(randomBelow(store.random, SET.count), SHOWN);
    writeShown(reply);
    popped?.bytes(SHOWN.bytes, SHOWN.offset, SHOWN.length);
    const copied = SHOWN.copy();
    SET.remove(MEMBER.at(new DataView(copied.buffer), copied, 0, copied.length));
  }
  store.stats[STORE_STAT.CHANGES] += count;
  if (popped !== null) store.recordEffect(EVENT.spop);
  settleShrunk(database, SET);
}

function executeSrandmember({ database, store }: Session, frame: Frame, reply: ReplyWriter): void {
  if (frame.count > 3) return reply.error(ERRORS.syntax);
  const hasCount = frame.count === 3;
  const count = hasCount ? roundedIntegerArgument(frame, 2) : 1;
  if (Number.isNaN(count)) return reply.error(ERRORS.notInteger);
  if (count === INT64_MIN) return reply.error(ERRORS.notInt64Symmetric);
  const entry = database.read(frame, 1);
  if (entry === 0) return hasCount ? reply.array(0) : reply.null();
  if (!isSet(database, entry, reply)) return;
  SET.open(database, entry);
  if (!hasCount) {
    SET.memberAt(randomBelow(store.random, SET.count), SHOWN);
    return writeShown(reply);
  }
  if (-count > LIMITS.repeatedMembersMax) return reply.error(ERRORS.valueOutOfRange);
  if (count < 0) {
    reply.array(-count);
    for (let i = 0; i < -count; i++) {
      SET.memberAt(randomBelow(store.random, SET.count), SHOWN);
      writeShown(reply);
    }
    return;
  }
  writeDistinct(database, count, reply);
}

/** Members without repetition. */
function writeDistinct(database: Database, wanted: number, reply: ReplyWriter): void {
  const total = SET.count;
  const count = Math.min(wanted, total);
  reply.array(count);
  SET.rewind();
  chooseRanks(
    database.store.random,
    { total, count },
    {
      advance: () => SET.next(SHOWN),
      visit(rank, isWalk) {
        if (!isWalk) SET.memberAt(rank, SHOWN);
        writeShown(reply);
      },
    },
  );
}
