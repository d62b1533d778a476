/**
 * Deadlines of a hash's fields. In a listpack they stand behind their values; a large hash has a
 * second tree, ordered by deadline, whose payloads are the hashes of the fields, so that who is due
 * is found without a walk. Cost there: 15 bytes a field with a deadline.
 */
import { assert } from '../../../base/errors.ts';
import type { Database } from '../../database.ts';
import { FLAG, headerBytes, keyLength } from '../../keyspace/entry.ts';
import type { TieOrder, TreeCursor } from '../../tree/tree-cursor.ts';
import { elementBytes, elementInteger, isEnd, LISTPACK_HEADER_BYTES } from '../packed/listpack.ts';
import { recordTree } from '../tree-record.ts';
import { NO_FIELD_DEADLINE } from './field-payload.ts';

/** What the earliest deadline of a hash is that has none. */
export const NEVER_MS = Number.POSITIVE_INFINITY;
/** Which tree of the record it is. */
export const DEADLINE_TREE = 1;

const PAYLOAD_BYTES = 4;

class HashOrder implements TieOrder {
  hash = 0;

  compare(_bytes: Uint8Array, view: DataView, offset: number): number {
    return view.getUint32(offset, true) - this.hash;
  }
}

const ORDER = new HashOrder();

export function addDeadline(cursor: TreeCursor, tree: number, deadlineMs: number, hash: number) {
  ORDER.hash = hash;
  cursor.seekTied(tree, deadlineMs, ORDER);
  cursor.insertHere(deadlineMs, PAYLOAD_BYTES);
  cursor.view.setUint32(cursor.payloadOffset, hash, true);
}

export function removeDeadline(cursor: TreeCursor, tree: number, deadlineMs: number, hash: number) {
  ORDER.hash = hash;
  assert(cursor.seekTied(tree, deadlineMs, ORDER), 'the deadline of a field is in its tree');
  cursor.removeHere();
}

/** Deadline of the tuple of three that begins at `at` of a listpack. */
export function packedDeadline(view: DataView, at: number): number {
  const valueAt = at + elementBytes(view, at);
  return elementInteger(view, valueAt + elementBytes(view, valueAt));
}

/**
 * The earliest deadline of a hash that has FLAG.SCHEDULED; it may have passed.
 * @param cursor  of the database's trees
 */
export function earliestDeadline(database: Database, entry: number, cursor: TreeCursor): number {
  const { memory } = database;
  memory.locate(entry);
  const { view, base } = memory;
  const word0 = view.getUint32(base, true);
  const at = base + headerBytes(word0) + keyLength(view, base, word0);
  if ((word0 & FLAG.TREE) !== 0) {
    return cursor.seekFirst(recordTree(view, at, DEADLINE_TREE)) ? cursor.key : NEVER_MS;
  }
  let earliestMs = NEVER_MS;
  let place = at + LISTPACK_HEADER_BYTES;
  while (!isEnd(view, place)) {
    place += elementBytes(view, place);
    place += elementBytes(view, place);
    const deadlineMs = elementInteger(view, place);
    if (deadlineMs !== NO_FIELD_DEADLINE && deadlineMs < earliestMs) earliestMs = deadlineMs;
    place += elementBytes(view, place);
  }
  return earliestMs;
}
