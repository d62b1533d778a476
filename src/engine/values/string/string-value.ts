/**
 * String values: int64 in binary when the text is a canonical integer, else the bytes as they are.
 * Encodings are Redis': INT, EMBSTR for a fresh value of up to 44 bytes, RAW for longer ones and
 * for whatever was changed in place.
 */
import { copyBytes } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { parseInt64, parseSafeInteger, writeDigits } from '../../../base/numbers.ts';
import { type Database, KEEP_DEADLINE, NO_DEADLINE } from '../../database.ts';
import { overwrittenAccess } from '../../entry-access.ts';
import {
  deadlineOffset,
  ENCODING,
  EXTENDED_OFFSET,
  FLAG,
  headerBytes,
  keyLength,
  TYPE,
  VALUE_LENGTH_INLINE_MAX,
  valueLength,
} from '../../keyspace/entry.ts';
import { writeEntry } from '../../keyspace/entry-writer.ts';
import type { Slice } from '../../slice.ts';
import { STORE_STAT } from '../../store-stats.ts';

const EMBSTR_BYTES_MAX = 44;
const INT_BYTES = 8;
/** Longest text of an int64. */
const INT_TEXT_BYTES_MAX = 20;
const HIGH_WORD = 0x1_0000_0000;
const DIGIT_0 = 48;
const DIGIT_9 = 57;
const MINUS = 45;
/** Most that a growing string is given beyond its need, as Redis' SDS does. */
const SPARE_BYTES_MAX = 1024 * 1024;
/** A block that a shorter value would leave emptier than this is given back. */
const KEPT_FRACTION = 2;

const KIND_INT = TYPE.STRING | (ENCODING.INT << 4);
const KIND_EMBSTR = TYPE.STRING | (ENCODING.EMBSTR << 4);
const KIND_RAW = TYPE.STRING | (ENCODING.RAW << 4);

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
  const source = database.sourceSlice;
  source.bytes = frame.bytes;
  source.view = frame.view;
  source.offset = frame.offsets[valueArg];
  source.length = frame.lengths[valueArg];
  return setString(database, entry, frame, keyArg, source, deadline, event);
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
  const { view, offset, length } = value;
  let placed: number;
  const first = length === 0 ? 0 : view.getUint8(offset);
  if (length <= INT_TEXT_BYTES_MAX && ((first >= DIGIT_0 && first <= DIGIT_9) || first === MINUS)) {
    placed = setNumericText(database, entry, frame, keyArg, value, deadline);
  } else {
    const kind = length <= EMBSTR_BYTES_MAX ? KIND_EMBSTR : KIND_RAW;
    placed = putBytes(database, entry, frame, keyArg, value, kind, deadline);
  }
  const store = database.store;
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) recordSet(database, placed, deadline === KEEP_DEADLINE, event);
  return placed;
}

/**
 * SET with a value that a command computed (BITOP, INCRBYFLOAT): digits stay bytes, as in Redis.
 * @param isRaw  RAW even when it is short
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
): number {
  const kind = isRaw || value.length > EMBSTR_BYTES_MAX ? KIND_RAW : KIND_EMBSTR;
  const placed = putBytes(database, entry, frame, keyArg, value, kind, deadline);
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
  const placed = putInteger(database, entry, frame, keyArg, value, deadline);
  store.stats[STORE_STAT.CHANGES]++;
  if (store.sink.isActive) recordSet(database, placed, deadline < 0, event);
  return placed;
}

/**
 * Makes the key hold a raw string of at least `length` bytes, zero-filled beyond its old end, with
 * spare room so that repeated appending does not copy each time. Keeps the deadline; a new key gets
 * the store's default. Not recorded:
 * the caller writes into `openString` and then records its command.
 */
export function growString(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  length: number,
): number {
  const memory = database.memory;
  let oldLength = 0;
  let old: Slice | null = null;
  if (entry !== 0) {
    old = openString(database, entry);
    oldLength = old.length;
    const grown = Math.max(length, oldLength);
    memory.beforeChange(entry);
    const word0 = memory.view.getUint32(memory.base, true);
    const isBytes = (word0 & 0xf0) !== ENCODING.INT << 4;
    if (isBytes && (word0 & FLAG.EXTENDED) !== 0 && grown <= capacityLocated(database)) {
      memory.view.setUint32(memory.base, (word0 & ~(0xff | FLAG.JSON)) | KIND_RAW, true);
      memory.view.setUint32(memory.base + EXTENDED_OFFSET, grown, true);
      if (grown > oldLength) {
        memory.bytes.fill(0, old.offset + oldLength, old.offset + grown);
      }
      return entry;
    }
  }
  const total = Math.max(length, oldLength);
  const plan = entry === 0 ? database.planFor(frame, keyArg) : database.planFrom(entry);
  plan.kind = KIND_RAW;
  plan.valueLength = total;
  plan.capacity = entry === 0 ? total : total + Math.min(total, SPARE_BYTES_MAX);
  const deadline = entry === 0 ? database.store.newDeadline() : KEEP_DEADLINE;
  if (entry === 0) plan.hasDeadline = deadline !== NO_DEADLINE;
  const placed = writeEntry(memory, plan);
  const at = memory.base + headerBytes(memory.view.getUint32(memory.base, true)) + plan.keyLength;
  if (old !== null) {
    copyBytes(memory.view, memory.bytes, at, old.view, old.bytes, old.offset, oldLength);
  }
  memory.bytes.fill(0, at + oldLength, at + total);
  database.install(placed, entry, deadline);
  database.newDeadlineMs = entry === 0 ? deadline : NO_DEADLINE;
  return placed;
}

