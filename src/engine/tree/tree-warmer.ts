/**
 * Looks several hashes up in one tree ahead of the seeks that will ask for them: one by one each
 * look-up waits for the leaf's slots and then for the payload; in loops whose loads do not depend
 * on one another many are waited for at once. The seeks take over what was found.
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
  private readonly places = new Uint32Array(COUNT_MAX);
  private readonly bases = new Uint32Array(COUNT_MAX);
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
    for (let i = 0; i < count; i++) {
      this.keys[i] = hashBytes(view, offsets[i], lengths[i], seed0, seed1);
    }
    return this.warmKeys(id, this.keys, count);
  }

  warmKeys(id: number, keys: Uint32Array, count: number): number {
    const { cursor, views, bases, shares, places } = this;
    const { seekAhead } = cursor.table;
    const { slots, slotCounts } = seekAhead;
    if (cursor.table.roots[id] === 0) return 0;
    for (let i = 0; i < count; i++) {
      const share = descendToHashLeaf(cursor, id, keys[i]);
      if (cursor.format !== FORMAT.SLOTTED32) return 0;
      shares[i] = share;
      views[i] = cursor.pageView;
      bases[i] = cursor.pageBase;
      seekAhead.note(i, keys[i], cursor);
      places[i] =
        cursor.pageBase + PAGE_HEADER_BYTES + ((share * cursor.slotCount) | 0) * SLOT_BYTES;
    }
    let seen = 0;
    for (let i = 0; i < count; i++) seen ^= views[i].getUint16(places[i], true);
    for (let i = 0; i < count; i++) {
      const page = views[i];
      const slotsAt = bases[i] + PAGE_HEADER_BYTES;
      const slot = guessedSlot(page, slotsAt, slotCounts[i], keys[i], shares[i]);
      slots[i] = slot;
      places[i] =
        slot === slotCounts[i]
          ? bases[i]
          : bases[i] + page.getUint16(slotsAt + slot * SLOT_BYTES + 4, true);
    }
    for (let i = 0; i < count; i++) {
      seen ^= views[i].getUint8(places[i]);
    }
    seekAhead.begin(cursor, count);
    return seen;
  }
}
