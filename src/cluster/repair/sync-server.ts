/** The repairs that other nodes run against this one: one a node and store. */
import type { NodeServices } from '../../commands/node-services.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import { mergeElements } from './elements/element-merge.ts';
import type { RepairContext } from './repair-context.ts';
import { ServedSync } from './served-sync.ts';
import type { StampedStore } from './stamped-store.ts';
import type { StampedStores } from './stamped-stores.ts';
import { FOR, SYNC, SYNCED } from './sync-messages.ts';

export interface SyncServerOptions {
  readonly context: RepairContext;
  readonly node: NodeServices;
  readonly stamped: StampedStores;
  readonly ownership: Ownership;
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
    const id = message.u32();
    const name = message.text();
    const what = message.u8();
    const { context, node, ownership, stamped } = this.options;
    const key = `${peer.id} ${name}`;
    if (what !== SYNC.check) this.drop(key);
    if (what === SYNC.end) return;
    const store = node.stores.find(name);
    if (store === null || !stamped.isServing(store)) return this.refuse(peer, id);
    this.takeFloors(stamped.of(store), message);
    const served = new ServedSync(context, id, peer, stamped.of(store));
    const isBySlot = stamped.isBySlot(store);
    const isOf = isBySlot
      ? (slot: number) => ownership.table.ownerOfSlot(slot) === context.bus.id
      : () => true;
    served.sendDigests(what === SYNC.full, isOf);
    if (what === SYNC.full) this.served.set(key, served);
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

  onElements(peer: Peer, message: MessageReader): void {
    const served = this.find(peer, message.u32());
    const database = served?.stamped.store.databases[message.u32()];
    if (served === null || database === undefined) return;
    if (mergeElements(served.stamped, database, message)) served.noteMerged(database);
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
