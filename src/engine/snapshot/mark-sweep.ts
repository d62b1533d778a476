import { AddressBuffer } from '../keyspace/address-buffer.ts';
import { FLAG } from '../keyspace/entry.ts';
import type { HashIndex } from '../keyspace/hash-index.ts';
import type { Memory } from '../memory/memory.ts';
import type { Store } from '../store.ts';
import { TREE_MARK } from '../tree/tree-table.ts';
import type { Trees } from '../tree/trees.ts';

/** What a database was made of when the snapshot began. */
interface MarkedPart {
  readonly memory: Memory;
  readonly entries: HashIndex;
  readonly trees: Trees;
}

/**
 * Puts the marks right that an aborted snapshot has left: some entries and trees are marked as seen
 * and some are not, and the next snapshot must find them alike. Whatever is new meanwhile is marked
 * as seen, so that one walk in the order of SCAN is enough.
 */
export class MarkSweep {
  readonly #store: Store;
  readonly #parts: readonly MarkedPart[];
  readonly #found = new AddressBuffer(ENTRIES_PER_STEP * 2);
  #partIndex = 0;
  #cursor = 0;
  #treeId = -1;

  constructor(store: Store, parts: readonly MarkedPart[]) {
    this.#store = store;
    this.#parts = parts;
  }

  /** A bounded step. @returns whether more is to be done; the store has forgotten it then */
  step(): boolean {
    const part = this.#parts[this.#partIndex];
    if (part === undefined) {
      this.#store.sweep = null;
      return false;
    }
    if (this.#treeId < 0) this.#markEntries(part);
    else this.#markTrees(part);
    return true;
  }

  #markEntries({ memory, entries }: MarkedPart): void {
    const found = this.#found;
    this.#cursor = entries.scan(this.#cursor, ENTRIES_PER_STEP, found);
    for (let i = 0; i < found.count; i++) {
      memory.locate(found.addresses[i]);
      const { view, base } = memory;
      const word0 = view.getUint32(base, true) & ~FLAG.SEEN;
      view.setUint32(base, (word0 | memory.seenMark) >>> 0, true);
    }
    if (this.#cursor === 0) this.#treeId = 0;
  }

  #markTrees({ trees: { table } }: MarkedPart): void {
    const { marks, newMark } = table;
    const end = Math.min(marks.length, this.#treeId + TREES_PER_STEP);
    for (let id = this.#treeId; id < end; id++) {
      if (marks[id] !== TREE_MARK.RELEASED) marks[id] = newMark;
    }
    this.#treeId = end;
    if (end < marks.length) return;
    this.#treeId = -1;
    this.#partIndex++;
  }
}

const ENTRIES_PER_STEP = 200;
const TREES_PER_STEP = 16_384;
