/** Streams: nodes as Redis' listpacks, then what the record holds, then groups and consumers. */
import type { FrozenEntry, FrozenWalk } from '../../engine/snapshot/frozen-entry.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import { NODE } from '../../engine/values/stream/stream-node.ts';
import { PENDING } from '../../engine/values/stream/stream-pending.ts';
import { CONSUMER, GROUP, StreamRecord } from '../../engine/values/stream/stream-record.ts';
import { RDB_TYPE } from '../format.ts';
import type { RdbBuffer } from '../rdb-buffer.ts';
import { ConsumerBatch } from './consumer-batch.ts';
import type { EntryWriter } from './entry-writer.ts';
import { StepPace } from './step-pace.ts';
import { StreamNodePacker } from './stream-node-pack.ts';

const ID_BYTES = 16;

export function* writeStream(writer: EntryWriter, entry: FrozenEntry): Generator<void, void> {
  // Of its own: commands run between two steps.
  const record = new StreamRecord().openCopy(entry.value.copy());
  const { buffer } = writer;
  writer.writeHead(entry, RDB_TYPE.STREAM_LISTPACKS_2);
  yield* writeNodes(writer, entry, record);
  writeFacts(buffer, record);
  buffer.writeLength(record.groupCount);
  for (let isThere = record.firstGroup(); isThere; isThere = record.nextGroup()) {
    yield* writeGroup(writer, entry, record);
  }
}

function* writeNodes(
  writer: EntryWriter,
  entry: FrozenEntry,
  record: StreamRecord,
): Generator<void, void> {
  const { buffer, pack } = writer;
  const packer = new StreamNodePacker(pack);
  const id = new StreamId();
  buffer.writeLength(entry.treeCount(record.nodes));
  const walk = entry.walkLast(record.nodes);
  while (walk.next()) {
    const { view, offset } = walk.payload;
    buffer.writeLength(ID_BYTES);
    writeId(buffer, id.read(view, offset + NODE.FIRST_ID));
    packer.pack(walk.payload);
    writer.writePack();
    yield;
  }
}

/** Counts and ids of the stream. */
function writeFacts(buffer: RdbBuffer, record: StreamRecord): void {
  const id = new StreamId();
  buffer.writeLength(record.length);
  writeIdLengths(buffer, record.readLastId(id));
  writeIdLengths(buffer, record.readFirstId(id));
  writeIdLengths(buffer, record.readMaxDeletedId(id));
  buffer.writeLength64(record.entriesAdded64);
}

function* writeGroup(
  writer: EntryWriter,
  entry: FrozenEntry,
  record: StreamRecord,
): Generator<void, void> {
  const { buffer } = writer;
  const { bytes, view, groupAt } = record;
  const id = new StreamId();
  const nameLength = view.getUint32(groupAt + GROUP.NAME_LENGTH, true);
  buffer.writeString(bytes, view, groupAt + GROUP.NAME, nameLength);
  writeIdLengths(buffer, record.readDeliveredId(id));
  buffer.writeLength64(record.entriesRead64);
  buffer.writeLength(entry.treeCount(record.pendingTree));
  const pace = new StepPace(buffer);
  const walk = entry.walk(record.pendingTree);
  while (walk.next()) {
    const { view: from, offset } = walk.payload;
    writeId(buffer, readPendingId(walk, id));
    buffer.writeMs(from.getFloat64(offset + PENDING.DELIVERED, true));
    buffer.writeLength64(from.getBigInt64(offset + PENDING.TIMES, true));
    if (pace.isSpent()) yield;
  }
  yield* writeConsumers(writer, entry, record);
}

/** Each consumer with the ids of what is pending for it, which stand in the group's tree. */
function* writeConsumers(
  writer: EntryWriter,
  entry: FrozenEntry,
  record: StreamRecord,
): Generator<void, void> {
  const { buffer } = writer;
  const { pendingTree } = record;
  const pace = new StepPace(buffer);
  const id = new StreamId();
  const batch = new ConsumerBatch();
  buffer.writeLength(record.consumerCount);
  let isThere = record.firstConsumer();
  while (isThere) {
    const firstAt = record.consumerAt;
    batch.clear();
    for (; isThere && batch.takes(record.consumerPending); isThere = record.nextConsumer()) {
      batch.add(record.consumerNumber, record.consumerPending);
    }
    const walk = entry.walk(pendingTree);
    while (batch.isOpen && walk.next()) {
      const number = walk.payload.view.getUint32(walk.payload.offset + PENDING.CONSUMER, true);
      if (batch.has(number)) batch.note(number, readPendingId(walk, id));
      if (pace.isSpent()) yield;
    }
    record.consumerAt = firstAt;
    for (let left = batch.count; left > 0; left--) {
      writeConsumer(buffer, record, batch);
      record.nextConsumer();
      if (pace.isSpent()) yield;
    }
  }
}

function writeConsumer(buffer: RdbBuffer, record: StreamRecord, batch: ConsumerBatch): void {
  const { bytes, view, consumerAt } = record;
  const nameLength = view.getUint32(consumerAt + CONSUMER.NAME_LENGTH, true);
  buffer.writeString(bytes, view, consumerAt + CONSUMER.NAME, nameLength);
  buffer.writeMs(record.seenMs);
  buffer.writeLength(record.consumerPending);
  batch.writeIds(buffer, record.consumerNumber);
}

function readPendingId({ payload, key }: FrozenWalk, id: StreamId): StreamId {
  const { view, offset, length } = payload;
  const { words } = id;
  id.set(key, 0);
  if (length === PENDING.WIDE_BYTES) {
    words[0] = view.getUint32(offset + PENDING.MS, true);
    words[1] = view.getUint32(offset + PENDING.MS + 4, true);
  }
  words[2] = view.getUint32(offset, true);
  words[3] = view.getUint32(offset + 4, true);
  return id;
}

/** As Redis' trees hold it: both parts with the highest byte first. */
function writeId(buffer: RdbBuffer, { words }: StreamId): void {
  buffer.reserve(ID_BYTES);
  for (let i = 0; i < 4; i++) buffer.view.setUint32(buffer.length + 4 * i, words[i]);
  buffer.length += ID_BYTES;
}

function writeIdLengths(buffer: RdbBuffer, { words }: StreamId): void {
  buffer.writeLengthWords(words[0], words[1]);
  buffer.writeLengthWords(words[2], words[3]);
}
