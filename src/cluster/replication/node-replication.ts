/**
 * Replication of all stores of a node: hands the messages of other nodes to the stores, sends what
 * the stores record, and follows the table of owners. See docs/design/replication.md.
 */
import type { Frame } from '../../base/frame.ts';
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
import type { Ownership } from '../placement/ownership.ts';
import { isOwnedBySlot } from '../placement/store-ownership.ts';
import { DutyTable } from './duty-table.ts';
import type { KeyGuard } from './effect-applier.ts';
import { answerFetch, sendFetches } from './fetch/key-fetch.ts';
import { type ClockBound, HybridClock } from './hybrid-clock.ts';
import type { Quorum } from './quorum.ts';
import { ReplicatedStore } from './replicated-store.ts';
import type { Duty, Replication, SyncReason } from './replication.ts';
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
  private readonly duties: DutyTable;
  /** By name; the default store first, whose stream tells of the others. */
  private readonly stores = new Map<string, ReplicatedStore>();
  private readonly dutyListeners: DutyTold[] = [];
  private readonly syncListeners: SyncTold[] = [];
  private timer: Timer | null = null;
  /** From whom what is applied now came. */
  private applyingFrom = '';
  private guardOf: (store: Store, peerId: string) => KeyGuard | null = () => null;
  private hasAcknowledgements = false;
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
        onOwner: (name) => this.askForSync(name, 'owner'),
      },
    });
    for (const store of stores) this.add(store);
    stores.onCreated((store) => this.add(store));
    stores.onDropped((store) => this.remove(store));
    ownership.onChange((table) => {
      if (!this.isStopped) this.duties.change(table);
    });
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
    this.duties.stop();
    for (const store of this.stores.values()) store.stop();
  }

  dutyOf(store: Store): Duty {
    return this.duties.dutyOf(store.name);
  }

  ownerOf(store: Store): string {
    return this.duties.ownerOf(store.name);
  }

  onDuty(listener: DutyTold): void {
    this.dutyListeners.push(listener);
  }

  /** Who says which keys changes of a peer are to leave alone. */
  guardWith(guardOf: (store: Store, peerId: string) => KeyGuard | null): void {
    this.guardOf = guardOf;
  }

  onNeedsSync(listener: SyncTold): void {
    this.syncListeners.push(listener);
  }

  partsOf(store: Store): ReplicatedStore | null {
    const found = this.stores.get(store.name);
    return found?.store === store ? found : null;
  }

  positionOf(store: Store): number {
    return this.partsOf(store)?.stream.position ?? 0;
  }

  acknowledgedCount(store: Store, position: number): number {
    return this.partsOf(store)?.acknowledgements.countAt(position) ?? 0;
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
    parts.acknowledgements.wait(position, nodeCount, timeoutMs, done);
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
        if (peer.isUp && acknowledgements.positionOf(peer.id) < stream.position) return false;
      }
    }
    return true;
  }

  /** Something waits to be sent by `flush`. */
  get isRaised(): boolean {
    if (this.hasAcknowledgements) return true;
    for (const { stream } of this.stores.values()) if (stream.heldBytes > 0) return true;
    return false;
  }

  flush(): void {
    if (this.isStopped) return;
    for (const parts of this.stores.values()) {
      if (parts.stream.heldBytes > 0) this.send(parts);
    }
    if (this.hasAcknowledgements) this.acknowledge();
  }

  /**
   * Calls when changes are stamped.
   * @param errand  told whether that is not now, but when another node is met for the first time
   */
  whenAwake(errand: (isLate: boolean) => void): void {
    if (this.isAwake) errand(false);
    else this.errands.push(errand);
  }

  synced(store: Store, ownerId: string): void {
    const parts = this.partsOf(store);
    if (parts === null) return;
    const source = parts.findSource(ownerId);
    if (source !== null) source.isWhole = true;
    parts.contributedPosition = parts.stream.position;
    this.duties.settle(store.name, ownerId);
    this.askForAcknowledgement();
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
      onFirst: this.options.askTurnEnd,
      listener: {
        onUnknown: (databaseIndex, frame, arg) => {
          this.onUnknown(parts, databaseIndex, frame, arg);
        },
        onSwap: () => parts.fetches.askAgain(),
        onApplied: (frame, correlationId) => this.trace(store, frame, correlationId),
        onFailed: (reason) => this.onFailed(store, reason),
      },
    });
    this.stores.set(store.name, parts);
    if (this.isAwake) parts.wake();
    parts.stream.isHeard = bus.peers.some((peer) => peer.isUp);
    const { cluster } = node.configuration;
    this.duties.add(store.name, isOwnedBySlot(store.configuration, cluster));
  }

  private send({ stream }: ReplicatedStore): void {
    const { counters } = this.options.node;
    const { batchCount, refusedCount } = stream;
    stream.flush();
    counters[METRIC.sentBatches] += stream.batchCount - batchCount;
    counters[METRIC.refusedBatches] += stream.refusedCount - refusedCount;
  }

  private remove(store: Store): void {
    this.stores.get(store.name)?.stop();
    this.stores.delete(store.name);
    this.duties.remove(store.name);
  }

  private listen(): void {
    const { bus } = this.options;
    bus.handle(MESSAGE.effects, (peer, message) => this.onEffects(peer, message));
    bus.handle(MESSAGE.acknowledge, (peer, message) => this.onAcknowledge(peer, message));
    bus.handle(MESSAGE.handover, (peer, message) => this.onHandOver(peer, message));
    bus.handle(MESSAGE.fetch, (peer, message) => this.onFetch(peer, message));
    bus.handle(MESSAGE.state, (peer, message) => this.onState(peer, message));
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
    if (before !== null && before.incarnation !== peer.incarnation) this.duties.lose(peer.id);
    for (const parts of this.stores.values()) {
      const known = parts.findSource(peer.id);
      const isNew = known === null || known.incarnation !== peer.incarnation;
      parts.sourceOf(peer.id, peer.incarnation);
      if (isNew) parts.acknowledgements.forget(peer.id);
      parts.stream.isHeard = true;
      parts.stream.tell(peer);
      const isOwner = this.ownerOf(parts.store) === peer.id;
      if (isNew && isOwner) this.needSync(parts, peer.id, 'owner');
    }
  }

  private onDown(peer: Peer): void {
    const isHeard = this.options.bus.peers.some((other) => other.isUp);
    for (const parts of this.stores.values()) {
      parts.stream.isHeard = isHeard;
      if (parts.fetches.dropOf(peer.id)) this.needSync(parts, peer.id, 'fetch');
    }
  }

  private onEffects(peer: Peer, message: MessageReader): void {
    const parts = this.stores.get(message.text());
    // A store that was dropped here, or is not made yet: what is missed shows when it is.
    if (parts === undefined) return;
    const first = message.u53();
    const last = message.u53();
    const source = parts.sourceOf(peer.id, peer.incarnation);
    if (first > source.position + 1) {
      this.options.node.counters[METRIC.streamGaps]++;
      this.needSync(parts, peer.id, 'gap');
    }
    if (last > source.position) source.position = last;
    message.bytes();
    if (message.length > 0) this.apply(parts, peer.id, message);
    if (parts.fetches.hasNew) this.fetch(parts);
    this.askForAcknowledgement();
  }

  private apply(parts: ReplicatedStore, peerId: string, message: MessageReader): void {
    const { applier } = parts;
    const { counters } = this.options.node;
    const { appliedCount, lostCount, skippedCount, unknownCount } = applier;
    this.applyingFrom = peerId;
    // Whom it waits for still executes, and this node's copy is that one's.
    const isWaiting = this.dutyOf(parts.store) === 'waiting';
    applier.guard = isWaiting ? null : this.guardOf(parts.store, peerId);
    applier.apply(message);
    counters[METRIC.replicatedChanges] += applier.appliedCount - appliedCount;
    counters[METRIC.staleChanges] += applier.skippedCount - skippedCount;
    counters[METRIC.lostVersions] += applier.lostCount - lostCount;
    counters[METRIC.fetchedKeys] += applier.unknownCount - unknownCount;
  }

  /** While the store is filled, every key that differs comes by itself. */
  private onUnknown(
    parts: ReplicatedStore,
    databaseIndex: number,
    frame: Frame,
    arg: number,
  ): void {
    const { applyingFrom } = this;
    if (this.dutyOf(parts.store) === 'filling') return;
    if (parts.fetches.count >= LIMITS.fetchedKeyCountMax) {
      parts.fetches.dropOf(applyingFrom);
      return this.needSync(parts, applyingFrom, 'fetch');
    }
    const nowMs = this.options.node.world.clock.monotonicMs();
    parts.fetches.add(applyingFrom, databaseIndex, frame, arg, nowMs);
  }

  private fetch(parts: ReplicatedStore): void {
    const { bus } = this.options;
    for (const peerId of sendFetches(bus, parts)) {
      parts.fetches.dropOf(peerId);
      this.needSync(parts, peerId, 'fetch');
    }
  }

  private onFetch(peer: Peer, message: MessageReader): void {
    const parts = this.stores.get(message.text());
    if (parts === undefined) return;
    // What was changed before is sent before: the state holds it already.
    parts.stream.flush();
    answerFetch(this.options.bus, peer, parts, message);
  }

  private onState(peer: Peer, message: MessageReader): void {
    const parts = this.stores.get(message.text());
    if (parts === undefined) return;
    message.bytes();
    parts.fetches.settle(message);
    this.apply(parts, peer.id, message);
    this.askForAcknowledgement();
  }

  private onAcknowledge(peer: Peer, message: MessageReader): void {
    const parts = this.stores.get(message.text());
    parts?.acknowledgements.note(peer.id, message.u53());
  }

  private askForAcknowledgement(): void {
    if (this.hasAcknowledgements) return;
    this.hasAcknowledgements = true;
    this.options.askTurnEnd();
  }

  /** Tells every node how far what it sent is applied, if that is more than it was. */
  private acknowledge(): void {
    const { bus } = this.options;
    this.hasAcknowledgements = false;
    for (const parts of this.stores.values()) {
      for (const id of parts.sourceIds) {
        const source = parts.findSource(id);
        if (source === null || !source.isWhole || parts.fetches.countOf(id) > 0) continue;
        if (source.position === source.acknowledgedPosition) continue;
        const peer = bus.find(id);
        const writer = peer?.isUp === true ? bus.begin(peer, MESSAGE.acknowledge) : null;
        if (writer === null) continue;
        writer.text(parts.store.name).u53(source.position).end();
        source.acknowledgedPosition = source.position;
      }
    }
  }

  /** Something of that node is missing here, or may be. */
  private needSync(parts: ReplicatedStore, peerId: string, reason: SyncReason): void {
    const source = parts.findSource(peerId);
    if (source !== null) source.isWhole = false;
    if (this.ownerOf(parts.store) !== peerId) return;
    this.duties.unsettle(parts.store.name, peerId);
    this.askForSync(parts.store.name, reason);
  }

  private askForSync(storeName: string, reason: SyncReason): void {
    const parts = this.stores.get(storeName);
    if (parts === undefined) return;
    for (const tell of this.syncListeners) tell(parts.store, reason);
  }

  /** Who has not acknowledged everything may have missed the last batch. */
  private tell(): void {
    const { bus, node } = this.options;
    const silentMs = node.world.clock.monotonicMs() - LIMITS.fetchMs;
    for (const parts of this.stores.values()) {
      const { sentPosition } = parts.stream;
      for (const peer of bus.peers) {
        if (!peer.isUp || parts.acknowledgements.positionOf(peer.id) >= sentPosition) continue;
        parts.stream.tell(peer);
      }
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
    const { position } = parts.stream;
    const heardPosition = parts.acknowledgements.positionOf(ownerId);
    if (Math.max(heardPosition, parts.contributedPosition) >= position) return;
    const isOld = parts.unheardPosition === position;
    parts.unheardPosition = position;
    if (isOld) this.needSync(parts, ownerId, 'gap');
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

  private trace(store: Store, frame: Frame, correlationId: string): void {
    const { logger } = this.options;
    if (!logger.isDebug()) return;
    logger.debug('replicated', 'A change of another node was applied', {
      correlationId,
      command: (this.names.find(frame) ?? frame.latin1(0)).toLowerCase(),
      store: store.name,
      node: this.applyingFrom,
    });
  }

  private onFailed(store: Store, reason: string): void {
    this.options.node.counters[METRIC.failedChanges]++;
    this.options.node.paced.warn(
      'cluster',
      'change-failed',
      'A change of another node could not be executed here',
      { store: store.name, node: this.applyingFrom, reason },
    );
  }
}
