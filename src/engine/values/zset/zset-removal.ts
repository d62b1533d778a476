import type { Database } from '../../database.ts';
import { elementAt, listpackBytes, listpackCount } from '../packed/listpack.ts';
import { spliceListpack } from '../packed/packed-value.ts';
import { openZset } from './zset-form.ts';

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
  const trees = openZset(database, entry);
  if (trees !== null) {
    trees.ordered.seekRank(trees.orderedId, rank);
    for (let left = count; left > 0; left--) trees.removeOrdered();
    return entry;
  }
  const start = database.valueAt;
  const { view } = database.memory;
  const from = elementAt(view, start, 2 * rank) - start;
  const isToEnd = 2 * (rank + count) === listpackCount(view, start);
  const to = isToEnd
    ? listpackBytes(view, start) - 1
    : elementAt(view, start, 2 * (rank + count)) - start;
  return spliceListpack(database, entry, from, to - from, 0, -2 * count);
}
