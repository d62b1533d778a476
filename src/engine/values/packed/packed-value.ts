/**
 * Values that are changed in the middle: a small collection in one run of bytes behind its key, or
 * the record of a large one. An entry grows by moving to a larger block; one of more than 254 bytes
 * gets an eighth to spare, so that adding one element after another does not copy each time.
 */
import { copyBytes } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { type Database, KEEP_DEADLINE, NO_DEADLINE } from '../../database.ts';
import {
  EXTENDED_OFFSET,
  FLAG,
  headerBytes,
  keyLength,
  VALUE_LENGTH_INLINE_MAX,
  valueLength,
} from '../../keyspace/entry.ts';
import { writeEntry } from '../../keyspace/entry-writer.ts';
import { initListpack, LISTPACK_EMPTY_BYTES, setListpackHeader } from './listpack.ts';

/** A block that is emptier than this when bytes are taken out is exchanged for a smaller one. */
const KEPT_FRACTION = 2;

/**
 * First byte of the entry's value in `memory.bytes`; memory is located at the entry, and
 * `database.valueAt` holds the same.
 */
export function openValue(database: Database, entry: number): number {
  const { memory } = database;
  memory.locate(entry);
  const { view, base } = memory;
  const word0 = view.getUint32(base, true);
  database.valueAt = base + headerBytes(word0) + keyLength(view, base, word0);
  return database.valueAt;
}

/** Length of the entry's value; memory is located at the entry. */
export function valueBytes(database: Database): number {
  return valueLength(database.memory.view, database.memory.base);
}

/**
 * Creates the key that the last `find` missed, with a value of `byteCount` bytes that the caller
 * fills at `database.valueAt`. It gets the store's default deadline, which `recordCommand` then
 * records.
 * @param kind   type and encoding, as in the low byte of word 0
 * @param flags  FLAG.TREE for the record of a large collection, else 0
 */
export function createValue(
  database: Database,
  frame: Frame,
  keyArg: number,
  kind: number,
  flags: number,
  byteCount: number,
): number {
  const plan = database.planFor(frame, keyArg);
  const deadline = database.store.newDeadline();
  plan.kind = kind;
  plan.flags = flags;
  plan.valueLength = byteCount;
  plan.capacity = byteCount;
  plan.hasDeadline = deadline !== NO_DEADLINE;
  const entry = writeEntry(database.memory, plan);
  database.install(entry, 0, deadline);
  database.newDeadlineMs = deadline;
  openValue(database, entry);
  return entry;
}

/** `createValue` with an empty listpack in it. */
export function createListpack(
  database: Database,
  frame: Frame,
  keyArg: number,
  kind: number,
): number {
  const entry = createValue(database, frame, keyArg, kind, 0, LISTPACK_EMPTY_BYTES);
  initListpack(database.memory.view, database.valueAt);
  return entry;
}

/**
 * Takes `removed` bytes out of the entry's value at `at` (counted from the value's first byte) and
 * makes room for `inserted` there, whose contents are undefined until the caller writes them at
 * `database.valueAt + at`. Deadline, key and flags stay.
 * @returns  the entry's address, which may have changed; memory is located at it
 */
export function spliceValue(
  database: Database,
  entry: number,
  at: number,
  removed: number,
  inserted: number,
): number {
  const { memory } = database;
  memory.beforeChange(entry);
  const oldAt = openValue(database, entry);
  const oldLength = valueBytes(database);
  const newLength = oldLength - removed + inserted;
  const tailAt = oldAt + at + removed;
  const tailLength = oldLength - at - removed;
  if (fitsInPlace(database, oldAt - memory.base, oldLength, newLength)) {
    if (removed !== inserted && tailLength > 0) {
      memory.bytes.copyWithin(oldAt + at + inserted, tailAt, tailAt + tailLength);
    }
    writeValueLength(memory.view, memory.base, newLength);
    return entry;
  }
  database.refind(entry);
  const plan = database.planFrom(entry);
  const { view, bytes } = memory;
  plan.valueLength = newLength;
  plan.capacity = newLength <= VALUE_LENGTH_INLINE_MAX ? newLength : newLength + (newLength >>> 3);
  const placed = writeEntry(memory, plan);
  const to = memory.base + headerBytes(memory.view.getUint32(memory.base, true)) + plan.keyLength;
  copyBytes(memory.view, memory.bytes, to, view, bytes, oldAt, at);
  const tailTo = to + at + inserted;
  copyBytes(memory.view, memory.bytes, tailTo, view, bytes, tailAt, tailLength);
  database.install(placed, entry, KEEP_DEADLINE);
  openValue(database, placed);
  return placed;
}

