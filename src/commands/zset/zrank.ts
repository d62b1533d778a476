import type { Frame } from '../../base/frame.ts';
import { zsetCount } from '../../engine/values/zset/zset-form.ts';
import { rankOfFound } from '../../engine/values/zset/zset-members.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { findArgument, NOT_A_ZSET, replyScore, requireZset } from './sorted-set.ts';

const RANK_ROW = {
  arity: -3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'sorted-set',
  since: '2.0.0',
  complexity: 'O(log(N))',
  syntax: 'key member [WITHSCORE]',
} as const;

export const zrankCommand: CommandRow = {
  ...RANK_ROW,
  name: 'zrank',
  summary: 'Tells how many members come before a member',
  execute: (session, frame, reply) => executeRank(session, frame, reply, false),
};

export const zrevrankCommand: CommandRow = {
  ...RANK_ROW,
  name: 'zrevrank',
  summary: 'Tells how many members come behind a member',
  execute: (session, frame, reply) => executeRank(session, frame, reply, true),
};

function executeRank(session: Session, frame: Frame, reply: ReplyWriter, isReverse: boolean): void {
  const withScore = frame.count > 3;
  if (withScore && (frame.count > 4 || !frame.equals(3, 'WITHSCORE'))) {
    return reply.error(ERRORS.syntax);
  }
  const { database } = session;
  const entry = requireZset(database, frame, 1, reply);
  if (entry === NOT_A_ZSET) return;
  const score = entry === 0 ? Number.NaN : findArgument(database, entry, frame, 2);
  if (Number.isNaN(score)) {
    if (withScore) reply.nullArray();
    else reply.null();
    return;
  }
  const rank = rankOfFound(database, entry);
  if (withScore) reply.array(2);
  reply.integer(isReverse ? zsetCount(database, entry) - 1 - rank : rank);
  if (withScore) replyScore(reply, score);
}
