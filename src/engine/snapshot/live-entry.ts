import type { Database } from '../database.ts';
import type { Memory } from '../memory/memory.ts';
import type { Trees } from '../tree/trees.ts';
import { EntryImage, type TreeSource } from './entry-image.ts';
import type { FrozenEntry, FrozenWalk } from './frozen-entry.ts';
import { type PageSource, PageWalk } from './page-walk.ts';

/**
 * A live entry, seen as a frozen one; for who reads it whole within one command (DUMP). Valid until
 * anything changes.
 */
export function freezeNow(database: Database, entry: number): FrozenEntry {
  const { memory } = database;
  memory.locate(entry);
  const { bytes, view, base } = memory;
  const image = new EntryImage(database.store);
  return image.read(database.index, bytes, view, base, new LiveTrees(database.trees));
}

/** Trees as they are. */
export class LiveTrees implements TreeSource {
  private readonly trees: Trees;

  constructor(trees: Trees) {
    this.trees = trees;
  }

  walk(treeId: number, _isLast: boolean): FrozenWalk {
    const { table } = this.trees;
    return new PageWalk(new LivePages(table.memory), table.roots[treeId], false);
  }

  treeCount(treeId: number): number {
    return this.trees.count(treeId);
  }
}

class LivePages implements PageSource {
  readonly version = 0;
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.bytes.buffer);
  base = 0;
  private readonly memory: Memory;

  constructor(memory: Memory) {
    this.memory = memory;
  }

  open(address: number): void {
    const { memory } = this;
    memory.locate(address);
    this.bytes = memory.bytes;
    this.view = memory.view;
    this.base = memory.base;
  }

  pass(_address: number): void {}

  end(): void {}
}
