/** Consumer groups of a stream and their consumers coming and going: the record is spliced. */

import { copyBytes } from '../../../base/bytes.ts';
import type { Database } from '../../database.ts';
import type { Slice } from '../../slice.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import { spliceValue } from '../packed/packed-value.ts';
import { recordHeadBytes, setRecordTree } from '../tree-record.ts';
import type { StreamId } from './stream-id.ts';
import { pendingEntriesOf } from './stream-pending.ts';
import { CONSUMER, consumerBytes, GROUP, type StreamRecord } from './stream-record.ts';

/**
 * Creates the group that `findGroup` missed; the record is at it then.
 * @param name  must lie outside of the database's memory
 */
export function createGroup(
  database: Database,
  record: StreamRecord,
  name: Slice,
  deliveredId: StreamId,
  entriesRead: bigint,
): void {
  const { groupIndex } = record;
  const pending = database.trees.create(FORMAT.SLOTTED64);
  record.open(database, record.entry);
  const byteCount = GROUP.NAME + name.length;
  const treeAt = recordHeadBytes(1 + groupIndex);
  const groupAt = record.groupAt - record.at + 4;
  let entry = spliceValue(database, record.entry, treeAt, 0, 4);
  setRecordTree(database.memory.view, database.valueAt, 1 + groupIndex, pending);
  entry = spliceValue(database, entry, groupAt, 0, byteCount);
  const { view, bytes } = database.memory;
  view.setUint32(database.valueAt, record.groupCount + 2, true);
  record.open(database, entry);
  record.groupIndex = groupIndex;
  record.groupAt = record.at + groupAt;
  const at = record.groupAt;
  view.setUint32(at + GROUP.BYTES, byteCount, true);
  view.setUint32(at + GROUP.NAME_LENGTH, name.length, true);
  view.setUint32(at + GROUP.CONSUMER_COUNT, 0, true);
  view.setUint32(at + GROUP.NEXT_NUMBER, 0, true);
  copyBytes(view, bytes, at + GROUP.NAME, name.view, name.bytes, name.offset, name.length);
  record.writeDeliveredId(deliveredId);
  record.entriesRead64 = entriesRead;
}

/** Removes the group here and its pending entries. */
export function destroyGroup(database: Database, record: StreamRecord): void {
  const { groupIndex } = record;
  const byteCount = record.groupEnd - record.groupAt;
  const groupAt = record.groupAt - record.at;
  const { pendingTree, groupCount } = record;
  let entry = spliceValue(database, record.entry, groupAt, byteCount, 0);
  entry = spliceValue(database, entry, recordHeadBytes(1 + groupIndex), 4, 0);
  database.memory.view.setUint32(database.valueAt, groupCount, true);
  database.trees.release(pendingTree);
  record.open(database, entry);
}

/**
 * Creates the consumer that `findConsumer` missed; the record is at it then.
 * @param name  must lie outside of the database's memory
 */
export function createConsumer(
  database: Database,
  record: StreamRecord,
  name: Slice,
  nowMs: number,
): void {
  const { groupIndex } = record;
  const groupAt = record.groupAt - record.at;
  const consumerAt = record.consumerAt - record.at;
  const byteCount = CONSUMER.NAME + name.length;
  const entry = spliceValue(database, record.entry, consumerAt, 0, byteCount);
  reopen(database, record, entry, groupIndex, groupAt);
  record.consumerAt = record.at + consumerAt;
  const { view, bytes } = record;
  const at = record.consumerAt;
  const number = view.getUint32(record.groupAt + GROUP.NEXT_NUMBER, true);
  changeCounts(record, byteCount, 1);
  view.setUint32(record.groupAt + GROUP.NEXT_NUMBER, number + 1, true);
  view.setUint32(at + CONSUMER.NAME_LENGTH, name.length, true);
  view.setUint32(at + CONSUMER.NUMBER, number, true);
  view.setUint32(at + CONSUMER.PENDING, 0, true);
  copyBytes(view, bytes, at + CONSUMER.NAME, name.view, name.bytes, name.offset, name.length);
  record.seenMs = nowMs;
  record.activeMs = -1;
}

/** Removes the consumer here and what is pending for it. */
export function removeConsumer(database: Database, record: StreamRecord): void {
  const number = record.consumerNumber;
  let left = record.consumerPending;
  const pending = pendingEntriesOf(database).open(record.pendingTree);
  let isThere = left > 0 && pending.seekFirst();
  while (isThere && left > 0) {
    if (pending.consumer === number) {
      pending.remove();
      isThere = pending.isThere;
      left--;
    } else {
      isThere = pending.next();
    }
  }
  const { groupIndex } = record;
  const groupAt = record.groupAt - record.at;
  const consumerAt = record.consumerAt - record.at;
  const byteCount = consumerBytes(record.view, record.consumerAt);
  const entry = spliceValue(database, record.entry, consumerAt, byteCount, 0);
  reopen(database, record, entry, groupIndex, groupAt);
  changeCounts(record, -byteCount, -1);
}

function reopen(
  database: Database,
  record: StreamRecord,
  entry: number,
  groupIndex: number,
  groupAt: number,
): void {
  record.open(database, entry);
  record.groupIndex = groupIndex;
  record.groupAt = record.at + groupAt;
}

/** Of the group here. */
function changeCounts(record: StreamRecord, byteCount: number, consumerCount: number): void {
  const { view, groupAt } = record;
  view.setUint32(groupAt, view.getUint32(groupAt, true) + byteCount, true);
  const countAt = groupAt + GROUP.CONSUMER_COUNT;
  view.setUint32(countAt, view.getUint32(countAt, true) + consumerCount, true);
}
