/**
 * Fetches what look-ups of several hashes in one tree will need into the cache, as
 * `HashIndex.warm` does for keys: one by one each look-up waits for the leaf's slots and then for
 * the payload; in loops whose loads do not depend on one another many are waited for at once.
 */
import { hashBytes } from '../../base/hash.ts';
import { LIMITS } from '../../base/limits.ts';
import { descendToHashLeaf, guessedSlot } from './descent.ts';
import { FORMAT, PAGE_HEADER_BYTES } from './page-layout.ts';
import { TreeCursor } from './tree-cursor.ts';
import type { TreeTable } from './tree-table.ts';

const COUNT_MAX: number = LIMITS.warmedKeyCountMax;
const SLOT_BYTES = 6;

export class TreeWarmer {
  private readonly cursor: TreeCursor;
  private readonly views: DataView[] = new Array<DataView>(COUNT_MAX);
  private readonly keys = new Uint32Array(COUNT_MAX);
  private readonly bases = new Uint32Array(COUNT_MAX);
  private readonly slotCounts = new Uint32Array(COUNT_MAX);
  private readonly shares = new Float64Array(COUNT_MAX);

  constructor(table: TreeTable) {
    this.cursor = new TreeCursor(table);
  }

  /**
   * @param id     a tree of format SLOTTED32
   * @param count  at most LIMITS.warmedKeyCountMax
   * @returns      nothing of meaning; use it, so that the loads are not optimised away
   */
  warm(
    id: number,
    view: DataView,
    offsets: Uint32Array,
    lengths: Uint32Array,
    count: number,
    seed0: number,
    seed1: number,
  ): number {
    const { cursor, views, keys, bases, slotCounts, shares } = this;
    let seen = 0;
    if (cursor.table.roots[id] === 0) return 0;
    for (let i = 0; i < count; i++) {
      keys[i] = hashBytes(view, offsets[i], lengths[i], seed0, seed1);
      const share = descendToHashLeaf(cursor, id, keys[i]);
      if (cursor.format !== FORMAT.SLOTTED32) return 0;
      shares[i] = share;
      views[i] = cursor.pageView;
      bases[i] = cursor.pageBase;
      slotCounts[i] = cursor.slotCount;
      const slotAt =
        cursor.pageBase + PAGE_HEADER_BYTES + ((share * cursor.slotCount) | 0) * SLOT_BYTES;
      seen ^= cursor.pageView.getUint16(slotAt, true);
    }
    for (let i = 0; i < count; i++) {
      if (slotCounts[i] === 0) continue;
      const page = views[i];
      const slotsAt = bases[i] + PAGE_HEADER_BYTES;
      const slot = guessedSlot(page, slotsAt, slotCounts[i], keys[i], shares[i]);
      if (slot === slotCounts[i]) continue;
      seen ^= page.getUint8(bases[i] + page.getUint16(slotsAt + slot * SLOT_BYTES + 4, true));
    }
    return seen;
  }
}
