import { LEAF_BYTES } from '../tree/page-layout.ts';
import type { Tally } from './frozen-tree.ts';

/**
 * Room for copies of pages, most of them 4 KiB: slots of slabs, used again once they are given
 * back, so that the collector has nothing to do with them.
 */
export class PageStore {
  readonly #tally: Tally;
  readonly #slabs: Uint8Array[] = [];
  readonly #views: DataView[] = [];
  readonly #freeSlots: number[] = [];
  #usedCount = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** @returns the slot that holds those bytes now, `LEAF_BYTES` at most */
  put(bytes: Uint8Array, from: number, to: number): number {
    if (this.#freeSlots.length === 0) this.#grow();
    const slot = this.#freeSlots.pop() as number;
    this.#usedCount++;
    this.bytesOf(slot).set(bytes.subarray(from, to), this.baseOf(slot));
    return slot;
  }

  give(slot: number): void {
    this.#usedCount--;
    this.#freeSlots.push(slot);
    if (this.#usedCount > 0) return;
    this.#tally.add(-this.#slabs.length * SLAB_BYTES);
    this.#slabs.length = 0;
    this.#views.length = 0;
    this.#freeSlots.length = 0;
  }

  bytesOf(slot: number): Uint8Array {
    return this.#slabs[slot >>> SLOT_BITS];
  }

  viewOf(slot: number): DataView {
    return this.#views[slot >>> SLOT_BITS];
  }

  baseOf(slot: number): number {
    return (slot & SLOT_MASK) * LEAF_BYTES;
  }

  #grow(): void {
    const slab = new Uint8Array(SLAB_BYTES);
    const first = this.#slabs.length << SLOT_BITS;
    this.#slabs.push(slab);
    this.#views.push(new DataView(slab.buffer));
    for (let slot = first + SLOT_MASK; slot >= first; slot--) this.#freeSlots.push(slot);
    this.#tally.add(SLAB_BYTES);
  }
}

const SLOT_BITS = 5;
const SLOT_MASK = 31;
const SLAB_BYTES: number = LEAF_BYTES << SLOT_BITS;
