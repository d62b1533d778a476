/** The repairs that other nodes run against this one: one a node and store. */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import { SlotSet } from '../placement/slot-set.ts';
import type { Replication } from '../replication/replication.ts';
import { readElements } from './elements/element-merge.ts';
import type { RepairContext } from './repair-context.ts';
import { ServedSync } from './served-sync.ts';
import type { StampedStore } from './stamped-store.ts';
import type { StampedStores } from './stamped-stores.ts';
import { FOR, readRequest, SYNC, SYNCED, type SyncRequest, writeSlots } from './sync-messages.ts';

export interface SyncServerOptions {
  readonly context: RepairContext;
  readonly node: NodeServices;
  readonly stamped: StampedStores;
  readonly ownership: Ownership;
  readonly replication: Replication;
}

export class SyncServer {
  private readonly options: SyncServerOptions;
  /** By the id of who asked, and the store's name. */
  private readonly served = new Map<string, ServedSync>();

  constructor(options: SyncServerOptions) {
    this.options = options;
  }

  get isBusy(): boolean {
    return this.served.size > 0;
  }

  stop(): void {
    for (const served of this.served.values()) served.stop();
    this.served.clear();
  }

  onDown(peer: Peer): void {
    for (const [key, served] of this.served) if (served.peer.id === peer.id) this.drop(key);
  }

  onSync(peer: Peer, message: MessageReader): void {
    const request = readRequest(message);
    const { id, slots, storeName, what } = request;
    const { context, node, stamped } = this.options;
    const key = `${peer.id} ${storeName}`;
    if (what !== SYNC.check) this.drop(key);
    if (what === SYNC.end) return;
    const store = node.stores.find(storeName);
    if (store === null) return this.refuse(peer, id);
    const parts = stamped.of(store);
    const lacking = this.findLacking(parts, peer, request);
    if (lacking === null) return this.refuse(peer, id);
    if (lacking.count > 0) return this.tellLacking(peer, id, lacking);
    this.takeFloors(parts, message);
    const others = (): Iterable<ServedSync> => this.served.values();
    const served = new ServedSync({ context, id, peer, stamped: parts, others });
    served.sendDigests(slots, what !== SYNC.check);
    if (what !== SYNC.check) this.served.set(key, served);
  }

  /**
   * An owner answers for what it owns. For what the asking node is to own itself, and has not got
   * yet, whoever has a copy does.
   * @returns slots of which there is no copy here; null: this node is not the one to ask
   */
  private findLacking(
    { stamps, store }: StampedStore,
    peer: Peer,
    request: SyncRequest,
  ): SlotSet | null {
    const { context, ownership, replication } = this.options;
    const { slots, tableDigest, what } = request;
    const { table } = ownership;
    const duties = replication.slotsOf(store);
    const lacking = new SlotSet();
    if (duties === null || slots === null) {
      const isBoth = duties === null && slots === null;
      if (isBoth && replication.dutyOf(store) === 'owner') return lacking;
      const isOwners = table.ownerOfStore(store.name) === peer.id && what === SYNC.full;
      return isBoth && isOwners && tableDigest === table.digest ? lacking : null;
    }
    // Who goes by another table is not told of all changes of what it asks for.
    if (tableDigest !== table.digest) return null;
    let isRefused = false;
    for (let slot = slots.next(0); slot < SLOT_COUNT; slot = slots.next(slot + 1)) {
      if (duties.dutyOf(slot) === 'owner') continue;
      const isOwned = table.ownerOfSlot(slot) === context.bus.id;
      if (isOwned || what !== SYNC.full) isRefused = true;
      else if (duties.keeps(slot) ? duties.lacks(slot) : !stamps.hasEntries(slot))
        lacking.add(slot);
    }
    return isRefused ? null : lacking;
  }

  onStamps(peer: Peer, id: number, message: MessageReader): void {
    const kind = message.u8();
    this.find(peer, id)?.onStamps(kind, message.u32(), message);
  }

  onSynced(peer: Peer, id: number, message: MessageReader): void {
    const served = this.find(peer, id);
    if (served === null) this.refuse(peer, id);
    else served.onSynced(message.u8());
  }

  onCopies(peer: Peer, id: number, message: MessageReader): void {
    this.find(peer, id)?.onCopies(message.u32(), message);
  }

  onElements(peer: Peer, id: number, message: MessageReader): void {
    const served = this.find(peer, id);
    const database = served?.stamped.store.databases[message.u32()];
    if (served === null || database === undefined) return;
    served.takeElements(database, readElements(message));
  }

  /** Flushes that the other one has seen and this one has not. */
  private takeFloors(stamped: StampedStore, message: MessageReader): void {
    for (let left = message.u32(); left > 0; left--) {
      const database = stamped.store.databases[message.u32()];
      const high = message.u32();
      const low = message.u32();
      if (database !== undefined) stamped.raiseFloor(database, high, low);
    }
  }

  private tellLacking(peer: Peer, id: number, lacking: SlotSet): void {
    const writer = this.options.context.bus.begin(peer, MESSAGE.synced);
    if (writer === null) return;
    writer.u8(FOR.replica).u32(id).u8(SYNCED.lacking);
    writeSlots(writer, lacking);
    writer.end();
  }

  private refuse(peer: Peer, id: number): void {
    const writer = this.options.context.bus.begin(peer, MESSAGE.synced);
    writer?.u8(FOR.replica).u32(id).u8(SYNCED.refused).end();
  }

  private find(peer: Peer, id: number): ServedSync | null {
    for (const served of this.served.values()) {
      if (served.peer.id === peer.id && served.id === id) return served;
    }
    return null;
  }

  private drop(key: string): void {
    this.served.get(key)?.stop();
    this.served.delete(key);
  }
}
