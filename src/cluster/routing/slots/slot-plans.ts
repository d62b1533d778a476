/**
 * What becomes of a command that this node forwards, in a store whose slots have owners of their
 * own: one of them executes it, several do a part of it each, or nobody does.
 */
import type { Frame } from '../../../base/frame.ts';
import type { Command } from '../../../commands/command-table.ts';
import type { NodeServices } from '../../../commands/node-services.ts';
import { GATE, type Session, type Transaction } from '../../../commands/session.ts';
import { ERRORS } from '../../../protocol/error-table.ts';
import type { Ownership } from '../../placement/ownership.ts';
import type { CommandPlaces } from '../command-places.ts';
import type { ForwardLine } from '../forward-line.ts';
import { ROUTE, type Route } from '../route.ts';
import type { StoreStandings } from '../store-standing.ts';
import { FlushFence } from './flush-fence.ts';
import { Gather } from './gather.ts';
import type { PartedCommand } from './parted-command.ts';
import { ScanStep } from './scan-step.ts';
import { canScatter, Scatter } from './scatter.ts';
import { NO_SLOT, SEVERAL_SLOTS, type SlotRoutes } from './slot-routes.ts';

export type Plan =
  /** The owner of the slot executes it. */
  | { readonly kind: 'one'; readonly slot: number }
  | { readonly kind: 'parts'; readonly whole: PartedCommand }
  /** This node does, when what the client sent before is answered. */
  | { readonly kind: 'later' }
  | { readonly kind: 'refused'; readonly text: string };

/** Whatever node is asked. */
export const PLAIN: Plan = { kind: 'one', slot: NO_SLOT };
const LATER: Plan = { kind: 'later' };
const CROSS_SLOT: Plan = { kind: 'refused', text: ERRORS.clusterCrossSlot.text };
const NO_SWAP: Plan = { kind: 'refused', text: ERRORS.clusterSwapdb.text };

export class SlotPlans {
  private readonly node: NodeServices;
  private readonly ownership: Ownership;
  private readonly slots: SlotRoutes;
  private readonly places: CommandPlaces;
  private readonly standings: StoreStandings;

  constructor(options: {
    node: NodeServices;
    ownership: Ownership;
    slots: SlotRoutes;
    places: CommandPlaces;
    standings: StoreStandings;
  }) {
    this.node = options.node;
    this.ownership = options.ownership;
    this.slots = options.slots;
    this.places = options.places;
    this.standings = options.standings;
  }

  /** Of any command but EXEC. */
  planOf(line: ForwardLine, route: Route, frame: Frame, command: Command): Plan {
    const { slots } = this;
    const { session } = line;
    switch (route) {
      case ROUTE.WHOLE_STORE:
      case ROUTE.NAMED_STORE:
        if (command.fullName === 'swapdb') return NO_SWAP;
        return { kind: 'parts', whole: new FlushFence(frame, slots.slotsByOwner) };
      case ROUTE.ALL_KEYS:
        if (this.ownership.table.isWhole) return this.planWhole(session);
        return { kind: 'parts', whole: this.gather(session, frame, command) };
      case ROUTE.WAIT:
        return { kind: 'one', slot: line.writtenSlot };
      default:
        break;
    }
    const slot = slots.slotOf(frame, command);
    if (slot !== SEVERAL_SLOTS) return planOfSlot(line, route, slot);
    const { fullName: name } = command;
    if (canScatter(name, frame)) {
      const { protocol } = session;
      return { kind: 'parts', whole: new Scatter(frame, { name, protocol, owners: slots }) };
    }
    const isRead = route === ROUTE.READ || route === ROUTE.READ_OR_WAIT;
    return isRead && this.ownership.table.isWhole ? this.planWhole(session) : CROSS_SLOT;
  }

  /** What it changes lies in the slot of what is watched for it. */
  planOfTransaction({ session, watchedSlot }: ForwardLine, transaction: Transaction): Plan {
    if (!this.standings.isBySlot(session.store)) return PLAIN;
    const { hasWrite, queue } = transaction;
    const { watches } = this.node;
    const isWatched = watches.isWatchedElsewhere(session);
    const watched = isWatched ? watchedSlot : watches.slotOf(session);
    const slot = this.slots.slotOfQueue(session, queue);
    if (slot === NO_SLOT) return { kind: 'one', slot: watched };
    if (watched !== NO_SLOT && slot !== watched) return CROSS_SLOT;
    if (slot !== SEVERAL_SLOTS) return { kind: 'one', slot };
    return !hasWrite && this.ownership.table.isWhole ? this.planWhole(session) : CROSS_SLOT;
  }

  /** What reads keys of several slots, where a node has copies of all. */
  private planWhole({ gate, store }: Session): Plan {
    const { readsAllSlots } = this.standings.of(store);
    if (readsAllSlots && (gate & GATE.AWAITING) !== 0) return LATER;
    return { kind: 'one', slot: this.places.findUnread(store) };
  }

  private gather({ protocol }: Session, frame: Frame, { fullName: name }: Command): PartedCommand {
    const { slots: owners } = this;
    if (name === 'scan') return new ScanStep(frame, { protocol, owners });
    return new Gather(frame, { name, protocol, owners, random: this.node.world.random });
  }
}

/** Keys of several slots are watched by nobody. */
function planOfSlot(line: ForwardLine, route: Route, slot: number): Plan {
  if (route === ROUTE.WATCH) {
    if (line.watchedSlot !== NO_SLOT && line.watchedSlot !== slot) return CROSS_SLOT;
    line.watchedSlot = slot;
  } else if (route === ROUTE.OWNER && slot !== NO_SLOT) line.writtenSlot = slot;
  return { kind: 'one', slot };
}
