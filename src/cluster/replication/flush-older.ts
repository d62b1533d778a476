import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { AddressBuffer } from '../../engine/keyspace/hash-index.ts';
import { isNewer } from './stamp.ts';
import type { StampTable } from './stamp-table.ts';

const STEP_ENTRY_COUNT = 256;

/**
 * Removes the keys that were changed no later than that, and keeps the others: a flush that meets
 * what was written elsewhere after it. One walk over the database.
 */
export function dropOlder(database: Database, table: StampTable, high: number, low: number): void {
  const addresses = new AddressBuffer(STEP_ENTRY_COUNT);
  let cursor = 0;
  do {
    cursor = database.scan(cursor, STEP_ENTRY_COUNT, addresses);
    for (let i = 0; i < addresses.count; i++) {
      const entry = addresses.addresses[i];
      const { bytes, view, offset, length } = database.keySlice(entry);
      const slot = table.slotOf(bytes, offset, length);
      table.find(slot, table.tagOf(view, offset, length, slot));
      if (!isNewer(table.high, table.low, high, low)) database.removeUnfound(entry, EVENT.del);
    }
  } while (cursor !== 0);
}
