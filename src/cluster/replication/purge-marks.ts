/**
 * Up to when removals were forgotten, slot by slot: whoever owns a slot decides for it. While all
 * slots have the same mark it is kept once, else 128 KiB.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { SlotSet } from '../placement/slot-set.ts';
import { isNewer } from './stamp.ts';

export class PurgeMarks {
  /** What `find` and `findEarliest` found. */
  high = 0;
  low = 0;
  private wholeHigh = 0;
  private wholeLow = 0;
  private highs: Uint32Array | null = null;
  private lows: Uint32Array | null = null;

  /** Nothing was ever forgotten. */
  get isUnused(): boolean {
    return this.highs === null && this.wholeHigh === 0;
  }

  /** Of these slots, or all, what was removed no later than that is forgotten. */
  raise(high: number, low: number, slots: SlotSet | null): void {
    if (slots === null && this.highs === null) {
      if (!isNewer(high, low, this.wholeHigh, this.wholeLow)) return;
      this.wholeHigh = high;
      this.wholeLow = low;
      return;
    }
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (slots?.has(slot) === false) continue;
      this.find(slot);
      if (isNewer(high, low, this.high, this.low)) this.put(slot, high, low);
    }
  }

  /** Nothing is known of the slot any more, so nothing of it is known to be forgotten. */
  clear(slot: number): void {
    this.find(slot);
    if ((this.high | this.low) !== 0) this.put(slot, 0, 0);
  }

  find(slot: number): void {
    this.high = this.highs?.[slot] ?? this.wholeHigh;
    this.low = this.lows?.[slot] ?? this.wholeLow;
  }

  /** The earliest mark of these slots, or of all. */
  findEarliest(slots: SlotSet | null): void {
    this.find(0);
    if (this.highs === null) return;
    let high = -1;
    let low = 0;
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (slots?.has(slot) === false) continue;
      this.find(slot);
      if (high >= 0 && !isNewer(high, low, this.high, this.low)) continue;
      high = this.high;
      low = this.low;
    }
    this.high = Math.max(0, high);
    this.low = low;
  }

  private put(slot: number, high: number, low: number): void {
    this.highs ??= new Uint32Array(SLOT_COUNT).fill(this.wholeHigh);
    this.lows ??= new Uint32Array(SLOT_COUNT).fill(this.wholeLow);
    this.highs[slot] = high;
    this.lows[slot] = low;
  }
}
