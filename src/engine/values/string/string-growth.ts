import { copyBytes } from '../../../base/bytes.ts';
import type { Frame } from '../../../base/frame.ts';
import { type Database, KEEP_DEADLINE, NO_DEADLINE } from '../../database.ts';
import { ENCODING, EXTENDED_OFFSET, FLAG, headerBytes } from '../../keyspace/entry.ts';
import { writeEntry } from '../../keyspace/entry-writer.ts';
import type { Slice } from '../../slice.ts';
import { capacityLocated, fits, KIND_RAW } from './string-space.ts';
import { openString } from './string-value.ts';

/** Strings that are changed where they lie, and given room for it. */

/** Most that a growing string is given beyond its need, as Redis' SDS does. */
const SPARE_BYTES_MAX = 1024 * 1024;

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
    memory.locate(entry);
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
  plan.flags = 0;
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
  if ((word0 & (0xff | FLAG.JSON)) !== KIND_RAW) {
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
    const flags = memory.view.getUint32(memory.base, true) & ~(0xff | FLAG.JSON);
    memory.view.setUint32(memory.base, flags | KIND_RAW, true);
    if (isExtended) memory.view.setUint32(memory.base + EXTENDED_OFFSET, length, true);
    else memory.view.setUint8(memory.base + 4, length);
    return entry;
  }
  const plan = database.planFrom(entry);
  const kept = Math.min(length, old.length);
  plan.kind = KIND_RAW;
  plan.flags = 0;
  plan.valueLength = length;
  plan.capacity = length + spare;
  const placed = writeEntry(memory, plan);
  const at = memory.base + headerBytes(memory.view.getUint32(memory.base, true)) + plan.keyLength;
  copyBytes(memory.view, memory.bytes, at, old.view, old.bytes, old.offset, kept);
  database.refind(entry);
  database.install(placed, entry, KEEP_DEADLINE);
  return placed;
}
