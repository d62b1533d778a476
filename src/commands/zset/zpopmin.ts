import type { Frame } from '../../base/frame.ts';
import { zsetCount } from '../../engine/values/zset/zset-form.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { findPoppable, type PopSide, pop } from './zpop.ts';

const POP_ROW = {
  arity: -2,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW ACCESS DELETE')],
  group: 'sorted-set',
  since: '5.0.0',
  complexity:
    'O(log(N)*M) with N being the number of elements in the sorted set, and M being the number ' +
    'of elements popped.',
  syntax: 'key [count]',
} as const;

export const zpopminCommand: CommandRow = {
  ...POP_ROW,
  name: 'zpopmin',
  summary: 'Takes the members of the lowest scores',
  execute: (session, frame, reply) => executePop(session, frame, reply, 'min'),
};

export const zpopmaxCommand: CommandRow = {
  ...POP_ROW,
  name: 'zpopmax',
  summary: 'Takes the members of the highest scores',
  execute: (session, frame, reply) => executePop(session, frame, reply, 'max'),
};

function executePop(session: Session, frame: Frame, reply: ReplyWriter, side: PopSide): void {
  if (frame.count > 3) return reply.error(ERRORS.syntax);
  const hasCount = frame.count === 3;
  const wanted = hasCount ? roundedIntegerArgument(frame, 2) : 1;
  if (Number.isNaN(wanted) || wanted < 0) return reply.error(ERRORS.outOfRangePositive);
  const { database } = session;
  const keyArg = findPoppable(database, frame, 1, 1, reply);
  if (keyArg < 0) return;
  if (keyArg === 0 || wanted === 0) return reply.array(0);
  const count = Math.min(wanted, zsetCount(database, database.find(frame, 1)));
  const isNested = hasCount && reply.protocol === 3;
  reply.array(isNested ? count : count * 2);
  pop(database, frame, 1, side, count, isNested, reply);
}
