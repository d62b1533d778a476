import { TurnClock } from '../../base/turn-clock.ts';
import type { World } from '../../base/world.ts';
import { SegmentPool } from '../../engine/memory/segment-pool.ts';
import { Store } from '../../engine/store.ts';

/** A store that nobody serves: what lies in a file is read into it, to see whether it can be. */
export function createScratchStore({ clock, random }: World, databaseCount: number): Store {
  return new Store({
    name: 'default',
    databaseCount,
    clock: new TurnClock(clock),
    random,
    monotonicMs: () => clock.monotonicMs(),
    pool: new SegmentPool(0),
    memoryBytesMax: 0,
    policy: 'noeviction',
    sampleCount: 5,
  });
}
