/** What a hash does for the deadlines of its fields beside keeping them (`open-hash.ts`). */
import type { Database } from '../../database.ts';
import { FORMAT } from '../../tree/page-layout.ts';
import type { TreeCursor } from '../../tree/tree-cursor.ts';
import { addDeadline, NEVER_MS, removeDeadline } from './field-deadlines.ts';
import { NO_FIELD_DEADLINE } from './field-payload.ts';
import { addRecordTree } from './hash-forms.ts';
import type { OpenHash } from './open-hash.ts';

/** The earliest deadline, under which the hash is scheduled. */
export function scheduledMs(hash: OpenHash): number {
  if (!hash.isScheduled) return NEVER_MS;
  const database = hash.database as Database;
  return database.fieldSchedule.earliestOf(database, hash.entry);
}

/**
 * After a field's deadline has changed from `oldMs` to `newMs`.
 * @param fromMs  what `scheduledMs` was before
 */
export function reschedule(hash: OpenHash, fromMs: number, oldMs: number, newMs: number): void {
  const database = hash.database as Database;
  const { fieldSchedule } = database;
  let toMs = fromMs;
  if (oldMs === fromMs) toMs = fieldSchedule.earliestOf(database, hash.entry);
  else if (newMs !== NO_FIELD_DEADLINE && newMs < fromMs) toMs = newMs;
  hash.isScheduled = toMs !== NEVER_MS;
  fieldSchedule.move(database, hash.entry, fromMs, toMs);
}

/**
 * Follows a change of a field's deadline in the tree of deadlines, made when it is missing (0).
 * @returns  that tree
 */
export function changeDeadlineTree(
  hash: OpenHash,
  cursor: TreeCursor,
  tree: number,
  change: { oldMs: number; newMs: number; fieldHash: number },
): number {
  const { oldMs, newMs, fieldHash } = change;
  let id = tree;
  if (id === 0) {
    const database = hash.database as Database;
    id = database.trees.create(FORMAT.SLOTTED64);
    hash.entry = addRecordTree(database, hash.entry, id);
  }
  if (oldMs !== NO_FIELD_DEADLINE) removeDeadline(cursor, id, oldMs, fieldHash);
  if (newMs !== NO_FIELD_DEADLINE) addDeadline(cursor, id, newMs, fieldHash);
  return id;
}
