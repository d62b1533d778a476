import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import { freeHeaderBytes, isFreeHeader } from '../memory/free-lists.ts';
import type { Memory } from '../memory/memory.ts';
import { roundToClass } from '../memory/size-classes.ts';
import { entryBytes, TYPE } from './entry.ts';
import { chunkCountOf, chunkMaskOf, LINK, RECORD } from './table-layout.ts';

/** Slots of one run; whoever wants more draws more runs. */
const SLOT_COUNT_MAX = 64;
/** Blocks that are looked at from each slot's entry on. */
export const RUN_LENGTH = 4;
const RUN_COUNT_MAX = SLOT_COUNT_MAX * RUN_LENGTH;

/**
 * Entries of neighbouring slots and, of each, its neighbours in memory, with the two words that
 * head each entry. Slots are in the order of a secret hash, so a run of them is as good a sample as
 * that many drawn one by one, and costs one look at the index instead of as many.
 *
 *     slots    [hash address] [hash address] ...            a run of them: addresses far apart
 *                   |               |
 *     memory   [entry][next][next][next]   [entry][next][next][next]   ...
 *
 * What a header costs is the page it lies in: at two million keys on a virtual machine 180 ns for
 * one alone, 80 to 100 where several are waited for together, and a fourth of that for each of four
 * that share a page. All is read in loops over the slots in which no load depends on another.
 */
export class SlotRun {
  count = 0;
  readonly addresses = new Uint32Array(RUN_COUNT_MAX);
  readonly words0 = new Uint32Array(RUN_COUNT_MAX);
  readonly words1 = new Uint32Array(RUN_COUNT_MAX);
  /** Of each slot the block that was looked at last, 0 behind the last one. */
  private readonly blocks = new Uint32Array(SLOT_COUNT_MAX);

  /**
   * Takes up to `slotCountMax` entries of a table, from a place on, and their neighbours; at the
   * table's end it goes on at its begin. An entry may be in it twice.
   * @param place  uniform u32
   */
  take(
    memory: Memory,
    records: Uint32Array,
    record: number,
    place: number,
    slotCountMax: number,
  ): void {
    const shape = records[record + RECORD.SHAPE];
    const mask = chunkMaskOf(shape);
    const chunkShift = shape >>> 5;
    const positionCount = chunkCountOf(shape) << chunkShift;
    let position = Math.floor((place / 0x1_0000_0000) * positionCount);
    let found = 0;
    const wanted = Math.min(slotCountMax, SLOT_COUNT_MAX);
    for (let left = positionCount; left > 0 && found < wanted; left--) {
      const at = position & mask;
      if (at !== 0 && at !== mask) {
        const chunk = records[record + (position >>> chunkShift)];
        const words = memory.segments[chunk >>> SEGMENT_SHIFT].words;
        const slot = ((chunk & PLACE_MASK) << 1) + at * 2;
        const address = words[slot + 1];
        if (address !== 0 && address !== LINK) this.addresses[found++] = address;
      }
      if (++position === positionCount) position = 0;
    }
    this.count = found;
    this.readHeads(memory);
    this.readNeighbours(memory, found);
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
        this.blocks[i] = address;
      } else {
        memory.locate(address);
        this.words0[i] = memory.view.getUint32(memory.base, true);
        this.words1[i] = memory.view.getUint32(memory.base + 4, true);
        this.blocks[i] = 0;
      }
    }
  }

  private readNeighbours(memory: Memory, slotCount: number): void {
    const { segments } = memory;
    let found = slotCount;
    for (let step = 1; step < RUN_LENGTH; step++) {
      for (let i = 0; i < slotCount; i++) {
        const block = this.blocks[i] === 0 ? 0 : blockBehind(memory, this.blocks[i]);
        this.blocks[i] = block;
        if (block === 0) continue;
        const { words } = segments[block >>> SEGMENT_SHIFT];
        const at = (block & PLACE_MASK) << 1;
        if (isFreeHeader(words[at])) continue;
        this.addresses[found] = block;
        this.words0[found] = words[at];
        this.words1[found++] = words[at + 1];
      }
    }
    this.count = found;
  }
}

/**
 * The entry or free block behind another one in its segment. 0 where there is none: at the end, at
 * the bump region, before a page or a table, which would have a page of memory for itself.
 */
function blockBehind(memory: Memory, address: number): number {
  const segment = memory.segments[address >>> SEGMENT_SHIFT];
  const base = (address & PLACE_MASK) << 3;
  const word0 = segment.words[base >>> 2];
  const size = isFreeHeader(word0)
    ? freeHeaderBytes(word0)
    : roundToClass(entryBytes(segment.view, base));
  const behind = address + (size >>> 3);
  if (base + size >= segment.byteCount || behind === memory.bumpAddress) return 0;
  return (segment.words[(base + size) >>> 2] & 15) <= TYPE.STREAM ? behind : 0;
}
