import { assert } from '../../base/errors.ts';
import { headerBytes, keyLength, valueLength } from '../keyspace/entry.ts';
import type { Memory } from '../memory/memory.ts';
import type { Store } from '../store.ts';
import { EntryImage, type TreeSource } from './entry-image.ts';
import type { FrozenWalk } from './frozen-entry.ts';
import type { FrozenTree, Tally } from './frozen-tree.ts';

/** The frozen trees that one entry names. */
export class HeldTrees implements TreeSource {
  trees: readonly FrozenTree[] = [];

  walk(treeId: number, isLast: boolean): FrozenWalk {
    return this.require(treeId).walk(isLast);
  }

  treeCount(treeId: number): number {
    return this.require(treeId).count;
  }

  private require(treeId: number): FrozenTree {
    const found = this.trees.find((tree) => tree.id === treeId);
    assert(found !== undefined, 'the entry names the tree, and it is one of its first kind');
    return found;
  }
}

/**
 * An entry that a snapshot has seen and writes in steps: a large collection, whose record is copied
 * at once, or a long string, whose bytes are copied only when they are about to change.
 */
export class HeldEntry {
  readonly image: EntryImage;
  readonly trees: readonly FrozenTree[];
  /** Of the block whose bytes it reads; 0: they are its own. */
  address: number;
  private readonly tally: Tally;
  private readonly source = new HeldTrees();
  private ownBytes = 0;

  /** Memory is located at the entry. */
  constructor(
    store: Store,
    databaseIndex: number,
    options: { address: number; memory: Memory; trees: readonly FrozenTree[]; tally: Tally },
  ) {
    const { bytes, view, base } = options.memory;
    this.trees = options.trees;
    this.source.trees = options.trees;
    this.tally = options.tally;
    this.address = options.address;
    this.image = new EntryImage(store);
    this.image.read(databaseIndex, bytes, view, base, this.source);
    if (options.trees.length > 0) this.copy(bytes, view, base);
  }

  /**
   * Its block is about to change; memory is located at it.
   * @param isLeft  the bytes stay what they are, and only leave the memory
   */
  keep(memory: Memory, isLeft: boolean): void {
    const { bytes, view, base } = memory;
    if (!isLeft) return this.copy(bytes, view, base);
    this.address = 0;
    this.count(blockBytes(view, base));
  }

  /** It is written, or never will be. */
  release(): void {
    this.count(-this.ownBytes);
  }

  private copy(bytes: Uint8Array, view: DataView, base: number): void {
    const own = bytes.slice(base, base + blockBytes(view, base));
    this.image.read(this.image.databaseIndex, own, new DataView(own.buffer), 0, this.source);
    this.address = 0;
    this.count(own.length + ENTRY_COST_BYTES);
  }

  private count(byteCount: number): void {
    this.ownBytes += byteCount;
    this.tally.add(byteCount);
  }
}

/** Bytes up to the value's end. */
function blockBytes(view: DataView, base: number): number {
  const word0 = view.getUint32(base, true);
  return headerBytes(word0) + keyLength(view, base, word0) + valueLength(view, base);
}

/** The objects of one held entry, about. */
const ENTRY_COST_BYTES = 512;
