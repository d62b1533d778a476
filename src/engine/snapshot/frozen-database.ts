import { assert } from '../../base/errors.ts';
import type { Database } from '../database.ts';
import { AddressBuffer } from '../keyspace/address-buffer.ts';
import { FLAG, TYPE } from '../keyspace/entry.ts';
import type { HashIndex } from '../keyspace/hash-index.ts';
import { HUGE_ADDRESS_MIN } from '../memory/block-address.ts';
import type { ChangeWatcher, Memory } from '../memory/memory.ts';
import type { Store } from '../store.ts';
import type { TreeKeeper } from '../tree/graveyard.ts';
import { isRoot, LEVEL_COUNT_MAX } from '../tree/page-layout.ts';
import type { TreeTable } from '../tree/tree-table.ts';
import type { Trees } from '../tree/trees.ts';
import { recordTree } from '../values/tree-record.ts';
import { EntryImage, NO_TREES } from './entry-image.ts';
import { FrozenTree, type Tally } from './frozen-tree.ts';
import { HeldEntry, HeldTrees } from './held-entry.ts';
import { isLittle, LITTLE_BYTES } from './little-trees.ts';
import { PageStore } from './page-store.ts';

/** What a frozen database tells its snapshot. */
export interface FreezeListener extends Tally {
  /** A small entry, to be written at once. */
  onSmall(entry: EntryImage): void;
  /** An entry that is to be written in steps. */
  onLarge(entry: HeldEntry, database: FrozenDatabase): void;
  /** What it has yet to show is about to go. */
  onCleared(): void;
}

/**
 * One database as it was when the snapshot began: shows each of its entries once, either when the
 * walk comes to it or just before it changes. Speaks of memory, index and trees, not of the
 * database: SWAPDB may give them to another.
 */
export class FrozenDatabase implements ChangeWatcher, TreeKeeper {
  readonly index: number;
  readonly keyCount: number;
  readonly deadlineCount: number;
  /** Entries that it has still to show. */
  unseenCount: number;
  /** Entries shown that are not written yet. */
  heldCount = 0;
  readonly memory: Memory;
  readonly entries: HashIndex;
  readonly trees: Trees;
  readonly #table: TreeTable;
  readonly #store: Store;
  readonly #listener: FreezeListener;
  readonly #oldMark: number;
  /** Trees that are held, or were changed while nobody knew their entry. */
  readonly #frozenTrees = new Map<number, FrozenTree>();
  /** Long strings whose bytes still are in memory. */
  readonly #heldStrings = new Map<number, HeldEntry>();
  readonly #pages: PageStore;
  readonly #image: EntryImage;
  readonly #imageTrees = new HeldTrees();
  readonly #scanned = new AddressBuffer(SCANNED_COUNT * 2);
  #cursor = 0;

  constructor(database: Database, listener: FreezeListener) {
    this.index = database.index;
    this.keyCount = database.count;
    this.unseenCount = database.count;
    this.deadlineCount = database.deadlineCount;
    this.memory = database.memory;
    this.entries = database.entries;
    this.trees = database.trees;
    this.#table = database.trees.table;
    this.#store = database.store;
    this.#listener = listener;
    this.#image = new EntryImage(database.store);
    this.#pages = new PageStore(listener);
    this.#oldMark = this.#table.newMark;
    this.memory.seenMark ^= FLAG.SEEN;
    // Nobody's data: what it says stands in the hashes.
    const { tree } = database.fieldSchedule;
    if (tree !== 0) this.#table.marks[tree] = this.#table.newMark;
    if (this.keyCount === 0) return;
    this.memory.watchChanges(this);
    this.trees.graveyard.keeper = this;
  }

