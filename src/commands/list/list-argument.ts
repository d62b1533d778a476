import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { readEnd, removeReadEnd } from '../../engine/values/list/list-ends.ts';
import { isSettled, listLength, settleShrunkList } from '../../engine/values/list/list-form.ts';
import { cutEnd } from '../../engine/values/list/list-ranges.ts';
import { ListWalker } from '../../engine/values/list/list-walker.ts';
import { ElementPlan } from '../../engine/values/packed/listpack.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { roundedIntegerArgument } from '../range-arguments.ts';
import type { Session } from '../session.ts';

/** Work areas of whatever list command runs; they hold nothing between two commands. */
export const PLAN = new ElementPlan();
export const WALKER = new ListWalker();
export const ELEMENT = new Slice();

/** False after the error reply: the key holds another type. */
export function isList(database: Database, entry: number, reply: ReplyWriter): boolean {
  if (database.typeOf(entry) === TYPE.LIST) return true;
  reply.error(ERRORS.wrongType);
  return false;
}

/** The plan of argument `arg` as an element. */
export function planArgument(frame: Frame, arg: number): ElementPlan {
  PLAN.ofText(frame.view, frame.bytes, frame.offsets[arg], frame.lengths[arg]);
  return PLAN;
}

/** Whether the argument is LEFT; null after the error reply when it is neither LEFT nor RIGHT. */
export function parseEnd(frame: Frame, arg: number, reply: ReplyWriter): boolean | null {
  if (frame.equals(arg, 'LEFT')) return true;
  if (frame.equals(arg, 'RIGHT')) return false;
  reply.error(ERRORS.syntax);
  return null;
}

/** A count that must not be negative; -1 after the error reply. */
export function parseCount(frame: Frame, arg: number, reply: ReplyWriter): number {
  const count = roundedIntegerArgument(frame, arg);
  if (count >= 0) return count;
  reply.error(ERRORS.outOfRangePositive);
  return -1;
}

export function sizeSetting(session: Session): number {
  return session.node.configuration.encoding.listMaxListpackSize;
}

/** Writes the first or last element and takes it out, unrecorded. Returns the entry's address. */
export function popOne(
  database: Database,
  entry: number,
  atHead: boolean,
  reply: ReplyWriter,
): number {
  readEnd(database, entry, atHead, ELEMENT);
  reply.bulkView(ELEMENT.bytes, ELEMENT.view, ELEMENT.offset, ELEMENT.length);
  return removeReadEnd(database, entry, atHead);
}

/**
 * Writes an array of up to `count` elements from one end and takes them out, unrecorded.
 * @returns  how many; the entry's address is then in `WALKER.entry`, 0 when nothing is left
 */
export function popMany(
  database: Database,
  entry: number,
  atHead: boolean,
  count: number,
  reply: ReplyWriter,
): number {
  const length = listLength(database, entry);
  const taken = Math.min(count, length);
  reply.array(taken);
  WALKER.open(database, entry, atHead ? 0 : length - 1);
  for (let i = 0; i < taken; i++) {
    WALKER.read(ELEMENT);
    reply.bulkView(ELEMENT.bytes, ELEMENT.view, ELEMENT.offset, ELEMENT.length);
    if (atHead) WALKER.next();
    else WALKER.prev();
  }
  WALKER.entry = taken === length ? 0 : cutEnd(database, entry, atHead, taken);
  return taken;
}

/**
 * After elements were taken out and the change was recorded: an empty list goes, a short one is
 * packed again.
 * @param emptied  the whole list was taken, and still lies there
 */
export function settleShrunk(session: Session, entry: number, emptied: boolean): void {
  const { database } = session;
  if (!emptied && isSettled(database, entry)) return;
  if (emptied || listLength(database, entry) === 0) return database.dropEmptied(entry);
  settleShrunkList(database, entry, sizeSetting(session));
}

/** Records a pop as `LPOP key [count]` or its sibling. */
export function recordPop(
  database: Database,
  frame: Frame,
  keyArg: number,
  atHead: boolean,
  count: number,
): void {
  const { store } = database;
  store.stats[STORE_STAT.CHANGES] += count;
  if (!store.sink.isActive) return;
  const effect = store.effect.begin(atHead ? 'LPOP' : 'RPOP', database.index, 1);
  effect.bytes(frame.bytes, frame.offsets[keyArg], frame.lengths[keyArg]);
  if (count > 1) effect.number(count);
  store.recordEffect(atHead ? EVENT.lpop : EVENT.rpop);
}
