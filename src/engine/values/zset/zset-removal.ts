import type { Database } from '../../database.ts';
import { elementAt, listpackBytes } from '../packed/listpack.ts';
import { openValue, spliceListpack } from '../packed/packed-value.ts';
import { isInTrees, openTrees, zsetCount } from './zset-form.ts';

/**
 * Removes the members of those ranks.
 * @param count  all of them are there
 * @returns      the entry's address
 */
export function removeRanks(
  database: Database,
  entry: number,
  rank: number,
  count: number,
): number {
  if (count === 0) return entry;
  if (isInTrees(database, entry)) {
    const trees = openTrees(database, entry);
    trees.ordered.seekRank(trees.orderedId, rank);
    for (let left = count; left > 0; left--) trees.removeOrdered();
    return entry;
  }
  const total = zsetCount(database, entry);
  const start = openValue(database, entry);
  const { view } = database.memory;
  const from = elementAt(view, start, 2 * rank) - start;
  const isToEnd = rank + count === total;
  const to = isToEnd
    ? listpackBytes(view, start) - 1
    : elementAt(view, start, 2 * (rank + count)) - start;
  return spliceListpack(database, entry, from, to - from, 0, -2 * count);
}
