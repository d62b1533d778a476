import type { Store } from '../../engine/store.ts';
import type { Quorum } from '../replication/delivery/quorum.ts';
import type { ReplicatedStore } from '../replication/replicated-store.ts';
import type { Duty, Replication } from '../replication/replication.ts';
import type { SlotRoutes } from './slot-routes.ts';

/** What this node is to one store, as every command asks it. */
export interface Standing {
  readonly duty: Duty;
  readonly isBySlot: boolean;
  readonly quorum: Quorum | null;
  readonly parts: ReplicatedStore | null;
}

/** Remembers what it told last: nearly all commands in a row are of one store. */
export class StoreStandings {
  private readonly replication: Replication;
  private readonly slots: SlotRoutes;
  private store: Store | null = null;
  private standing: Standing | null = null;

  constructor(replication: Replication, slots: SlotRoutes) {
    this.replication = replication;
    this.slots = slots;
  }

  of(store: Store): Standing {
    if (store === this.store && this.standing !== null) return this.standing;
    const { replication } = this;
    this.store = store;
    this.standing = {
      duty: replication.dutyOf(store),
      isBySlot: this.slots.isBySlot(store),
      quorum: replication.quorumOf(store),
      parts: replication.partsOf(store),
    };
    return this.standing;
  }

  /** A duty has changed, or a store is new or gone. */
  forget(): void {
    this.store = null;
    this.standing = null;
  }

  isOwner(store: Store): boolean {
    return this.of(store).duty === 'owner';
  }

  /** Its copy here lacks keys: they are on their way from its owner. */
  isFilling(store: Store): boolean {
    const { duty, parts } = this.of(store);
    if (duty === 'owner') return false;
    return duty === 'filling' || (parts !== null && parts.fetches.count > 0);
  }
}
