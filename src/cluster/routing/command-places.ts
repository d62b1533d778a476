/**
 * Whether this node executes a command. A store that one node owns is written there and read
 * anywhere. Where slots have owners of their own, the keys decide: they are written by the owner of
 * their slot, and read wherever that slot has a copy which is equal to the owner's.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { Frame } from '../../base/frame.ts';
import type { Command } from '../../commands/command-table.ts';
import { findKeyPositions } from '../../commands/key-positions.ts';
import type { Session, SlotFilter, Transaction } from '../../commands/session.ts';
import type { Store } from '../../engine/store.ts';
import type { Ownership } from '../placement/ownership.ts';
import type { SlotDuties } from '../replication/duties/slot-duties.ts';
import type { SlotDuty } from '../replication/replication.ts';
import { mayBlock, ROUTE, type Route } from './route.ts';
import { canScatter } from './slots/scatter.ts';
import { NO_SLOT, SEVERAL_SLOTS, type SlotRoutes, slotAt } from './slots/slot-routes.ts';
import type { StoreStandings } from './store-standing.ts';

/** `waiting`: here, when the owner before has handed over. */
export type Place = 'here' | 'waiting' | 'elsewhere';

export class CommandPlaces {
  private readonly nodeId: string;
  private readonly ownership: Ownership;
  private readonly slots: SlotRoutes;
  private readonly standings: StoreStandings;

  constructor(options: {
    nodeId: string;
    ownership: Ownership;
    slots: SlotRoutes;
    standings: StoreStandings;
  }) {
    this.nodeId = options.nodeId;
    this.ownership = options.ownership;
    this.slots = options.slots;
    this.standings = options.standings;
  }

  ofWrite(store: Store, frame: Frame, command: Command): Place {
    const { duty, slots } = this.standings.of(store);
    if (slots === null) return placeOf(duty);
    const slot = this.slots.slotOf(frame, command);
    if (slot >= 0) return placeOf(slots.dutyOf(slot));
    if (slot === NO_SLOT) return placeOf(duty);
    if (!canScatter(command.row.name, frame)) return 'elsewhere';
    return this.ofKeys(slots, frame, command, false);
  }

  ofRead(store: Store, frame: Frame, command: Command): Place {
    if (!this.standings.isFilling(store)) return 'here';
    const { readsAllSlots, slots } = this.standings.of(store);
    if (slots === null) return 'elsewhere';
    const isApart =
      !this.ownership.table.isWhole &&
      this.slots.slotOf(frame, command) === SEVERAL_SLOTS &&
      !canScatter(command.row.name, frame);
    if (isApart) return 'elsewhere';
    // If all copies are here and it fills, changes of some keys are still to come.
    return this.ofKeys(slots, frame, command, !readsAllSlots);
  }

  /** Commands on all keys of a database. */
  ofAllKeys(store: Store): Place {
    return this.standings.isFilling(store) ? 'elsewhere' : 'here';
  }

  /** A slot of which this node has no copy, while it lacks some; NO_SLOT: it has all by now. */
  findUnread(store: Store): number {
    const { slots } = this.standings.of(store);
    for (let slot = 0; slots !== null && slot < SLOT_COUNT; slot++) {
      if (placeOfCopy(slots.dutyOf(slot)) !== 'here') return slot;
    }
    return NO_SLOT;
  }

  /** What decides about stores and function libraries. */
  ofStores(store: Store): Place {
    const { duty, slots } = this.standings.of(store);
    if (slots === null) return placeOf(duty);
    // Each node owns some of the store: one is to decide what is not decided by keys.
    const deciderId = this.ownership.table.ownerOfStore(store.name);
    return deciderId === this.nodeId ? 'here' : 'elsewhere';
  }

  ofTransaction(session: Session, { hasWrite, queue }: Transaction): Place {
    const { store } = session;
    const { duty, readsAllSlots, slots } = this.standings.of(store);
    if (slots === null) {
      if (hasWrite) return placeOf(duty);
      return this.standings.isFilling(store) ? 'elsewhere' : 'here';
    }
    const slot = this.slots.slotOfQueue(session, queue);
    if (slot === NO_SLOT) return placeOf(duty);
    if (slot !== SEVERAL_SLOTS) {
      const slotDuty = slots.dutyOf(slot);
      return hasWrite ? placeOf(slotDuty) : placeOfCopy(slotDuty);
    }
    return !hasWrite && readsAllSlots ? 'here' : 'elsewhere';
  }

  /** Whether this node executes what another one, or it itself, took it for the owner of. */
  ofForwarded(route: Route, session: Session, store: Store, frame: Frame, command: Command): Place {
    const { duty, slots } = this.standings.of(store);
    if (slots === null) return placeOf(duty);
    const { onlySlots, transaction } = session;
    switch (route) {
      case ROUTE.STORES:
        return this.ofStores(store);
      case ROUTE.EXEC:
        return transaction === null ? 'here' : this.ofTransaction(session, transaction);
      case ROUTE.ALL_KEYS:
        return onlySlots === null ? placeOf(duty) : ofSlots(slots, onlySlots);
      case ROUTE.READ:
        return this.ofKeys(slots, frame, command, this.isOfSeveral(frame, command));
      case ROUTE.READ_OR_WAIT: {
        const mayRead = !mayBlock(frame) && this.isOfSeveral(frame, command);
        return this.ofKeys(slots, frame, command, mayRead);
      }
      default:
        return this.ofKeys(slots, frame, command, false);
    }
  }

  /**
   * Of several slots, and not to be taken apart: any node that has copies of all is asked. All else
   * is asked of the owner: who is none yet may lack what that client has written.
   */
  private isOfSeveral(frame: Frame, command: Command): boolean {
    const { name } = command.row;
    return this.slots.slotOf(frame, command) === SEVERAL_SLOTS && !canScatter(name, frame);
  }

  private ofKeys(slots: SlotDuties, frame: Frame, command: Command, isRead: boolean): Place {
    const { keys } = this.slots;
    const count = findKeyPositions(command.row, frame, keys);
    let place: Place = 'here';
    for (let i = 0; i < count; i++) {
      const duty = slots.dutyOf(slotAt(frame, keys.positions[i]));
      const one = isRead ? placeOfCopy(duty) : placeOf(duty);
      if (one === 'elsewhere') return one;
      if (one === 'waiting') place = one;
    }
    return place;
  }
}

function placeOf(duty: SlotDuty): Place {
  if (duty === 'owner') return 'here';
  return duty === 'waiting' ? 'waiting' : 'elsewhere';
}

function placeOfCopy(duty: SlotDuty): Place {
  return duty === 'replica' ? 'here' : placeOf(duty);
}

function ofSlots(duties: SlotDuties, slots: SlotFilter): Place {
  let place: Place = 'here';
  slots.each((slot) => {
    const one = placeOf(duties.dutyOf(slot));
    if (one === 'elsewhere' || place === 'here') place = one;
  });
  return place;
}
