import type { Frame } from '../../base/frame.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { CommandRow } from '../command-row.ts';
import { integer64Argument } from '../integer-argument.ts';

const FLUSH_TIPS = ['request_policy:all_shards', 'response_policy:all_succeeded'];
const INT32_MAX = 2n ** 31n - 1n;

/** Emptying takes constant time either way, so ASYNC and SYNC mean the same here. */
function hasFlushArguments(frame: Frame, reply: ReplyWriter): boolean {
  const isRight =
    frame.count === 1 ||
    (frame.count === 2 && (frame.equals(1, 'ASYNC') || frame.equals(1, 'SYNC')));
  if (!isRight) reply.error(ERRORS.syntax);
  return isRight;
}

export const flushdbCommand: CommandRow = {
  name: 'flushdb',
  arity: -1,
  flags: ['write'],
  categories: ['keyspace', 'dangerous'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Remove all keys of the selected database',
  syntax: '[ASYNC | SYNC]',
  tips: FLUSH_TIPS,
  execute({ database }, frame, reply) {
    if (!hasFlushArguments(frame, reply)) return;
    database.flush();
    reply.ok();
  },
};

export const flushallCommand: CommandRow = {
  name: 'flushall',
  arity: -1,
  flags: ['write'],
  categories: ['keyspace', 'dangerous'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Remove all keys of all databases of the selected store',
  syntax: '[ASYNC | SYNC]',
  tips: FLUSH_TIPS,
  execute({ node, store }, frame, reply) {
    if (!hasFlushArguments(frame, reply)) return;
    store.flushAll();
    node.persistence.noteFlushed(store);
    reply.ok();
  },
};

export const dbsizeCommand: CommandRow = {
  name: 'dbsize',
  arity: 1,
  flags: ['readonly', 'fast'],
  categories: ['keyspace'],
  group: 'server',
  since: '1.0.0',
  complexity: 'O(1)',
  summary: 'Count the keys of the selected database',
  syntax: '',
  tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
  execute(session, _frame, reply) {
    const { database, node, onlySlots } = session;
    reply.integer(onlySlots === null ? database.count : node.cluster.countKeys(session, onlySlots));
  },
};

export const swapdbCommand: CommandRow = {
  name: 'swapdb',
  arity: 3,
  flags: ['write', 'fast'],
  categories: ['keyspace', 'dangerous'],
  group: 'server',
  since: '4.0.0',
  complexity: 'O(N) where N is the count of clients watching keys from both databases.',
  summary: 'Let two databases exchange their keys, at once for every client',
  syntax: 'index1 index2',
  execute({ node, store }, frame, reply) {
    const first = databaseIndex(frame, 1);
    if (first === null) return reply.error(ERRORS.invalidFirstDatabase);
    const second = databaseIndex(frame, 2);
    if (second === null) return reply.error(ERRORS.invalidSecondDatabase);
    // Numbers are the default store's databases.
    const { length } = store === node.stores.default ? store.databases : [];
    if (first < 0 || second < 0 || first >= length || second >= length) {
      return reply.error(ERRORS.databaseOutOfRange);
    }
    store.swapDatabases(first, second);
    reply.ok();
  },
};

/** Null when it is no 32-bit integer. */
function databaseIndex(frame: Frame, arg: number): number | null {
  const index = integer64Argument(frame, arg);
  if (index === null || index > INT32_MAX || index < -INT32_MAX - 1n) return null;
  return Number(index);
}
