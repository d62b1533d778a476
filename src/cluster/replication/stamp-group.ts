/**
 * The stamps of 16 neighbouring slots: one sparse array, sorted, so that a key that is not there is
 * missed as quickly as one that is found. An array for each slot would cost 200 bytes for each.
 *
 *     words  [sums of the 16 slots: 64 words][cell][cell] ...
 *     cell   [absent: 1 bit][rank: 31 bits][stamp high][stamp low]     12 bytes; a rank is never 0
 *     tag    [which slot: 4 bits][hash of the key: 27 bits]            as others know a key
 *     rank   [hash of the key][which slot]                             as it is sorted
 *
 * A rank's *home* is its share of the array; it lies there or, where others are in the way, as soon
 * behind as the order allows. By hash and not by slot, since all keys may be of one slot. About
 * eight tenths of the cells are used. Growing copies the group only, a thousandth of the table.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { isNewer, mixLeft, mixRight } from './stamp.ts';

export const GROUP_SLOT_COUNT = 16;
export const TAG_HASH_BITS = 27;
export const TAG_MASK = 0x7fff_ffff;
const ABSENT = 0x8000_0000;
const CELL_WORDS = 3;
const CAPACITY_MIN = 4;
const GROWTH = 1.15;
const LOAD_MAX = 0.9;
/** Fewer than that of the cells used: the array is made smaller. */
const LOAD_MIN = 0.4;
const RANK_RANGE = 2 ** 31;
const RANK_MASK = TAG_MASK;
const SLOT_MASK = GROUP_SLOT_COUNT - 1;
const SLOT_BITS = 31 - TAG_HASH_BITS;
const HASH_MASK = 2 ** TAG_HASH_BITS - 1;

/** What is kept of each slot beside its entries. */
const SUM = { left: 0, right: 1, entries: 2, present: 3 } as const;
const SUM_WORDS = 4;
/** The first cell lies behind them: one array, one place in memory. */
const BASE = GROUP_SLOT_COUNT * SUM_WORDS;

export type StampVisit = (tag: number, high: number, low: number, isAbsent: boolean) => void;

export class StampGroup {
  /** Entries, absent ones included. */
  count = 0;
  cells: Uint32Array = new Uint32Array(BASE + cellCount(CAPACITY_MIN) * CELL_WORDS);
  private capacity = CAPACITY_MIN;
  /** Homes for one step of a rank. */
  private scale = CAPACITY_MIN / RANK_RANGE;

  get byteCount(): number {
    return this.cells.byteLength;
  }

  /** @returns the cell's first word in `cells`, or -1 */
  find(tag: number): number {
    const rank = rankOf(tag);
    const at = this.place(rank);
    return (this.cells[at] & RANK_MASK) === rank ? at : -1;
  }

  /**
   * Reads what a change of that tag will: its cell and the sums of its slot.
   * @returns nothing of meaning; use it, so that the loads are not optimised away
   */
  touch(tag: number): number {
    const { cells } = this;
    const rank = rankOf(tag);
    return cells[this.home(rank)] ^ cells[sumsAt(rank)];
  }

  isAbsentAt(at: number): boolean {
    return this.cells[at] >>> 31 !== 0;
  }

  /**
   * Makes that the stamp of the tag, whatever it was before.
   * @param hint  the cell where it was a moment ago, or 0
   */
  put(tag: number, high: number, low: number, isAbsent: boolean, hint = 0): void {
    const rank = rankOf(tag);
    let at = hint >= BASE && (this.cells[hint] & RANK_MASK) === rank ? hint : this.place(rank);
    if ((this.cells[at] & RANK_MASK) === rank) this.account(at, -1);
    else at = this.insert(at, rank);
    const { cells } = this;
    cells[at] = isAbsent ? rank | ABSENT : rank;
    cells[at + 1] = high;
    cells[at + 2] = low;
    this.account(at, 1);
  }

  /** The key is there no more, or again; its stamp stays. */
  markAt(at: number, isAbsent: boolean): void {
    if (this.isAbsentAt(at) === isAbsent) return;
    const { cells } = this;
    cells[at] ^= ABSENT;
    cells[sumsAt(cells[at]) + SUM.present] += isAbsent ? -1 : 1;
  }

  removeAt(at: number): void {
    this.account(at, -1);
    const { cells } = this;
    let hole = at;
    let next = at + CELL_WORDS;
    while (cells[next] !== 0 && this.home(cells[next] & RANK_MASK) < next) {
      cells[hole] = cells[next];
      cells[hole + 1] = cells[next + 1];
      cells[hole + 2] = cells[next + 2];
      hole = next;
      next += CELL_WORDS;
    }
    cells[hole] = 0;
    this.count--;
  }

  digestLeft(slotInGroup: number): number {
    return this.cells[slotInGroup * SUM_WORDS + SUM.left];
  }

  digestRight(slotInGroup: number): number {
    return this.cells[slotInGroup * SUM_WORDS + SUM.right];
  }

  entryCount(slotInGroup: number): number {
    return this.cells[slotInGroup * SUM_WORDS + SUM.entries];
  }

  presentCount(slotInGroup: number): number {
    return this.cells[slotInGroup * SUM_WORDS + SUM.present];
  }

