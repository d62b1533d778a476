/**
 * Makes the stores of this node equal to those of their owners, and serves others who do the same.
 * It runs when a node joins, when a link was cut, when a store has another owner; and once in a
 * while each replica compares the sum of all its stamps with the owner's, in case something was
 * missed that nobody noticed. See docs/design/repair.md.
 *
 *     repair.ts        when                       stamp-run.ts    stamps in messages, compared
 *     store-repair.ts  with whom                  key-copies.ts   keys in messages
 *     sync-client.ts   the replica's side         key-pass.ts     one walk over all keys
 *     served-sync.ts   the owner's side           elements/       fields and members, merged
 *     store-list.ts    named stores, functions    surplus-slots.ts  given away and dropped
 */
import { SLOT_COUNT } from '../../base/digest/key-slot.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/logger.ts';
import type { SlicePace } from '../../base/pace/sliced-work.ts';
import type { Timer, World } from '../../base/world.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import { SlotSet } from '../placement/slot-set.ts';
import type { SlotDuties } from '../replication/duties/slot-duties.ts';
import type { NodeReplication } from '../replication/node-replication.ts';
import { COUNTER_STEPS, STAMP_EPOCH_MS, stampHigh, stampLow } from '../replication/stamp.ts';
import { LossCount } from './loss-count.ts';
import type { RepairContext } from './repair-context.ts';
import { StampedStores } from './stamped-stores.ts';
import { StoreList } from './store-list.ts';
import { StoreRepair } from './store-repair.ts';
import type { SyncClient } from './sync-client.ts';
import { FOR } from './sync-messages.ts';
import { SyncServer } from './sync-server.ts';
import { TogetherFile } from './together-file.ts';
import { TombstoneSweep } from './tombstone-sweep.ts';

/** As much as the loop has time for while no client sends anything, else a fifth. */
const REPAIR_PACE: SlicePace = { sliceMs: 2, busyPauseMs: 8, idlePauseMs: 0 };
const TICK_MS = 250;

export interface RepairOptions {
  readonly node: NodeServices;
  readonly bus: PeerBus;
  readonly ownership: Ownership;
  readonly replication: NodeReplication;
  readonly logger: Logger;
  /** Where it is kept when this node was equal to others last; '': nowhere. */
  readonly togetherPath: string;
  /** All stores are equal to their owners for the first time: this node may own some. */
  readonly onFilled: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** One store that is being made equal to one owner. */
export interface RepairProgress {
  readonly store: string;
  readonly ownerId: string;
  readonly keysDone: number;
  /** As the owner counted at the beginning; fewer are sent when some are equal already. */
  readonly keysTotal: number;
  readonly bytesDone: number;
  /** 0..1 */
  readonly share: number;
}

export class Repair {
  private readonly options: RepairOptions;
  private readonly world: World;
  private readonly context: RepairContext;
  private readonly stamped: StampedStores;
  private readonly list: StoreList;
  private readonly server: SyncServer;
  private readonly losses: LossCount;
  private readonly together: TogetherFile;
  private readonly repairs = new Map<Store, StoreRepair>();
  private ticker: Timer | null = null;
  private checkMs = 0;
  private ageMs = 0;
  private lastId = 0;
  /** When the list of stores was asked for last. */
  private listAskedMs = -1;
  /** Since when every known node has been reached, monotonic ms; -1: one is not. */
  private allReachedMs = -1;
  private isListed = false;
  private isFilled = false;

  constructor(options: RepairOptions) {
    this.options = options;
    const { bus, node, ownership, replication } = options;
    this.world = node.world;
    this.losses = new LossCount(node.world.clock);
    this.together = new TogetherFile(node.world.disk, options.togetherPath);
    const stamped = new StampedStores({ node, replication });
    this.stamped = stamped;
    this.context = this.createContext();
    this.list = new StoreList({
      node,
      bus,
      stamped: stamped.of(node.stores.default),
      isOwner: () => stamped.isServing(node.stores.default),
      onTold: () => this.onListed(),
      onRefused: (reason) => this.onRefused(node.stores.default, reason),
      onDiffers: (store) => {
        const message = 'A store is configured differently on another node: neither is changed';
        node.paced.warn('cluster', 'store-differs', message, { store });
      },
    });
    const { context } = this;
    this.server = new SyncServer({ context, node, ownership, replication, stamped });
    this.listen();
  }

