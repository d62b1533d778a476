import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Segment } from '../memory/segment.ts';
import type { SegmentPool } from '../memory/segment-pool.ts';
import { TYPE } from './entry.ts';
import {
  capacityFor,
  chunkCountOf,
  chunkMaskOf,
  chunkShiftOf,
  homeOf,
  LINK,
  marginFor,
  NO_HASH,
  RECORD,
  RECORD_SHIFT,
} from './table-layout.ts';

/**
 * Takes the entries out of tables, in the order of their hashes, and writes them back into others:
 * each as near behind its home as those before it allow. Both are one pass.
 */
export class TableWriter {
  /** Entries gathered. */
  count = 0;
  readonly #segments: readonly Segment[];
  readonly #pool: SegmentPool;
  /** Hash and address of each gathered entry; the pool's work area. */
  #gathered: Uint32Array = new Uint32Array(0);

  constructor(segments: readonly Segment[], pool: SegmentPool) {
    this.#segments = segments;
    this.#pool = pool;
  }

  /** @param entryCount  of all tables that will be gathered */
  begin(entryCount: number): void {
    this.count = 0;
    this.#gathered = this.#pool.workWords(entryCount * 2);
  }

  /** Adds a table's entries to the gathered ones; their hashes must be above all of those. */
  gather(records: Uint32Array, id: number): void {
    const record = id << RECORD_SHIFT;
    const shape = records[record + RECORD.SHAPE];
    const mask = chunkMaskOf(shape);
    const gathered = this.#gathered;
    let to = this.count * 2;
    for (let chunk = 0; chunk < chunkCountOf(shape); chunk++) {
      const address = records[record + chunk];
      const words = this.#segments[address >>> SEGMENT_SHIFT].words;
      const first = ((address & PLACE_MASK) << 1) + 2;
      const link = first + (mask - 1) * 2;
      for (let at = first; at < link; at += 2) {
        if (words[at + 1] === 0) continue;
        gathered[to] = words[at];
        gathered[to + 1] = words[at + 1];
        to += 2;
      }
    }
    this.count = to / 2;
  }

  /** How many gathered hashes, from the first on, have that bit clear. */
  countBelow(bit: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#gathered[middle * 2] & bit) === 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** First bits that all gathered hashes have in common. */
  sharedBitCount(): number {
    return Math.clz32(this.#gathered[0] ^ this.#gathered[this.count * 2 - 2]);
  }

  /**
   * Writes gathered entries [from, to) into a table whose chunks and shape are set, and sets its
   * capacity. They always fit: if they crowd at the end, the margin is made larger.
   */
  write(records: Uint32Array, id: number, from: number, to: number): void {
    const record = id << RECORD_SHIFT;
    const shape = records[record + RECORD.SHAPE];
    const chunkShift = chunkShiftOf(shape);
    const chunkCount = chunkCountOf(shape);
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      const address = records[record + chunk];
      const words = this.#segments[address >>> SEGMENT_SHIFT].words;
      const at = (address & PLACE_MASK) << 1;
      words[at] = (chunkShift << 4) | TYPE.INDEX_TABLE;
      words[at + 1] = record + chunk;
    }
    let margin = marginFor(chunkShift, chunkCount);
    for (;;) {
      records[record + RECORD.CAPACITY] = capacityFor(chunkShift, chunkCount, margin);
      if (this.#layOut(records, record, from, to)) return;
      margin *= 2;
    }
  }

  /** @returns  false when the last entries have no room */
  #layOut(records: Uint32Array, record: number, from: number, to: number): boolean {
    const shape = records[record + RECORD.SHAPE];
    const capacity = records[record + RECORD.CAPACITY];
    const mask = chunkMaskOf(shape);
    const chunkCount = chunkCountOf(shape);
    const gathered = this.#gathered;
    let source = from * 2;
    const sourceEnd = to * 2;
    let home = source < sourceEnd ? homeOf(gathered[source], shape, capacity) : NO_HOME;
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      const address = records[record + chunk];
      const words = this.#segments[address >>> SEGMENT_SHIFT].words;
      const start = (address & PLACE_MASK) << 1;
      const firstPosition = chunk * (mask + 1);
      for (let place = 1; place < mask; place++) {
        const at = start + place * 2;
        if (home > firstPosition + place) {
          words[at] = NO_HASH;
          words[at + 1] = 0;
          continue;
        }
        words[at] = gathered[source];
        words[at + 1] = gathered[source + 1];
        source += 2;
        home = source < sourceEnd ? homeOf(gathered[source], shape, capacity) : NO_HOME;
      }
      words[start + mask * 2] = NO_HASH;
      words[start + mask * 2 + 1] = chunk === chunkCount - 1 ? 0 : LINK;
    }
    return source >= sourceEnd;
  }
}

/** Above any position. */
const NO_HOME = 0x7fffffff;
