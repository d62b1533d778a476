import { EVENT } from '../../engine/event-table.ts';
import { zsetCount } from '../../engine/values/zset/zset-form.ts';
import { removeFound } from '../../engine/values/zset/zset-members.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { dropIfEmpty, findArgument, NOT_A_ZSET, requireZsetToChange } from './sorted-set.ts';

export const zremCommand: CommandRow = {
  name: 'zrem',
  arity: -3,
  flags: ['write', 'fast'],
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'sorted-set',
  since: '1.2.0',
  complexity:
    'O(M*log(N)) with N being the number of elements in the sorted set and M the number of ' +
    'elements to be removed.',
  summary: 'Removes members, and the key with the last of them',
  syntax: 'key member [member ...]',
  execute({ database }, frame, reply) {
    let entry = requireZsetToChange(database, frame, 1, reply);
    if (entry === NOT_A_ZSET) return;
    if (entry === 0) return reply.integer(0);
    let left = zsetCount(database, entry);
    let removed = 0;
    for (let arg = 2; arg < frame.count && left > 0; arg++) {
      if (Number.isNaN(findArgument(database, entry, frame, arg))) continue;
      entry = removeFound(database, entry);
      removed++;
      left--;
    }
    if (removed > 0) {
      database.recordCommand(frame, EVENT.zrem, 1);
      dropIfEmpty(database, entry);
    }
    reply.integer(removed);
  },
};
