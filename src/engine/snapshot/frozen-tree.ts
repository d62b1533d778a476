import { assert } from '../../base/errors.ts';
import { TYPE } from '../keyspace/entry.ts';
import { HUGE_ADDRESS_MIN } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import { blobBytes, pageBytes } from '../tree/page-layout.ts';
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
  /** By address; null: it will not be read again. */
  readonly #copies = new Map<number, Uint8Array | null>();
  #copiedBytes = 0;

  constructor(
    id: number,
    root: number,
    count: number,
    options: { memory: Memory; tally: Tally; onEnd: (tree: FrozenTree) => void },
  ) {
    this.id = id;
    this.root = root;
    this.count = count;
    this.#memory = options.memory;
    this.#tally = options.tally;
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
    assert(copy !== null, 'what was passed is not read again');
    this.bytes = copy;
    this.view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
    this.base = 0;
  }

  pass(address: number): void {
    const copy = this.#copies.get(address);
    if (copy !== undefined && copy !== null) this.#count(-copy.length);
    else this.#count(COPY_COST_BYTES);
    this.#copies.set(address, null);
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
    const isLeft = isRemoval && address >= HUGE_ADDRESS_MIN;
    this.#copies.set(address, isLeft ? bytes.subarray(base, end) : bytes.slice(base, end));
    this.#count(end - base + COPY_COST_BYTES);
    this.version++;
  }

  /** Nobody reads it any more. */
  release(): void {
    this.isDone = true;
    this.#copies.clear();
    this.#tally.add(-this.#copiedBytes);
    this.#copiedBytes = 0;
  }

  #count(byteCount: number): void {
    this.#copiedBytes += byteCount;
    this.#tally.add(byteCount);
  }
}

/** A row of the map, about, and what a Uint8Array has beside its bytes. */
const COPY_COST_BYTES = 128;
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
