import type { Slice } from '../../slice.ts';
import { HASH_END } from '../../tree/descent.ts';
import type { OpenHash } from './open-hash.ts';

/**
 * Shows live fields from a cursor of HSCAN on, about `count` of them; a listpack's all at once.
 * @returns  the next cursor, 0 at the end
 */
export function scanHash(
  hash: OpenHash,
  from: number,
  count: number,
  shown: { field: Slice; value: Slice },
  visit: () => void,
): number {
  const isTree = hash.scanKey >= 0;
  if (isTree && from >= HASH_END) return 0;
  let left = count;
  let key = -1;
  hash.rewind(from);
  while (hash.nextOfAll(shown.field, shown.value)) {
    // Fields of one hash are never parted: a cursor is a hash.
    if (left <= 0 && hash.scanKey !== key) return hash.scanKey;
    key = hash.scanKey;
    if (!hash.isExpired()) visit();
    left--;
  }
  return 0;
}
