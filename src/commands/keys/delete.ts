import { EVENT } from '../../engine/event-table.ts';
import { type CommandRow, type Execute, keysAt } from '../command-row.ts';

const TIPS = ['request_policy:multi_shard', 'response_policy:agg_sum'];

/** Removing costs the same whatever the value, so that UNLINK has nothing to leave for later. */
const removeKeys: Execute = ({ database }, frame, reply) => {
  let removedCount = 0;
  for (let arg = 1; arg < frame.count; arg++) {
    const entry = database.find(frame, arg);
    if (entry === 0) continue;
    database.remove(entry, EVENT.del);
    removedCount++;
  }
  reply.integer(removedCount);
};

export const delCommand: CommandRow = {
  name: 'del',
  arity: -2,
  flags: ['write'],
  keys: [keysAt(1, -1, 1, 'RM DELETE')],
  group: 'generic',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of keys',
  summary: 'Remove keys together with their values',
  syntax: 'key [key ...]',
  tips: TIPS,
  execute: removeKeys,
};

export const unlinkCommand: CommandRow = {
  name: 'unlink',
  arity: -2,
  flags: ['write', 'fast'],
  keys: [keysAt(1, -1, 1, 'RM DELETE')],
  group: 'generic',
  since: '4.0.0',
  complexity: 'O(N) where N is the number of keys',
  summary: 'Remove keys without waiting until large values are freed',
  syntax: 'key [key ...]',
  tips: TIPS,
  execute: removeKeys,
};
