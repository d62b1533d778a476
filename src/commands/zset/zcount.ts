import type { Frame } from '../../base/frame.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import type { Session } from '../session.ts';
import { type RangeKind, request } from './range-request.ts';
import { NOT_A_ZSET, requireZset, walker } from './sorted-set.ts';

const COUNT_ROW = {
  arity: 4,
  flags: ['readonly', 'fast'],
  namesBounds: true,
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'sorted-set',
  complexity: 'O(log(N)) with N being the number of elements in the sorted set.',
  syntax: 'key min max',
} as const;

export const zcountCommand: CommandRow = {
  ...COUNT_ROW,
  name: 'zcount',
  since: '2.0.0',
  summary: 'Counts the members between two scores',
  execute: (session, frame, reply) => executeCount(session, frame, reply, 'score'),
};

export const zlexcountCommand: CommandRow = {
  ...COUNT_ROW,
  name: 'zlexcount',
  since: '2.8.9',
  summary: 'Counts the members between two members, where all have one score',
  execute: (session, frame, reply) => executeCount(session, frame, reply, 'member'),
};

function executeCount(session: Session, frame: Frame, reply: ReplyWriter, kind: RangeKind): void {
  const error = request.parseBoundsOf(frame, 2, kind);
  if (error !== null) return reply.error(error);
  const { database } = session;
  const entry = requireZset(database, frame, 1, reply);
  if (entry === NOT_A_ZSET) return;
  if (entry === 0) return reply.integer(0);
  request.choose(walker.open(database, entry));
  reply.integer(request.span.count);
}