  /** Shows some entries. @returns whether some may be left */
  scan(isLate: () => boolean): boolean {
    if (this.unseenCount === 0) return false;
    const { memory } = this;
    const scanned = this.#scanned;
    const next = this.entries.scan(this.#cursor, SCANNED_COUNT, scanned);
    let byteCount = 0;
    for (let i = 0; i < scanned.count; i++) {
      const entry = scanned.addresses[i];
      memory.locate(entry);
      const word0 = memory.view.getUint32(memory.base, true);
      if (((word0 ^ memory.seenMark) & FLAG.SEEN) === 0) continue;
      this.#see(entry, word0, false, false);
      byteCount += (word0 & FLAG.TREE) === 0 ? this.#image.value.length : LITTLE_BYTES;
      if (byteCount < LONG_STEP_BYTES) continue;
      // The same stretch once more; what was shown is passed over.
      if (isLate()) return true;
      byteCount = 0;
    }
    this.#cursor = next;
    assert(next !== 0 || this.unseenCount === 0, 'a walk sees each entry there was');
    return this.unseenCount > 0;
  }

  beforeChange(address: number, isRemoval: boolean): void {
    const { memory } = this;
    const { bytes, view, base } = memory;
    memory.locate(address);
    const word0 = memory.view.getUint32(memory.base, true);
    const type = word0 & 15;
    if (type === TYPE.TREE_PAGE || type === TYPE.TREE_BLOB) {
      this.#beforePageChange(address, isRemoval);
    } else if (((word0 ^ memory.seenMark) & FLAG.SEEN) !== 0) {
      this.#see(address, word0, true, isRemoval);
    } else if (this.#heldStrings.size > 0) {
      this.#keepString(address, isRemoval);
    }
    // Whoever announces a change goes on where it was.
    memory.bytes = bytes;
    memory.view = view;
    memory.base = base;
  }

  beforeClear(): void {
    if (this.unseenCount > 0 || this.heldCount > 0) this.#listener.onCleared();
  }

  keepsTree(id: number): boolean {
    return this.#table.marks[id] === this.#oldMark && this.#frozenTrees.has(id);
  }

  /** A held entry is written. */
  release(entry: HeldEntry): void {
    this.heldCount--;
    if (entry.address !== 0) this.#heldStrings.delete(entry.address);
    for (const tree of entry.trees) this.#finishTree(tree);
    entry.release();
  }

  /** Nothing of it is needed any more. */
  close(): void {
    if (this.keyCount === 0) return;
    this.memory.watchChanges(null);
    this.trees.graveyard.keeper = null;
    for (const tree of this.#frozenTrees.values()) tree.release();
    this.#frozenTrees.clear();
    this.#heldStrings.clear();
    this.trees.graveyard.letAllGo();
  }

  /** Memory is located at the entry, which was not shown yet. */
  #see(address: number, word0: number, isChanging: boolean, isRemoval: boolean): void {
    const { memory } = this;
    const { bytes, view, base } = memory;
    view.setUint32(base, (word0 ^ FLAG.SEEN) >>> 0, true);
    this.unseenCount--;
    const image = this.#image;
    if ((word0 & FLAG.TREE) !== 0) {
      image.read(this.index, bytes, view, base, this.#imageTrees);
      this.#seeLarge(image, address);
      return;
    }
    image.read(this.index, bytes, view, base, NO_TREES);
    if (image.type !== TYPE.STRING || image.value.length <= LONG_BYTES) {
      this.#listener.onSmall(image);
      return;
    }
    const held = this.#hold(address, []);
    if (!isChanging) this.#heldStrings.set(address, held);
    else held.keep(memory, isRemoval && address >= HUGE_ADDRESS_MIN);
  }

  #seeLarge(image: EntryImage, address: number): void {
    const trees = this.#treesOf(image);
    if (!isLittle(trees)) {
      this.memory.locate(address);
      this.#hold(address, trees);
      return;
    }
    this.#imageTrees.trees = trees;
    this.#listener.onSmall(image);
    for (const tree of trees) this.#finishTree(tree);
  }

  #hold(address: number, trees: readonly FrozenTree[]): HeldEntry {
    const { memory } = this;
    const tally = this.#listener;
    const held = new HeldEntry(this.#store, this.index, { address, memory, trees, tally });
    this.heldCount++;
    this.#listener.onLarge(held, this);
    return held;
  }

  /** The trees that are to be walked, frozen; of the others nothing needs to be kept. */
  #treesOf({ type, value }: EntryImage): FrozenTree[] {
    const { view, offset } = value;
    const count = view.getUint32(offset, true);
    const walkedCount = type === TYPE.HASH || type === TYPE.ZSET ? 1 : count;
    const trees: FrozenTree[] = [];
    for (let i = 0; i < count; i++) {
      const tree = this.#freezeTree(recordTree(view, offset, i));
      if (i >= walkedCount) {
        this.#finishTree(tree);
      } else {
        tree.isHeld = true;
        trees.push(tree);
      }
    }
    return trees;
  }

