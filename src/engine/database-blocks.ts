import type { Database } from './database.ts';
import { entryBytes, FLAG, TYPE } from './keyspace/entry.ts';
import { tableBlockBytes } from './keyspace/table-layout.ts';
import type { BlockOwner } from './memory/compaction.ts';

/** What compaction must know of a database's blocks, and whom it tells that it moved one. */
export class DatabaseBlocks implements BlockOwner {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  blockBytes(view: DataView, base: number): number {
    const isTable = (view.getUint8(base) & 15) === TYPE.INDEX_TABLE;
    return isTable ? tableBlockBytes(view, base) : entryBytes(view, base);
  }

  onMove(from: number, to: number): void {
    const { entries, memory, wheel } = this.database;
    const word0 = memory.view.getUint32(memory.base, true);
    if ((word0 & 15) === TYPE.INDEX_TABLE) return entries.relocateTable(to);
    entries.relocate(this.database.hashOf(to), from, to);
    if ((word0 & FLAG.DEADLINE) !== 0) wheel?.relocate(to);
  }
}
