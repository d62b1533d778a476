/**
 * String values: int64 in binary when the text is a canonical integer, else the bytes as they are.
 * Encodings are Redis': INT, EMBSTR for a fresh value of up to 44 bytes, RAW for longer ones and
 * for whatever was changed in place.
 */
import { copyBytes } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { parseInt64, parseSafeInteger, writeDigits } from '../../../base/numbers.ts';
import { type Database, KEEP_DEADLINE, NO_DEADLINE } from '../../database.ts';
import { EVENT } from '../../event-table.ts';
import {
  deadlineOffset,
  ENCODING,
  FLAG,
  headerBytes,
  keyLength,
  valueLength,
} from '../../keyspace/entry.ts';
import type { Slice } from '../../slice.ts';
import { STORE_STAT } from '../../store-stats.ts';
import { KIND_EMBSTR, KIND_INT, KIND_RAW, makeSpace } from './string-space.ts';

const EMBSTR_BYTES_MAX = 44;
const INT_BYTES = 8;
/** Longest text of an int64. */
const INT_TEXT_BYTES_MAX = 20;
const HIGH_WORD = 0x1_0000_0000;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const MINUS = 45;

/** The value's bytes; an integer's digits lie in a scratch buffer. Reused; valid until a change. */
export function openString(database: Database, entry: number): Slice {
  const memory = database.memory;
  memory.locate(entry);
  const { view, base } = memory;
  const word0 = view.getUint32(base, true);
  const offset = base + headerBytes(word0) + keyLength(view, base, word0);
  const slice = database.valueSlice;
  if ((word0 & 0xf0) === ENCODING.INT << 4) return openInteger(slice, view, offset);
  slice.bytes = memory.bytes;
  slice.view = view;
  slice.offset = offset;
  slice.length = valueLength(view, base);
  return slice;
}

export function stringLength(database: Database, entry: number): number {
  if (database.encodingOf(entry) === ENCODING.INT) return openString(database, entry).length;
  return valueLength(database.memory.view, database.memory.base);
}

/** The value as a safe integer; NaN when it is none, or is beyond 2^53-1. */
export function integerOf(database: Database, entry: number): number {
  if (database.encodingOf(entry) === ENCODING.INT) {
    const { view, base } = database.memory;
    const at = base + headerBytes(view.getUint32(base, true)) + keyLengthLocated(database);
    const value = view.getInt32(at + 4, true) * HIGH_WORD + view.getUint32(at, true);
    return Number.isSafeInteger(value) ? value : Number.NaN;
  }
  const slice = openString(database, entry);
  return parseSafeInteger(slice.bytes, slice.offset, slice.length);
}

/** The value as an int64, null when it is none. */
export function integer64Of(database: Database, entry: number): bigint | null {
  const slice = openString(database, entry);
  return parseInt64(slice.bytes, slice.offset, slice.length);
}

/** SET with the value in an argument of the same frame. */
export function setStringArgument(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  valueArg: number,
  deadline: number | bigint,
  event: number,
): number {
  const source = argumentSlice(database, frame, valueArg);
  return setString(database, entry, frame, keyArg, source, deadline, event);
}

function argumentSlice(database: Database, frame: Frame, arg: number): Slice {
  const source = database.sourceSlice;
  source.bytes = frame.bytes;
  source.view = frame.view;
  source.offset = frame.offsets[arg];
  source.length = frame.lengths[arg];
  return source;
}

/**
 * Gives the key that value, whatever it held, in the encoding that Redis' SET would choose.
 * @param entry     what `find` of that key answered, 0 for none
 * @param value     bytes outside of this database's memory
 * @param deadline  NO_DEADLINE, KEEP_DEADLINE or absolute ms
 * @returns the entry's address
 */
export function setString(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  value: Slice,
  deadline: number | bigint,
  event: number,
): number {
  const placed = placeString(database, entry, frame, keyArg, value, deadline);
  const store = database.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) recordSet(database, placed, deadline === KEEP_DEADLINE, event);
  return placed;
}

