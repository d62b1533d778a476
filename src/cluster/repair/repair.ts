/**
 * Makes the stores of this node equal to those of their owners, and serves others who do the same.
 * It runs when a node joins, when a link was cut, when a store has another owner; and once in a
 * while each replica compares the sum of all its stamps with the owner's, in case something was
 * missed that nobody noticed.
 *
 *     repair.ts         when, with whom            elements/   fields and members, merged
 *     sync-client.ts    the replica's side         stamp-run   stamps in messages; what differs
 *     served-sync.ts    the owner's side           key-copies  keys in messages
 *     store-list.ts     named stores, functions    key-pass    one walk over all keys
 */
import { LIMITS } from '../../base/limits.ts';
import type { SlicePace } from '../../base/pace/sliced-work.ts';
import type { Timer, World } from '../../base/world.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import { nodeHash } from '../replication/hybrid-clock.ts';
import {
  COUNTER_STEPS,
  NODE_STEPS,
  STAMP_EPOCH_MS,
  stampHigh,
  stampLow,
  stampMs,
} from '../replication/stamp.ts';
import { mergeElements } from './elements/element-merge.ts';
import type { RepairContext } from './repair-context.ts';
import { ServedSync } from './served-sync.ts';
import type { StampedStore } from './stamped-store.ts';
import type { StoreList } from './store-list.ts';
import { StoreRepair } from './store-repair.ts';
import { FOR, SYNC, SYNCED } from './sync-messages.ts';
import { TombstoneSweep } from './tombstone-sweep.ts';

/** As much as the loop has time for while no client sends anything, else a fifth. */
const REPAIR_PACE: SlicePace = { sliceMs: 2, busyPauseMs: 8, idlePauseMs: 0 };
const TICK_MS = 250;
/** A link that is cut is noticed so much later, at most. */
const NOTICED_MS = 1_500;

export interface RepairOptions {
  readonly node: NodeServices;
  readonly bus: PeerBus;
  readonly ownership: Ownership;
  readonly stores: StoreList;
  /** The store as repair changes it; the same one each time. */
  readonly stampedOf: (store: Store) => StampedStore;
  readonly isBySlot: (store: Store) => boolean;
  /** This node executes for the store, or for some slots of it. */
  readonly isServing: (store: Store) => boolean;
  /** The store is equal to what its owners have: told after each repair. */
  readonly onEqual: (store: Store) => void;
  /** All stores are, for the first time. */
  readonly onFilled: () => void;
  /** When this node was last together with others, Unix ms, before it started; 0: not known. */
  readonly togetherMs: number;
  /** It is so now. */
  readonly onTogether: (nowMs: number) => void;
  readonly onFailed: (error: unknown) => void;
}

export interface RepairProgress {
  readonly store: string;
  readonly ownerId: string;
  readonly keysDone: number;
  readonly keysTotal: number;
  readonly bytesDone: number;
  /** 0..1 */
  readonly share: number;
}

export class Repair {
  readonly context: RepairContext;
  private readonly options: RepairOptions;
  private readonly world: World;
  private readonly repairs = new Map<Store, StoreRepair>();
  /** By the id of who asked, and the store's name. */
  private readonly served = new Map<string, ServedSync>();
  /** Peer -> Unix ms at which it was not reached any more. */
  private readonly lostMs = new Map<string, number>();
  private readonly peerHashes = new Map<string, number>();
  private ticker: Timer | null = null;
  private checkMs = 0;
  private ageMs = 0;
  private lastId = 0;
  /** Since when every known node has been reached, monotonic ms; -1: one is not. */
  private allReachedMs = -1;
  private togetherMs: number;
  private isFilled = false;
  private isListed = false;

