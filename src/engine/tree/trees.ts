/**
 * All large collections of one database: counted B+ trees of packed pages (`page-layout.ts`), in
 * blocks of the database's memory. The design is told in docs/design/collections.md.
 *
 * A tree is named by its id, which does not change while the tree lives; an entry keeps the ids of
 * its trees in its value and may move freely.
 */
import type { Memory } from '../memory/memory.ts';
import { Graveyard } from './graveyard.ts';
import { relocateBlob, relocatePage } from './relocation.ts';
import { createRoot } from './spine.ts';
import { TreeCursor } from './tree-cursor.ts';
import { TreeTable } from './tree-table.ts';
import { TreeWarmer } from './tree-warmer.ts';
import { copyTree, treeBytes } from './whole-tree.ts';

export class Trees {
  /** For commands that are at one place at a time. Whoever needs more makes cursors once. */
  readonly cursor: TreeCursor;
  readonly table: TreeTable;
  readonly warmer: TreeWarmer;
  readonly graveyard: Graveyard;

  constructor(memory: Memory) {
    this.table = new TreeTable(memory);
    this.cursor = new TreeCursor(this.table);
    this.warmer = new TreeWarmer(this.table);
    this.graveyard = new Graveyard(this.table);
  }

  /**
   * A new empty tree.
   * @param format  a row of FORMAT
   * @returns       its id, at least 1
   */
  create(format: number): number {
    return createRoot(this.table, format);
  }

  /** Elements; constant time. */
  count(id: number): number {
    return this.table.counts[id];
  }

  /** The tree is no more. What it holds is freed at once when it is little, else by `drain`. */
  release(id: number): void {
    this.graveyard.bury(id);
  }

  get hasGraves(): boolean {
    return this.graveyard.count > 0;
  }

  /** `drain` when room is needed: frees even what a running snapshot has yet to read. */
  drainAll(blockCountMax: number): boolean {
    return this.drain(blockCountMax) || (this.graveyard.giveUp() && this.drain(blockCountMax));
  }

  /**
   * Frees up to that many blocks of released trees.
   * @returns  whether any were freed
   */
  drain(blockCountMax: number): boolean {
    return this.graveyard.drain(blockCountMax);
  }

  /** A copy of the tree in `target`, which may be these trees. @returns its id there */
  copy(id: number, target: Trees): number {
    return copyTree(this.table, id, target.table);
  }

  /** Bytes that the tree's blocks occupy; looks at every page. */
  byteCount(id: number): number {
    return treeBytes(this.table, id);
  }

  /** Bytes beside the memory's own. */
  get sideByteCount(): number {
    return this.table.byteCount;
  }

  /** Forgets all trees: the memory has been cleared. */
  clear(): void {
    this.table.clear();
    this.graveyard.clear();
  }

  // --- below: for compaction ---

  /** Memory is located at the page's new place. */
  relocatePage(from: number, to: number): void {
    relocatePage(this.table, from, to);
  }

  /** Memory is located at the blob's new place. */
  relocateBlob(from: number, to: number): void {
    relocateBlob(this.table, from, to);
  }
}