/** `SET key value` as a client sent it: unless the store adds a deadline, it is its own effect. */
export function setPlain(
  database: Database,
  entry: number,
  frame: Frame,
  deadline: number,
): number {
  const source = argumentSlice(database, frame, 2);
  const placed = placeString(database, entry, frame, 1, source, deadline);
  const store = database.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (!store.sink.isActive) return placed;
  if (deadline !== NO_DEADLINE) recordSet(database, placed, false, EVENT.set);
  else {
    store.sink.record(store.effect.borrow(frame, database.index, 1), EVENT.set, store.actorId);
  }
  return placed;
}

/**
 * SET of JSON other than a string: the same bytes, and the mark that HTTP reads them by.
 */
export function setJsonArgument(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  valueArg: number,
  deadline: number | bigint,
  event: number,
): number {
  const source = argumentSlice(database, frame, valueArg);
  const placed = placeString(database, entry, frame, keyArg, source, deadline);
  markJson(database, placed);
  const store = database.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) recordSet(database, placed, deadline === KEEP_DEADLINE, event);
  return placed;
}

/** Whether the value is JSON other than a string, as HTTP wrote it. */
export function isJson(database: Database, entry: number): boolean {
  const { memory } = database;
  memory.locate(entry);
  return (memory.view.getUint32(memory.base, true) & FLAG.JSON) !== 0;
}

/** Marks it as JSON other than a string. */
export function markJson(database: Database, entry: number): void {
  const { memory } = database;
  memory.beforeChange(entry);
  memory.locate(entry);
  const { view, base } = memory;
  view.setUint32(base, view.getUint32(base, true) | FLAG.JSON, true);
}

/** SET without its record. */
export function placeString(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  value: Slice,
  deadline: number | bigint,
): number {
  const { view, offset, length } = value;
  const first = length === 0 ? 0 : view.getUint8(offset);
  if (length <= INT_TEXT_BYTES_MAX && ((first >= DIGIT_0 && first <= DIGIT_9) || first === MINUS)) {
    return setNumericText(database, entry, frame, keyArg, value, deadline);
  }
  const kind = length <= EMBSTR_BYTES_MAX ? KIND_EMBSTR : KIND_RAW;
  return putBytes(database, entry, frame, keyArg, value, kind, deadline);
}

/**
 * SET with a value that a command computed (BITOP, INCRBYFLOAT): digits stay bytes, as in Redis.
 * @param isRaw     RAW even when it is short
 * @param keepJson  a number that HTTP wrote stays one
 */
export function setComputedString(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  value: Slice,
  deadline: number | bigint,
  event: number,
  isRaw: boolean,
  keepJson = false,
): number {
  const wasJson = keepJson && entry !== 0 && isJson(database, entry);
  const kind = isRaw || value.length > EMBSTR_BYTES_MAX ? KIND_RAW : KIND_EMBSTR;
  const placed = putBytes(database, entry, frame, keyArg, value, kind, deadline);
  if (wasJson) markJson(database, placed);
  const store = database.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) recordSet(database, placed, deadline === KEEP_DEADLINE, event);
  return placed;
}

/**
 * Adds to an integer where it stands: INCR, when nothing has to be made.
 * @returns the sum; NaN, and nothing was changed, when the value is not an integer in binary, or
 *          value or sum is beyond 2^53-1
 */
export function addInPlace(
  database: Database,
  entry: number,
  delta: number,
  event: number,
): number {
  const memory = database.memory;
  memory.locate(entry);
  const { view, base } = memory;
  const word0 = view.getUint32(base, true);
  if ((word0 & 0xff) !== KIND_INT) return Number.NaN;
  const at = base + headerBytes(word0) + keyLength(view, base, word0);
  const value = view.getInt32(at + 4, true) * HIGH_WORD + view.getUint32(at, true);
  const sum = value + delta;
  if (!Number.isSafeInteger(value) || !Number.isSafeInteger(sum)) return Number.NaN;
  memory.beforeChange(entry);
  writeInteger(view, at, sum);
  memory.locate(entry);
  database.touchLocated();
  const store = database.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) recordSet(database, entry, true, event);
  return sum;
}

