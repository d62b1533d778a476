/**
 * Hashes. Deadlines of fields have no place in 7.0's formats: they stand in AUX fields beside, and
 * fields whose deadline has passed are left out, lest redis-server takes them for lasting ones.
 */
import { ENCODING } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import type { FrozenEntry, FrozenWalk } from '../../engine/snapshot/frozen-entry.ts';
import { FieldPayload, NO_FIELD_DEADLINE } from '../../engine/values/hash/field-payload.ts';
import {
  elementBytes,
  elementInteger,
  isEnd,
  LISTPACK_HEADER_BYTES,
  listpackCount,
  readElement,
} from '../../engine/values/packed/listpack.ts';
import { recordTree } from '../../engine/values/tree-record.ts';
import { RDB_TYPE } from '../format.ts';
import { writeElement } from './element.ts';
import type { EntryWriter } from './entry-writer.ts';
import { FieldDeadlines } from './field-deadlines.ts';
import { StepPace } from './step-pace.ts';

/** Of more fields no listpack is put together. */
const PACKED_COUNT_MAX = 512;

export function writeSmallHash(writer: EntryWriter, entry: FrozenEntry): void {
  const { value, encoding } = entry;
  if (encoding === ENCODING.LISTPACKEX) return writeDatedPack(writer, entry);
  if (encoding === ENCODING.LISTPACK) {
    writer.writeHead(entry, RDB_TYPE.HASH_LISTPACK);
    return writer.writeSlice(value);
  }
  writer.writeHead(entry, RDB_TYPE.HASH);
  const { bytes, view, offset } = value;
  writer.buffer.writeLength(listpackCount(view, offset) >>> 1);
  for (let at = offset + LISTPACK_HEADER_BYTES; !isEnd(view, at); at += elementBytes(view, at)) {
    writeElement(writer.buffer, bytes, view, at);
  }
}

/** A listpack of field, value, deadline: as one of fields and values. */
function writeDatedPack(writer: EntryWriter, entry: FrozenEntry): void {
  const { bytes, view, offset } = entry.value;
  const { pack, options } = writer;
  const deadlines = new FieldDeadlines(writer);
  const text = new Slice();
  pack.begin();
  for (let at = offset + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
    const valueAt = at + elementBytes(view, at);
    const deadlineAt = valueAt + elementBytes(view, valueAt);
    const deadlineMs = elementInteger(view, deadlineAt);
    if (isLive(deadlineMs, options.nowMs)) {
      pack.addRun(bytes, view, at, deadlineAt, 2);
      if (deadlineMs !== NO_FIELD_DEADLINE) {
        readElement(bytes, view, at, text);
        deadlines.add(text.bytes, text.view, text.offset, text.length, deadlineMs);
      }
    }
    at = deadlineAt + elementBytes(view, deadlineAt);
  }
  if (pack.count === 0) return;
  if (writer.isFile) deadlines.end();
  writer.writeHead(entry, RDB_TYPE.HASH_LISTPACK);
  writer.writePack();
  if (!writer.isFile) deadlines.end();
}

export function* writeLargeHash(writer: EntryWriter, entry: FrozenEntry): Generator<void, void> {
  const { view, offset } = entry.value;
  const tree = recordTree(view, offset, 0);
  // The second tree is that of the deadlines: without it no field has one.
  const isDated = view.getUint32(offset, true) > 1;
  let count = entry.treeCount(tree);
  if (isDated) {
    count = yield* countLive(writer, entry.walk(tree));
    if (count === 0) return;
    if (writer.isFile) yield* writeDeadlines(writer, entry.walk(tree));
  }
  const isPacked = entry.encoding !== ENCODING.HASHTABLE && count <= PACKED_COUNT_MAX;
  const walk = isDated && !writer.isFile ? entry.walk(tree) : entry.walkLast(tree);
  if (isPacked) writeAsPack(writer, entry, walk);
  else yield* writeFields(writer, entry, walk, count);
  if (isDated && !writer.isFile) yield* writeDeadlines(writer, entry.walkLast(tree));
}

function writeAsPack(writer: EntryWriter, entry: FrozenEntry, walk: FrozenWalk): void {
  const { pack, options } = writer;
  const field = new FieldPayload();
  pack.begin();
  while (walk.next()) {
    field.readSlice(walk.payload);
    if (!isLive(field.deadlineMs, options.nowMs)) continue;
    const { bytes, view } = walk.payload;
    pack.addText(bytes, view, field.fieldAt, field.fieldLength);
    pack.addText(bytes, view, field.valueAt, field.valueLength);
  }
  writer.writeHead(entry, RDB_TYPE.HASH_LISTPACK);
  writer.writePack();
}

function* writeFields(
  writer: EntryWriter,
  entry: FrozenEntry,
  walk: FrozenWalk,
  count: number,
): Generator<void, void> {
  const { buffer, options } = writer;
  writer.writeHead(entry, RDB_TYPE.HASH);
  buffer.writeLength(count);
  const pace = new StepPace(buffer);
  const field = new FieldPayload();
  while (walk.next()) {
    field.readSlice(walk.payload);
    if (isLive(field.deadlineMs, options.nowMs)) {
      const { bytes, view } = walk.payload;
      buffer.writeString(bytes, view, field.fieldAt, field.fieldLength);
      buffer.writeString(bytes, view, field.valueAt, field.valueLength);
    }
    if (pace.isSpent()) yield;
  }
}

/** @returns how many fields are there and have not expired */
function* countLive(writer: EntryWriter, walk: FrozenWalk): Generator<void, number> {
  const pace = new StepPace(writer.buffer);
  const field = new FieldPayload();
  let count = 0;
  while (walk.next()) {
    field.readSlice(walk.payload);
    if (isLive(field.deadlineMs, writer.options.nowMs)) count++;
    if (pace.isSpent()) yield;
  }
  return count;
}

function* writeDeadlines(writer: EntryWriter, walk: FrozenWalk): Generator<void, void> {
  const pace = new StepPace(writer.buffer);
  const deadlines = new FieldDeadlines(writer);
  const field = new FieldPayload();
  while (walk.next()) {
    field.readSlice(walk.payload);
    const { deadlineMs } = field;
    if (deadlineMs !== NO_FIELD_DEADLINE && isLive(deadlineMs, writer.options.nowMs)) {
      const { bytes, view } = walk.payload;
      deadlines.add(bytes, view, field.fieldAt, field.fieldLength, deadlineMs);
    }
    if (pace.isSpent()) yield;
  }
  deadlines.end();
}

function isLive(deadlineMs: number, nowMs: number): boolean {
  return deadlineMs === NO_FIELD_DEADLINE || deadlineMs > nowMs;
}