  constructor(options: RepairOptions) {
    this.options = options;
    const { bus, node } = options;
    this.world = node.world;
    this.togetherMs = options.togetherMs;
    const { counters } = node;
    this.context = {
      world: node.world,
      bus,
      pace: REPAIR_PACE,
      commandCount: () => node.table.calls,
      tombstones: new TombstoneSweep(node.world, options.onFailed),
      onFailed: options.onFailed,
      noteLoss: (peerId, high, low) => this.noteLoss(peerId, high, low),
      noteSent(keyCount, byteCount) {
        counters[METRIC.repairKeysSent] += keyCount;
        counters[METRIC.repairBytesSent] += byteCount;
      },
      noteTaken(keyCount, byteCount) {
        counters[METRIC.repairKeysTaken] += keyCount;
        counters[METRIC.repairBytesTaken] += byteCount;
      },
      onRefused: (store, reason) => this.onRefused(store, reason),
    };
    bus.handle(MESSAGE.sync, (peer, message) => this.onSync(peer, message));
    bus.handle(MESSAGE.digests, (_peer, message) => this.onDigests(message));
    bus.handle(MESSAGE.stamps, (peer, message) => this.onStamps(peer, message));
    bus.handle(MESSAGE.synced, (peer, message) => this.onSynced(peer, message));
    bus.handle(MESSAGE.copies, (peer, message) => this.onCopies(peer, message));
    bus.handle(MESSAGE.elements, (peer, message) => this.onElements(peer, message));
    options.stores.handle(bus, () => this.onListed());
    bus.listen({
      onUp: () => this.tick(),
      onDown: (peer) => this.onDown(peer),
      onSilence: (peer, isSilent) => isSilent && this.noteLost(peer),
    });
    options.ownership.onChange(() => this.onTable());
  }

  start(): void {
    this.checkMs = this.nextCheckMs();
    this.ticker = this.world.timers.every(TICK_MS, () => this.tick());
  }

  stop(): void {
    this.ticker?.cancel();
    this.ticker = null;
    for (const served of this.served.values()) served.stop();
    for (const repair of this.repairs.values()) repair.stop();
    this.served.clear();
    this.context.tombstones.stop();
  }

  /** The store may not be equal to what its owners have: a gap, another owner, a new start. */
  request(store: Store): void {
    this.requireRepair(store).request();
    this.tick();
  }

  /** It is not known to be equal to its owners: effects that do not fit are not missed. */
  isFilling(store: Store): boolean {
    return this.repairs.get(store)?.isPending ?? false;
  }

  get progress(): readonly RepairProgress[] {
    return [...this.repairs.values()].flatMap((repair) => repair.progress());
  }

  /** A store is gone. */
  forget(store: Store): void {
    this.repairs.get(store)?.stop();
    this.repairs.delete(store);
  }

  private tick(): void {
    const { bus, node } = this.options;
    const nowMs = this.world.clock.monotonicMs();
    this.watchPeers(nowMs);
    this.fill();
    for (const repair of this.repairs.values()) repair.tick();
    node.counters[METRIC.repairsRunning] = this.progress.length;
    if (nowMs >= this.checkMs) this.check();
    if (nowMs - this.ageMs < LIMITS.elementRecentMs) return;
    this.ageMs = nowMs;
    const isOn = bus.peers.length > 0;
    for (const store of node.stores) {
      const { elements } = this.options.stampedOf(store);
      elements.isOn = isOn;
      elements.age();
    }
  }

  /** A node that joins asks for everything once, and for the list of the stores before. */
  private fill(): void {
    const { bus, node, onFilled, ownership, stores } = this.options;
    const { nodeIds } = ownership.table;
    if (this.isFilled || nodeIds.length === 0) return;
    if (nodeIds.includes(bus.id)) {
      this.isFilled = true;
      return;
    }
    if (!this.isListed) {
      const owner = bus.find(ownership.table.ownerOfStore(node.stores.default.name));
      if (owner?.isUp === true) stores.ask(owner);
      return;
    }
    for (const store of node.stores) {
      if (!this.repairs.has(store)) this.requireRepair(store).request();
    }
    if ([...node.stores].some((store) => this.isFilling(store))) return;
    this.isFilled = true;
    onFilled();
  }

  private onListed(): void {
    this.isListed = true;
    this.tick();
  }

