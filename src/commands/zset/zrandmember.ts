import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Random } from '../../base/world.ts';
import { chooseRanks, randomBelow } from '../../engine/random-choice.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import { NOT_A_ZSET, replyMember, replyScore, requireZset, walker } from './sorted-set.ts';

const INT64_MIN = -(2n ** 63n);
/** With scores, Redis doubles the number and must not overflow. */
const SCORED_COUNT_MAX = 2 ** 62;

export const zrandmemberCommand: CommandRow = {
  name: 'zrandmember',
  arity: -2,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'sorted-set',
  since: '6.2.0',
  complexity: 'O(N) where N is the number of elements returned',
  summary: 'Draws members by chance',
  syntax: 'key [count [WITHSCORES]]',
  tips: ['nondeterministic_output'],
  execute({ database }, frame, reply) {
    const hasCount = frame.count > 2;
    const withScores = frame.count > 3;
    if (hasCount && !checkCount(frame, reply)) return;
    const entry = requireZset(database, frame, 1, reply);
    if (entry === NOT_A_ZSET) return;
    if (entry === 0) {
      if (hasCount) reply.array(0);
      else reply.null();
      return;
    }
    walker.open(database, entry);
    const { random } = database.store;
    if (hasCount) return replyDrawn(frame, withScores, random, reply);
    walker.seekRank(randomBelow(random, walker.count));
    replyMember(reply, walker.showMember());
  },
};

function checkCount(frame: Frame, reply: ReplyWriter): boolean {
  const count = roundedIntegerArgument(frame, 2);
  const isWide = !Number.isSafeInteger(count);
  if (Number.isNaN(count)) {
    reply.error(ERRORS.notInteger);
  } else if (isWide && integer64Argument(frame, 2) === INT64_MIN) {
    reply.error(ERRORS.notInt64Symmetric);
  } else if (frame.count > 4 || (frame.count === 4 && !frame.equals(3, 'WITHSCORES'))) {
    reply.error(ERRORS.syntax);
  } else if (frame.count === 4 && Math.abs(count) >= SCORED_COUNT_MAX) {
    reply.error(ERRORS.valueOutOfRange);
  } else if (count < -LIMITS.repeatedMembersMax) {
    reply.error(ERRORS.valueOutOfRange);
  } else {
    return true;
  }
  return false;
}

/** A positive count draws each member once, a negative one may draw it again. */
function replyDrawn(frame: Frame, withScores: boolean, random: Random, reply: ReplyWriter): void {
  const wanted = roundedIntegerArgument(frame, 2);
  const total = walker.count;
  const count = wanted < 0 ? -wanted : Math.min(wanted, total);
  const isNested = withScores && reply.protocol === 3;
  reply.array(withScores && !isNested ? count * 2 : count);
  if (wanted < 0) {
    for (let i = 0; i < count; i++) {
      walker.seekRank(randomBelow(random, total));
      replyShown(withScores, isNested, reply);
    }
    return;
  }
  let isBefore = true;
  const advance = (): void => {
    if (isBefore) walker.seekFirst();
    else walker.next();
    isBefore = false;
  };
  const visit = (rank: number, isWalk: boolean): void => {
    if (!isWalk) walker.seekRank(rank);
    replyShown(withScores, isNested, reply);
  };
  chooseRanks(random, { total, count }, { visit, advance });
}

function replyShown(withScores: boolean, isNested: boolean, reply: ReplyWriter): void {
  if (isNested) reply.array(2);
  replyMember(reply, walker.showMember());
  if (withScores) replyScore(reply, walker.score());
}
