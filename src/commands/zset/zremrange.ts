import { EVENT } from '../../engine/event-table.ts';
import { removeRanks } from '../../engine/values/zset/zset-removal.ts';
import { type CommandRow, type Execute, keysAt } from '../command-row.ts';
import { type RangeKind, request } from './range-request.ts';
import { dropIfEmpty, NOT_A_ZSET, recordRanks, requireZsetToChange, walker } from './sorted-set.ts';

const REMOVAL_ROW = {
  arity: 4,
  flags: ['write'],
  namesBounds: true,
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'sorted-set',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of ' +
    'elements removed by the operation.',
} as const;

export const zremrangebyrankCommand: CommandRow = {
  ...REMOVAL_ROW,
  name: 'zremrangebyrank',
  since: '2.0.0',
  summary: 'Removes the members between two ranks',
  syntax: 'key start stop',
  execute: removeRange('rank', EVENT.zremrangebyrank),
};

export const zremrangebyscoreCommand: CommandRow = {
  ...REMOVAL_ROW,
  name: 'zremrangebyscore',
  since: '1.2.0',
  summary: 'Removes the members between two scores',
  syntax: 'key min max',
  execute: removeRange('score', EVENT.zremrangebyscore),
};

export const zremrangebylexCommand: CommandRow = {
  ...REMOVAL_ROW,
  name: 'zremrangebylex',
  since: '2.8.9',
  summary: 'Removes the members between two members, where all have one score',
  syntax: 'key min max',
  execute: removeRange('member', EVENT.zremrangebylex),
};

function removeRange(kind: RangeKind, event: number): Execute {
  return ({ database }, frame, reply) => {
    const error = request.parseBoundsOf(frame, 2, kind);
    if (error !== null) return reply.error(error);
    const entry = requireZsetToChange(database, frame, 1, reply);
    if (entry === NOT_A_ZSET) return;
    if (entry === 0) return reply.integer(0);
    request.choose(walker.open(database, entry));
    const { start, count } = request.span;
    if (count > 0) {
      const placed = removeRanks(database, entry, start, count);
      if (kind !== 'member') database.recordCommand(frame, event, 1);
      else recordRanks(database, frame, 'ZREMRANGEBYRANK', { event, span: request.span });
      dropIfEmpty(database, placed);
    }
    reply.integer(count);
  };
}
