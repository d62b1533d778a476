import { zsetCount } from '../../engine/values/zset/zset-form.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { findArgument, NOT_A_ZSET, replyScore, requireZset } from './sorted-set.ts';

export const zscoreCommand: CommandRow = {
  name: 'zscore',
  arity: 3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'sorted-set',
  since: '1.2.0',
  complexity: 'O(1)',
  summary: 'Tells the score of a member',
  syntax: 'key member',
  execute({ database }, frame, reply) {
    const entry = requireZset(database, frame, 1, reply);
    if (entry === NOT_A_ZSET) return;
    const score = entry === 0 ? Number.NaN : findArgument(database, entry, frame, 2);
    if (Number.isNaN(score)) reply.null();
    else replyScore(reply, score);
  },
};

export const zmscoreCommand: CommandRow = {
  name: 'zmscore',
  arity: -3,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'sorted-set',
  since: '6.2.0',
  complexity: 'O(N) where N is the number of members being requested.',
  summary: 'Tells the scores of several members',
  syntax: 'key member [member ...]',
  execute({ database }, frame, reply) {
    const entry = requireZset(database, frame, 1, reply);
    if (entry === NOT_A_ZSET) return;
    reply.array(frame.count - 2);
    for (let arg = 2; arg < frame.count; arg++) {
      const score = entry === 0 ? Number.NaN : findArgument(database, entry, frame, arg);
      if (Number.isNaN(score)) reply.null();
      else replyScore(reply, score);
    }
  },
};

export const zcardCommand: CommandRow = {
  name: 'zcard',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'sorted-set',
  since: '1.2.0',
  complexity: 'O(1)',
  summary: 'Tells how many members a sorted set has',
  syntax: 'key',
  execute({ database }, frame, reply) {
    const entry = requireZset(database, frame, 1, reply);
    if (entry === NOT_A_ZSET) return;
    reply.integer(entry === 0 ? 0 : zsetCount(database, entry));
  },
};
