import { freezeNow } from '../../engine/snapshot/live-entry.ts';
import { dumpPayload } from '../../rdb/write/dump-payload.ts';
import { type CommandRow, keysAt } from '../command-row.ts';

export const dumpCommand: CommandRow = {
  name: 'dump',
  arity: 2,
  flags: ['readonly'],
  keys: [keysAt(1, 0, 1, 'RO ACCESS')],
  group: 'generic',
  since: '2.6.0',
  complexity:
    'O(1) to access the key and additional O(N*M) to serialize it, where N is the number of ' +
    'Redis objects composing the value and M their average size. For small string values the ' +
    'time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).',
  summary: 'Give the value of a key as bytes that RESTORE takes',
  syntax: 'key',
  tips: ['nondeterministic_output'],
  execute({ database, node }, frame, reply) {
    const entry = database.read(frame, 1);
    if (entry === 0) return reply.null();
    const { configuration, clock } = node;
    const payload = dumpPayload(freezeNow(database, entry), {
      compresses: configuration.persistence.compressSnapshots,
      listNodeSize: configuration.encoding.listMaxListpackSize,
      nowMs: clock.nowMs,
    });
    if (payload.length === 0) return reply.null();
    reply.bulk(payload.bytes, 0, payload.length);
  },
};
