import { LIMITS } from '../../base/limits.ts';
import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import type { Segment } from '../memory/segment.ts';
import { chunkMaskOf, homeOf, RECORD, RECORD_SHIFT } from './table-layout.ts';
import type { TableSet } from './table-set.ts';

/**
 * Fetches slots and entries of several hashes into the cache. One by one each key waits twice for
 * memory (about 100 ns each); short loops, in which no load depends on the one before, wait for
 * many at once. Measured at 1M keys of 16 B: 438 ns a `find` without, 308 with, warming included. A
 * single loop over whole keys gained nothing: its branches depend on what is being loaded.
 */
export class EntryWarmer {
  /** Raised; filled by the caller. */
  readonly hashes = new Uint32Array(LIMITS.warmedKeyCountMax);
  private readonly segmentIndexes = new Uint32Array(LIMITS.warmedKeyCountMax);
  private readonly places = new Uint32Array(LIMITS.warmedKeyCountMax);

  /** @returns nothing of meaning; use it, so that the loads are not optimised away */
  fetch(
    segments: readonly Segment[],
    { directory, records, shift }: TableSet,
    count: number,
  ): number {
    const { hashes, segmentIndexes, places } = this;
    let seen = 0;
    for (let i = 0; i < count; i++) {
      const hash = hashes[i];
      const record = directory[hash >>> shift] << RECORD_SHIFT;
      const shape = records[record + RECORD.SHAPE];
      const home = homeOf(hash, shape, records[record + RECORD.CAPACITY]);
      const address = records[record + (home >>> (shape >>> 5))];
      const at = ((address & PLACE_MASK) << 1) + (home & chunkMaskOf(shape)) * 2;
      segmentIndexes[i] = address >>> SEGMENT_SHIFT;
      places[i] = at;
      seen ^= segments[address >>> SEGMENT_SHIFT].words[at];
    }
    for (let i = 0; i < count; i++) {
      const hash = hashes[i];
      const { words } = segments[segmentIndexes[i]];
      let at = places[i];
      while (words[at] < hash) at += 2;
      const entry = words[at] === hash ? words[at + 1] : 0;
      segmentIndexes[i] = entry >>> SEGMENT_SHIFT;
      places[i] = (entry & PLACE_MASK) << 1;
    }
    for (let i = 0; i < count; i++) {
      // A huge block lies elsewhere; its first line is the least of its cost.
      if (segmentIndexes[i] >= segments.length) continue;
      const { words } = segments[segmentIndexes[i]];
      const at = places[i];
      seen ^= words[at];
      // Key and value of a small entry often reach into the next cache line.
      if (at + 16 < words.length) seen ^= words[at + 16];
    }
    return seen | 0;
  }
}
