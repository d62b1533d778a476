/**
 * One store of this node and whom it is to be equal to: one owner, or one for some slots each. What
 * is asked for is done as soon as that node can be reached, and again until it has come to its end.
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import type { KeyGuard } from '../replication/effect-applier.ts';
import type { RepairProgress } from './repair.ts';
import type { RepairContext } from './repair-context.ts';
import type { StampedStore } from './stamped-store.ts';
import { SyncClient } from './sync-client.ts';
import { DatabaseDigests, SYNC } from './sync-messages.ts';

/** Who refused is asked again after so long. */
const REFUSED_MS = 250;
/** What differs is compared once more after so long: until then what is on its way has come. */
const RECHECK_MS = 1_000;

export interface StoreRepairOptions {
  readonly context: RepairContext;
  readonly stamped: StampedStore;
  readonly bus: PeerBus;
  readonly ownership: Ownership;
  readonly isBySlot: boolean;
  readonly nextId: () => number;
  readonly isStale: () => boolean;
  readonly onBegin: () => void;
  /** It is equal to what that node owns of it. */
  readonly onEqual: (ownerId: string) => void;
  /** A comparison has found one that nobody knew of, twice. */
  readonly onDifference: () => void;
}

export class StoreRepair {
  private readonly options: StoreRepairOptions;
  private readonly clients = new Map<string, SyncClient>();
  /** Owners that the store is to be made equal to. */
  private readonly pending = new Set<string>();
  /** Owner -> monotonic ms before which it is not asked. */
  private readonly refusedMs = new Map<string, number>();
  /** It was asked for while nobody was known to ask. */
  private isAsked = false;
  /** Comparisons under way: id -> owner; and owners that were found to differ once. */
  private readonly checks = new Map<number, string>();
  private suspects = new Set<string>();
  private suspectsBefore = new Set<string>();
  /** Who was found to differ is compared once more then. */
  private recheckMs = Number.POSITIVE_INFINITY;
  private readonly digests = new DatabaseDigests();
  private readonly own = new DatabaseDigests();

  constructor(options: StoreRepairOptions) {
    this.options = options;
  }

  get isPending(): boolean {
    return this.isAsked || this.pending.size > 0;
  }

  request(): void {
    this.isAsked = true;
    this.plan();
  }

  stop(): void {
    for (const client of this.clients.values()) client.stop();
    this.clients.clear();
    this.pending.clear();
    this.checks.clear();
    this.isAsked = false;
  }

  /** Another table: who owns nothing any more is asked for nothing. */
  onTable(): void {
    const { ownership } = this.options;
    const { nodeIds } = ownership.table;
    for (const [id, client] of this.clients) {
      if (nodeIds.includes(id) && this.ownerIds().includes(id)) continue;
      client.stop();
      this.clients.delete(id);
    }
    if (!this.isPending) return;
    this.isAsked = true;
    this.plan();
  }

  onDown(peer: Peer): void {
    this.clients.get(peer.id)?.stop();
    this.clients.delete(peer.id);
    this.suspects.delete(peer.id);
  }

  tick(): void {
    if (this.isAsked) this.plan();
    const nowMs = this.options.context.world.clock.monotonicMs();
    if (nowMs >= this.recheckMs) this.check();
    for (const id of this.pending) this.begin(id);
    for (const client of this.clients.values()) client.lookAfter();
  }

  findClient(id: number): SyncClient | null {
    for (const client of this.clients.values()) if (client.id === id) return client;
    return null;
  }

  /**
   * Which keys changes of that node are to leave alone: those of which this node knows single
   * elements that it has not told yet.
   */
  guardOf(peerId: string): KeyGuard | null {
    const { stamped } = this.options;
    const { elements } = stamped;
    if (elements.keyCount === 0) return null;
    const client = this.clients.get(peerId);
    if (client !== undefined ? client.hasToldElements : !this.isToBeTold(peerId)) return null;
    return (databaseIndex, frame, arg) => elements.find(databaseIndex, frame.latin1(arg)) !== null;
  }

  private isToBeTold(peerId: string): boolean {
    return this.isPending || !this.ownerIds().includes(peerId);
  }

  progress(): RepairProgress[] {
    const { store } = this.options.stamped;
    return [...this.clients].map(([ownerId, client]) => {
      const keysDone = Math.min(client.keysTaken, client.keysTotal);
      return {
        store: store.name,
        ownerId,
        keysDone,
        keysTotal: client.keysTotal,
        bytesDone: client.bytesTaken,
        share: client.keysTotal === 0 ? 0 : keysDone / client.keysTotal,
      };
    });
  }

