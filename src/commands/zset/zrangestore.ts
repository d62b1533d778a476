import { EVENT } from '../../engine/event-table.ts';
import { ZsetBuilder } from '../../engine/values/zset/zset-builder.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { request } from './range-request.ts';
import { NOT_A_ZSET, requireZset, storeBuilt, walker } from './sorted-set.ts';

export const zrangestoreCommand: CommandRow = {
  name: 'zrangestore',
  arity: -5,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'OW UPDATE'), keysAt(2, 0, 1, 'RO ACCESS')],
  group: 'sorted-set',
  since: '6.2.0',
  complexity:
    'O(log(N)+M) with N being the number of elements in the sorted set and M the number of ' +
    'elements stored into the destination key.',
  summary: 'Keeps the members between two ranks, scores or members under another key',
  syntax: 'dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]',
  execute(session, frame, reply) {
    const error = request.parse(frame, 2, 'auto', 'auto', true);
    if (error !== null) return reply.error(error);
    const { database } = session;
    const entry = requireZset(database, frame, 2, reply);
    if (entry === NOT_A_ZSET) return;
    const builder = new ZsetBuilder(database);
    if (entry !== 0) {
      const { span } = request;
      request.choose(walker.open(database, entry));
      if (span.count > 0) walker.seekRank(span.start);
      for (let left = span.count; left > 0; left--) {
        builder.add(walker.showMember(), walker.score(), 'sum');
        walker.next();
      }
    }
    const isByMembers = request.kind === 'member';
    const taken = isByMembers ? request.span : null;
    storeBuilt(session, frame, builder, EVENT.zrangestore, reply, taken);
  },
};
