/**
 * What was found for seeks that are still to come (`tree-warmer.ts`): the seek of such a key takes
 * path, leaf and slot over. None of it is believed after pages of any tree were split, joined or
 * moved; after mere insertions and removals the slot is looked for again.
 */
import { LIMITS } from '../../base/limits.ts';
import { guessedSlot } from './descent.ts';
import { FORMAT, LEVEL_COUNT_MAX, PAGE_HEADER_BYTES, slotBytes } from './page-layout.ts';
import type { TreeCursor } from './tree-cursor.ts';

const COUNT_MAX: number = LIMITS.warmedKeyCountMax;

export class SeekAhead {
  /** 0 while nothing is known. */
  id = 0;
  count = 0;
  depth = 0;
  readonly keys = new Uint32Array(COUNT_MAX);
  readonly leaves = new Uint32Array(COUNT_MAX);
  readonly slots = new Uint32Array(COUNT_MAX);
  readonly slotCounts = new Uint32Array(COUNT_MAX);
  readonly paths = new Uint32Array(COUNT_MAX * LEVEL_COUNT_MAX);
  readonly childIndexes = new Uint32Array(COUNT_MAX * LEVEL_COUNT_MAX);
  /** The one that was asked for last, or the first. */
  private position = 0;
  private shapeCount = 0;
  private changeCount = 0;

  /** What was noted is what the next seeks ask for, in that order. */
  begin(cursor: TreeCursor, count: number): void {
    const { table } = cursor;
    this.id = cursor.id;
    this.depth = cursor.depth;
    this.count = count;
    this.position = 0;
    this.shapeCount = table.shapeCount;
    this.changeCount = table.changeCount;
  }

  /** Notes the leaf that the cursor has open. */
  note(at: number, key: number, cursor: TreeCursor): void {
    const { depth, path, childIndexes } = cursor;
    this.keys[at] = key;
    this.leaves[at] = cursor.leaf;
    this.slotCounts[at] = cursor.slotCount;
    const base = at * LEVEL_COUNT_MAX;
    for (let level = 1; level <= depth; level++) {
      this.paths[base + level] = path[level];
      this.childIndexes[base + level] = childIndexes[level];
    }
  }

  /** Puts the cursor where that key belongs; false when that is not known. */
  take(cursor: TreeCursor, id: number, key: number): boolean {
    if (this.id !== id) return false;
    let at = this.position;
    if (this.keys[at] !== key) {
      at++;
      if (at >= this.count || this.keys[at] !== key) return false;
      this.position = at;
    }
    const { table } = cursor;
    if (table.shapeCount !== this.shapeCount) {
      this.id = 0;
      return false;
    }
    const { depth } = this;
    cursor.id = id;
    cursor.depth = depth;
    cursor.format = FORMAT.SLOTTED32;
    cursor.slotByteCount = slotBytes(FORMAT.SLOTTED32);
    cursor.isAtElement = false;
    const base = at * LEVEL_COUNT_MAX;
    for (let level = 1; level <= depth; level++) {
      cursor.path[level] = this.paths[base + level];
      cursor.childIndexes[level] = this.childIndexes[base + level];
    }
    cursor.openLeaf(this.leaves[at], this.slotCounts[at]);
    cursor.slot = this.slots[at];
    if (table.changeCount !== this.changeCount) this.adjust(cursor, key);
    return true;
  }

  private adjust(cursor: TreeCursor, key: number): void {
    const { pageView: view, pageBase: base } = cursor;
    const slotCount = view.getUint16(base + 8, true);
    const share = cursor.slotCount === 0 ? 0 : cursor.slot / cursor.slotCount;
    cursor.slotCount = slotCount;
    cursor.slot = guessedSlot(view, base + PAGE_HEADER_BYTES, slotCount, key, share);
  }
}
