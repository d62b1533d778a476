/** ZPOPMIN, ZPOPMAX, ZMPOP and what waits for them. */
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { removeRanks } from '../../engine/values/zset/zset-removal.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { dropIfEmpty, recordBuilt, replyMember, replyScore, walker } from './sorted-set.ts';

export type PopSide = 'min' | 'max';

/**
 * The first of the keys that holds a sorted set.
 * @returns its argument; 0 when there is none; -1 after an error reply
 */
export function findPoppable(
  database: Database,
  frame: Frame,
  firstKeyArg: number,
  keyCount: number,
  reply: ReplyWriter,
): number {
  for (let arg = firstKeyArg; arg < firstKeyArg + keyCount; arg++) {
    const entry = database.find(frame, arg);
    if (entry === 0) continue;
    if (database.typeOf(entry) === TYPE.ZSET) return arg;
    reply.error(ERRORS.wrongType);
    return -1;
  }
  return 0;
}

/**
 * Takes up to `count` members off one end of the sorted set under that argument and replies them:
 * each a pair of its own or all in a row, whose array the caller opened for `poppedCount` members.
 */
export function pop(
  database: Database,
  frame: Frame,
  keyArg: number,
  side: PopSide,
  poppedCount: number,
  isNested: boolean,
  reply: ReplyWriter,
): void {
  const entry = database.find(frame, keyArg);
  database.touchLocated();
  const { store } = database;
  const { effect } = store;
  const isActive = store.sink.isActive;
  walker.open(database, entry);
  const { count } = walker;
  if (isActive) {
    effect.begin('ZREM', database.index, 1);
    effect.bytes(frame.bytes, frame.offsets[keyArg], frame.lengths[keyArg]);
  }
  walker.seekRank(side === 'min' ? 0 : count - 1);
  for (let left = poppedCount; left > 0; left--) {
    const member = walker.showMember();
    if (isNested) reply.array(2);
    replyMember(reply, member);
    replyScore(reply, walker.score());
    if (isActive) effect.bytes(member.bytes, member.offset, member.length);
    if (side === 'min') walker.next();
    else walker.prev();
  }
  const firstRank = side === 'min' ? 0 : count - poppedCount;
  const placed = removeRanks(database, entry, firstRank, poppedCount);
  recordBuilt(database, frame, side === 'min' ? EVENT.zpopmin : EVENT.zpopmax);
  dropIfEmpty(database, placed);
}
