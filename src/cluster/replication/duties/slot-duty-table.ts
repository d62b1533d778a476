/**
 * The stores of this node whose slots have owners of their own, and what nodes tell each other of
 * the table of owners: who goes by another one from now on, and has sent all that it executed.
 */
import type { Timers } from '../../../base/world.ts';
import type { MessageReader } from '../../peers/message-reader.ts';
import { MESSAGE } from '../../peers/message-table.ts';
import type { Peer, PeerBus } from '../../peers/peer-bus.ts';
import type { Ownership, OwnershipTable } from '../../placement/ownership.ts';
import type { Duty } from '../replication.ts';
import { SlotDuties } from './slot-duties.ts';

export interface SlotDutyTableOptions {
  readonly bus: PeerBus;
  readonly ownership: Ownership;
  readonly timers: Timers;
  /** What the node does for some slots of the store is not what it was. */
  readonly onChange: (storeName: string) => void;
  /** Of all slots of the store together. */
  readonly onDuty: (storeName: string, now: Duty, before: Duty) => void;
  /** That node goes by this table from now on, and all that it executed before has come. */
  readonly onDigest: (nodeId: string, digest: string) => void;
}

export class SlotDutyTable {
  private readonly options: SlotDutyTableOptions;
  private readonly stores = new Map<string, SlotDuties>();
  /** What other nodes told last. */
  private readonly digests = new Map<string, string>();

  constructor(options: SlotDutyTableOptions) {
    this.options = options;
    options.bus.handle(MESSAGE.table, (peer, message) => this.onTable(peer, message));
  }

  find(storeName: string): SlotDuties | null {
    return this.stores.get(storeName) ?? null;
  }

  add(storeName: string): void {
    if (this.stores.has(storeName)) return;
    const { bus, onChange, onDuty, ownership, timers } = this.options;
    const listener = {
      isReachable: (nodeId: string) => {
        const peer = bus.find(nodeId);
        return peer?.isUp === true && peer.isHeard;
      },
      digestOf: (nodeId: string) => this.digestOf(nodeId),
      onChange: () => onChange(storeName),
      onDuty: (now: Duty, before: Duty) => onDuty(storeName, now, before),
    };
    const duties = new SlotDuties({ nodeId: bus.id, ownership, timers, listener });
    this.stores.set(storeName, duties);
    if (duties.duty !== 'filling') onDuty(storeName, duties.duty, 'filling');
  }

  remove(storeName: string): void {
    this.stores.get(storeName)?.stop();
    this.stores.delete(storeName);
  }

  /** Of the table that the node goes by, as it told last; '': it did not. */
  digestOf(nodeId: string): string {
    return this.digests.get(nodeId) ?? '';
  }

  /** What was executed by the table before has been sent. */
  change(before: OwnershipTable): void {
    for (const duties of this.stores.values()) duties.change(before);
    for (const peer of this.options.bus.peers) this.greet(peer);
    this.options.bus.flush();
  }

  /** Tells that node which table this one goes by. */
  greet(peer: Peer): void {
    const { bus, ownership } = this.options;
    const writer = peer.isUp ? bus.begin(peer, MESSAGE.table) : null;
    writer?.text(ownership.table.digest).end();
  }

  /** It was started anew. */
  lose(nodeId: string): void {
    this.digests.delete(nodeId);
    for (const duties of this.stores.values()) duties.lose(nodeId);
  }

  stop(): void {
    for (const duties of this.stores.values()) duties.stop();
  }

  private onTable(peer: Peer, message: MessageReader): void {
    const digest = message.text();
    this.digests.set(peer.id, digest);
    for (const duties of this.stores.values()) duties.takeDigest(peer.id, digest);
    this.options.onDigest(peer.id, digest);
  }
}
