import { assert } from '../../base/errors.ts';
import { TYPE } from '../keyspace/entry.ts';
import { HUGE_ADDRESS_MIN } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import { blobBytes, LEAF_BYTES, pageBytes } from '../tree/page-layout.ts';
import type { PageStore } from './page-store.ts';
import { type PageSource, PageWalk } from './page-walk.ts';

/** Bytes that a snapshot has put aside. */
export interface Tally {
  add(byteCount: number): void;
}

/**
 * A tree as it was when the snapshot began: its root then, its pages where they lie, and copies of
 * those that were changed or freed since. What is copied once is never copied again, so whatever is
 * at such an address later does not matter.
 */
export class FrozenTree implements PageSource {
  readonly id: number;
  readonly root: number;
  /** Elements. */
  readonly count: number;
  version = 0;
  bytes: Uint8Array = NO_BYTES;
  view: DataView = NO_VIEW;
  base = 0;
  /** Its entry was seen. */
  isHeld = false;
  /** It has been walked for the last time. */
  isDone = false;
  readonly #memory: Memory;
  readonly #tally: Tally;
  readonly #onEnd: (tree: FrozenTree) => void;
  readonly #pages: PageStore;
  /** By address: a slot of the store, LARGE or PASSED. */
  readonly #copies = new Map<number, number>();
  readonly #largeCopies = new Map<number, Uint8Array>();
  #copiedBytes = 0;

  constructor(
    id: number,
    root: number,
    count: number,
    options: {
      memory: Memory;
      tally: Tally;
      pages: PageStore;
      onEnd: (tree: FrozenTree) => void;
    },
  ) {
    this.id = id;
    this.root = root;
    this.count = count;
    this.#memory = options.memory;
    this.#tally = options.tally;
    this.#pages = options.pages;
    this.#onEnd = options.onEnd;
  }

  /** @param isLast  nobody will walk it again */
  walk(isLast: boolean): PageWalk {
    assert(!this.isDone, 'a tree is walked before its last walk has ended');
    return new PageWalk(this, this.root, isLast);
  }

  open(address: number): void {
    const copy = this.#copies.get(address);
    if (copy === undefined) {
      const memory = this.#memory;
      memory.locate(address);
      this.bytes = memory.bytes;
      this.view = memory.view;
      this.base = memory.base;
      return;
    }
    assert(copy !== PASSED, 'what was passed is not read again');
    if (copy === LARGE) return this.openLarge(address);
    this.bytes = this.#pages.bytesOf(copy);
    this.view = this.#pages.viewOf(copy);
    this.base = this.#pages.baseOf(copy);
  }

  pass(address: number): void {
    const copy = this.#copies.get(address);
    if (copy === undefined) this.#count(COPY_COST_BYTES);
    else this.drop(address, copy);
    this.#copies.set(address, PASSED);
  }

  end(): void {
    this.#onEnd(this);
  }

  /**
   * A page or blob of it is about to change.
   * @param isRemoval  a huge one's bytes then stay what they are
   */
  keep(address: number, isRemoval: boolean): void {
    if (this.#copies.has(address)) return;
    const memory = this.#memory;
    memory.locate(address);
    const { bytes, view, base } = memory;
    const isBlob = (view.getUint8(base) & 15) === TYPE.TREE_BLOB;
    const end = base + (isBlob ? blobBytes(view, base) : pageBytes(view, base));
    this.version++;
    this.#count(COPY_COST_BYTES);
    if (end - base <= LEAF_BYTES) {
      this.#copies.set(address, this.#pages.put(bytes, base, end));
      return;
    }
    const isLeft = isRemoval && address >= HUGE_ADDRESS_MIN;
    this.#copies.set(address, LARGE);
    this.#largeCopies.set(address, isLeft ? bytes.subarray(base, end) : bytes.slice(base, end));
    this.#count(end - base);
  }

  /** Nobody reads it any more. */
  release(): void {
    this.isDone = true;
    for (const [address, copy] of this.#copies) this.drop(address, copy);
    this.#copies.clear();
    this.#tally.add(-this.#copiedBytes);
    this.#copiedBytes = 0;
  }

  private openLarge(address: number): void {
    const bytes = this.#largeCopies.get(address) as Uint8Array;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.base = 0;
  }

  private drop(address: number, copy: number): void {
    if (copy >= 0) this.#pages.give(copy);
    if (copy !== LARGE) return;
    this.#count(-(this.#largeCopies.get(address) as Uint8Array).length);
    this.#largeCopies.delete(address);
  }

  #count(byteCount: number): void {
    this.#copiedBytes += byteCount;
    this.#tally.add(byteCount);
  }
}

/** It will not be read again. */
const PASSED = -1;
/** The copy has bytes of its own. */
const LARGE = -2;
/** A row of the map, about. */
const COPY_COST_BYTES = 48;
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
