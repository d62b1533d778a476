import { homeOf, NO_HASH } from './table-layout.ts';

/**
 * Writes a table from entries that come in the order of their hashes: each as near behind its home as
 * those before it allow, and empty slots in between. One pass, each slot written once.
 */
export class TableWriter {
  /** True when an entry did not fit before the last slot, which must stay empty. */
  hasOverflowed = false;
  #words: Uint32Array = new Uint32Array(0);
  #first = 0;
  #slotCount = 0;
  #capacity = 0;
  #depth = 0;
  #next = 0;

  /** @param first  index in `words` of the table's first slot */
  begin(words: Uint32Array, first: number, slotCount: number, capacity: number, depth: number): void {
    this.#words = words;
    this.#first = first;
    this.#slotCount = slotCount;
    this.#capacity = capacity;
    this.#depth = depth;
    this.#next = 0;
    this.hasOverflowed = false;
  }

  /** Copies the entries among slots [from, to) of another table. */
  copy(words: Uint32Array, from: number, to: number): void {
    for (let at = from; at < to; at += 2) {
      const address = words[at + 1];
      if (address !== 0) this.#put(words[at], address);
    }
  }

  finish(): void {
    this.#emptyUpTo(this.#slotCount);
  }

  #put(hash: number, address: number): void {
    const home = homeOf(hash, this.#depth, this.#capacity);
    if (home > this.#next) this.#emptyUpTo(home);
    if (this.#next >= this.#slotCount - 1) {
      this.hasOverflowed = true;
      return;
    }
    const at = this.#first + this.#next * 2;
    this.#words[at] = hash;
    this.#words[at + 1] = address;
    this.#next++;
  }

  #emptyUpTo(end: number): void {
    const words = this.#words;
    const endAt = this.#first + end * 2;
    for (let at = this.#first + this.#next * 2; at < endAt; at += 2) {
      words[at] = NO_HASH;
      words[at + 1] = 0;
    }
    this.#next = end;
  }
}
