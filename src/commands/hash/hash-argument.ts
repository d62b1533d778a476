import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { noteExpiredFields } from '../../engine/expiry/field-expiry.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { PACKED_BYTES_MAX } from '../../engine/values/hash/hash-forms.ts';
import type { HashLimits } from '../../engine/values/hash/hash-limits.ts';
import { OpenHash } from '../../engine/values/hash/open-hash.ts';
import { reserveForArguments } from '../../engine/values/packed/packed-room.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import type { Session } from '../session.ts';

/** Work areas of whatever hash command runs; they hold nothing between two commands. */
export const HASH = new OpenHash();
export const FIELD = new Slice();
export const VALUE = new Slice();

/** False after the error reply: the key holds another type. */
export function isHash(database: Database, entry: number, reply: ReplyWriter): boolean {
  if (database.typeOf(entry) === TYPE.HASH) return true;
  reply.error(ERRORS.wrongType);
  return false;
}

/** Opens the hash under argument 1 to read it; false when it is missing or after an error reply. */
export function openForReading(database: Database, frame: Frame, reply: ReplyWriter): boolean {
  const entry = database.read(frame, 1);
  HASH.entry = entry;
  if (entry === 0 || !isHash(database, entry, reply)) return false;
  HASH.open(database, entry);
  return true;
}

/**
 * Opens the hash under argument 1, making it when it is missing; false after the error reply.
 * @param step  fields are every step-th argument from 2 on
 */
export function openForWriting(
  database: Database,
  frame: Frame,
  reply: ReplyWriter,
  step: number,
): boolean {
  const entry = database.find(frame, 1);
  if (entry === 0) {
    HASH.create(database, frame, 1);
    HASH.open(database, reserveForArguments(database, HASH.entry, frame, 2, PACKED_BYTES_MAX));
    return true;
  }
  if (!isHash(database, entry, reply)) return false;
  if (!openForChange(database, entry, frame, 2, step)) HASH.create(database, frame, 1);
  return true;
}

/**
 * Opens a hash to change it. Of the fields that the arguments name those go first whose deadline
 * has passed, and that is recorded: what follows means the same wherever it is applied.
 * @param step  fields are every step-th argument from `firstArg` on
 * @returns     false when the hash lost its last field by that, and is gone
 */
export function openForChange(
  database: Database,
  entry: number,
  frame: Frame,
  firstArg: number,
  step: number,
): boolean {
  HASH.open(database, entry);
  return !HASH.isScheduled || dropExpired(database, frame, firstArg, step);
}

function dropExpired(database: Database, frame: Frame, firstArg: number, step: number): boolean {
  const { view, bytes, offsets, lengths } = frame;
  const { isActive } = database.store.sink;
  const { effect } = database.store;
  let removed = 0;
  for (let arg = firstArg; arg < frame.count; arg += step) {
    if (!HASH.locate(view, bytes, offsets[arg], lengths[arg]) || !HASH.isExpired()) continue;
    if (isActive && removed === 0) database.beginEffect('HDEL', HASH.entry);
    if (isActive) effect.bytes(bytes, offsets[arg], lengths[arg]);
    HASH.removeFound();
    removed++;
  }
  if (removed > 0) noteExpiredFields(database, removed);
  if (HASH.count > 0) return true;
  database.dropEmptied(HASH.entry);
  return false;
}

export function limitsOf(session: Session): HashLimits {
  return session.node.configuration.encoding;
}

/** Lets `slice` show an argument. */
export function showArgument(frame: Frame, arg: number, slice: Slice): Slice {
  slice.bytes = frame.bytes;
  slice.view = frame.view;
  slice.offset = frame.offsets[arg];
  slice.length = frame.lengths[arg];
  return slice;
}

export function findArgument(frame: Frame, arg: number): boolean {
  return HASH.find(frame.view, frame.bytes, frame.offsets[arg], frame.lengths[arg]);
}

export function writeSlice(reply: ReplyWriter, slice: Slice): void {
  reply.bulkView(slice.bytes, slice.view, slice.offset, slice.length);
}

/** After removals that were recorded: an empty hash goes, a small one is packed again. */
export function settleShrunk(database: Database): void {
  if (HASH.count === 0) database.dropEmptied(HASH.entry);
  else HASH.settleShrunk();
}