  #keepString(address: number, isRemoval: boolean): void {
    const held = this.#heldStrings.get(address);
    if (held === undefined) return;
    this.#heldStrings.delete(address);
    held.keep(this.memory, isRemoval && address >= HUGE_ADDRESS_MIN);
  }

  #beforePageChange(address: number, isRemoval: boolean): void {
    const id = this.#treeIdOf(address);
    const { marks } = this.#table;
    if (marks[id] !== this.#oldMark) return;
    if (this.#frozenTrees.get(id)?.isHeld !== true) this.#seeOwner(id);
    if (marks[id] !== this.#oldMark) return;
    this.#freezeTree(id).keep(address, isRemoval);
  }

  /**
   * Looks at the entry that a command found last: most likely the tree is its. If it is not, the
   * tree waits for the walk to come to its entry, or for its next change.
   */
  #seeOwner(id: number): void {
    const entry = this.entries.foundAddress;
    if (entry === 0) return;
    const { memory } = this;
    memory.locate(entry);
    const word0 = memory.view.getUint32(memory.base, true);
    if ((word0 & FLAG.TREE) === 0 || ((word0 ^ memory.seenMark) & FLAG.SEEN) === 0) return;
    const { bytes, view, base } = memory;
    const { value } = this.#image.read(this.index, bytes, view, base, NO_TREES);
    const count = view.getUint32(value.offset, true);
    for (let i = 0; i < count; i++) {
      if (recordTree(view, value.offset, i) === id) return this.#see(entry, word0, true, false);
    }
  }

  #treeIdOf(address: number): number {
    const table = this.#table;
    let page = address;
    let word0 = table.word(page, 0);
    if ((word0 & 15) === TYPE.TREE_BLOB) {
      page = table.word(page, 1);
      word0 = table.word(page, 0);
    }
    for (let level = 0; level < LEVEL_COUNT_MAX; level++) {
      assert((word0 & 15) === TYPE.TREE_PAGE, 'a page that is about to change is in its tree');
      if (isRoot(word0)) return table.word(page, 1);
      page = table.word(page, 1);
      word0 = table.word(page, 0);
    }
    assert(false, 'pages lead to a root');
  }

  #freezeTree(id: number): FrozenTree {
    const found = this.#frozenTrees.get(id);
    if (found !== undefined) return found;
    const { roots, counts } = this.#table;
    const tree = new FrozenTree(id, roots[id], counts[id], {
      memory: this.memory,
      tally: this.#listener,
      pages: this.#pages,
      onEnd: this.#finishTree,
    });
    this.#frozenTrees.set(id, tree);
    return tree;
  }

  readonly #finishTree = (tree: FrozenTree): void => {
    if (tree.isDone) return;
    tree.release();
    this.#frozenTrees.delete(tree.id);
    const table = this.#table;
    // The tree may be gone, and its id another's.
    if (table.marks[tree.id] === this.#oldMark) table.marks[tree.id] = table.newMark;
    this.trees.graveyard.letGo(tree.id);
  };
}

/** Entries between two looks at the clock. */
const SCANNED_COUNT = 32;
/** After so much the clock is looked at. */
const LONG_STEP_BYTES = 4_096;
/** A longer string is written in steps. */
const LONG_BYTES = 65_536;
