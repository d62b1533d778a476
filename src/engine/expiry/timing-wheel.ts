/**
 * Who is due: a hierarchical timing wheel whose lists run through the entries themselves.
 *
 *     level 0   256 slots of     64 ms   (16 s)
 *     level 1   256 slots of   16.4 s    (70 min)
 *     level 2   256 slots of     70 min  (12 days)
 *     level 3   256 slots of   12.4 days (8.7 years; later deadlines wait in the last slot)
 *
 * Time is counted in ticks of 64 ms since a year before the wheel was made, which leaves room for a
 * clock that is set back. An entry stands in the lowest level at which its tick and the cursor
 * differ only in that level's digit or below, so a slot is emptied either by expiry (level 0) or by
 * moving its entries one or more levels down, when the cursor reaches it. Both pop one entry at a
 * time and stop at a budget: a million deadlines in one millisecond are many small steps, never a
 * pause. Reads hide what is expired by themselves; the wheel only frees memory.
 *
 * The cursor jumps from one occupied slot to the next, so that a clock that leaps a year ahead, as
 * after a machine's sleep, costs no more than one that goes on. When the clock is set back, so is
 * the cursor: a slot's index is a digit of the tick, whatever the cursor is, so an entry is come by
 * in time or too early, and is then put where it belongs.
 *
 * An entry whose deadline moves to later stays where it is and is put right when its slot comes up:
 * refreshing a session's deadline touches no list. Cost: 8 bytes an entry (previous, next) and 8
 * KiB a database that uses deadlines at all. A list's first entry names its slot in `previous`, its
 * last one in `next`. What is put in a list comes last: where all live equally long, a list is in
 * the order of deadlines, however wide its slot is.
 *
 * Source: Varghese and Lauck, Hashed and Hierarchical Timing Wheels (1987), scheme 7.
 */
import { AddressBuffer } from '../keyspace/address-buffer.ts';
import { deadlineOffset, readDeadline } from '../keyspace/entry.ts';
import type { Memory } from '../memory/memory.ts';

const TICK_MS = 64;
const SLOT_COUNT = 256;
const LEVEL_COUNT = 4;
const SLOTS_TOTAL = SLOT_COUNT * LEVEL_COUNT;
/** Of `occupied`. */
const WORDS_TOTAL = SLOTS_TOTAL / 32;
const LEVEL_WORDS = SLOT_COUNT / 32;
const TICK_MAX = 0xffff_ffff;
const YEAR_MS = 31_536_000_000;
/** `previous` of a list's first entry and `next` of its last: above every address. */
const SLOT_MARK = 0xffff_f000;
/** Entries of one slot that are compared for the soonest, and those of them that go next. */
const COMPARED_COUNT = 32;
const SOONEST_COUNT = 8;
const COMPARED_ROUNDS_MAX = 8;

export class TimingWheel {
  /** Entries with a deadline. */
  count = 0;
  readonly byteCount = (2 * SLOTS_TOTAL + WORDS_TOTAL) * 4;
  /**
   * The soonest of some, the very soonest last, as `soonest` hands them out. Empty once the wheel
   * has changed otherwise than by the removal of the last.
   */
  readonly soonestEntries = new AddressBuffer(SOONEST_COUNT);
  private readonly soonestMs = new Float64Array(SOONEST_COUNT);
  private readonly memory: Memory;
  /** Of each slot's list; 0 where it is empty. */
  private readonly heads = new Uint32Array(SLOTS_TOTAL);
  private readonly tails = new Uint32Array(SLOTS_TOTAL);
  /** A bit a slot. */
  private readonly occupied = new Int32Array(WORDS_TOTAL);
  private readonly startMs: number;
  /** Every tick before this one has been emptied. */
  private cursorTick: number;
  /** Where `nextInTurn` goes on: an entry, 0 for the first one of the slots behind turnSlot. */
  private turnEntry = 0;
  private turnSlot = 0;

