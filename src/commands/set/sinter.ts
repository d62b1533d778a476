import type { Frame } from '../../base/frame.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { SetBuilder } from '../../engine/values/set/set-builder.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { collect, combine, entriesOf, type Operation } from './set-algebra.ts';
import { isSet, limitsOf, SHOWN, writeShown } from './set-argument.ts';

const INTERSECTION =
  'O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.';
const TOTAL = 'O(N) where N is the total number of elements in all given sets.';

export const sinterCommand = combineRow('sinter', 'inter', 'that all of several sets have');
export const sunionCommand = combineRow('sunion', 'union', 'that any of several sets has');
export const sdiffCommand = combineRow('sdiff', 'diff', 'of a set that no other one has');
export const sinterstoreCommand = storeRow('sinterstore', 'inter', 'RW UPDATE');
export const sunionstoreCommand = storeRow('sunionstore', 'union', 'OW UPDATE');
export const sdiffstoreCommand = storeRow('sdiffstore', 'diff', 'OW UPDATE');

export const sintercardCommand: CommandRow = {
  name: 'sintercard',
  arity: -3,
  flags: ['readonly', 'movablekeys'],
  keys: [
    {
      flags: 'RO ACCESS',
      begin: { index: 1 },
      find: { keyCountIndex: 0, firstKey: 1, step: 1 },
    },
  ],
  group: 'set',
  since: '7.0.0',
  complexity: INTERSECTION,
  summary: 'Counts the members that all of several sets have',
  syntax: 'numkeys key [key ...] [LIMIT limit]',
  execute: executeSintercard,
};

function combineRow(name: string, operation: Operation, which: string): CommandRow {
  return {
    name,
    arity: -2,
    flags: ['readonly'],
    keys: [keysAt(1, -1, 1, 'RO ACCESS')],
    group: 'set',
    since: '1.0.0',
    complexity: operation === 'inter' ? INTERSECTION : TOTAL,
    summary: `Returns the members ${which}`,
    syntax: 'key [key ...]',
    tips: ['nondeterministic_output_order'],
    execute: (session, frame, reply) => executeCombine(session, frame, reply, operation),
  };
}

function storeRow(name: string, operation: Operation, targetFlags: string): CommandRow {
  return {
    name,
    arity: -3,
    flags: ['write', 'denyoom'],
    keys: [keysAt(1, 0, 1, targetFlags), keysAt(2, -1, 1, 'RO ACCESS')],
    group: 'set',
    since: '1.0.0',
    complexity: operation === 'inter' ? INTERSECTION : TOTAL,
    summary: `Stores what ${name.slice(0, -5).toUpperCase()} would return`,
    syntax: 'destination key [key ...]',
    execute: (session, frame, reply) => executeStore(session, frame, reply, operation),
  };
}

const STORE_EVENT = {
  inter: EVENT.sinterstore,
  union: EVENT.sunionstore,
  diff: EVENT.sdiffstore,
} as const;

function executeCombine(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  operation: Operation,
): void {
  const { database } = session;
  const isOne = (entry: number): boolean => isSet(database, entry, reply);
  const entries = entriesOf(database, frame, 1, frame.count, isOne);
  if (entries === null) return;
  const mark = reply.openAggregate();
  let count = 0;
  if (operation === 'union' && entries.length > 1) {
    const builder = new SetBuilder(database, limitsOf(session));
    collect(database, entries, operation, builder);
    count = builder.each(SHOWN, () => writeShown(reply));
    builder.release();
  } else {
    combine(database, entries, operation, () => {
      writeShown(reply);
      count++;
      return true;
    });
  }
  reply.closeSet(mark, count);
}

function executeStore(
  session: Session,
  frame: Frame,
  reply: ReplyWriter,
  operation: Operation,
): void {
  const { database, store } = session;
  const isOne = (entry: number): boolean => isSet(database, entry, reply);
  const entries = entriesOf(database, frame, 2, frame.count, isOne);
  if (entries === null) return;
  const builder = new SetBuilder(database, limitsOf(session));
  collect(database, entries, operation, builder);
  const { count } = builder;
  const replaced = database.find(frame, 1);
  if (count === 0) {
    builder.release();
    if (replaced !== 0) database.remove(replaced, EVENT.del);
    return reply.integer(0);
  }
  if (replaced !== 0) {
    database.dropFound(replaced);
    database.find(frame, 1);
  }
  builder.finish(frame, 1);
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) {
    // As the members themselves: the sources may differ where it is applied.
    const effect = store.effect.begin('DEL', database.index, 1);
    effect.bytes(frame.bytes, frame.offsets[1], frame.lengths[1]);
    if (replaced !== 0) store.recordEffect(EVENT.none);
    builder.record(frame, 1, STORE_EVENT[operation]);
  }
  builder.release();
  database.recordNewDeadline(frame, 1);
  reply.integer(count);
}

function executeSintercard(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const keyCount = roundedIntegerArgument(frame, 1);
  if (!(keyCount > 0)) return reply.error(ERRORS.keyCountNotPositive);
  if (keyCount > frame.count - 2) return reply.error(ERRORS.tooManyKeys);
  let limit = 0;
  for (let arg = keyCount + 2; arg < frame.count; arg += 2) {
    if (!frame.equals(arg, 'LIMIT') || arg + 1 === frame.count) return reply.error(ERRORS.syntax);
    limit = roundedIntegerArgument(frame, arg + 1);
    if (!(limit >= 0)) return reply.error(ERRORS.limitNegative);
  }
  const isOne = (entry: number): boolean => isSet(database, entry, reply);
  const entries = entriesOf(database, frame, 2, keyCount + 2, isOne);
  if (entries === null) return;
  let count = 0;
  combine(database, entries, 'inter', () => {
    count++;
    return count !== limit;
  });
  reply.integer(count);
}
