/**
 * Replication of all stores of a node: hands the messages of other nodes to the stores, sends what
 * the stores record, and follows the table of owners. See docs/design/replication.md.
 */
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/logger.ts';
import type { Timer } from '../../base/world.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';
import { RealNames } from '../../journal/real-names.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Ownership, OwnershipTable } from '../placement/ownership.ts';
import type { SlotSet } from '../placement/slot-set.ts';
import { isOwnedBySlot } from '../placement/store-ownership.ts';
import type { Counted } from './delivery/acknowledgements.ts';
import { Acknowledger } from './delivery/acknowledger.ts';
import type { Quorum } from './delivery/quorum.ts';
import { EVERY_SLOT } from './delivery/record-slots.ts';
import { SlotAudience } from './delivery/slot-audience.ts';
import { isUnheard, tellStream } from './delivery/stream-upkeep.ts';
import { DutyTable } from './duties/duty-table.ts';
import type { SlotDuties } from './duties/slot-duties.ts';
import { SlotDutyTable } from './duties/slot-duty-table.ts';
import type { KeyGuard } from './effect-applier.ts';
import { EffectIntake } from './effect-intake.ts';
import { type ClockBound, HybridClock } from './hybrid-clock.ts';
import { ReplicatedStore } from './replicated-store.ts';
import type { Duty, Replication, SlotDuty, SyncReason } from './replication.ts';
import { type StampSeeds, stampSeeds } from './stamp-seeds.ts';

export interface ReplicationOptions {
  readonly node: NodeServices;
  readonly bus: PeerBus;
  readonly ownership: Ownership;
  readonly logger: Logger;
  /** Where the clock of stamps keeps how far it may have come; null: nowhere. */
  readonly clockBound: ClockBound | null;
  /** `flush` is to be called at the end of this loop turn. */
  readonly askTurnEnd: () => void;
  /**
   * Nobody is to be expected: nothing is stamped until some node comes, so that a node by itself
   * pays nothing. What it has then is stamped as if it were written in that moment.
   */
  readonly isAlone?: boolean;
}

const HAND_OVER_COUNT_MAX = 4;

type DutyTold = (store: Store, now: Duty, before: Duty) => void;
type SyncTold = (store: Store, reason: SyncReason) => void;

export class NodeReplication implements Replication {
  readonly clock: HybridClock;
  private readonly options: ReplicationOptions;
  private readonly names: RealNames;
  private readonly seeds: StampSeeds;
  /** Of stores that one node owns as a whole. */
  private readonly duties: DutyTable;
  /** Of the others. */
  private readonly slotDuties: SlotDutyTable;
  /** Null: every node holds every key. */
  private readonly audience: SlotAudience | null;
  /** By name; the default store first, whose stream tells of the others. */
  private readonly stores = new Map<string, ReplicatedStore>();
  private readonly dutyListeners: DutyTold[] = [];
  private readonly syncListeners: SyncTold[] = [];
  private readonly slotListeners: ((store: Store) => void)[] = [];
  private readonly agreedListeners: ((nodeId: string) => void)[] = [];
  private timer: Timer | null = null;
  private readonly intake: EffectIntake;
  private readonly acknowledger: Acknowledger;
  /** Changes that came soon after others wait for it. */
  private paceTimer: Timer | null = null;
  private isAwake: boolean;
  /** What is to be done when the first node comes. */
  private readonly errands: ((isLate: boolean) => void)[] = [];
  /** How often the word that is sent was passed on. */
  private handOverCount = 0;
  private isStopped = false;

