import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Memory } from '../memory/memory.ts';
import { chunkCountOf, chunkMaskOf, LINK, RECORD } from './table-layout.ts';

/** Entries of one run; whoever wants more draws more runs. */
const RUN_COUNT_MAX = 64;

/**
 * Entries of neighbouring slots, with the two words that head each of them. Slots are in the order
 * of a secret hash, so a run is as good a sample as that many drawn one by one, and costs one look
 * at the index instead of as many. The entries are then read in a loop in which no load depends on
 * another: at a million keys five cost 0.6 us so, 2.4 us one by one.
 */
export class SlotRun {
  count = 0;
  /** As the index has them. */
  readonly hashes = new Uint32Array(RUN_COUNT_MAX);
  readonly addresses = new Uint32Array(RUN_COUNT_MAX);
  readonly words0 = new Uint32Array(RUN_COUNT_MAX);
  readonly words1 = new Uint32Array(RUN_COUNT_MAX);

  /**
   * Takes up to `countMax` entries of a table, from a place on; at its end it goes on at its begin.
   * @param place  uniform u32
   */
  take(
    memory: Memory,
    records: Uint32Array,
    record: number,
    place: number,
    countMax: number,
  ): void {
    const shape = records[record + RECORD.SHAPE];
    const mask = chunkMaskOf(shape);
    const chunkShift = shape >>> 5;
    const positionCount = chunkCountOf(shape) << chunkShift;
    let position = Math.floor((place / 0x1_0000_0000) * positionCount);
    let found = 0;
    const wanted = Math.min(countMax, RUN_COUNT_MAX);
    for (let left = positionCount; left > 0 && found < wanted; left--) {
      const at = position & mask;
      if (at !== 0 && at !== mask) {
        const chunk = records[record + (position >>> chunkShift)];
        const words = memory.segments[chunk >>> SEGMENT_SHIFT].words;
        const slot = ((chunk & PLACE_MASK) << 1) + at * 2;
        const address = words[slot + 1];
        if (address !== 0 && address !== LINK) {
          this.hashes[found] = words[slot];
          this.addresses[found++] = address;
        }
      }
      if (++position === positionCount) position = 0;
    }
    this.count = found;
    this.readHeads(memory);
  }

  private readHeads(memory: Memory): void {
    const { segments } = memory;
    for (let i = 0; i < this.count; i++) {
      const address = this.addresses[i];
      const index = address >>> SEGMENT_SHIFT;
      if (index < segments.length) {
        const { words } = segments[index];
        const at = (address & PLACE_MASK) << 1;
        this.words0[i] = words[at];
        this.words1[i] = words[at + 1];
      } else {
        memory.locate(address);
        this.words0[i] = memory.view.getUint32(memory.base, true);
        this.words1[i] = memory.view.getUint32(memory.base + 4, true);
      }
    }
  }
}