/**
 * Lets the entry's value grow to `byteCount` bytes, more than can be told inline, without moving.
 * @returns  the entry's new address; memory is located at it
 */
export function reserveValue(database: Database, entry: number, byteCount: number): number {
  const { memory } = database;
  memory.beforeChange(entry);
  const from = openValue(database, entry);
  const length = valueBytes(database);
  database.refind(entry);
  const plan = database.planFrom(entry);
  const { view, bytes } = memory;
  plan.valueLength = length;
  plan.capacity = byteCount;
  const placed = writeEntry(memory, plan);
  const to = memory.base + headerBytes(memory.view.getUint32(memory.base, true)) + plan.keyLength;
  copyBytes(memory.view, memory.bytes, to, view, bytes, from, length);
  database.install(placed, entry, KEEP_DEADLINE);
  openValue(database, placed);
  return placed;
}

/**
 * `spliceValue` of a listpack, its header included.
 * @param countChange  elements put in less elements taken out
 */
export function spliceListpack(
  database: Database,
  entry: number,
  at: number,
  removed: number,
  inserted: number,
  countChange: number,
): number {
  const placed = spliceValue(database, entry, at, removed, inserted);
  const { view } = database.memory;
  const count = view.getUint16(database.valueAt + 4, true) + countChange;
  setListpackHeader(view, database.valueAt, valueBytes(database), count);
  return placed;
}

/**
 * Exchanges the entry's whole value for one of another kind: `byteCount` bytes that the caller
 * fills at `database.valueAt`. Key and deadline stay; trees of the old value that the new one does
 * not name are the caller's to keep or release.
 */
export function replaceValue(
  database: Database,
  entry: number,
  kind: number,
  flags: number,
  byteCount: number,
): number {
  const { memory } = database;
  memory.beforeChange(entry);
  database.refind(entry);
  const plan = database.planFrom(entry);
  plan.kind = kind;
  plan.flags = flags;
  plan.valueLength = byteCount;
  plan.capacity = byteCount;
  const placed = writeEntry(memory, plan);
  database.install(placed, entry, KEEP_DEADLINE);
  openValue(database, placed);
  return placed;
}

/** Gives the entry another encoding nibble: what OBJECT ENCODING answers. */
export function setEncoding(database: Database, entry: number, encoding: number): void {
  const { memory } = database;
  memory.beforeChange(entry);
  memory.locate(entry);
  const kind = memory.view.getUint8(memory.base);
  memory.view.setUint8(memory.base, (kind & 15) | (encoding << 4));
}

function fitsInPlace(
  database: Database,
  headLength: number,
  oldLength: number,
  newLength: number,
): boolean {
  const { memory } = database;
  const { view, base } = memory;
  if ((view.getUint32(base, true) & FLAG.EXTENDED) !== 0) {
    const capacity = view.getUint32(base + EXTENDED_OFFSET + 4, true);
    if (newLength > capacity) return false;
    return newLength >= oldLength || newLength * KEPT_FRACTION >= capacity;
  }
  if (newLength > VALUE_LENGTH_INLINE_MAX) return false;
  return memory.classBytes(headLength + newLength) === memory.classBytes(headLength + oldLength);
}

function writeValueLength(view: DataView, base: number, length: number): void {
  if ((view.getUint32(base, true) & FLAG.EXTENDED) === 0) view.setUint8(base + 4, length);
  else view.setUint32(base + EXTENDED_OFFSET, length, true);
}