  /** To be built when what lies on disk is loaded, and before the first command. */
  constructor(options: ReplicationOptions) {
    const { bus, node, ownership } = options;
    const { configuration, stores, world } = node;
    this.options = options;
    this.isAwake = options.isAlone !== true;
    this.names = new RealNames(configuration.security.renamedCommands);
    this.clock = new HybridClock({
      nodeId: bus.id,
      clock: node.clock,
      bound: options.clockBound,
    });
    this.seeds = stampSeeds(configuration.cluster.key);
    this.duties = new DutyTable({
      nodeId: bus.id,
      timers: world.timers,
      table: ownership.table,
      listener: {
        isReachable: (nodeId) => {
          const peer = bus.find(nodeId);
          return peer?.isUp === true && peer.isHeard;
        },
        onDuty: (name, now, before) => this.tellDuty(name, now, before),
        onHandOver: (name, ownerId, executorId) => this.handOver(name, ownerId, executorId),
        digestOf: (nodeId) => this.slotDuties.digestOf(nodeId),
        onSources: (name) => this.askForSync(name, 'owner'),
      },
    });
    this.slotDuties = new SlotDutyTable({
      bus,
      ownership,
      timers: world.timers,
      onChange: (name) => this.tellSlots(name),
      onDuty: (name, now, before) => this.tellDuty(name, now, before),
      onDigest: (nodeId, digest) => this.takeDigest(nodeId, digest),
    });
    this.acknowledger = new Acknowledger({
      bus,
      timers: world.timers,
      stores: this.stores,
      askTurnEnd: options.askTurnEnd,
    });
    this.intake = new EffectIntake({
      node,
      bus,
      logger: options.logger,
      names: this.names,
      find: (name) => this.stores.get(name) ?? null,
      dutyOf: (store) => this.dutyOf(store),
      awaitsWord: (store) => this.dutyOf(store) === 'waiting' && this.sourcesOf(store) === null,
      slotsOf: (store) => this.slotsOf(store),
      needSync: (parts, nodeId, reason) => this.needSync(parts, nodeId, reason),
      acknowledger: this.acknowledger,
    });
    this.audience = ownership.table.isWhole ? null : new SlotAudience(bus.id, ownership);
    for (const store of stores) this.add(store);
    stores.onCreated((store) => this.add(store));
    stores.onDropped((store) => this.remove(store));
    ownership.onChange((table, before) => this.change(table, before));
    this.listen();
  }

  start(): void {
    const { timers } = this.options.node.world;
    this.timer = timers.every(LIMITS.streamTellMs, () => this.tell());
  }

  stop(): void {
    this.flush();
    this.isStopped = true;
    this.timer?.cancel();
    this.acknowledger.stop();
    this.duties.stop();
    this.slotDuties.stop();
    for (const store of this.stores.values()) store.stop();
  }

  dutyOf(store: Store): Duty {
    return this.slotsOf(store)?.duty ?? this.duties.dutyOf(store.name);
  }

  dutyOfSlot(store: Store, slot: number): SlotDuty {
    return this.slotsOf(store)?.dutyOf(slot) ?? this.duties.dutyOf(store.name);
  }

  slotsOf(store: Store): SlotDuties | null {
    return this.slotDuties.find(store.name);
  }

  onSlots(listener: (store: Store) => void): void {
    this.slotListeners.push(listener);
  }

  ownerOf(store: Store): string {
    return this.duties.ownerOf(store.name);
  }

  sourcesOf(store: Store): readonly string[] | null {
    return this.duties.sourcesOf(store.name);
  }

  onDuty(listener: DutyTold): void {
    this.dutyListeners.push(listener);
  }

  /** Who says which keys changes of a peer are to leave alone. */
  guardWith(guardOf: (store: Store, peerId: string) => KeyGuard | null): void {
    this.intake.guardOf = guardOf;
  }

  onNeedsSync(listener: SyncTold): void {
    this.syncListeners.push(listener);
  }

  /** Told of each node that says that it goes by the same table as this one. */
  onAgreed(listener: (nodeId: string) => void): void {
    this.agreedListeners.push(listener);
  }

  partsOf(store: Store): ReplicatedStore | null {
    const found = this.stores.get(store.name);
    return found?.store === store ? found : null;
  }

  positionOf(store: Store): number {
    return this.partsOf(store)?.stream.position ?? 0;
  }

  acknowledgedCount(store: Store, position: number): number {
    return this.partsOf(store)?.acknowledgements.countAt(position, this.counted) ?? 0;
  }

  whenAcknowledged(
    store: Store,
    position: number,
    nodeCount: number,
    timeoutMs: number,
    done: (isMet: boolean) => void,
  ): void {
    const parts = this.partsOf(store);
    if (parts === null) return done(false);
    const { counted } = this;
    parts.acknowledgements.wait(position, { counted, nodeCount, timeoutMs }, done);
  }

  /** Whom WAIT counts. */
  private get counted(): Counted {
    return this.audience?.countedOf(EVERY_SLOT) ?? null;
  }

  quorumOf(store: Store): Quorum | null {
    return this.partsOf(store)?.quorum ?? null;
  }

  /** All that was recorded here is applied wherever it can be. */
  get isDrained(): boolean {
    const { peers } = this.options.bus;
    for (const { acknowledgements, stream } of this.stores.values()) {
      if (stream.heldBytes > 0) return false;
      for (const peer of peers) {
        if (peer.isUp && acknowledgements.positionOf(peer.id) < stream.toldTo(peer.id))
          return false;
      }
    }
    return true;
  }

  /** Something waits to be sent by `endTurn`. */
  get isRaised(): boolean {
    if (this.acknowledger.isRaised) return true;
    for (const { stream } of this.stores.values()) if (stream.heldBytes > 0) return true;
    return false;
  }

