import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { Store } from '../../engine/store.ts';
import type { Quorum } from '../replication/delivery/quorum.ts';
import type { SlotDuties } from '../replication/duties/slot-duties.ts';
import type { ReplicatedStore } from '../replication/replicated-store.ts';
import type { Duty, Replication } from '../replication/replication.ts';

/** What this node is to one store, as every command asks it. */
export interface Standing {
  readonly duty: Duty;
  /** Null: one node owns the whole store. */
  readonly slots: SlotDuties | null;
  /** This node has a copy of all slots. */
  readonly readsAllSlots: boolean;
  readonly quorum: Quorum | null;
  readonly parts: ReplicatedStore | null;
}

/** Keeps what it was told of stores, until something of that changes. */
export class StoreStandings {
  private readonly replication: Replication;
  private readonly known = new Map<Store, Standing>();
  /** Of the store that was asked for last: nearly all commands in a row are of one. */
  private store: Store | null = null;
  private standing: Standing | null = null;

  constructor(replication: Replication) {
    this.replication = replication;
  }

  of(store: Store): Standing {
    if (store === this.store && this.standing !== null) return this.standing;
    let standing = this.known.get(store);
    if (standing === undefined) {
      standing = this.look(store);
      this.known.set(store, standing);
    }
    this.store = store;
    this.standing = standing;
    return standing;
  }

  /** A duty has changed, or a store is new or gone. */
  forget(): void {
    this.known.clear();
    this.store = null;
    this.standing = null;
  }

  isBySlot(store: Store): boolean {
    return this.of(store).slots !== null;
  }

  isOwner(store: Store): boolean {
    return this.of(store).duty === 'owner';
  }

  /** Its copy here lacks keys: other nodes have them. */
  isFilling(store: Store): boolean {
    const { duty, parts, readsAllSlots, slots } = this.of(store);
    const isFetching = parts !== null && parts.fetches.count > 0;
    if (slots !== null) return !readsAllSlots || isFetching;
    return duty !== 'owner' && (duty === 'filling' || isFetching);
  }

  private look(store: Store): Standing {
    const { replication } = this;
    const slots = replication.slotsOf(store);
    return {
      duty: replication.dutyOf(store),
      slots,
      readsAllSlots: slots !== null && hasAll(slots),
      quorum: replication.quorumOf(store),
      parts: replication.partsOf(store),
    };
  }
}

function hasAll(slots: SlotDuties): boolean {
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const duty = slots.dutyOf(slot);
    if (duty !== 'owner' && duty !== 'replica') return false;
  }
  return true;
}
