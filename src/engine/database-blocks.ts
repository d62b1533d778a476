import type { Database } from './database.ts';
import { filterPageBytes } from './filter/filter-layout.ts';
import { entryBytes, FLAG, TYPE } from './keyspace/entry.ts';
import { tableBlockBytes } from './keyspace/table-layout.ts';
import type { BlockOwner } from './memory/compaction.ts';
import { blobBytes, pageBytes } from './tree/page-layout.ts';

/** What compaction must know of a database's blocks, and whom it tells that it moved one. */
export class DatabaseBlocks implements BlockOwner {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  blockBytes(view: DataView, base: number): number {
    switch (view.getUint8(base) & 15) {
      case TYPE.INDEX_TABLE:
        return tableBlockBytes(view, base);
      case TYPE.FILTER_PAGE:
        return filterPageBytes(view, base);
      case TYPE.TREE_PAGE:
        return pageBytes(view, base);
      case TYPE.TREE_BLOB:
        return blobBytes(view, base);
      default:
        return entryBytes(view, base);
    }
  }

  onMove(from: number, to: number): void {
    const { entries, memory, trees, wheel } = this.database;
    const word0 = memory.view.getUint32(memory.base, true);
    const type = word0 & 15;
    if (type === TYPE.INDEX_TABLE) return entries.relocateTable(to);
    if (type === TYPE.FILTER_PAGE) return this.database.filter?.relocatePage(to);
    if (type === TYPE.TREE_PAGE) return trees.relocatePage(from, to);
    if (type === TYPE.TREE_BLOB) return trees.relocateBlob(from, to);
    entries.relocate(this.database.hashOf(to), from, to);
    if ((word0 & FLAG.DEADLINE) !== 0) wheel?.relocate(from, to);
  }
}
