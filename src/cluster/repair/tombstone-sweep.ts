/**
 * Forgets removals of long ago, in slices. Only the owner of a store decides up to when; a replica
 * is told with the digests, so that the two stay the same.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { BACKGROUND_PACE, SlicedWork } from '../../base/pace/sliced-work.ts';
import type { World } from '../../base/world.ts';
import { isNewer } from '../replication/stamp.ts';
import type { StampTable } from '../replication/stamp-table.ts';

const STEP_SLOT_COUNT = 64;

interface Sweep {
  readonly table: StampTable;
  readonly high: number;
  readonly low: number;
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

  /** Of that table, what was removed no later than that. */
  forget(table: StampTable, high: number, low: number): void {
    if (!isNewer(high, low, table.purgedHigh, table.purgedLow)) return;
    if (this.sweeps.some((sweep) => sweep.table === table)) return;
    this.sweeps.push({ table, high, low, nextSlot: 0 });
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
    const { high, low, nextSlot, table } = sweep;
    table.purge(high, low, nextSlot, nextSlot + STEP_SLOT_COUNT);
    sweep.nextSlot += STEP_SLOT_COUNT;
    return sweep.nextSlot >= SLOT_COUNT;
  }
}
