/**
 * What a node still has of slots that it keeps no more: it goes to their owners, and is dropped
 * when they have it. A node that leaves gives as well, and drops nothing: it is gone in a moment.
 * One that is not ready yet waits: what it will hold is told by the table only then.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { SlicedWork } from '../../base/pace/sliced-work.ts';
import type { Ownership } from '../placement/ownership.ts';
import { SlotSet } from '../placement/slot-set.ts';
import type { SlotDuties } from '../replication/duties/slot-duties.ts';
import { KeyPass } from './key-pass.ts';
import type { RepairContext } from './repair-context.ts';
import type { StampedStore } from './stamped-store.ts';

const STEP_SLOT_COUNT = 64;
const NOTHING: ReadonlyMap<string, SlotSet> = new Map();

export interface SurplusOptions {
  readonly context: RepairContext;
  readonly stamped: StampedStore;
  readonly duties: SlotDuties;
  readonly ownership: Ownership;
}

export class SurplusSlots {
  private readonly options: SurplusOptions;
  /** Their owners by the present table have all that was here. */
  private readonly given = new SlotSet();
  private found: ReadonlyMap<string, SlotSet> | null = null;
  private work: SlicedWork | null = null;

  constructor(options: SurplusOptions) {
    this.options = options;
  }

  /** Owner -> slots of which this node has something that it is to be given. Not to be changed. */
  get toGive(): ReadonlyMap<string, SlotSet> {
    this.found ??= this.find();
    return this.found;
  }

  /** Slots that are to be given, or dropped. */
  get count(): number {
    let count = this.given.count;
    for (const slots of this.toGive.values()) count += slots.count;
    return count;
  }

  /** Who has got something may be none of its owners any more. */
  onTable(): void {
    this.stop();
    this.given.clear();
    this.onSlots();
  }

  onSlots(): void {
    this.found = null;
  }

  /** These were given. */
  note(slots: SlotSet): void {
    this.given.addBytes(slots.bytes, 0);
    this.found = null;
  }

  /** Begins to drop what was given, unless that is under way. */
  drop(): void {
    const { context, ownership } = this.options;
    const isMember = ownership.table.nodeIds.includes(context.bus.id);
    if (this.work !== null || this.given.count === 0 || !isMember) return;
    const slots = new SlotSet();
    slots.addBytes(this.given.bytes, 0);
    this.work = new SlicedWork({
      world: context.world,
      pace: context.pace,
      commandCount: context.commandCount,
      step: this.createSteps(slots),
      onDone: () => {
        this.work = null;
        slots.each((slot) => this.given.delete(slot));
      },
      onFailed: context.onFailed,
    });
  }

  stop(): void {
    this.work?.stop();
    this.work = null;
  }

  private find(): ReadonlyMap<string, SlotSet> {
    const { duties, ownership, stamped } = this.options;
    const { table, target } = ownership;
    const { stamps } = stamped;
    if (table.isWhole || target !== table || table.nodeIds.length === 0) return NOTHING;
    const found = new Map<string, SlotSet>();
    for (let slot = stamps.nextUsed(0); slot < SLOT_COUNT; slot = stamps.nextUsed(slot + 1)) {
      if (duties.keeps(slot) || this.given.has(slot) || !stamps.hasEntries(slot)) continue;
      const ownerId = table.ownerOfSlot(slot);
      const slots = found.get(ownerId) ?? new SlotSet();
      slots.add(slot);
      found.set(ownerId, slots);
    }
    return found;
  }

  /** One pass over the keys of each database, and then over the stamps that are left. */
  private createSteps(slots: SlotSet): (isLate: () => boolean) => boolean {
    const { duties, stamped } = this.options;
    const { store, stamps } = stamped;
    // The table may change meanwhile: what is to be kept after all is left as it is.
    const isDropped = (slot: number) => slots.has(slot) && !duties.keeps(slot);
    const passes = store.databases
      .filter(({ count }) => count > 0)
      .map((database) => {
        return new KeyPass(database, (entry, slot) => {
          if (isDropped(slot)) stamped.dropKey(database, entry, slot);
        });
      });
    const indexes = stamps.databaseIndexes;
    let nextSlot = 0;
    return (isLate) => {
      for (const pass of passes) if (!pass.run(isLate, () => true)) return false;
      while (nextSlot < SLOT_COUNT && !isLate()) {
        for (const index of indexes) {
          stamps.tableOf(index).dropSlots(isDropped, nextSlot, nextSlot + STEP_SLOT_COUNT);
        }
        nextSlot += STEP_SLOT_COUNT;
      }
      return nextSlot >= SLOT_COUNT;
    };
  }
}