  flush(): void {
    this.paceTimer?.cancel();
    this.paceTimer = null;
    if (this.isStopped) return;
    for (const parts of this.stores.values()) {
      if (parts.stream.heldBytes > 0) this.send(parts);
    }
    if (this.acknowledger.isRaised) this.acknowledger.flush();
  }

  /** As `flush`, but what came soon after other changes waits for a moment, for more to come. */
  endTurn(): void {
    let isDue = true;
    for (const { isPaced, stream } of this.stores.values()) {
      if (stream.heldBytes > 0 && isPaced) isDue = false;
    }
    if (isDue) return this.flush();
    if (this.acknowledger.isRaised) this.acknowledger.flush();
    const { timers } = this.options.node.world;
    this.paceTimer ??= timers.after(LIMITS.streamPaceMs, () => this.flush());
  }

  /**
   * Calls when changes are stamped.
   * @param errand  told whether that is not now, but when another node is met for the first time
   */
  whenAwake(errand: (isLate: boolean) => void): void {
    if (this.isAwake) errand(false);
    else this.errands.push(errand);
  }

  synced(store: Store, nodeId: string, slots: SlotSet | null = null): void {
    const parts = this.partsOf(store);
    if (parts === null) return;
    const source = parts.findSource(nodeId);
    const duties = this.slotsOf(store);
    if (slots !== null) duties?.settle(nodeId, slots);
    if (source !== null) source.isWhole = duties === null || !duties.sources.has(nodeId);
    parts.contributedPosition = parts.stream.position;
    if (duties === null) this.duties.settle(store.name, nodeId);
    this.acknowledger.raise();
  }

  private add(store: Store): void {
    const { bus, node } = this.options;
    const parts = new ReplicatedStore({
      store,
      node,
      bus,
      clock: this.clock,
      seeds: this.seeds,
      names: this.names,
      audience: this.audience,
      onFirst: this.options.askTurnEnd,
      listener: this.intake.listenerOf(store, () => parts),
    });
    this.stores.set(store.name, parts);
    if (this.isAwake) parts.wake();
    parts.stream.isHeard = bus.peers.some((peer) => peer.isUp);
    const { cluster } = node.configuration;
    if (isOwnedBySlot(store.configuration, cluster)) this.slotDuties.add(store.name);
    else this.duties.add(store.name);
  }

  private send(parts: ReplicatedStore): void {
    const { counters } = this.options.node;
    const { stream } = parts;
    const { batchCount, refusedCount } = stream;
    parts.flush();
    counters[METRIC.sentBatches] += stream.batchCount - batchCount;
    counters[METRIC.refusedBatches] += stream.refusedCount - refusedCount;
  }

  private remove(store: Store): void {
    this.stores.get(store.name)?.stop();
    this.stores.delete(store.name);
    this.duties.remove(store.name);
    this.slotDuties.remove(store.name);
  }

  private listen(): void {
    const { bus } = this.options;
    bus.handle(MESSAGE.acknowledge, (peer, message) => this.onAcknowledge(peer, message));
    bus.handle(MESSAGE.handover, (peer, message) => this.onHandOver(peer, message));
    bus.listen({
      onUp: (peer) => this.onUp(peer),
      onDown: (peer) => this.onDown(peer),
    });
  }

  private wake(): void {
    this.isAwake = true;
    for (const parts of this.stores.values()) parts.wake();
    for (const errand of this.errands.splice(0)) errand(true);
  }

  private onUp(peer: Peer): void {
    if (!this.isAwake) this.wake();
    const before = this.partsOf(this.options.node.stores.default)?.findSource(peer.id) ?? null;
    if (before !== null && before.incarnation !== peer.incarnation) {
      this.duties.lose(peer.id);
      this.slotDuties.lose(peer.id);
    }
    this.slotDuties.greet(peer);
    for (const parts of this.stores.values()) {
      const known = parts.findSource(peer.id);
      const isNew = known === null || known.incarnation !== peer.incarnation;
      parts.sourceOf(peer.id, peer.incarnation);
      if (isNew) parts.acknowledgements.forget(peer.id);
      parts.stream.isHeard = true;
      parts.stream.greet(peer);
      if (isNew) this.needSync(parts, peer.id, 'owner');
    }
  }

  private onDown(peer: Peer): void {
    const isHeard = this.options.bus.peers.some((other) => other.isUp);
    for (const parts of this.stores.values()) {
      parts.stream.isHeard = isHeard;
      if (parts.fetches.dropOf(peer.id)) this.needSync(parts, peer.id, 'fetch');
    }
  }

