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

  /** Adds all of another one, told as its bytes. */
  addBytes(bytes: Uint8Array, start: number): void {
    for (let at = 0; at < SLOT_SET_BYTES; at++) {
      const added = bytes[start + at] & ~this.bytes[at];
      this.bytes[at] |= added;
      for (let bits = added; bits !== 0; bits &= bits - 1) this.count++;
    }
  }

  /** The first one from that on; SLOT_COUNT when there is none. */
  next(slot: number): number {
    let at = slot >>> 3;
    let bits = (this.bytes[at] ?? 0) & (0xff << (slot & 7));
    while (bits === 0 && ++at < SLOT_SET_BYTES) bits = this.bytes[at];
    return bits === 0 ? SLOT_COUNT : at * 8 + 31 - Math.clz32(bits & -bits);
  }

  clear(): void {
    this.bytes.fill(0);
    this.count = 0;
  }

  /** All of them are in the other set as well. */
  isWithin(other: SlotSet): boolean {
    for (let at = 0; at < SLOT_SET_BYTES; at++) {
      if ((this.bytes[at] & ~other.bytes[at]) !== 0) return false;
    }
    return true;
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