  private onTable(): void {
    for (const repair of this.repairs.values()) repair.onTable();
    this.tick();
  }

  private requireRepair(store: Store): StoreRepair {
    let repair = this.repairs.get(store);
    if (repair === undefined) {
      const { bus, isBySlot, node, onEqual, ownership, stampedOf } = this.options;
      repair = new StoreRepair({
        context: this.context,
        stamped: stampedOf(store),
        bus,
        ownership,
        isBySlot: isBySlot(store),
        nextId: () => ++this.lastId,
        isStale: () => this.isStale,
        onBegin: () => node.counters[METRIC.repairsBegun]++,
        onEqual: () => onEqual(store),
        onDifference: () => node.counters[METRIC.repairDifferences]++,
      });
      this.repairs.set(store, repair);
    }
    return repair;
  }

  /** It was alone for so long that others may have forgotten what they removed. */
  private get isStale(): boolean {
    const { togetherMs } = this;
    return togetherMs > 0 && this.world.clock.wallMs() - togetherMs > LIMITS.tombstoneMsMax;
  }

  /** Compares every store with its owners; of the own ones, forgets old removals. */
  private check(): void {
    const { bus, node, ownership, stores } = this.options;
    this.checkMs = this.nextCheckMs();
    const owner = bus.find(ownership.table.ownerOfStore(node.stores.default.name));
    if (this.isFilled && owner?.isUp === true) stores.ask(owner);
    for (const store of node.stores) this.requireRepair(store).check();
    const isTogether = bus.peers.some(({ isUp }) => isUp);
    const isQuiet = ![...this.repairs.values()].some(({ isPending }) => isPending);
    if (isTogether && isQuiet) {
      this.togetherMs = this.world.clock.wallMs();
      this.options.onTogether(this.togetherMs);
    }
    this.purge();
  }

  private nextCheckMs(): number {
    const jitterMs = (this.world.random.u32() / 2 ** 32) * (LIMITS.repairCheckMs / 4);
    return this.world.clock.monotonicMs() + LIMITS.repairCheckMs + jitterMs;
  }

  /** Removals that every member has passed, or that are older than an hour. */
  private purge(): void {
    const { isServing, node, ownership, stampedOf } = this.options;
    const nowMs = this.world.clock.wallMs();
    const monotonicMs = this.world.clock.monotonicMs();
    const isSettled =
      this.allReachedMs >= 0 &&
      monotonicMs - this.allReachedMs > LIMITS.tombstoneMsMin &&
      this.served.size === 0 &&
      this.options.bus.peers.every(({ id }) => ownership.table.nodeIds.includes(id));
    const keptMs = isSettled ? LIMITS.tombstoneMsMin : LIMITS.tombstoneMsMax;
    const time = (nowMs - keptMs - STAMP_EPOCH_MS) * COUNTER_STEPS;
    for (const store of node.stores) {
      if (!isServing(store)) continue;
      const { stamps } = stampedOf(store);
      for (const index of stamps.databaseIndexes) {
        this.context.tombstones.forget(stamps.tableOf(index), stampHigh(time), stampLow(time, 0));
      }
    }
  }

  /** Whether all known nodes are reached: else what changes is kept element by element. */
  private watchPeers(nowMs: number): void {
    const { bus, node, stampedOf } = this.options;
    const areReached = bus.peers.every(({ isHeard, isUp }) => isUp && isHeard);
    if (!areReached) {
      this.allReachedMs = -1;
      for (const store of node.stores) stampedOf(store).elements.keep();
    } else if (this.allReachedMs < 0) {
      this.allReachedMs = nowMs;
    }
    if (!areReached || nowMs - this.allReachedMs < LIMITS.elementKeptMs) return;
    if (this.served.size > 0) return;
    for (const store of node.stores) {
      if (!this.isFilling(store)) stampedOf(store).elements.forget();
    }
  }

  private onDown(peer: Peer): void {
    this.noteLost(peer);
    for (const [key, served] of this.served) {
      if (served.peer.id !== peer.id) continue;
      served.stop();
      this.served.delete(key);
    }
    for (const repair of this.repairs.values()) repair.onDown(peer);
  }

