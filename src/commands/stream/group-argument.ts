/** Groups and consumers among the arguments, and how what happens to them is recorded. */
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { createConsumer } from '../../engine/values/stream/stream-groups.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import type { PendingEntries } from '../../engine/values/stream/stream-pending.ts';
import { CONSUMER, GROUP } from '../../engine/values/stream/stream-record.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { argumentSlice, RECORD } from './stream-argument.ts';

const DELIVERED = new StreamId();

/** An argument as C prints it. */
export function cText(frame: Frame, arg: number): string {
  return frame.latin1(arg).split('\0', 1)[0];
}

/** Goes to the group of that name in the open record. @returns whether it is there */
export function findGroupArgument(frame: Frame, arg: number): boolean {
  return RECORD.findGroup(frame.view, frame.offsets[arg], frame.lengths[arg]);
}

export function findConsumerArgument(frame: Frame, arg: number): boolean {
  return RECORD.findConsumer(frame.view, frame.offsets[arg], frame.lengths[arg]);
}

/** The error of a command that needs both. */
export function replyNoKeyOrGroup(frame: Frame, reply: ReplyWriter): void {
  reply.errorLatin1(
    `NOGROUP No such key '${cText(frame, 1)}' or consumer group '${cText(frame, 2)}'`,
  );
}

/** The error of XGROUP and XINFO, whose key is there. */
export function replyNoGroup(frame: Frame, reply: ReplyWriter): void {
  reply.errorLatin1(
    `NOGROUP No such consumer group '${cText(frame, 3)}' for key name '${cText(frame, 2)}'`,
  );
}

/** Where key, group and consumer stand among the arguments. */
export interface GroupPlace {
  readonly keyArg: number;
  readonly groupArg: number;
  readonly consumerArg: number;
}

/**
 * Goes to the consumer, making it when it is missing, and notes that it was seen.
 * @returns  whether it was made: the record may have moved then
 */
export function requireConsumer(database: Database, frame: Frame, place: GroupPlace): boolean {
  const { nowMs } = database.store.clock;
  if (findConsumerArgument(frame, place.consumerArg)) {
    RECORD.beforeChange();
    RECORD.seenMs = nowMs;
    return false;
  }
  createConsumer(database, RECORD, argumentSlice(frame, place.consumerArg), nowMs);
  const { store } = database;
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.isActive) return true;
  const effect = store.effect.begin('XGROUP', database.index, 2).text('CREATECONSUMER');
  for (const arg of [place.keyArg, place.groupArg, place.consumerArg]) {
    effect.bytes(frame.bytes, frame.offsets[arg], frame.lengths[arg]);
  }
  store.recordEffect(EVENT.xgroupCreateconsumer);
  return true;
}

/**
 * Records the pending entry as it is now: an XCLAIM that makes it so wherever it is run, and that
 * removes it where the stream's entry is gone. RECORD is at its consumer.
 */
export function recordPending(
  database: Database,
  frame: Frame,
  place: { keyArg: number; groupArg: number },
  id: StreamId,
  pending: PendingEntries,
): void {
  const { store } = database;
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.isActive) return;
  const { bytes, view, consumerAt } = RECORD;
  const nameLength = view.getUint32(consumerAt + CONSUMER.NAME_LENGTH, true);
  const effect = store.effect.begin('XCLAIM', database.index, 1);
  effect.bytes(frame.bytes, frame.offsets[place.keyArg], frame.lengths[place.keyArg]);
  effect.bytes(frame.bytes, frame.offsets[place.groupArg], frame.lengths[place.groupArg]);
  effect.bytes(bytes, consumerAt + CONSUMER.NAME, nameLength);
  effect.text('0').text(id.toString()).text('TIME').number(pending.deliveredMs);
  effect.text('RETRYCOUNT').number(pending.timesDelivered).text('FORCE').text('JUSTID');
  effect.text('LASTID').text(RECORD.readDeliveredId(DELIVERED).toString());
  store.recordEffect(EVENT.none);
}

/** Records how far the group has read, where no pending entry says so. */
export function recordProgress(
  database: Database,
  frame: Frame,
  place: { keyArg: number; groupArg: number },
): void {
  const { store } = database;
  if (!store.sink.isActive) return;
  const effect = store.effect.begin('XGROUP', database.index, 2).text('SETID');
  effect.bytes(frame.bytes, frame.offsets[place.keyArg], frame.lengths[place.keyArg]);
  effect.bytes(frame.bytes, frame.offsets[place.groupArg], frame.lengths[place.groupArg]);
  effect.text(RECORD.readDeliveredId(DELIVERED).toString());
  effect.text('ENTRIESREAD').number(RECORD.entriesRead64);
  store.recordEffect(EVENT.none);
}

/** The name of the consumer that the record is at. */
export function replyConsumerName(reply: ReplyWriter): void {
  const { bytes, view, consumerAt } = RECORD;
  const length = view.getUint32(consumerAt + CONSUMER.NAME_LENGTH, true);
  reply.bulkView(bytes, view, consumerAt + CONSUMER.NAME, length);
}

export function replyGroupName(reply: ReplyWriter): void {
  const { bytes, view, groupAt } = RECORD;
  const length = view.getUint32(groupAt + GROUP.NAME_LENGTH, true);
  reply.bulkView(bytes, view, groupAt + GROUP.NAME, length);
}
