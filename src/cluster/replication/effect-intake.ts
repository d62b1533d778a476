/**
 * What other nodes send of their changes: batches of their streams, and keys that this one had to
 * ask for because a change did not fit what it has.
 */
import { slotOfKey } from '../../base/digest/key-slot.ts';
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/logger.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';
import type { RealNames } from '../../journal/real-names.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Acknowledger } from './delivery/acknowledger.ts';
import type { SlotDuties } from './duties/slot-duties.ts';
import type { ApplierListener, KeyGuard } from './effect-applier.ts';
import { answerFetch, sendFetches } from './fetch/key-fetch.ts';
import type { ReplicatedStore } from './replicated-store.ts';
import type { Duty, SyncReason } from './replication.ts';

export interface EffectIntakeOptions {
  readonly node: NodeServices;
  readonly bus: PeerBus;
  readonly logger: Logger;
  readonly names: RealNames;
  /** Null: there is no such store here. */
  find(storeName: string): ReplicatedStore | null;
  dutyOf(store: Store): Duty;
  /** This node is to own the store, and the owner before has not said that it is done. */
  awaitsWord(store: Store): boolean;
  slotsOf(store: Store): SlotDuties | null;
  /** Something of that node is missing here. */
  needSync(parts: ReplicatedStore, nodeId: string, reason: SyncReason): void;
  readonly acknowledger: Acknowledger;
}

export class EffectIntake {
  /** Which keys changes of a peer are to leave alone. */
  guardOf: (store: Store, peerId: string) => KeyGuard | null = () => null;
  private readonly options: EffectIntakeOptions;
  /** From whom what is applied now came. */
  private applyingFrom = '';

  constructor(options: EffectIntakeOptions) {
    const { bus } = options;
    this.options = options;
    bus.handle(MESSAGE.effects, (peer, message) => this.onEffects(peer, message));
    bus.handle(MESSAGE.fetch, (peer, message) => this.onFetch(peer, message));
    bus.handle(MESSAGE.state, (peer, message) => this.onState(peer, message));
  }

  /** What the applier of a store calls. */
  listenerOf(store: Store, partsOf: () => ReplicatedStore): ApplierListener {
    return {
      onUnknown: (databaseIndex, frame, arg) => {
        this.onUnknown(partsOf(), databaseIndex, frame, arg);
      },
      onSwap: () => partsOf().fetches.askAgain(),
      isTraced: () => this.options.logger.isDebug(),
      onApplied: (frame, correlationId) => this.trace(store, frame, correlationId),
      onFailed: (reason) => this.onFailed(store, reason),
    };
  }

  private onEffects(peer: Peer, message: MessageReader): void {
    const { acknowledger, find, needSync, node } = this.options;
    const parts = find(message.text());
    // A store that was dropped here, or is not made yet: what is missed shows when it is.
    if (parts === null) return;
    const first = message.u53();
    const last = message.u53();
    const source = parts.sourceOf(peer.id, peer.incarnation);
    if (first > source.position + 1) {
      node.counters[METRIC.streamGaps]++;
      needSync(parts, peer.id, 'gap');
    }
    if (last > source.position) source.position = last;
    message.bytes();
    if (message.length === 0) return acknowledger.raise();
    this.apply(parts, peer.id, message);
    if (parts.fetches.hasNew) this.fetch(parts);
    acknowledger.note();
  }

  private apply(parts: ReplicatedStore, peerId: string, message: MessageReader): void {
    const { applier } = parts;
    const { counters } = this.options.node;
    const { appliedCount, lostCount, skippedCount, unknownCount } = applier;
    this.applyingFrom = peerId;
    applier.guard = this.guardFor(parts.store, peerId);
    applier.apply(message);
    counters[METRIC.replicatedChanges] += applier.appliedCount - appliedCount;
    counters[METRIC.staleChanges] += applier.skippedCount - skippedCount;
    counters[METRIC.lostVersions] += applier.lostCount - lostCount;
    counters[METRIC.fetchedKeys] += applier.unknownCount - unknownCount;
  }

  /** What is not kept here is left out, as is what is to be merged first. */
  private guardFor(store: Store, peerId: string): KeyGuard | null {
    const { awaitsWord, slotsOf } = this.options;
    const duties = slotsOf(store);
    // Whom it waits for still executes, and this node's copy is that one's.
    if (duties === null && awaitsWord(store)) return null;
    const guard = this.guardOf(store, peerId);
    if (duties === null || duties.isWhole) return guard;
    return (databaseIndex, frame, arg, isAsBefore) =>
      !duties.keeps(slotAt(frame, arg)) || guard?.(databaseIndex, frame, arg, isAsBefore) === true;
  }

  private onUnknown(
    parts: ReplicatedStore,
    databaseIndex: number,
    frame: Frame,
    arg: number,
  ): void {
    const { applyingFrom } = this;
    const { needSync, node } = this.options;
    if (this.comesByItself(parts.store, frame, arg)) return;
    if (parts.fetches.count >= LIMITS.fetchedKeyCountMax) {
      parts.fetches.dropOf(applyingFrom);
      return needSync(parts, applyingFrom, 'fetch');
    }
    const nowMs = node.world.clock.monotonicMs();
    parts.fetches.add(applyingFrom, databaseIndex, frame, arg, nowMs);
  }

  /** While a store, or a slot, is filled, every key that differs comes. */
  private comesByItself(store: Store, frame: Frame, arg: number): boolean {
    const { dutyOf, slotsOf } = this.options;
    const duties = slotsOf(store);
    if (duties === null) return dutyOf(store) === 'filling';
    const slot = slotAt(frame, arg);
    return duties.lacks(slot) || duties.dutyOf(slot) === 'filling';
  }

  private fetch(parts: ReplicatedStore): void {
    for (const peerId of sendFetches(this.options.bus, parts)) {
      parts.fetches.dropOf(peerId);
      this.options.needSync(parts, peerId, 'fetch');
    }
  }

  private onFetch(peer: Peer, message: MessageReader): void {
    const parts = this.options.find(message.text());
    if (parts === null) return;
    // What was changed before is sent before: the state holds it already.
    parts.stream.flush();
    answerFetch(this.options.bus, peer, parts, message);
  }

  private onState(peer: Peer, message: MessageReader): void {
    const parts = this.options.find(message.text());
    if (parts === null) return;
    message.bytes();
    parts.fetches.settle(message);
    this.apply(parts, peer.id, message);
    this.options.acknowledger.note();
  }

  private trace(store: Store, frame: Frame, correlationId: string): void {
    const { logger, names } = this.options;
    logger.debug('replicated', 'A change of another node was applied', {
      correlationId,
      command: (names.find(frame) ?? frame.latin1(0)).toLowerCase(),
      store: store.name,
      node: this.applyingFrom,
    });
  }

  private onFailed(store: Store, reason: string): void {
    const { node } = this.options;
    node.counters[METRIC.failedChanges]++;
    node.paced.warn(
      'cluster',
      'change-failed',
      'A change of another node could not be executed here',
      { store: store.name, node: this.applyingFrom, reason },
    );
  }
}

function slotAt({ bytes, lengths, offsets }: Frame, arg: number): number {
  return slotOfKey(bytes, offsets[arg], lengths[arg]);
}
