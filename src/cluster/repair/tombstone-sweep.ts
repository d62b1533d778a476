/**
 * Forgets removals of long ago, in slices. Only the owner of a slot decides up to when; a replica
 * is told with the digests, so that the two stay the same.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { BACKGROUND_PACE, SlicedWork } from '../../base/pace/sliced-work.ts';
import type { World } from '../../base/world.ts';
import type { SlotSet } from '../placement/slot-set.ts';
import { isNewer } from '../replication/stamp.ts';
import type { StampTable } from '../replication/stamp-table.ts';

const STEP_SLOT_COUNT = 64;

interface Sweep {
  readonly table: StampTable;
  nextSlot: number;
}

export class TombstoneSweep {
  private readonly world: World;
  private readonly onFailed: (error: unknown) => void;
  private readonly sweeps: Sweep[] = [];
  private work: SlicedWork | null = null;

  constructor(world: World, onFailed: (error: unknown) => void) {
    this.world = world;
    this.onFailed = onFailed;
  }

  /** Of that table and these slots, or all, what was removed no later than that. */
  forget(table: StampTable, high: number, low: number, slots: SlotSet | null): void {
    const { purged } = table;
    purged.findEarliest(slots);
    if (!isNewer(high, low, purged.high, purged.low)) return;
    purged.raise(high, low, slots);
    this.sweeps.push({ table, nextSlot: 0 });
    this.work ??= new SlicedWork({
      world: this.world,
      pace: BACKGROUND_PACE,
      commandCount: () => 0,
      step: (isLate) => this.run(isLate),
      onDone: () => {
        this.work = null;
      },
      onFailed: this.onFailed,
    });
  }

  stop(): void {
    this.work?.stop();
    this.work = null;
    this.sweeps.length = 0;
  }

  private run(isLate: () => boolean): boolean {
    while (this.sweeps.length > 0) {
      if (this.step(this.sweeps[0])) this.sweeps.shift();
      if (isLate()) break;
    }
    return this.sweeps.length === 0;
  }

  /** @returns whether the table is done with */
  private step(sweep: Sweep): boolean {
    const { nextSlot, table } = sweep;
    table.purge(nextSlot, nextSlot + STEP_SLOT_COUNT);
    sweep.nextSlot += STEP_SLOT_COUNT;
    return sweep.nextSlot >= SLOT_COUNT;
  }
}