/** Gives the key that integer; keeps its deadline. A new key gets the store's default. */
export function setInteger(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  value: number | bigint,
  event: number,
): number {
  const store = database.store;
  const deadline = entry === 0 ? store.newDeadline() : KEEP_DEADLINE;
  const wasJson = entry !== 0 && isJson(database, entry);
  const placed = putInteger(database, entry, frame, keyArg, value, deadline);
  if (wasJson) markJson(database, placed);
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) recordSet(database, placed, deadline < 0, event);
  return placed;
}

function openInteger(slice: Slice, view: DataView, offset: number): Slice {
  const low = view.getUint32(offset, true);
  const high = view.getInt32(offset + 4, true);
  const value = high * HIGH_WORD + low;
  slice.useScratch();
  if (Number.isSafeInteger(value)) {
    slice.length = writeDigits(slice.bytes, 0, value);
  } else {
    const text = view.getBigInt64(offset, true).toString();
    for (let i = 0; i < text.length; i++) slice.bytes[i] = text.charCodeAt(i);
    slice.length = text.length;
  }
  return slice;
}

function setNumericText(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  value: Slice,
  deadline: number | bigint,
): number {
  const integer = parseSafeInteger(value.bytes, value.offset, value.length);
  if (!Number.isNaN(integer)) return putInteger(database, entry, frame, keyArg, integer, deadline);
  if (value.length >= 16) {
    const integer64 = parseInt64(value.bytes, value.offset, value.length);
    if (integer64 !== null) return putInteger(database, entry, frame, keyArg, integer64, deadline);
  }
  return putBytes(database, entry, frame, keyArg, value, KIND_EMBSTR, deadline);
}

function putInteger(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  value: number | bigint,
  deadline: number | bigint,
): number {
  const placed = makeSpace(database, entry, frame, keyArg, KIND_INT, INT_BYTES, deadline);
  const { view } = database.memory;
  const at = database.valueAt;
  if (typeof value === 'bigint') {
    view.setBigInt64(at, value, true);
  } else {
    writeInteger(view, at, value);
  }
  if (placed !== entry) database.install(placed, entry, deadline);
  return placed;
}

function putBytes(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  value: Slice,
  kind: number,
  deadline: number | bigint,
): number {
  const length = value.length;
  const placed = makeSpace(database, entry, frame, keyArg, kind, length, deadline);
  const { view, bytes } = database.memory;
  copyBytes(view, bytes, database.valueAt, value.view, value.bytes, value.offset, length);
  if (placed !== entry) database.install(placed, entry, deadline);
  return placed;
}

/** A safe integer as an int64. */
function writeInteger(view: DataView, at: number, value: number): void {
  if (value === (value | 0)) {
    view.setInt32(at, value, true);
    view.setInt32(at + 4, value >> 31, true);
    return;
  }
  // The rest of a division by 2^32, without `%`, which calls fmod.
  const high = Math.floor(value / HIGH_WORD);
  view.setUint32(at, value - high * HIGH_WORD, true);
  view.setInt32(at + 4, high, true);
}

function keyLengthLocated(database: Database): number {
  const { view, base } = database.memory;
  return keyLength(view, base, view.getUint32(base, true));
}

/** Records `SET key value [PXAT ms | KEEPTTL] [JSON]`. */
function recordSet(database: Database, entry: number, keeps: boolean, event: number): void {
  const store = database.store;
  const key = database.keySlice(entry);
  const effect = store.effect.begin('SET', database.index, 1);
  effect.bytes(key.bytes, key.offset, key.length);
  const value = openString(database, entry);
  effect.bytes(value.bytes, value.offset, value.length);
  const { view, base } = database.memory;
  const word0 = view.getUint32(base, true);
  if (keeps) effect.text('KEEPTTL');
  else if ((word0 & FLAG.DEADLINE) !== 0) {
    effect.text('PXAT').number(view.getBigInt64(base + deadlineOffset(word0), true));
  }
  if ((word0 & FLAG.JSON) !== 0) effect.text('JSON');
  store.recordEffect(event);
}
