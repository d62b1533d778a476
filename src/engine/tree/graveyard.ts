import { BLOCK_HEADER_BYTES, isBlockLeaf, isRoot, levelOf } from './page-layout.ts';
import { freeLeaf } from './slotted-leaf.ts';
import { childAt, freeInner } from './spine.ts';
import { TREE_MARK, type TreeTable } from './tree-table.ts';

/** A tree of no more blocks is freed at once. */
const BURIED_BLOCKS_MAX = 16;

/** Who may still need a tree that is released: a running snapshot. */
export interface TreeKeeper {
  keepsTree(id: number): boolean;
}

/**
 * Trees that nobody refers to any more, freed from their last leaf on, a bounded number of blocks a
 * step. They keep their ids until they are gone, so that compaction may move their pages meanwhile.
 * The list is linked through their counts.
 *
 * What a running snapshot has yet to read is kept until it lets go, or until room is needed: then
 * its pages are freed too, and the snapshot copies each before.
 */
export class Graveyard {
  /** Trees that wait. */
  count = 0;
  keeper: TreeKeeper | null = null;
  readonly #kept = new Set<number>();
  readonly #table: TreeTable;
  #headId = 0;

  constructor(table: TreeTable) {
    this.#table = table;
  }

  bury(id: number): void {
    if (this.keeper?.keepsTree(id)) {
      this.#kept.add(id);
      return;
    }
    this.#table.marks[id] = TREE_MARK.RELEASED;
    this.#add(id);
    this.#drainFirst(BURIED_BLOCKS_MAX);
  }

  /** The keeper does not need that tree any more, which may be buried here or not. */
  letGo(id: number): void {
    if (this.#kept.delete(id)) this.bury(id);
  }

  /** There is no keeper any more. */
  letAllGo(): void {
    for (const id of this.#kept) this.letGo(id);
  }

  /** Room is needed: a tree that was kept is freed all the same. False: there is none. */
  giveUp(): boolean {
    for (const id of this.#kept) {
      this.#kept.delete(id);
      this.#add(id);
      return true;
    }
    return false;
  }

  drain(blockCountMax: number): boolean {
    if (this.count === 0) return false;
    let left = blockCountMax;
    while (left > 0 && this.count > 0) left -= this.#drainFirst(left);
    return true;
  }

  clear(): void {
    this.#kept.clear();
    this.count = 0;
    this.#headId = 0;
  }

  #add(id: number): void {
    this.#table.counts[id] = this.#headId;
    this.#headId = id;
    this.count++;
  }

  /** @returns  how many pages were freed */
  #drainFirst(pageCountMax: number): number {
    const table = this.#table;
    const id = this.#headId;
    for (let freed = 1; freed <= pageCountMax; freed++) {
      const page = this.#lastPage(table.roots[id]);
      const word0 = table.word(page, 0);
      const parent = table.word(page, 1);
      this.#freePage(page, word0);
      if (isRoot(word0)) {
        this.#headId = table.counts[id];
        this.count--;
        table.give(id);
        return freed;
      }
      table.memory.beforeChange(parent);
      table.setWord(parent, 2, table.word(parent, 2) - 1);
    }
    return pageCountMax;
  }

  /** The last leaf, or the inner page that has lost its last child. */
  #lastPage(root: number): number {
    const table = this.#table;
    let page = root;
    for (let level = levelOf(table.word(root, 0)); level > 0; level--) {
      const childCount = table.word(page, 2);
      if (childCount === 0) return page;
      page = childAt(table, page, childCount - 1);
    }
    return page;
  }

  #freePage(page: number, word0: number): void {
    const table = this.#table;
    if (levelOf(word0) > 0) {
      table.memory.beforeChange(page);
      freeInner(table, page);
    } else if (isBlockLeaf(word0)) {
      table.memory.beforeRemoval(page);
      table.memory.free(page, BLOCK_HEADER_BYTES + table.word(page, 3));
    } else {
      freeLeaf(table, page);
    }
  }
}
