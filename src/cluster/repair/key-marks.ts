/**
 * Which keys of a database a pass over its index is to do something with. Keys are known here by
 * slot and tag alone, for that is all that nodes compare: open addressing, linear probing.
 *
 *     entry   [slot + 1 | action << 16 | met << 31][tag][stamp high][stamp low]
 *
 * 16 bytes, load up to 0.7.
 *
 * A slot may be marked as a whole, whatever it holds.
 */
import { SlotSet } from '../placement/slot-set.ts';

/** What is to be done with a key that is met. */
export const KEY_ACTION = {
  none: 0,
  /** It goes to the other node. */
  send: 1,
  /** It is removed; the stamp says when that was. */
  remove: 2,
  /** It is removed, and so is what is known of it. */
  forget: 3,
  /** Its fields or members go to the other node, to be merged. */
  merge: 4,
} as const;

const ENTRY_WORDS = 4;
const CAPACITY_MIN = 1024;

export class KeyMarks {
  /** Keys that were marked one by one. */
  count = 0;
  /** All their keys are to be sent. */
  readonly wholeSlots = new SlotSet();
  /** Stamp of the key that `find` found. */
  high = 0;
  low = 0;
  private words = new Uint32Array(CAPACITY_MIN * ENTRY_WORDS);
  private capacity = CAPACITY_MIN;

  get isEmpty(): boolean {
    return this.count === 0 && this.wholeSlots.count === 0;
  }

  /** Marks a key, over what was said of it before. */
  mark(slot: number, tag: number, action: number, high = 0, low = 0): void {
    if (this.count * 10 >= this.capacity * 7) this.grow();
    const at = this.place(slot, tag);
    const { words } = this;
    if (words[at] === 0) this.count++;
    words[at] = (slot + 1) | (action << 16);
    words[at + 1] = tag;
    words[at + 2] = high;
    words[at + 3] = low;
  }

  /**
   * A pass has met that key.
   * @returns the action; `high` and `low` are set when there is one for this key alone
   */
  find(slot: number, tag: number): number {
    const at = this.place(slot, tag);
    const { words } = this;
    if (words[at] === 0) return this.wholeSlots.has(slot) ? KEY_ACTION.send : KEY_ACTION.none;
    words[at] |= MET;
    this.high = words[at + 2];
    this.low = words[at + 3];
    return (words[at] & ~MET) >>> 16;
  }

  /** Calls for each key that was marked, and that `find` was never asked for since. */
  eachUnmet(
    visit: (slot: number, tag: number, action: number, high: number, low: number) => void,
  ): void {
    const { words } = this;
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      if (words[at] === 0 || (words[at] & MET) !== 0) continue;
      const slot = (words[at] & SLOT_MASK) - 1;
      visit(slot, words[at + 1], words[at] >>> 16, words[at + 2], words[at + 3]);
    }
  }

  /** Where it is, or would go. */
  private place(slot: number, tag: number): number {
    const { words } = this;
    const mask = this.capacity - 1;
    let index = (tag ^ Math.imul(slot, SPREAD)) & mask;
    for (;;) {
      const at = index * ENTRY_WORDS;
      const word = words[at];
      if (word === 0) return at;
      if ((word & SLOT_MASK) === slot + 1 && words[at + 1] === tag >>> 0) return at;
      index = (index + 1) & mask;
    }
  }

  private grow(): void {
    const old = this.words;
    this.capacity *= 2;
    this.words = new Uint32Array(this.capacity * ENTRY_WORDS);
    for (let from = 0; from < old.length; from += ENTRY_WORDS) {
      if (old[from] === 0) continue;
      const at = this.place((old[from] & SLOT_MASK) - 1, old[from + 1]);
      for (let word = 0; word < ENTRY_WORDS; word++) this.words[at + word] = old[from + word];
    }
  }
}

const SLOT_MASK = 0xffff;
const MET = 0x8000_0000;
const SPREAD = 0x9e3779b1;
