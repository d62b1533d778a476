import type { Frame } from '../../base/frame.ts';
import { PayloadRun } from '../../engine/tree/payload-run.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, type Execute, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { type Direction, type RangeKind, request } from './range-request.ts';
import { NOT_A_ZSET, replyMember, replyScore, requireZset, walker } from './sorted-set.ts';

const BY_RANK_COMPLEXITY =
  'O(log(N)+M) with N being the number of elements in the sorted set and M the number of ' +
  'elements returned.';
const BY_BOUNDS_COMPLEXITY =
  'O(log(N)+M) with N being the number of elements in the sorted set and M the number of ' +
  'elements being returned. If M is constant (e.g. always asking for the first 10 elements with ' +
  'LIMIT), you can consider it O(log(N)).';

const run = new PayloadRun();

function rangeRow(
  facts: Pick<CommandRow, 'name' | 'since' | 'complexity' | 'summary' | 'syntax' | 'deprecated'>,
  execute: Execute,
): CommandRow {
  return {
    arity: -4,
    flags: ['readonly'],
    keys: [keysAt(1, 0, 1, 'RO ACCESS')],
    namesBounds: true,
    timesItself: true,
    group: 'sorted-set',
    execute,
    ...facts,
  };
}

export const zrangeCommand: CommandRow = rangeRow(
  {
    name: 'zrange',
    since: '1.2.0',
    complexity: BY_RANK_COMPLEXITY,
    summary: 'Lists the members between two ranks, scores or members, in either direction',
    syntax: 'key start stop [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]',
  },
  (session, frame, reply) => executeRange(session, frame, reply, 'auto', 'auto'),
);

export const zrevrangeCommand: CommandRow = rangeRow(
  {
    name: 'zrevrange',
    since: '1.2.0',
    complexity: BY_RANK_COMPLEXITY,
    summary: 'Lists the members between two ranks, counted and listed from the last',
    syntax: 'key start stop [WITHSCORES]',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` argument' },
  },
  (session, frame, reply) => executeRange(session, frame, reply, 'rank', 'reverse'),
);

export const zrangebyscoreCommand: CommandRow = rangeRow(
  {
    name: 'zrangebyscore',
    since: '1.0.5',
    complexity: BY_BOUNDS_COMPLEXITY,
    summary: 'Lists the members between two scores',
    syntax: 'key min max [WITHSCORES] [LIMIT offset count]',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYSCORE` argument' },
  },
  (session, frame, reply) => executeRange(session, frame, reply, 'score', 'forward'),
);

export const zrevrangebyscoreCommand: CommandRow = rangeRow(
  {
    name: 'zrevrangebyscore',
    since: '2.2.0',
    complexity: BY_BOUNDS_COMPLEXITY,
    summary: 'Lists the members between two scores from the highest on',
    syntax: 'key max min [WITHSCORES] [LIMIT offset count]',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYSCORE` arguments' },
  },
  (session, frame, reply) => executeRange(session, frame, reply, 'score', 'reverse'),
);

export const zrangebylexCommand: CommandRow = rangeRow(
  {
    name: 'zrangebylex',
    since: '2.8.9',
    complexity: BY_BOUNDS_COMPLEXITY,
    summary: 'Lists the members between two members, where all have one score',
    syntax: 'key min max [LIMIT offset count]',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `BYLEX` argument' },
  },
  (session, frame, reply) => executeRange(session, frame, reply, 'member', 'forward'),
);

export const zrevrangebylexCommand: CommandRow = rangeRow(
  {
    name: 'zrevrangebylex',
    since: '2.8.9',
    complexity: BY_BOUNDS_COMPLEXITY,
    summary: 'Lists the members between two members from the last on, where all have one score',
    syntax: 'key max min [LIMIT offset count]',
    deprecated: { since: '6.2.0', replacedBy: '`ZRANGE` with the `REV` and `BYLEX` arguments' },
  },
  (session, frame, reply) => executeRange(session, frame, reply, 'member', 'reverse'),
);

function executeRange(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  kind: RangeKind,
  direction: Direction,
): void {
  const error = request.parse(frame, 1, kind, direction, false);
  if (error !== null) return reply.error(error);
  const { database, node } = session;
  const entry = requireZset(database, frame, 1, reply);
  if (entry === NOT_A_ZSET) return;
  if (entry === 0) return reply.array(0);
  request.choose(walker.open(database, entry));
  node.stopwatch.startIfLong(request.span.count);
  replySpan(reply);
}

/** The members that `request` chose of the set that `walker` is open on. */
function replySpan(reply: ReplyWriter): void {
  const { span, isReverse, withScores } = request;
  const { count } = span;
  const isNested = withScores && reply.protocol === 3;
  reply.array(withScores && !isNested ? count * 2 : count);
  if (count === 0) return;
  walker.seekRank(isReverse ? span.end - 1 : span.start);
  if (!withScores) return replyMembers(count, isReverse, reply);
  for (let left = count; left > 0; left--) {
    if (isNested) reply.array(2);
    replyMember(reply, walker.showMember());
    replyScore(reply, walker.score());
    if (isReverse) walker.prev();
    else walker.next();
  }
}

/** `count` members from where `walker` is. */
function replyMembers(count: number, isReverse: boolean, reply: ReplyWriter): void {
  let left = count;
  for (;;) {
    const taken = walker.takeRun(run, left, isReverse);
    if (taken === 0) replyMember(reply, walker.showMember());
    else reply.bulkRun(run.bytes, run.view, run.offsets, run.lengths, taken);
    left -= taken || 1;
    if (left === 0) return;
    if (isReverse) walker.prev();
    else walker.next();
  }
}