  private onAcknowledge(peer: Peer, message: MessageReader): void {
    const parts = this.stores.get(message.text());
    parts?.acknowledgements.note(peer.id, message.u53());
  }

  /** Something of that node is missing here, or may be. */
  private needSync(parts: ReplicatedStore, peerId: string, reason: SyncReason): void {
    const source = parts.findSource(peerId);
    const duties = this.slotsOf(parts.store);
    const isOwner = duties?.unsettle(peerId) ?? this.ownerOf(parts.store) === peerId;
    // Of who owns nothing that is kept here nothing can be missing where slots have owners.
    if (source !== null) source.isWhole = duties !== null && !isOwner;
    // It may have executed for slots that others own by now, whatever it owns itself.
    if (duties !== null || !isOwner) this.askForSync(parts.store.name, 'stray');
    if (!isOwner) return;
    this.duties.unsettle(parts.store.name, peerId);
    this.askForSync(parts.store.name, reason);
  }

  private askForSync(storeName: string, reason: SyncReason): void {
    const parts = this.stores.get(storeName);
    if (parts === undefined) return;
    for (const tell of this.syncListeners) tell(parts.store, reason);
  }

  private tell(): void {
    const { bus, node } = this.options;
    const silentMs = node.world.clock.monotonicMs() - LIMITS.fetchMs;
    for (const parts of this.stores.values()) {
      tellStream(bus, parts);
      this.contribute(parts);
      const silentId = parts.fetches.findSilent(silentMs);
      if (silentId === '') continue;
      parts.fetches.dropOf(silentId);
      this.needSync(parts, silentId, 'fetch');
    }
  }

  /**
   * What this node executed while it took itself for the owner, and the owner has not heard of: the
   * two are to be compared, though nothing of the owner is missing here.
   */
  private contribute(parts: ReplicatedStore): void {
    const ownerId = this.ownerOf(parts.store);
    if (this.dutyOf(parts.store) !== 'replica') return;
    if (this.options.bus.find(ownerId)?.isUp !== true) return;
    if (isUnheard(parts, ownerId)) this.needSync(parts, ownerId, 'gap');
  }

  /** The table of owners has changed: what was executed by the one before goes out first. */
  private change(table: OwnershipTable, before: OwnershipTable): void {
    if (this.isStopped) return;
    this.duties.change(table);
    for (const parts of this.stores.values()) {
      if (this.slotsOf(parts.store) !== null) this.tellGained(parts, before);
    }
    this.slotDuties.change(before);
  }

  /** Nodes that are told of slots from now on, of which they were not, are to compare them. */
  private tellGained({ stream }: ReplicatedStore, before: OwnershipTable): void {
    const { audience } = this;
    stream.flush();
    if (audience === null) return;
    for (const peer of this.options.bus.peers) {
      if (peer.isUp && audience.hasGained(peer.id, before)) stream.skip(peer);
    }
  }

  private takeDigest(nodeId: string, digest: string): void {
    this.duties.takeDigest(nodeId, digest);
    if (digest !== this.options.ownership.table.digest) return;
    for (const tell of this.agreedListeners) tell(nodeId);
  }

  private tellSlots(name: string): void {
    const parts = this.stores.get(name);
    if (parts === undefined) return;
    for (const tell of this.slotListeners) tell(parts.store);
  }

  private tellDuty(name: string, now: Duty, before: Duty): void {
    const parts = this.stores.get(name);
    if (parts === undefined) return;
    parts.store.evictsByItself = now === 'owner';
    const facts = { store: name, duty: now, before, owner: this.duties.ownerOf(name) };
    this.options.logger.info('duty', 'What this node does for a store has changed', facts);
    for (const tell of this.dutyListeners) tell(parts.store, now, before);
  }

  private handOver(name: string, ownerId: string, executorId: string): void {
    const { bus } = this.options;
    this.stores.get(name)?.stream.flush();
    const peer = bus.find(ownerId);
    const writer = peer?.isUp === true ? bus.begin(peer, MESSAGE.handover) : null;
    writer?.text(name).text(executorId).u8(this.handOverCount).end();
    bus.flush();
  }

  private onHandOver(peer: Peer, message: MessageReader): void {
    const name = message.text();
    const executorId = message.text();
    const count = message.u8();
    // Nodes that see different owners could pass it on for ever; the owner waits a second at most.
    if (count >= HAND_OVER_COUNT_MAX) return;
    this.handOverCount = count + 1;
    this.duties.takeOver(name, peer.id, executorId);
    this.handOverCount = 0;
  }
}