  start(): void {
    this.checkMs = this.nextCheckMs();
    this.ticker = this.world.timers.every(TICK_MS, () => this.tick());
    this.tick();
  }

  stop(): void {
    this.ticker?.cancel();
    this.ticker = null;
    this.server.stop();
    this.context.tombstones.stop();
    for (const repair of this.repairs.values()) repair.stop();
  }

  /** The store is not known to be equal to what its owners have. */
  isPending(store: Store): boolean {
    return this.requireRepair(store).isPending;
  }

  /** Slots of which this node has something, and is to have nothing. */
  surplusCount(store: Store): number {
    return this.requireRepair(store).surplusCount;
  }

  /** Nothing is left here of slots that other nodes hold, and that those lack. */
  isGiven(store: Store): boolean {
    return this.requireRepair(store).isGiven;
  }

  get progress(): readonly RepairProgress[] {
    return [...this.repairs.values()].flatMap((repair) => repair.progress());
  }

  private createContext(): RepairContext {
    const { bus, node, onFailure } = this.options;
    const { counters, world } = node;
    return {
      world,
      bus,
      pace: REPAIR_PACE,
      commandCount: () => node.table.calls,
      tombstones: new TombstoneSweep(world, onFailure),
      onFailed: onFailure,
      noteLoss: (peerId, high, low) => {
        if (this.losses.isLoss(peerId, high, low)) counters[METRIC.lostVersions]++;
      },
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
  }

  private listen(): void {
    const { bus, node, ownership, replication } = this.options;
    const { server } = this;
    bus.handle(MESSAGE.sync, (peer, message) => server.onSync(peer, message));
    bus.handle(MESSAGE.elements, (peer, message) => this.onElements(peer, message));
    bus.handle(MESSAGE.digests, (_peer, message) => this.onDigests(message));
    bus.handle(MESSAGE.stamps, (peer, message) => this.onStamps(peer, message));
    bus.handle(MESSAGE.synced, (peer, message) => this.onSynced(peer, message));
    bus.handle(MESSAGE.copies, (peer, message) => this.onCopies(peer, message));
    bus.listen({
      onUp: (peer) => {
        this.losses.onReached(peer.id);
        this.tick();
      },
      onDown: (peer) => this.onDown(peer),
      onSilence: (peer, isSilent) => {
        if (isSilent) this.losses.onLost(peer.id);
        else if (peer.isUp) this.losses.onReached(peer.id);
      },
    });
    ownership.onChange(() => this.onTable());
    replication.onNeedsSync((store, reason) => {
      if (reason === 'stray') this.requireRepair(store).suspect();
      else this.request(store);
    });
    replication.onDuty((store, now) => {
      if (now === 'owner') this.requireRepair(store).onOwner();
    });
    replication.onAgreed((nodeId) => this.onAgreed(nodeId));
    replication.onSlots((store) => {
      this.requireRepair(store).onSlots();
      this.tick();
    });
    replication.guardWith((store, peerId) => this.requireRepair(store).guardOf(peerId));
    node.stores.onDropped((store) => {
      this.repairs.get(store)?.stop();
      this.repairs.delete(store);
    });
  }

  private tick(): void {
    if (this.ticker === null) return;
    const nowMs = this.world.clock.monotonicMs();
    this.watchPeers(nowMs);
    this.fill();
    for (const store of this.options.node.stores) this.requireRepair(store).tick();
    this.options.node.counters[METRIC.repairsRunning] = this.progress.length;
    if (nowMs >= this.checkMs) this.check();
    if (nowMs - this.ageMs < LIMITS.elementRecentMs) return;
    this.ageMs = nowMs;
    for (const store of this.options.node.stores) this.stamped.of(store).elements.age();
  }

  /** The store may have missed something: a gap, another owner, a new start of this one. */
  private request(store: Store): void {
    this.requireRepair(store).request();
    if (this.ticker !== null) this.requireRepair(store).tick();
  }

  /** A node that joins asks for everything once, and for the list of the stores before. */
  private fill(): void {
    const { bus, node, onFilled, ownership } = this.options;
    const { nodeIds } = ownership.table;
    if (this.isFilled || nodeIds.length === 0) return;
    if (nodeIds.includes(bus.id)) {
      this.isFilled = true;
      return this.stamped.restampLoaded();
    }
    if (!this.isListed) return this.askForList();
    for (const store of node.stores) this.requireRepair(store).fill();
    if ([...node.stores].some((store) => this.isPending(store))) return;
    this.isFilled = true;
    this.options.logger.info('filled', 'All stores are equal to those of their owners', {
      stores: node.stores.all.length,
      keys: node.stores.all.reduce((sum, { entryCount }) => sum + entryCount, 0),
    });
    onFilled();
  }

  private askForList(): void {
    const { bus, node, ownership } = this.options;
    const { table } = ownership;
    if (table.nodeIds.length === 0) return;
    const owner = bus.find(table.ownerOfStore(node.stores.default.name));
    const nowMs = this.world.clock.monotonicMs();
    // Repairs with several owners begin together: one answer is for all of them.
    if (owner?.isUp !== true || nowMs === this.listAskedMs) return;
    this.listAskedMs = nowMs;
    this.list.ask(owner);
  }

  private onListed(): void {
    this.isListed = true;
    this.tick();
  }

  private onTable(): void {
    for (const repair of this.repairs.values()) repair.onTable();
    this.tick();
  }

  private onAgreed(nodeId: string): void {
    for (const repair of this.repairs.values()) repair.onAgreed(nodeId);
    this.tick();
  }

  private onDown(peer: Peer): void {
    this.losses.onLost(peer.id);
    this.server.onDown(peer);
    for (const repair of this.repairs.values()) repair.onDown(peer);
  }

  private requireRepair(store: Store): StoreRepair {
    let repair = this.repairs.get(store);
    if (repair === undefined) {
      const { bus, node, ownership, replication } = this.options;
      repair = new StoreRepair({
        context: this.context,
        stamped: this.stamped.of(store),
        bus,
        ownership,
        duties: replication.slotsOf(store),
        sourcesOf: () => replication.sourcesOf(store),
        nextId: () => ++this.lastId,
        isStale: () => this.isStale,
        onBegin: () => {
          node.counters[METRIC.repairsBegun]++;
          // The list of stores belongs to the default one, and may have been missed as well.
          if (store === node.stores.default) this.askForList();
        },
        onEqual: (nodeId, slots) => {
          replication.synced(store, nodeId, slots);
          this.fill();
        },
        onDifference: () => node.counters[METRIC.repairDifferences]++,
      });
      this.repairs.set(store, repair);
    }
    return repair;
  }

  /** It was alone for so long that others may have forgotten what they removed. */
  private get isStale(): boolean {
    const { lastMs } = this.together;
    return lastMs > 0 && this.world.clock.wallMs() - lastMs > LIMITS.tombstoneMsMax;
  }

  /** Compares every store with its owners; of the own ones, forgets old removals. */
  private check(): void {
    const { bus, node } = this.options;
    this.checkMs = this.nextCheckMs();
    if (this.isFilled) this.askForList();
    for (const store of node.stores) this.requireRepair(store).check();
    const isTogether = bus.peers.some(({ isUp }) => isUp);
    const isQuiet = ![...this.repairs.values()].some(({ isPending }) => isPending);
    if (isTogether && isQuiet) this.together.note(this.world.clock.wallMs());
    this.forgetRemovals();
  }

  private nextCheckMs(): number {
    const jitterMs = (this.world.random.u32() / 2 ** 32) * (LIMITS.repairCheckMs / 4);
    return this.world.clock.monotonicMs() + LIMITS.repairCheckMs + jitterMs;
  }

  /** Those that every member has passed, or that are older than an hour. */
  private forgetRemovals(): void {
    const { bus, node, ownership, replication } = this.options;
    const { clock } = this.world;
    const isSettled =
      this.allReachedMs >= 0 &&
      clock.monotonicMs() - this.allReachedMs > LIMITS.tombstoneMsMin &&
      !this.server.isBusy &&
      bus.peers.every(({ id }) => ownership.table.nodeIds.includes(id));
    const keptMs = isSettled ? LIMITS.tombstoneMsMin : LIMITS.tombstoneMsMax;
    const time = (clock.wallMs() - keptMs - STAMP_EPOCH_MS) * COUNTER_STEPS;
    for (const store of node.stores) {
      if (!this.stamped.isServing(store)) continue;
      const { stamps } = this.stamped.of(store);
      const duties = replication.slotsOf(store);
      const slots = duties === null ? null : slotsOwned(duties);
      for (const index of stamps.databaseIndexes) {
        const table = stamps.tableOf(index);
        this.context.tombstones.forget(table, stampHigh(time), stampLow(time, 0), slots);
      }
    }
  }

  /** While some known node is not reached, changes are kept element by element. */
  private watchPeers(nowMs: number): void {
    const { bus, node } = this.options;
    const areReached = bus.peers.every(({ isHeard, isUp }) => isUp && isHeard);
    if (!areReached) this.allReachedMs = -1;
    else if (this.allReachedMs < 0) this.allReachedMs = nowMs;
    const areLong = areReached && nowMs - this.allReachedMs >= LIMITS.elementKeptMs;
    for (const store of node.stores) {
      const { elements } = this.stamped.of(store);
      elements.isOn = bus.peers.length > 0;
      if (!areReached) elements.keep();
      else if (areLong && !this.server.isBusy && !this.isPending(store)) elements.forget();
    }
  }

  private onRefused(store: Store, reason: string): void {
    const { counters, paced } = this.options.node;
    counters[METRIC.repairRefusals]++;
    paced.warn('cluster', 'copy-refused', 'A key of another node was not stored', {
      store: store.name,
      reason,
    });
  }

  private onDigests(message: MessageReader): void {
    const id = message.u32();
    for (const repair of this.repairs.values()) if (repair.onDigests(id, message)) return;
  }

  private onStamps(peer: Peer, message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    const id = message.u32();
    if (isForOwner) return this.server.onStamps(peer, id, message);
    const kind = message.u8();
    this.findClient(id)?.onStamps(kind, message.u32(), message);
  }

  private onSynced(peer: Peer, message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    const id = message.u32();
    if (isForOwner) this.server.onSynced(peer, id, message);
    else this.findClient(id)?.onSynced(message.u8(), message);
  }

  private onElements(peer: Peer, message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    const id = message.u32();
    if (isForOwner) this.server.onElements(peer, id, message);
    else this.findClient(id)?.onElements(message.u32(), message);
  }

  private onCopies(peer: Peer, message: MessageReader): void {
    const isForOwner = message.u8() === FOR.owner;
    const id = message.u32();
    if (isForOwner) this.server.onCopies(peer, id, message);
    else this.findClient(id)?.onCopies(message.u32(), message);
  }

  private findClient(id: number): SyncClient | null {
    for (const repair of this.repairs.values()) {
      const client = repair.findClient(id);
      if (client !== null) return client;
    }
    return null;
  }
}

function slotsOwned(duties: SlotDuties): SlotSet {
  const slots = new SlotSet();
  for (let slot = 0; slot < SLOT_COUNT; slot++)
    if (duties.dutyOf(slot) === 'owner') slots.add(slot);
  return slots;
}
