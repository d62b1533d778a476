import type { Random } from '../base/world.ts';

/** To seek an element by its rank costs as much as so many steps of a walk. */
const STEPS_PER_SEEK = 32;
const U32_END = 0x1_0000_0000;

export interface RankChoice {
  readonly total: number;
  /** At most `total`. */
  readonly count: number;
  /** Elements cannot be sought by their rank. */
  readonly isWalkOnly?: boolean;
}

/** A whole number from 0 up to, and without, `bound`. */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor((random.u32() / U32_END) * bound);
}

/**
 * Visits `count` of `total` ranks, each at most once, every choice as likely as any other. Few are
 * drawn one by one, so that one of a million costs one; many are met on a walk, in their order.
 * @param visit    a rank that was chosen
 * @param advance  on a walk: goes from rank to rank, from before the first one on
 * @source         R. W. Floyd, "A sample of brilliance", CACM 1987; D. E. Knuth, TAOCP 3.4.2 S
 */
export function chooseRanks(
  random: Random,
  { total, count, isWalkOnly = false }: RankChoice,
  { visit, advance }: { visit(rank: number, isWalk: boolean): void; advance(): void },
): void {
  if (isWalkOnly || count * STEPS_PER_SEEK >= total) {
    for (let rank = 0, wanted = count; wanted > 0; rank++) {
      advance();
      if (randomBelow(random, total - rank) >= wanted) continue;
      visit(rank, true);
      wanted--;
    }
    return;
  }
  const drawn = new Set<number>();
  for (let last = total - count; last < total; last++) {
    const rank = randomBelow(random, last + 1);
    const chosen = drawn.has(rank) ? last : rank;
    drawn.add(chosen);
    visit(chosen, false);
  }
}
