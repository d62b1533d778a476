import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { EVENT } from '../../engine/event-table.ts';
import { STORE_STAT } from '../../engine/store-stats.ts';

/** `find` for commands that ask about a key: a hit or a miss, but no use of it for the policy. */
export function lookUp(database: Database, frame: Frame, arg: number): number {
  const entry = lookUpQuietly(database, frame, arg);
  const { index, store } = database;
  if (entry === 0 && store.sink.wantsEvents) {
    const { bytes, lengths, offsets } = frame;
    store.recordEvent(EVENT.keymiss, index, bytes, offsets[arg], lengths[arg]);
  }
  return entry;
}

/** The same for OBJECT, whose misses are not announced. */
export function lookUpQuietly(database: Database, frame: Frame, arg: number): number {
  const entry = database.find(frame, arg);
  database.store.stats[entry === 0 ? STORE_STAT.MISSES : STORE_STAT.HITS]++;
  return entry;
}
