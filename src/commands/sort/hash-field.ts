import type { Database } from '../../engine/database.ts';
import { Slice } from '../../engine/slice.ts';
import { OpenHash } from '../../engine/values/hash/open-hash.ts';

/** Work areas: they hold nothing between two calls. */
const HASH = new OpenHash();
const VALUE = new Slice();

/** Shows a field's value until the next call or change; null for none. */
export function readHashField(database: Database, entry: number, field: Uint8Array): Slice | null {
  const view = new DataView(field.buffer, field.byteOffset, field.length);
  if (!HASH.open(database, entry).find(view, field, 0, field.length)) return null;
  HASH.readValue(VALUE);
  return VALUE;
}
