/** What the commands on sorted sets share: how they find the set, and how they say a score. */
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import type { Slice } from '../../engine/slice.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import type { ZsetBuilder } from '../../engine/values/zset/zset-builder.ts';
import { zsetCount } from '../../engine/values/zset/zset-form.ts';
import { findMember } from '../../engine/values/zset/zset-members.ts';
import type { RankSpan } from '../../engine/values/zset/zset-ranges.ts';
import { ZsetWalker } from '../../engine/values/zset/zset-walker.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Session } from '../session.ts';

/** `requireZset` and `requireZsetToChange` after they replied with an error. */
export const NOT_A_ZSET = -1;
const TYPE_MASK = 15;
/** Whole numbers below are written with all their digits by `%.17g`. */
const PLAIN_MAX = 1e15;

/** For commands that are at one place at a time. */
export const walker = new ZsetWalker();

/** The sorted set under that argument, 0 when there is none, NOT_A_ZSET after an error reply. */
export function requireZset(
  database: Database,
  frame: Frame,
  arg: number,
  reply: ReplyWriter,
): number {
  const entry = database.read(frame, arg);
  if (entry === 0 || typeLocated(database) === TYPE.ZSET) return entry;
  reply.error(ERRORS.wrongType);
  return NOT_A_ZSET;
}

/** The same for a command that is about to change it. */
export function requireZsetToChange(
  database: Database,
  frame: Frame,
  arg: number,
  reply: ReplyWriter,
): number {
  const entry = database.find(frame, arg);
  if (entry === 0) return 0;
  database.touchLocated();
  if (typeLocated(database) === TYPE.ZSET) return entry;
  reply.error(ERRORS.wrongType);
  return NOT_A_ZSET;
}

/** Of the entry that was found just now: memory is located at it. */
function typeLocated({ memory }: Database): number {
  return memory.view.getUint8(memory.base) & TYPE_MASK;
}

/** `findMember` of a frame's argument. */
export function findArgument(database: Database, entry: number, frame: Frame, arg: number): number {
  const { bytes, view } = frame;
  return findMember(database, entry, bytes, view, frame.offsets[arg], frame.lengths[arg]);
}

/** As `reply.double`, quicker for what most scores are. */
export function replyScore(reply: ReplyWriter, score: number): void {
  const isPlain =
    reply.protocol === 2 &&
    Math.floor(score) === score &&
    score < PLAIN_MAX &&
    score > -PLAIN_MAX &&
    (score !== 0 || 1 / score > 0);
  if (isPlain) reply.bulkInteger(score);
  else reply.double(score);
}

export function replyMember(reply: ReplyWriter, member: Slice): void {
  reply.bulkView(member.bytes, member.view, member.offset, member.length);
}

/** Records the effect that was built on the key in argument 1. */
export function recordBuilt(database: Database, frame: Frame, event: number): void {
  const { store } = database;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) store.recordEffect(event);
  database.recordNewDeadline(frame, 1);
}

/**
 * What a range of members names depends, where scores differ, on how a server searches:
 * redis-server draws its skip lists. The ranks that it came to mean the same everywhere.
 */
export function recordRanks(
  database: Database,
  frame: Frame,
  name: 'ZREMRANGEBYRANK' | 'ZRANGESTORE',
  { event, span }: { event: number; span: RankSpan },
): void {
  const { store } = database;
  const { bytes, lengths, offsets } = frame;
  const effect = store.effect.begin(name, database.index, 1).bytes(bytes, offsets[1], lengths[1]);
  if (name === 'ZRANGESTORE') effect.bytes(bytes, offsets[2], lengths[2]);
  effect.number(span.start).number(span.start + span.count - 1);
  recordBuilt(database, frame, event);
}

/**
 * Puts what was made under the key in argument 1, in place of what is there, and replies how many
 * members it has; where it has none the key goes. The command means the same wherever the same data
 * is, and is passed on as it stands; but ZRANGESTORE by members.
 * @param taken  the ranks that it took
 */
export function storeBuilt(
  session: Session,
  frame: Frame,
  builder: ZsetBuilder,
  event: number,
  reply: ReplyWriter,
  taken: RankSpan | null = null,
): void {
  const { database } = session;
  const { count } = builder;
  if (count > 0) {
    builder.store(frame, 1, session.node.configuration.encoding);
    if (taken === null) database.recordCommand(frame, event, 1);
    else recordRanks(database, frame, 'ZRANGESTORE', { event, span: taken });
  } else {
    builder.release();
    const replaced = database.find(frame, 1);
    if (replaced !== 0) database.remove(replaced, EVENT.del);
  }
  reply.integer(count);
}

/** Removes the key when its last member is gone; to be called after the change was recorded. */
export function dropIfEmpty(database: Database, entry: number): void {
  if (zsetCount(database, entry) === 0) database.dropEmptied(entry);
}
