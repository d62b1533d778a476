import type { Database } from '../../database.ts';
import { hasDeadline } from '../../entry-access.ts';

/** From this share of entries with a deadline on, they are drawn from all entries. */
export const DRAWN_SHARE = 1 / 4;
const DRAW_COUNT_MAX = 8;

/**
 * An entry with a deadline; 0 when there is none. Where they are many, one is drawn at random;
 * where they are few, or luck is bad, the next one in the wheel's turn comes: one in ten million
 * entries costs as little.
 */
export function sampleVolatile(database: Database): number {
  const { deadlineCount, wheel } = database;
  if (wheel === null || deadlineCount === 0) return 0;
  if (deadlineCount >= database.count * DRAWN_SHARE) {
    for (let i = 0; i < DRAW_COUNT_MAX; i++) {
      const entry = database.sample();
      if (entry !== 0 && hasDeadline(database, entry)) return entry;
    }
  }
  return wheel.nextInTurn();
}
