import type { Database } from '../../engine/database.ts';

/** A copy of a hash's field, null for none. No value is a hash yet. */
export function readHashField(
  _database: Database,
  _entry: number,
  _field: Uint8Array,
): Uint8Array | null {
  return null;
}
