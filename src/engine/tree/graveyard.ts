import { BLOCK_HEADER_BYTES, isBlockLeaf, isRoot, levelOf } from './page-layout.ts';
import { freeLeaf } from './slotted-leaf.ts';
import { childAt, freeInner } from './spine.ts';
import type { TreeTable } from './tree-table.ts';

/** A tree of no more blocks is freed at once. */
const BURIED_BLOCKS_MAX = 16;

/**
 * Trees that nobody refers to any more, freed from their last leaf on, a bounded number of blocks a
 * step. They keep their ids until they are gone, so that compaction may move their pages meanwhile.
 * The list is linked through their counts.
 */
export class Graveyard {
  /** Trees that wait. */
  count = 0;
  readonly #table: TreeTable;
  #headId = 0;

  constructor(table: TreeTable) {
    this.#table = table;
  }

  bury(id: number): void {
    this.#table.counts[id] = this.#headId;
    this.#headId = id;
    this.count++;
    this.#drainFirst(BURIED_BLOCKS_MAX);
  }

  drain(blockCountMax: number): boolean {
    if (this.count === 0) return false;
    let left = blockCountMax;
    while (left > 0 && this.count > 0) left -= this.#drainFirst(left);
    return true;
  }

  clear(): void {
    this.count = 0;
    this.#headId = 0;
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
      freeInner(table, page);
    } else if (isBlockLeaf(word0)) {
      table.memory.beforeChange(page);
      table.memory.free(page, BLOCK_HEADER_BYTES + table.word(page, 3));
    } else {
      freeLeaf(table, page);
    }
  }
}