/**
 * The bytes, to be changed where they lie: the value is RAW from now on, as Redis unshares it. It
 * must not be an integer. Not recorded: the caller records its command.
 */
export function openStringToChange(database: Database, entry: number): Slice {
  const memory = database.memory;
  memory.beforeChange(entry);
  memory.locate(entry);
  const word0 = memory.view.getUint32(memory.base, true);
  if ((word0 & 0xff) !== KIND_RAW) {
    memory.view.setUint32(memory.base, (word0 & ~(0xff | FLAG.JSON)) | KIND_RAW, true);
  }
  return openString(database, entry);
}

/**
 * Gives a value of bytes exactly that length, in its block when it has the room, else in a new one
 * with `spare` bytes to grow. Bytes beyond the old end hold anything: the caller writes them, and
 * records its command.
 * @returns the entry's address
 */
export function resizeString(
  database: Database,
  entry: number,
  length: number,
  spare: number,
): number {
  const memory = database.memory;
  const old = openString(database, entry);
  const word0 = memory.view.getUint32(memory.base, true);
  const isExtended = (word0 & FLAG.EXTENDED) !== 0;
  const hasRoom = isExtended
    ? length <= capacityLocated(database)
    : spare === 0 && fits(database, word0, length);
  if (hasRoom) {
    memory.beforeChange(entry);
    memory.locate(entry);
    memory.view.setUint32(memory.base, (word0 & ~(0xff | FLAG.JSON)) | KIND_RAW, true);
    if (isExtended) memory.view.setUint32(memory.base + EXTENDED_OFFSET, length, true);
    else memory.view.setUint8(memory.base + 4, length);
    return entry;
  }
  const plan = database.planFrom(entry);
  const kept = Math.min(length, old.length);
  plan.kind = KIND_RAW;
  plan.valueLength = length;
  plan.capacity = length + spare;
  const placed = writeEntry(memory, plan);
  const at = memory.base + headerBytes(memory.view.getUint32(memory.base, true)) + plan.keyLength;
  copyBytes(memory.view, memory.bytes, at, old.view, old.bytes, old.offset, kept);
  database.refind(entry);
  database.install(placed, entry, KEEP_DEADLINE);
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

/**
 * Space for a value of `length` bytes under that key: the entry's own block when it fits (then the
 * deadline is changed here, and the same address comes back), else a new block that the caller
 * fills and installs. `database.valueAt` is where the value goes; memory is located at the block.
 */
function makeSpace(
  database: Database,
  entry: number,
  frame: Frame,
  keyArg: number,
  kind: number,
  length: number,
  deadline: number | bigint,
): number {
  const memory = database.memory;
  let hasDeadline = deadline !== NO_DEADLINE && deadline !== KEEP_DEADLINE;
  if (entry !== 0) {
    memory.locate(entry);
    const word0 = memory.view.getUint32(memory.base, true);
    const hadDeadline = (word0 & FLAG.DEADLINE) !== 0;
    if (deadline === KEEP_DEADLINE) hasDeadline = hadDeadline;
    if (hadDeadline === hasDeadline && fits(database, word0, length)) {
      memory.beforeChange(entry);
      if (hasDeadline && deadline !== KEEP_DEADLINE) {
        database.changeDeadline(entry, deadline);
        memory.locate(entry);
      }
      overwriteHeader(database, word0, kind, length);
      return entry;
    }
  }
  const plan = database.planFor(frame, keyArg, entry);
  plan.kind = kind;
  plan.valueLength = length;
  plan.capacity = length;
  plan.hasDeadline = hasDeadline;
  const placed = writeEntry(memory, plan);
  const word0 = memory.view.getUint32(memory.base, true);
  database.valueAt = memory.base + headerBytes(word0) + plan.keyLength;
  return placed;
}

/** Whether a value of `length` bytes may take the place of the located entry's. */
function fits(database: Database, word0: number, length: number): boolean {
  const { view, base } = database.memory;
  if ((word0 & 15) !== TYPE.STRING) return false;
  if ((word0 & FLAG.EXTENDED) !== 0) {
    const capacity = capacityLocated(database);
    return length <= capacity && length * KEPT_FRACTION >= capacity;
  }
  const oldLength = view.getUint8(base + 4);
  if (length === oldLength) return true;
  if (length > VALUE_LENGTH_INLINE_MAX) return false;
  const rest = headerBytes(word0) + keyLength(view, base, word0);
  const memory = database.memory;
  return memory.classBytes(rest + length) === memory.classBytes(rest + oldLength);
}

function overwriteHeader(database: Database, word0: number, kind: number, length: number): void {
  const { view, base } = database.memory;
  view.setUint32(base, (word0 & ~(0xff | FLAG.JSON)) | kind, true);
  const access = overwrittenAccess(database);
  if ((word0 & FLAG.EXTENDED) === 0) {
    view.setUint32(base + 4, length | (access << 8), true);
  } else {
    view.setUint32(base + 4, 0xff | (access << 8), true);
    view.setUint32(base + EXTENDED_OFFSET, length, true);
  }
  database.valueAt = base + headerBytes(word0) + keyLength(view, base, word0);
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

function capacityLocated(database: Database): number {
  return database.memory.view.getUint32(database.memory.base + EXTENDED_OFFSET + 4, true);
}

function keyLengthLocated(database: Database): number {
  const { view, base } = database.memory;
  return keyLength(view, base, view.getUint32(base, true));
}

/** Records `SET key value [PXAT ms | KEEPTTL]`. */
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
  store.recordEffect(event);
}
