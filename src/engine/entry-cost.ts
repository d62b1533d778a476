import type { Database } from './database.ts';
import { entryBytes } from './keyspace/entry.ts';
import { treeBytes } from './values/tree-record.ts';

/** What the key costs: its block, its trees, and its share of the index. */
export function entryMemoryBytes(database: Database, entry: number): number {
  const { memory, entries } = database;
  memory.locate(entry);
  const block = memory.classBytes(entryBytes(memory.view, memory.base));
  const share = Math.round(entries.byteCount / Math.max(1, entries.count));
  return block + treeBytes(database, entry) + share;
}
