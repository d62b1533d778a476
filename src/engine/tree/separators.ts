/** What the pages above the cursor's leaf hear of a change in it. */
import { PLACE_MASK, SEGMENT_SHIFT } from '../memory/block-address.ts';
import { childKey, setChildKey } from './spine.ts';
import type { TreeCursor } from './tree-cursor.ts';

export function addCount(cursor: TreeCursor, change: number): void {
  const { table, path, childIndexes } = cursor;
  const { memory } = table;
  table.counts[cursor.id] += change;
  for (let level = 1; level <= cursor.depth; level++) {
    const page = path[level];
    memory.beforeChange(page);
    const { words } = memory.segments[page >>> SEGMENT_SHIFT];
    const at = (page & PLACE_MASK) << 1;
    const capacity = ((words[at] >>> 12) - 2) >>> 1;
    words[at + 4 + capacity * 3 + childIndexes[level]] += change;
  }
}

/** The leaf begins with that key now: no separator above it may be higher. */
export function lowerSeparator(cursor: TreeCursor, key: number): void {
  const { table, path, childIndexes } = cursor;
  for (let level = 1; level <= cursor.depth; level++) {
    const index = childIndexes[level];
    if (index === 0) continue;
    if (childKey(table, path[level], index) > key) {
      table.memory.beforeChange(path[level]);
      setChildKey(table, path[level], index, key);
    }
    return;
  }
}

/** The leaf ends with that key now: the separator behind it may not be lower. */
export function raiseNextSeparator(cursor: TreeCursor, key: number): void {
  const { table, path, childIndexes } = cursor;
  for (let level = 1; level <= cursor.depth; level++) {
    const index = childIndexes[level] + 1;
    if (index >= table.word(path[level], 2)) continue;
    if (childKey(table, path[level], index) < key) {
      table.memory.beforeChange(path[level]);
      setChildKey(table, path[level], index, key);
    }
    return;
  }
}
