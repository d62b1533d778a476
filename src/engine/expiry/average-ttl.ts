import { type Database, NO_DEADLINE } from '../database.ts';

const DRAWN_MAX = 100;
const SAMPLED_MAX = 20;

/** Milliseconds that keys with a deadline have left on average, from a small sample; 0 for none. */
export function averageTtlMs(database: Database): number {
  if (database.deadlineCount === 0) return 0;
  let sumMs = 0;
  let found = 0;
  for (let i = 0; i < DRAWN_MAX && found < SAMPLED_MAX; i++) {
    const entry = database.sample();
    const deadlineMs = entry === 0 ? NO_DEADLINE : database.deadlineOf(entry);
    if (deadlineMs === NO_DEADLINE) continue;
    sumMs += Math.max(0, deadlineMs - database.store.clock.nowMs);
    found++;
  }
  return found === 0 ? 0 : Math.round(sumMs / found);
}
