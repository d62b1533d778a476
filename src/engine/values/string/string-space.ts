import type { Frame } from '../../../base/frame.ts';
import { type Database, KEEP_DEADLINE, NO_DEADLINE } from '../../database.ts';
import { overwrittenAccess } from '../../entry-access.ts';
import {
  ENCODING,
  EXTENDED_OFFSET,
  FLAG,
  headerBytes,
  keyLength,
  TYPE,
  VALUE_LENGTH_INLINE_MAX,
} from '../../keyspace/entry.ts';
import { writeEntry } from '../../keyspace/entry-writer.ts';

/** Where a string's value goes: into the block that the key has, or into a new one. */

export const KIND_INT = TYPE.STRING | (ENCODING.INT << 4);
export const KIND_EMBSTR = TYPE.STRING | (ENCODING.EMBSTR << 4);
export const KIND_RAW = TYPE.STRING | (ENCODING.RAW << 4);

/** A block that a shorter value would leave emptier than this is given back. */
const KEPT_FRACTION = 2;

/**
 * Space for a value of `length` bytes under that key: the entry's own block when it fits (then the
 * deadline is changed here, and the same address comes back), else a new block that the caller
 * fills and installs. `database.valueAt` is where the value goes; memory is located at the block.
 */
export function makeSpace(
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
      overwriteHeader(database, kind, length);
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
export function fits(database: Database, word0: number, length: number): boolean {
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

function overwriteHeader(database: Database, kind: number, length: number): void {
  const { view, base } = database.memory;
  const word0 = view.getUint32(base, true);
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

export function capacityLocated(database: Database): number {
  return database.memory.view.getUint32(database.memory.base + EXTENDED_OFFSET + 4, true);
}