  /** Entries of one slot, by their tags. Nothing may be changed meanwhile. */
  visit(slotInGroup: number, visit: StampVisit): void {
    const { cells } = this;
    let left = this.entryCount(slotInGroup);
    for (let at = BASE; left > 0; at += CELL_WORDS) {
      const rank = cells[at] & RANK_MASK;
      if (rank === 0 || (rank & SLOT_MASK) !== slotInGroup) continue;
      visit(tagOf(rank), cells[at + 1], cells[at + 2], this.isAbsentAt(at));
      left--;
    }
  }

  /** Forgets entries of absent keys, where that says so of their slot and stamp. */
  purge(isForgotten: (slotInGroup: number, high: number, low: number) => boolean): void {
    this.keep((at) => {
      const { cells } = this;
      const slot = cells[at] & SLOT_MASK;
      return !this.isAbsentAt(at) || !isForgotten(slot, cells[at + 1], cells[at + 2]);
    });
  }

  /** Forgets all entries that are not later than that. */
  dropUntil(high: number, low: number): void {
    this.keep((at) => isNewer(this.cells[at + 1], this.cells[at + 2], high, low));
  }

  /** Forgets all entries of those slots. */
  dropSlots(isDropped: (slotInGroup: number) => boolean): void {
    this.keep((at) => !isDropped(this.cells[at] & SLOT_MASK));
  }

  private keep(isKept: (at: number) => boolean): void {
    const { cells } = this;
    let droppedCount = 0;
    for (let at = BASE; at < cells.length; at += CELL_WORDS) {
      if (cells[at] === 0 || isKept(at)) continue;
      this.account(at, -1);
      cells[at] = 0;
      droppedCount++;
    }
    if (droppedCount === 0) return;
    this.count -= droppedCount;
    const isSparse = this.count < this.capacity * LOAD_MIN;
    this.rebuild(isSparse ? Math.ceil((this.count * GROWTH) / LOAD_MAX) : this.capacity);
  }

  private home(rank: number): number {
    return BASE + Math.trunc(rank * this.scale) * CELL_WORDS;
  }

  /** Where the rank is, or where it would be put. */
  private place(rank: number): number {
    const { cells } = this;
    let at = this.home(rank);
    for (;;) {
      const word = cells[at];
      if (word === 0 || (word & RANK_MASK) >= rank) return at;
      at += CELL_WORDS;
    }
  }

  /** Makes room at that place. @returns where the entry is to be written */
  private insert(place: number, rank: number): number {
    let at = place;
    if (this.count + 1 > this.capacity * LOAD_MAX) at = this.grow(rank);
    let free = this.freeFrom(at);
    // The last cell stays free, so that every search ends.
    while (free + CELL_WORDS >= this.cells.length) {
      at = this.grow(rank);
      free = this.freeFrom(at);
    }
    if (free > at) this.cells.copyWithin(at + CELL_WORDS, at, free);
    this.count++;
    return at;
  }

  private freeFrom(at: number): number {
    let free = at;
    while (this.cells[free] !== 0) free += CELL_WORDS;
    return free;
  }

  private grow(rank: number): number {
    this.rebuild(Math.ceil(this.capacity * GROWTH) + 1);
    return this.place(rank);
  }

  private rebuild(capacity: number): void {
    const old = this.cells;
    this.capacity = Math.max(CAPACITY_MIN, capacity);
    this.scale = this.capacity / RANK_RANGE;
    let total = cellCount(this.capacity);
    for (;;) {
      this.cells = new Uint32Array(BASE + total * CELL_WORDS);
      if (this.refill(old)) return;
      total *= 2;
    }
  }

  /** @returns false: they do not fit */
  private refill(old: Uint32Array): boolean {
    const { cells } = this;
    let next = BASE;
    cells.set(old.subarray(0, BASE));
    for (let from = BASE; from < old.length; from += CELL_WORDS) {
      if (old[from] === 0) continue;
      const at = Math.max(next, this.home(old[from] & RANK_MASK));
      if (at + CELL_WORDS >= cells.length) return false;
      cells[at] = old[from];
      cells[at + 1] = old[from + 1];
      cells[at + 2] = old[from + 2];
      next = at + CELL_WORDS;
    }
    return true;
  }

  /** Takes an entry into the sums of its slot, or out of them. */
  private account(at: number, sign: 1 | -1): void {
    const { cells } = this;
    const word = cells[at];
    const tag = tagOf(word & RANK_MASK);
    const high = cells[at + 1];
    const low = cells[at + 2];
    const sum = sumsAt(word);
    cells[sum + SUM.left] ^= mixLeft(tag, high, low);
    cells[sum + SUM.right] ^= mixRight(tag, high, low);
    cells[sum + SUM.entries] += sign;
    if (word >>> 31 === 0) cells[sum + SUM.present] += sign;
  }
}

/** Whether a key of that slot may have the tag. */
export function isTagOf(slot: number, tag: number): boolean {
  const isInGroup = tag >>> TAG_HASH_BITS === (slot & SLOT_MASK);
  return isInGroup && (tag & HASH_MASK) !== 0 && slot < SLOT_COUNT;
}

function rankOf(tag: number): number {
  return ((tag & HASH_MASK) << SLOT_BITS) | (tag >>> TAG_HASH_BITS);
}

function tagOf(rank: number): number {
  return ((rank & SLOT_MASK) << TAG_HASH_BITS) | (rank >>> SLOT_BITS);
}

function sumsAt(word: number): number {
  return (word & SLOT_MASK) * SUM_WORDS;
}

/** Some cells behind the last home, for who is pushed beyond it. */
function cellCount(capacity: number): number {
  return capacity + 3 + Math.min(32, capacity >>> 2);
}
