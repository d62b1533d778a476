/** How a hash changes its form (`open-hash.ts`): rare steps, which copy what is little. */
import type { Database } from '../../database.ts';
import { ENCODING, FLAG, TYPE } from '../../keyspace/entry.ts';
import { Slice } from '../../slice.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import {
  ElementPlan,
  elementBytes,
  elementInteger,
  initListpack,
  isEnd,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
  listpackCount,
  readElement,
} from '../packed/listpack.ts';
import {
  openValue,
  replaceValue,
  spliceListpack,
  spliceValue,
  valueBytes,
} from '../packed/packed-value.ts';
import { recordHeadBytes, setRecordTree } from '../tree-record.ts';
import { NO_FIELD_DEADLINE } from './field-payload.ts';
import type { OpenHash } from './open-hash.ts';

/** A longer listpack becomes a tree. */
export const PACKED_BYTES_MAX = 2048;
/** Beyond that length one of more elements is a tree as well: a look-up may pass them all. */
const CROWDED_BYTES_MAX = 1024;
const UNCROWDED_COUNT_MAX = 128;
/** What a listpack adds to a field, its value and its deadline at most. */
const TUPLE_EXTRA_BYTES = 24;
/** A tree with more bytes, or more fields, stays one. */
const REPACKED_BYTES_MAX = 512;
const UNPACKED_COUNT_MIN = 4;

/** Whether a hash may lie in a listpack of so many bytes and elements. */
export function fitsPack(byteCount: number, elementCount: number): boolean {
  if (byteCount <= CROWDED_BYTES_MAX) return true;
  return byteCount <= PACKED_BYTES_MAX && elementCount <= UNCROWDED_COUNT_MAX;
}

/** Turns the listpack into a tree. */
export function unpackHash(hash: OpenHash): void {
  const { step } = hash;
  const database = hash.database as Database;
  const { memory, trees } = database;
  const at = openValue(database, hash.entry);
  const packed = memory.bytes.slice(at, at + valueBytes(database));
  const id = trees.create(FORMAT.SLOTTED32);
  const flags = FLAG.TREE | scheduledFlag(database, hash.entry);
  const kind = TYPE.HASH | (database.encodingOf(hash.entry) << 4);
  const entry = replaceValue(database, hash.entry, kind, flags, recordHeadBytes(1));
  memory.view.setUint32(database.valueAt, 1, true);
  setRecordTree(memory.view, database.valueAt, 0, id);
  hash.open(database, entry);
  const view = new DataView(packed.buffer);
  const field = new Slice();
  const value = new Slice();
  let place = LISTPACK_HEADER_BYTES;
  while (!isEnd(view, place)) {
    readElement(packed, view, place, field);
    place += elementBytes(view, place);
    readElement(packed, view, place, value);
    place += elementBytes(view, place);
    let deadlineMs = NO_FIELD_DEADLINE;
    if (step === 3) {
      deadlineMs = elementInteger(view, place);
      place += elementBytes(view, place);
    }
    hash.put(field, value, deadlineMs);
  }
}

/** Turns a tree into a listpack, unless that would be longer or the encoding forbids it. */
export function packTree(hash: OpenHash): void {
  const database = hash.database as Database;
  if (hash.count > UNPACKED_COUNT_MIN || hash.count === 0) return;
  const encoding = database.encodingOf(hash.entry);
  if (encoding !== ENCODING.LISTPACK && encoding !== ENCODING.LISTPACKEX) return;
  const tuples: { field: Slice; value: Slice; deadlineMs: number }[] = [];
  const field = new Slice();
  const value = new Slice();
  let byteCount = 0;
  hash.rewind();
  while (hash.nextOfAll(field, value)) {
    byteCount += field.length + value.length + TUPLE_EXTRA_BYTES;
    if (byteCount > REPACKED_BYTES_MAX) return;
    tuples.push({ field: kept(field), value: kept(value), deadlineMs: hash.deadlineMs });
  }
  const flags = scheduledFlag(database, hash.entry);
  const kind = TYPE.HASH | (encoding << 4);
  const entry = replaceValue(database, hash.entry, kind, flags, LISTPACK_EMPTY_BYTES);
  initListpack(database.memory.view, database.valueAt);
  hash.open(database, entry);
  for (const tuple of tuples) hash.put(tuple.field, tuple.value, tuple.deadlineMs);
}

/** Gives each pair of a listpack a third element, that says that it has no deadline. */
export function widenPack(hash: OpenHash): void {
  const database = hash.database as Database;
  const { memory } = database;
  const at = openValue(database, hash.entry);
  let place = LISTPACK_HEADER_BYTES;
  PLAN.ofInteger(NO_FIELD_DEADLINE);
  for (let left = listpackCount(memory.view, at) / 2; left > 0; left--) {
    place += elementBytes(memory.view, database.valueAt + place);
    place += elementBytes(memory.view, database.valueAt + place);
    hash.entry = spliceListpack(database, hash.entry, place, 0, PLAN.byteCount, 1);
    PLAN.writeTo(memory.view, memory.bytes, database.valueAt + place);
    place += PLAN.byteCount;
  }
}

/** Adds a tree behind the others of a record. @returns the entry's address */
export function addRecordTree(database: Database, entry: number, id: number): number {
  const at = openValue(database, entry);
  const count = database.memory.view.getUint32(at, true);
  const placed = spliceValue(database, entry, recordHeadBytes(count), 0, recordHeadBytes(1) - 4);
  const { view } = database.memory;
  view.setUint32(database.valueAt, count + 1, true);
  setRecordTree(view, database.valueAt, count, id);
  return placed;
}

/** Puts a planned element in place of the one at `place`. @returns the entry's address */
export function replaceElement(
  database: Database,
  entry: number,
  place: number,
  plan: ElementPlan,
): number {
  const { memory } = database;
  const at = openValue(database, entry);
  const oldBytes = elementBytes(memory.view, at + place);
  const placed = spliceListpack(database, entry, place, oldBytes, plan.byteCount, 0);
  plan.writeTo(memory.view, memory.bytes, database.valueAt + place);
  return placed;
}

const PLAN = new ElementPlan();

function scheduledFlag(database: Database, entry: number): number {
  database.memory.locate(entry);
  return database.memory.view.getUint32(database.memory.base, true) & FLAG.SCHEDULED;
}

function kept(slice: Slice): Slice {
  const bytes = slice.copy();
  const copy = new Slice();
  copy.bytes = bytes;
  copy.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  copy.length = bytes.length;
  return copy;
}
