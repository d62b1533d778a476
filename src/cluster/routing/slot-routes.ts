/**
 * Which node executes a command in a store whose slots have owners of their own. All keys of a
 * command, and of a transaction, lie in one slot, but for those that `scatter.ts` takes apart. What
 * names no key runs where it arrives: FLUSHALL is told to all, KEYS and DBSIZE see this node's
 * copy.
 */
import { slotOfKey } from '../../base/digest/key-slot.ts';
import { Frame } from '../../base/frame.ts';
import { findCommand } from '../../commands/acl/enforce.ts';
import type { CommandQueue } from '../../commands/command-queue.ts';
import type { Command } from '../../commands/command-table.ts';
import { findKeyPositions, KeyPositions } from '../../commands/key-positions.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Session } from '../../commands/session.ts';
import type { Store } from '../../engine/store.ts';
import type { Ownership } from '../placement/ownership.ts';
import { isOwnedBySlot } from '../placement/store-ownership.ts';

export const NO_SLOT = -1;
export const SEVERAL_SLOTS = -2;

export class SlotRoutes {
  /** Of the command that was looked at last. */
  readonly keys = new KeyPositions();
  private readonly node: NodeServices;
  private readonly nodeId: string;
  private readonly ownership: Ownership;
  private readonly bySlot = new WeakMap<Store, boolean>();
  private readonly frame = new Frame();

  constructor(node: NodeServices, nodeId: string, ownership: Ownership) {
    this.node = node;
    this.nodeId = nodeId;
    this.ownership = ownership;
  }

  isBySlot(store: Store): boolean {
    let isBySlot = this.bySlot.get(store);
    if (isBySlot === undefined) {
      isBySlot = isOwnedBySlot(store.configuration, this.node.configuration.cluster);
      this.bySlot.set(store, isBySlot);
    }
    return isBySlot;
  }

  slotOf(frame: Frame, command: Command): number {
    const { keys } = this;
    const count = findKeyPositions(command.row, frame, keys);
    let found = NO_SLOT;
    for (let i = 0; i < count; i++) {
      const slot = slotAt(frame, keys.positions[i]);
      if (found !== NO_SLOT && found !== slot) return SEVERAL_SLOTS;
      found = slot;
    }
    return found;
  }

  /** Of all commands of a transaction together. */
  slotOfQueue(session: Session, queue: CommandQueue): number {
    const { frame } = this;
    let found = NO_SLOT;
    while (queue.shift(frame)) {
      const command = findCommand(session, frame);
      const slot = command === null ? NO_SLOT : this.slotOf(frame, command);
      if (slot === NO_SLOT) continue;
      if (slot === SEVERAL_SLOTS || (found !== NO_SLOT && found !== slot)) found = SEVERAL_SLOTS;
      else found = slot;
      if (found === SEVERAL_SLOTS) break;
    }
    queue.rewind();
    return found;
  }

  ownerOf(slot: number): string {
    const { table } = this.ownership;
    if (slot === NO_SLOT) return this.nodeId;
    return table.nodeIds.length === 0 ? '' : table.ownerOfSlot(slot);
  }

  isOwner(slot: number): boolean {
    return slot !== SEVERAL_SLOTS && this.ownerOf(slot) === this.nodeId;
  }

  /** Whether this node has copies of all keys that the command names. */
  holdsKeys(frame: Frame, command: Command): boolean {
    if (this.node.configuration.cluster.replicationFactor === 0) return true;
    const { table } = this.ownership;
    const count = findKeyPositions(command.row, frame, this.keys);
    for (let i = 0; i < count; i++) {
      const slot = slotAt(frame, this.keys.positions[i]);
      if (!table.holdersOfSlot(slot).includes(this.nodeId)) return false;
    }
    return true;
  }

  /** Whether this node owns all keys that the command, or the session's transaction, names. */
  ownsKeys(session: Session, frame: Frame): boolean {
    const { transaction } = session;
    if (transaction !== null) return this.isOwner(this.slotOfQueue(session, transaction.queue));
    const command = findCommand(session, frame);
    if (command === null) return true;
    const count = findKeyPositions(command.row, frame, this.keys);
    for (let i = 0; i < count; i++) {
      if (!this.isOwner(slotAt(frame, this.keys.positions[i]))) return false;
    }
    return true;
  }
}

export function slotAt({ bytes, lengths, offsets }: Frame, arg: number): number {
  return slotOfKey(bytes, offsets[arg], lengths[arg]);
}
