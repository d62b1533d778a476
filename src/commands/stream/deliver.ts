/** What XREADGROUP gives to a consumer. */
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { pendingEntriesOf } from '../../engine/values/stream/stream-pending.ts';
import { advanceGroup } from '../../engine/values/stream/stream-progress.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Session } from '../session.ts';
import {
  type GroupPlace,
  recordPending,
  recordProgress,
  requireConsumer,
} from './group-argument.ts';
import { ID_MAX, RECORD, replyEntry, replyId, WALKER } from './stream-argument.ts';

/** What is asked for. */
export interface Delivery extends GroupPlace {
  /** Entries at most; 0: all. */
  readonly count: number;
  /** They do not become pending. */
  readonly noAck: boolean;
}

const ID = new StreamId();

/**
 * Replies with the entries from `first` on, which become pending for the consumer. RECORD is at the
 * group.
 */
export function deliverNew(
  session: Session,
  frame: Frame,
  delivery: Delivery,
  first: StreamId,
  reply: ReplyWriter,
): void {
  const { database } = session;
  const { sink, stats, clock } = database.store;
  sink.beginGroup();
  stats[STORE_STAT.CHANGES]++;
  requireConsumer(database, frame, delivery);
  RECORD.beforeChange();
  const mark = reply.openAggregate();
  const { count, noAck } = delivery;
  let written = 0;
  let advanced = false;
  WALKER.start(database, RECORD.nodes, first, ID_MAX);
  while (WALKER.next()) {
    if (advanceGroup(RECORD, WALKER.id)) advanced = true;
    replyEntry(reply, WALKER);
    if (!noAck) makePending(database, frame, delivery, WALKER.id);
    if (++written === count) break;
  }
  if (written > 0) RECORD.activeMs = clock.nowMs;
  // Pending entries tell of the last id, not of how many came before it.
  if (advanced) recordProgress(database, frame, delivery);
  sink.endGroup();
  reply.closeArray(mark, written);
}

/**
 * Replies with the entries that are pending for the consumer from `first` on; null where one is no
 * longer in the stream. RECORD is at the group.
 */
export function replyHistory(
  session: Session,
  frame: Frame,
  delivery: Delivery,
  first: StreamId,
  reply: ReplyWriter,
): void {
  const { database } = session;
  const { sink, stats, clock } = database.store;
  sink.beginGroup();
  stats[STORE_STAT.CHANGES]++;
  requireConsumer(database, frame, delivery);
  const number = RECORD.consumerNumber;
  let left = RECORD.consumerPending;
  const pending = pendingEntriesOf(database).open(RECORD.pendingTree);
  const mark = reply.openAggregate();
  let written = 0;
  let isThere = left > 0 && pending.seek(first);
  while (isThere && left > 0) {
    if (pending.consumer === number) {
      left--;
      pending.readId(ID);
      if (WALKER.find(database, RECORD.nodes, ID)) {
        replyEntry(reply, WALKER);
        pending.deliver(number, clock.nowMs);
        pending.countDelivery();
        recordPending(database, frame, delivery, ID, pending);
      } else {
        reply.array(2);
        replyId(reply, ID);
        reply.nullArray();
      }
      if (++written === delivery.count) break;
    }
    isThere = pending.next();
  }
  sink.endGroup();
  reply.closeArray(mark, written);
}

/** An entry that was pending already, because the group was set back, changes hands. */
function makePending(database: Database, frame: Frame, delivery: Delivery, id: StreamId): void {
  const { nowMs } = database.store.clock;
  const pending = pendingEntriesOf(database).open(RECORD.pendingTree);
  const number = RECORD.consumerNumber;
  if (pending.find(id)) {
    RECORD.goToConsumer(pending.consumer);
    RECORD.changePending(-1);
    RECORD.goToConsumer(number);
    pending.deliver(number, nowMs);
    pending.setTimesDelivered(1n);
  } else {
    pending.insertMissed(id, number, nowMs, 1);
  }
  RECORD.changePending(1);
  recordPending(database, frame, delivery, id, pending);
}
