import { type CommandRow, keysAt } from '../command-row.ts';
import { lookUp } from './look-up.ts';

const TIPS = ['request_policy:multi_shard', 'response_policy:agg_sum'];

export const existsCommand: CommandRow = {
  name: 'exists',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, -1, 1, 'RO')],
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys to check.',
  summary: 'Count how many of the given keys exist, a key named twice counting twice',
  syntax: 'key [key ...]',
  tips: TIPS,
  execute({ database }, frame, reply) {
    let count = 0;
    for (let arg = 1; arg < frame.count; arg++) {
      if (lookUp(database, frame, arg) !== 0) count++;
    }
    reply.integer(count);
  },
};

export const touchCommand: CommandRow = {
  name: 'touch',
  arity: -2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, -1, 1, 'RO')],
  group: 'generic',
  since: '3.2.1',
  complexity: 'O(N) where N is the number of keys that will be touched.',
  summary: 'Mark keys as just used and count those that exist',
  syntax: 'key [key ...]',
  tips: TIPS,
  execute({ database }, frame, reply) {
    let count = 0;
    for (let arg = 1; arg < frame.count; arg++) {
      if (database.read(frame, arg) !== 0) count++;
    }
    reply.integer(count);
  },
};

export const typeCommand: CommandRow = {
  name: 'type',
  arity: 2,
  flags: ['readonly', 'fast'],
  keys: [keysAt(1, 0, 1, 'RO')],
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Tell the type of the value under a key',
  syntax: 'key',
  execute({ database }, frame, reply) {
    const entry = lookUp(database, frame, 1);
    reply.simple(entry === 0 ? 'none' : database.typeName(entry));
  },
};
