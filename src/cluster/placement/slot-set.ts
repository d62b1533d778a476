/** A set of slots: one bit each, 2 KiB. */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';

export const SLOT_SET_BYTES = SLOT_COUNT / 8;

export class SlotSet {
  count = 0;
  readonly bytes = new Uint8Array(SLOT_SET_BYTES);

  has(slot: number): boolean {
    return (this.bytes[slot >>> 3] & (1 << (slot & 7))) !== 0;
  }

  add(slot: number): void {
    if (this.has(slot)) return;
    this.bytes[slot >>> 3] |= 1 << (slot & 7);
    this.count++;
  }

  delete(slot: number): void {
    if (!this.has(slot)) return;
    this.bytes[slot >>> 3] &= ~(1 << (slot & 7));
    this.count--;
  }

  clear(): void {
    this.bytes.fill(0);
    this.count = 0;
  }

  /** All of them are in the other set as well. */
  isWithin(other: SlotSet): boolean {
    return this.bytes.every((bits, at) => (bits & ~other.bytes[at]) === 0);
  }

  /** Calls for each, in order; the one that is told may be deleted meanwhile. */
  each(visit: (slot: number) => void): void {
    for (let at = 0; at < SLOT_SET_BYTES; at++) {
      for (let bits = this.bytes[at]; bits !== 0; bits &= bits - 1) {
        visit(at * 8 + 31 - Math.clz32(bits & -bits));
      }
    }
  }
}
