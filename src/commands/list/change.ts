import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { listLength, settleGrowingList } from '../../engine/values/list/list-form.ts';
import { cutEnd } from '../../engine/values/list/list-ranges.ts';
import type { ElementPlan } from '../../engine/values/packed/listpack.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { type CommandRow, keysAt } from '../command-row.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';
import { isList, planArgument, settleShrunk, sizeSetting, WALKER } from './list-argument.ts';

export const lsetCommand: CommandRow = {
  name: 'lset',
  arity: 4,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'RW UPDATE')],
  group: 'list',
  since: '1.0.0',
  complexity:
    'O(N) where N is the length of the list. Setting either the first or the last element of the ' +
    'list is O(1).',
  summary: 'Replaces the element of a list at an index',
  syntax: 'key index element',
  execute: executeLset,
};

export const linsertCommand: CommandRow = {
  name: 'linsert',
  arity: 5,
  flags: ['write', 'denyoom'],
  keys: [keysAt(1, 0, 1, 'RW INSERT')],
  group: 'list',
  since: '2.2.0',
  complexity:
    'O(N) where N is the number of elements to traverse before seeing the value pivot. This ' +
    'means that inserting somewhere on the left end on the list (head) can be considered O(1) ' +
    'and inserting somewhere on the right end (tail) is O(N).',
  summary: 'Puts an element in front of another one of a list, or behind it',
  syntax: 'key <BEFORE | AFTER> pivot element',
  execute: executeLinsert,
};

export const lremCommand: CommandRow = {
  name: 'lrem',
  arity: 4,
  flags: ['write'],
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'list',
  since: '1.0.0',
  complexity: 'O(N+M) where N is the length of the list and M is the number of elements removed.',
  summary: 'Removes elements that equal a value from a list, from either end on',
  syntax: 'key count element',
  execute: executeLrem,
};

export const ltrimCommand: CommandRow = {
  name: 'ltrim',
  arity: 4,
  flags: ['write'],
  keys: [keysAt(1, 0, 1, 'RW DELETE')],
  group: 'list',
  since: '1.0.0',
  complexity: 'O(N) where N is the number of elements to be removed by the operation.',
  summary: 'Keeps only the elements of a list between two indexes',
  syntax: 'key start stop',
  execute: executeLtrim,
};

function executeLset(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const entry = database.find(frame, 1);
  if (entry === 0) return reply.error(ERRORS.noSuchKey);
  if (!isList(database, entry, reply)) return;
  const index = roundedIntegerArgument(frame, 2);
  if (Number.isNaN(index)) return reply.error(ERRORS.notInteger);
  settleGrowingList(database, entry, sizeSetting(session), frame.lengths[3], 0);
  const fromHead = index < 0 ? index + listLength(database, entry) : index;
  if (!WALKER.open(database, entry, fromHead)) return reply.error(ERRORS.indexOutOfRange);
  WALKER.replace(planArgument(frame, 3));
  database.recordCommand(frame, EVENT.lset, 1);
  settleShrunk(session, WALKER.entry, false);
  reply.ok();
}

function executeLinsert(session: Session, frame: Frame, reply: ReplyWriter): void {
  const isBefore = frame.equals(2, 'BEFORE');
  if (!isBefore && !frame.equals(2, 'AFTER')) return reply.error(ERRORS.syntax);
  const { database } = session;
  const entry = database.find(frame, 1);
  if (entry === 0) return reply.integer(0);
  if (!isList(database, entry, reply)) return;
  settleGrowingList(database, entry, sizeSetting(session), frame.lengths[4], 1);
  const pivot = planArgument(frame, 3);
  let isThere = WALKER.open(database, entry, 0);
  let _index = 0;
  while (isThere && !WALKER.has(pivot)) {
    isThere = WALKER.next();
    _index++;
  }
  if (!isThere) return reply.integer(-1);
  // Behind the last element there is nothing to insert in front of: then it is pushed.
  const element = planArgument(frame, 4);
  if (isBefore || WALKER.next()) WALKER.insert(element);
  else WALKER.append(element);
  database.recordCommand(frame, EVENT.linsert, 1);
  reply.integer(listLength(database, WALKER.entry));
}

function executeLrem(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  const count = roundedIntegerArgument(frame, 2);
  if (Number.isNaN(count)) return reply.error(ERRORS.notInteger);
  const entry = database.find(frame, 1);
  if (entry === 0) return reply.integer(0);
  if (!isList(database, entry, reply)) return;
  const most = count === 0 ? Infinity : Math.abs(count);
  const wanted = planArgument(frame, 3);
  const removed =
    count < 0
      ? removeFromTail(database, entry, wanted, most)
      : removeFromHead(database, entry, wanted, most);
  if (removed > 0) {
    database.store.stats[STORE_STAT.CHANGES] += removed - 1;
    database.recordCommand(frame, EVENT.lrem, 1);
    settleShrunk(session, WALKER.entry, false);
  }
  reply.integer(removed);
}

function executeLtrim(session: Session, frame: Frame, reply: ReplyWriter): void {
  const { database } = session;
  let start = roundedIntegerArgument(frame, 2);
  let stop = roundedIntegerArgument(frame, 3);
  if (Number.isNaN(start) || Number.isNaN(stop)) return reply.error(ERRORS.notInteger);
  let entry = database.find(frame, 1);
  if (entry === 0) return reply.ok();
  if (!isList(database, entry, reply)) return;
  const length = listLength(database, entry);
  start = Math.max(0, start < 0 ? start + length : start);
  stop = Math.min(length - 1, stop < 0 ? stop + length : stop);
  const keptCount = Math.max(0, stop - start + 1);
  if (keptCount > 0) {
    entry = cutEnd(database, entry, true, start);
    entry = cutEnd(database, entry, false, length - 1 - stop);
  }
  database.store.stats[STORE_STAT.CHANGES] += length - keptCount - 1;
  database.recordCommand(frame, EVENT.ltrim, 1);
  settleShrunk(session, entry, keptCount === 0);
  reply.ok();
}

function removeFromHead(
  database: Database,
  entry: number,
  wanted: ElementPlan,
  most: number,
): number {
  let isThere = WALKER.open(database, entry, 0);
  let removedCount = 0;
  while (isThere && removedCount < most) {
    if (WALKER.has(wanted)) {
      isThere = WALKER.remove();
      removedCount++;
    } else {
      isThere = WALKER.next();
    }
  }
  return removedCount;
}

function removeFromTail(
  database: Database,
  entry: number,
  wanted: ElementPlan,
  most: number,
): number {
  let isThere = WALKER.open(database, entry, listLength(database, entry) - 1);
  let removedCount = 0;
  while (isThere && removedCount < most) {
    if (WALKER.has(wanted)) {
      isThere = WALKER.removeBackwards();
      removedCount++;
    } else {
      isThere = WALKER.prev();
    }
  }
  return removedCount;
}