  constructor(memory: Memory, nowMs: number) {
    this.memory = memory;
    this.startMs = nowMs - YEAR_MS;
    this.cursorTick = this.tickOf(nowMs);
  }

  /**
   * Links an entry that has the DEADLINE field and is in no list. Leaves `memory` located anywhere.
   */
  add(entry: number, deadlineMs: number): void {
    this.count++;
    this.soonestEntries.count = 0;
    this.link(entry, deadlineMs);
  }

  /** Takes an entry out of its list. Leaves `memory` located anywhere. */
  remove(entry: number): void {
    const { soonestEntries } = this;
    const { count, addresses } = soonestEntries;
    soonestEntries.count = count > 0 && addresses[count - 1] === entry ? count - 1 : 0;
    this.count--;
    this.unlink(entry);
  }

  /** The deadline was changed in the entry already. */
  update(entry: number, oldDeadlineMs: number, deadlineMs: number): void {
    this.soonestEntries.count = 0;
    if (deadlineMs >= oldDeadlineMs) return;
    this.unlink(entry);
    this.link(entry, deadlineMs);
  }

  /** The entry's bytes, links included, now lie at another address. */
  relocate(from: number, to: number): void {
    this.soonestEntries.count = 0;
    if (this.turnEntry === from) this.turnEntry = to;
    const memory = this.memory;
    memory.locate(to);
    const links = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true)) + 8;
    const previous = memory.view.getUint32(links, true);
    const next = memory.view.getUint32(links + 4, true);
    if (previous >= SLOT_MARK) this.heads[previous - SLOT_MARK] = to;
    else this.setNext(previous, to);
    if (next >= SLOT_MARK) this.tails[next - SLOT_MARK] = to;
    else this.setPrevious(next, to);
  }

  /** One entry after the other, all of them in a turn; 0 when there is none. */
  nextInTurn(): number {
    if (this.count === 0) return 0;
    let entry = this.turnEntry;
    if (entry === 0) {
      this.turnSlot = this.occupiedFrom((this.turnSlot + 1) % SLOTS_TOTAL, WORDS_TOTAL);
      entry = this.heads[this.turnSlot];
    }
    this.turnEntry = this.nextOf(entry);
    return entry;
  }

  /**
   * An entry that comes due no later than any other, as far as the wheel tells them apart: of the
   * first slot that comes up the soonest of some. 0 when there is none.
   */
  soonest(): number {
    const { soonestEntries } = this;
    if (soonestEntries.count === 0) this.findSoonest();
    return soonestEntries.count === 0 ? 0 : soonestEntries.addresses[soonestEntries.count - 1];
  }

  /** Fills `soonestEntries`, which is empty, if there is any entry. */
  findSoonest(): void {
    if (this.count === 0) return;
    for (let round = 0; round < COMPARED_ROUNDS_MAX; round++) {
      this.compareSlot(this.soonestSlot());
      if (this.soonestEntries.count > 0) return;
    }
    this.soonestEntries.push(this.heads[this.soonestSlot()]);
  }

  /** Of a slot's first entries; those whose deadline was moved are put where they belong. */
  private compareSlot(slot: number): void {
    let entry = this.heads[slot];
    for (let i = 0; i < COMPARED_COUNT && entry !== 0; i++) {
      const deadlineMs = this.deadlineOf(entry);
      const next = this.nextOf(entry);
      if (this.slotOf(deadlineMs) === slot) {
        this.compare(entry, deadlineMs);
      } else {
        this.unlink(entry);
        this.link(entry, deadlineMs);
      }
      entry = next;
    }
  }

  /** Among equals what came first goes first. */
  private compare(entry: number, deadlineMs: number): void {
    const { soonestEntries, soonestMs } = this;
    const { addresses } = soonestEntries;
    let { count } = soonestEntries;
    if (count === SOONEST_COUNT) {
      if (deadlineMs >= soonestMs[0]) return;
      addresses.copyWithin(0, 1);
      soonestMs.copyWithin(0, 1);
      count--;
    }
    let at = count;
    for (; at > 0 && soonestMs[at - 1] <= deadlineMs; at--) {
      addresses[at] = addresses[at - 1];
      soonestMs[at] = soonestMs[at - 1];
    }
    addresses[at] = entry;
    soonestMs[at] = deadlineMs;
    soonestEntries.count = count + 1;
  }

  /** The occupied slot that comes up first; there is one. */
  private soonestSlot(): number {
    const { heads } = this;
    // Where the cursor has just come to, what waits to be moved down may be due before the rest.
    for (let level = LEVEL_COUNT - 1; level > 0; level--) {
      const span = SLOT_COUNT ** level;
      if (this.cursorTick % span !== 0) continue;
      const slot = level * SLOT_COUNT + (Math.floor(this.cursorTick / span) % SLOT_COUNT);
      if (heads[slot] !== 0) return slot;
    }
    for (let level = 0, span = 1; level < LEVEL_COUNT; level++, span *= SLOT_COUNT) {
      const digit = Math.floor(this.cursorTick / span) % SLOT_COUNT;
      // What else stands in the cursor's own slot is due now in level 0, and a turn later above.
      const slot = this.occupiedOfLevel(level, level === 0 ? digit : digit + 1);
      if (slot >= 0) return slot;
    }
    return 0;
  }

  /**
   * The next entry that is due, or 0 when none is or the budget is spent. The caller removes it.
   * @param budget  entries to look at, counted down in `budget.left`
   */
  nextDue(nowMs: number, budget: { left: number }): number {
    const nowTick = this.tickOf(nowMs);
    if (this.count === 0 || nowTick < this.cursorTick) this.cursorTick = nowTick;
    while (this.cursorTick < nowTick) {
      if (!this.cascade(budget)) return 0;
      const slot = this.cursorTick % SLOT_COUNT;
      let entry = this.heads[slot];
      while (entry !== 0) {
        if (budget.left-- <= 0) return 0;
        const deadlineMs = this.deadlineOf(entry);
        if (deadlineMs <= nowMs) return entry;
        this.unlink(entry);
        this.link(entry, deadlineMs);
        entry = this.heads[slot];
      }
      this.cursorTick = Math.min(nowTick, this.nextOccupiedTick());
    }
    return 0;
  }

  /** Whether `nextDue` has work left at that moment. */
  isBehind(nowMs: number): boolean {
    return this.count > 0 && this.cursorTick !== this.tickOf(nowMs);
  }

  /**
   * The first tick after the cursor at which a slot comes up that is not empty; Infinity for none.
   * A slot before the cursor's own comes up again in the next turn of its level.
   */
  private nextOccupiedTick(): number {
    let least = Number.POSITIVE_INFINITY;
    for (let level = 0, span = 1; level < LEVEL_COUNT; level++, span *= SLOT_COUNT) {
      const digit = Math.floor(this.cursorTick / span) % SLOT_COUNT;
      const slot = this.occupiedOfLevel(level, digit + 1);
      if (slot < 0) continue;
      const step = ((slot - digit - 1) & (SLOT_COUNT - 1)) + 1;
      least = Math.min(least, (Math.floor(this.cursorTick / span) + step) * span);
    }
    return least;
  }

  /** Moves the slots that begin at the cursor down to lower levels. False: budget spent. */
  private cascade(budget: { left: number }): boolean {
    for (let level = LEVEL_COUNT - 1; level > 0; level--) {
      const span = SLOT_COUNT ** level;
      if (this.cursorTick % span !== 0) continue;
      const slot = level * SLOT_COUNT + (Math.floor(this.cursorTick / span) % SLOT_COUNT);
      let entry = this.heads[slot];
      while (entry !== 0) {
        if (budget.left-- <= 0) return false;
        const deadlineMs = this.deadlineOf(entry);
        this.unlink(entry);
        this.link(entry, deadlineMs);
        entry = this.heads[slot];
      }
    }
    return true;
  }

  private tickOf(ms: number): number {
    const tick = Math.floor((ms - this.startMs) / TICK_MS);
    return tick <= 0 ? 0 : tick >= TICK_MAX ? TICK_MAX : tick;
  }

  private slotOf(deadlineMs: number): number {
    const cursor = this.cursorTick;
    const tick = Math.max(this.tickOf(deadlineMs), cursor);
    const differs = (tick ^ cursor) >>> 0;
    if (differs < 0x100) return tick & 255;
    if (differs < 0x1_0000) return SLOT_COUNT + ((tick >>> 8) & 255);
    if (differs < 0x100_0000) return 2 * SLOT_COUNT + ((tick >>> 16) & 255);
    return 3 * SLOT_COUNT + (tick >>> 24);
  }

  private link(entry: number, deadlineMs: number): void {
    const slot = this.slotOf(deadlineMs);
    const last = this.tails[slot];
    this.tails[slot] = entry;
    if (last === 0) {
      this.heads[slot] = entry;
      this.occupied[slot >>> 5] |= 1 << slot;
    } else {
      this.setNext(last, entry);
    }
    const memory = this.memory;
    memory.locate(entry);
    const links = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true)) + 8;
    memory.view.setUint32(links, last === 0 ? SLOT_MARK + slot : last, true);
    memory.view.setUint32(links + 4, SLOT_MARK + slot, true);
  }

  private unlink(entry: number): void {
    const memory = this.memory;
    memory.locate(entry);
    const links = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true)) + 8;
    const previous = memory.view.getUint32(links, true);
    const next = memory.view.getUint32(links + 4, true);
    const isFirst = previous >= SLOT_MARK;
    const isLast = next >= SLOT_MARK;
    if (this.turnEntry === entry) this.turnEntry = isLast ? 0 : next;
    if (isFirst) this.heads[previous - SLOT_MARK] = isLast ? 0 : next;
    else this.setNext(previous, next);
    if (isLast) this.tails[next - SLOT_MARK] = isFirst ? 0 : previous;
    else this.setPrevious(next, previous);
    if (isFirst && isLast) this.vacate(next - SLOT_MARK);
  }

  private vacate(slot: number): void {
    this.occupied[slot >>> 5] &= ~(1 << slot);
  }

  /** The first slot of a level that is occupied, from that digit on and around; -1 for none. */
  private occupiedOfLevel(level: number, digit: number): number {
    return this.occupiedFrom(level * SLOT_COUNT + (digit & (SLOT_COUNT - 1)), LEVEL_WORDS);
  }

  /**
   * The same among as many words' slots as are given, a power of two, of which `start` is one.
   */
  private occupiedFrom(start: number, wordCount: number): number {
    const { occupied } = this;
    let word = start >>> 5;
    const begin = word & -wordCount;
    // The first word comes up again at the end, for the slots before the start.
    let bits = (occupied[word] >>> start) << start;
    for (let step = 0; step <= wordCount; step++) {
      if (bits !== 0) return (word << 5) + 31 - Math.clz32(bits & -bits);
      word = begin + ((word + 1) & (wordCount - 1));
      bits = occupied[word];
    }
    return -1;
  }

  private nextOf(entry: number): number {
    const memory = this.memory;
    memory.locate(entry);
    const at = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true)) + 12;
    const next = memory.view.getUint32(at, true);
    return next >= SLOT_MARK ? 0 : next;
  }

  private deadlineOf(entry: number): number {
    const memory = this.memory;
    memory.locate(entry);
    const at = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true));
    return readDeadline(memory.view, at);
  }

  private setNext(entry: number, next: number): void {
    const memory = this.memory;
    memory.locate(entry);
    const at = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true)) + 12;
    memory.view.setUint32(at, next, true);
  }

  private setPrevious(entry: number, previous: number): void {
    const memory = this.memory;
    memory.locate(entry);
    const at = memory.base + deadlineOffset(memory.view.getUint32(memory.base, true)) + 8;
    memory.view.setUint32(at, previous, true);
  }
}
