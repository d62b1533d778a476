/** What an entry holds beside its block: trees, and a place in the schedule of fields. */
import type { Database } from './database.ts';
import { FLAG } from './keyspace/entry.ts';
import { releaseTrees } from './values/tree-record.ts';

/** Flags of entries that hold something. */
export const FLAGS_HELD = FLAG.TREE | FLAG.SCHEDULED;

/**
 * Gives back what the replaced entry held. What the new one has too has moved to it.
 * @param flags  of the replaced entry. Memory is located at it afterwards
 */
export function releaseReplaced(
  database: Database,
  replaced: number,
  flags: number,
  entry: number,
): void {
  const { memory } = database;
  memory.locate(entry);
  releaseHoldings(database, replaced, flags & ~memory.view.getUint32(memory.base, true));
  memory.locate(replaced);
}

/** @param flags  what of FLAGS_HELD is to be given back; others are looked past */
export function releaseHoldings(database: Database, entry: number, flags: number): void {
  // First: the earliest deadline is read in the trees.
  if ((flags & FLAG.SCHEDULED) !== 0) database.fieldSchedule.removeEntry(database, entry);
  if ((flags & FLAG.TREE) !== 0) releaseTrees(database, entry);
}