  /** Compares the sums with those of the owners. */
  check(): void {
    const { bus, context, nextId, stamped } = this.options;
    this.checks.clear();
    this.recheckMs = Number.POSITIVE_INFINITY;
    this.suspectsBefore = this.suspects;
    this.suspects = new Set();
    for (const id of this.ownerIds()) {
      const owner = bus.find(id);
      if (owner === null || !owner.isUp || this.pending.has(id)) continue;
      const writer = context.bus.begin(owner, MESSAGE.sync);
      if (writer === null) continue;
      const checkId = nextId();
      this.checks.set(checkId, id);
      writer.u32(checkId).text(stamped.store.name).u8(SYNC.check).u32(0).end();
    }
  }

  /** @returns false: they are for another store */
  onDigests(id: number, message: MessageReader): boolean {
    const client = this.findClient(id);
    if (client !== null) {
      client.onDigests(message);
      return true;
    }
    const ownerId = this.checks.get(id);
    if (ownerId === undefined) return false;
    message.u8();
    this.digests.readFrom(message);
    this.compare(ownerId);
    return true;
  }

  private compare(ownerId: string): void {
    const { digests, own } = this;
    const { stamped } = this.options;
    const database = stamped.store.databases[digests.databaseIndex];
    if (database === undefined) return;
    const table = stamped.tableOf(database);
    this.options.context.tombstones.forget(table, digests.purgedHigh, digests.purgedLow);
    own.measure(table, this.slotsOf(ownerId), false);
    const isEqual =
      own.left === digests.left &&
      own.right === digests.right &&
      own.floorHigh === digests.floorHigh &&
      own.floorLow === digests.floorLow;
    if (isEqual) return;
    // Keys that are on their way differ too: what differs twice in a row does not mend itself.
    this.suspects.add(ownerId);
    this.recheckMs = this.options.context.world.clock.monotonicMs() + RECHECK_MS;
    if (!this.suspectsBefore.has(ownerId)) return;
    this.options.onDifference();
    this.pending.add(ownerId);
    this.begin(ownerId);
  }

  private plan(): void {
    const { nodeIds } = this.options.ownership.table;
    if (nodeIds.length === 0) return;
    this.isAsked = false;
    this.pending.clear();
    for (const id of this.ownerIds()) this.pending.add(id);
  }

  /** Nodes that own some of it, this one aside. */
  private ownerIds(): string[] {
    const { bus, isBySlot, ownership, stamped } = this.options;
    const { table } = ownership;
    if (table.nodeIds.length === 0) return [];
    const ids = isBySlot ? table.nodeIds : [table.ownerOfStore(stamped.store.name)];
    return ids.filter((id) => id !== bus.id);
  }

  private slotsOf(ownerId: string): (slot: number) => boolean {
    const { bus, isBySlot, ownership } = this.options;
    if (!isBySlot) return () => true;
    const { table } = ownership;
    const isOf = new Uint8Array(SLOT_COUNT);
    const isMember = table.nodeIds.includes(bus.id);
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (table.ownerOfSlot(slot) !== ownerId) continue;
      isOf[slot] = !isMember || table.holdersOfSlot(slot).includes(bus.id) ? 1 : 0;
    }
    return (slot) => isOf[slot] === 1;
  }

  private begin(ownerId: string): void {
    const { bus, context, isStale, nextId, onBegin, stamped } = this.options;
    const owner = bus.find(ownerId);
    if (owner === null || !owner.isUp || this.clients.has(ownerId)) return;
    const nowMs = context.world.clock.monotonicMs();
    if (nowMs < (this.refusedMs.get(ownerId) ?? 0)) return;
    const client = new SyncClient({
      context,
      stamped,
      owner,
      isOf: this.slotsOf(ownerId),
      isStale: isStale(),
      nextId,
      onDone: () => this.onDone(ownerId),
      onRefused: () => this.onRefused(ownerId),
    });
    this.clients.set(ownerId, client);
    onBegin();
    client.start();
  }

  private onDone(ownerId: string): void {
    this.clients.delete(ownerId);
    this.pending.delete(ownerId);
    this.options.onEqual(ownerId);
  }

  private onRefused(ownerId: string): void {
    this.clients.delete(ownerId);
    const nowMs = this.options.context.world.clock.monotonicMs();
    this.refusedMs.set(ownerId, nowMs + REFUSED_MS);
  }
}