  private noteLost(peer: Peer): void {
    this.lostMs.set(peer.id, this.world.clock.wallMs());
  }

  /**
   * Counts a version that gives way, if it was not made by that peer, and after the two had heard
   * of each other last: then nobody has seen both.
   */
  private noteLoss(peerId: string, high: number, low: number): void {
    const lostMs = this.lostMs.get(peerId);
    if (lostMs === undefined || stampMs(high, low) < lostMs - NOTICED_MS) return;
    let hash = this.peerHashes.get(peerId);
    if (hash === undefined) {
      hash = nodeHash(peerId);
      this.peerHashes.set(peerId, hash);
    }
    if ((low & (NODE_STEPS - 1)) !== hash) this.options.node.counters[METRIC.lostVersions]++;
  }

  private onRefused(store: Store, reason: string): void {
    const { counters, paced } = this.options.node;
    counters[METRIC.repairRefusals]++;
    paced.warn('cluster', 'copy-refused', 'A key of another node was not stored', {
      store: store.name,
      reason,
    });
  }

  private onSync(peer: Peer, message: MessageReader): void {
    const id = message.u32();
    const name = message.text();
    const what = message.u8();
    const { isServing, node, stampedOf } = this.options;
    const key = `${peer.id} ${name}`;
    this.served.get(key)?.stop();
    this.served.delete(key);
    if (what === SYNC.end) return;
    const store = node.stores.find(name);
    if (store === null || !isServing(store)) return this.refuse(peer, id);
    const stamped = stampedOf(store);
    this.takeFloors(stamped, message);
    const served = new ServedSync(this.context, id, peer, stamped);
    const isBySlot = this.options.isBySlot(store);
    const { bus, ownership } = this.options;
    const isOf = isBySlot
      ? (slot: number) => ownership.table.ownerOfSlot(slot) === bus.id
      : () => true;
    served.sendDigests(what === SYNC.full || isBySlot, isOf);
    if (what === SYNC.full) this.served.set(key, served);
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
    const writer = this.options.bus.begin(peer, MESSAGE.synced);
    writer?.u8(FOR.replica).u32(id).u8(SYNCED.refused).end();
  }

  private onDigests(message: MessageReader): void {
    const id = message.u32();
    for (const repair of this.repairs.values()) if (repair.onDigests(id, message)) return;
  }

  private onStamps(peer: Peer, message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    const id = message.u32();
    const kind = message.u8();
    const databaseIndex = message.u32();
    if (isForOwner) this.findServed(peer, id)?.onStamps(kind, databaseIndex, message);
    else this.findClient(id)?.onStamps(kind, databaseIndex, message);
  }

  private onSynced(peer: Peer, message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    const id = message.u32();
    const kind = message.u8();
    if (!isForOwner) return this.findClient(id)?.onSynced(kind);
    const served = this.findServed(peer, id);
    if (served === null) this.refuse(peer, id);
    else served.onSynced(kind);
  }

  private onCopies(peer: Peer, message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    const id = message.u32();
    const databaseIndex = message.u32();
    if (isForOwner) this.findServed(peer, id)?.onCopies(databaseIndex, message);
    else this.findClient(id)?.onCopies(databaseIndex, message);
  }

  private onElements(peer: Peer, message: MessageReader): void {
    const served = this.findServed(peer, message.u32());
    const database = served?.stamped.store.databases[message.u32()];
    if (served === null || database === undefined) return;
    const key = mergeElements(served.stamped, database, message);
    if (key !== null) served.noteMerged(database, key);
  }

  private findServed(peer: Peer, id: number): ServedSync | null {
    for (const served of this.served.values()) {
      if (served.peer.id === peer.id && served.id === id) return served;
    }
    return null;
  }

  private findClient(id: number) {
    for (const repair of this.repairs.values()) {
      const client = repair.findClient(id);
      if (client !== null) return client;
    }
    return null;
  }
}
