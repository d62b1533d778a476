/**
 * Deadlines of a hash's fields, for which RDB has no place: AUX fields of ours, before the key in a
 * file and behind the value in a payload of DUMP. What does not fit the hash it comes with is left
 * out; what cannot be read at all is refused with the key.
 */
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import { OpenHash } from '../../engine/values/hash/open-hash.ts';
import { RdbReader } from '../rdb-reader.ts';

const FORM = 0;
const DEADLINE_BYTES = 8;
const DEADLINE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** Whether the text can be read to its end. Throws RdbError when not. */
export function checkFieldDeadlines(text: Uint8Array): void {
  eachDeadline(text, () => {});
}

/** Gives the fields of a hash that has just been installed their deadlines. */
export function setFieldDeadlines(
  database: Database,
  entry: number,
  texts: readonly Uint8Array[],
): void {
  if (database.typeOf(entry) !== TYPE.HASH) return;
  const hash = new OpenHash().open(database, entry);
  for (const text of texts) {
    eachDeadline(text, (field, deadlineMs) => {
      const isThere = hash.locate(field.view, field.bytes, field.offset, field.length);
      if (isThere) hash.setDeadline(field, deadlineMs);
    });
  }
}

function eachDeadline(text: Uint8Array, visit: (field: Slice, deadlineMs: number) => void): void {
  const reader = RdbReader.ofBytes(text);
  const field = new Slice();
  if (reader.readByte() !== FORM) reader.fail('deadlines of fields in an unknown form');
  while (reader.left > 0) {
    reader.readString(field);
    reader.need(DEADLINE_BYTES);
    const deadline = reader.readInt64();
    if (deadline <= 0n || deadline > DEADLINE_MAX) reader.fail('deadline of a field out of range');
    visit(field, Number(deadline));
  }
}
