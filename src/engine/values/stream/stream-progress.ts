/** How far a consumer group has read a stream, as far as removed entries let that be known. */
import { StreamId } from './stream-id.ts';
import type { StreamRecord } from './stream-record.ts';

const FIRST = new StreamId();
const LAST = new StreamId();
const DELETED = new StreamId();
const DELIVERED = new StreamId();

/** The number of the entry among all that were ever added. -1: not known. */
function numberOf(record: StreamRecord, id: StreamId): bigint {
  const added = record.entriesAdded64;
  if (added === 0n) return 0n;
  const length = record.length;
  const order = id.compare(record.readLastId(LAST));
  if (length === 0 && order <= 0) return added;
  if (order === 0) return added;
  if (order > 0) return -1n;
  record.readFirstId(FIRST);
  record.readMaxDeletedId(DELETED);
  if (!DELETED.isZero && DELETED.compare(FIRST) >= 0) return -1n;
  const orderToFirst = id.compare(FIRST);
  if (orderToFirst > 0) return -1n;
  return added - BigInt(length) + (orderToFirst === 0 ? 1n : 0n);
}

/** Whether XDEL may have removed an entry from that id on, so that counting on would go wrong. */
function hasGapsFrom(record: StreamRecord, id: StreamId): boolean {
  if (record.readMaxDeletedId(DELETED).isZero) return false;
  if (record.length === 0) return false;
  return record.readFirstId(FIRST).compare(DELETED) <= 0 && id.compare(DELETED) <= 0;
}

/** Notes that the group here was delivered the entry, when that is further than it was. */
export function advanceGroup(record: StreamRecord, id: StreamId): boolean {
  if (id.compare(record.readDeliveredId(DELIVERED)) <= 0) return false;
  if (record.knowsEntriesRead && !hasGapsFrom(record, id)) record.countRead();
  else if (record.entriesAdded > 0) record.entriesRead64 = numberOf(record, id);
  record.writeDeliveredId(id);
  return true;
}

/** Entries that the group here has still to be delivered; null: not known. */
export function groupLag(record: StreamRecord): bigint | null {
  const added = record.entriesAdded64;
  if (added === 0n) return 0n;
  record.readDeliveredId(DELIVERED);
  if (record.knowsEntriesRead && !hasGapsFrom(record, DELIVERED)) {
    return BigInt.asIntN(64, added - record.entriesRead64);
  }
  const read = numberOf(record, DELIVERED);
  return read === -1n ? null : BigInt.asIntN(64, added - read);
}
