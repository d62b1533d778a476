/**
 * Which nodes are there, and which of them may own something, as this node sees it:
 *
 *     live    its gossip says that it is alive, and its link does not say that it is down
 *     ready   live, and its data is equal to that of the owners: it may be one
 *
 * A node is down when nothing comes from it for a second and no other node contradicts: where other
 * nodes are heard, one of them must find it silent too. So one broken link takes nobody out, and a
 * node that hears nobody at all goes on alone. Everybody tells all others whom it hears, at once
 * when that changes; hence all come to the same view as soon as they hear the same.
 *
 * A node starts as `filling` and becomes `ready` when it has been filled; where nobody is ready, by
 * itself: a node that meets no other, or else the one with the smallest id.
 */

import { LIMITS } from '../../base/limits.ts';
import type { Logger } from '../../base/logger.ts';
import type { Timer, World } from '../../base/world.ts';
import type { Member, Membership } from '../membership/membership.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import { LINK_VERSION_TAG, NodeRecord } from './node-record.ts';
import { decodeView, encodeView, type NodeState, type ViewMessage } from './view-message.ts';

export interface ClusterViewOptions {
  readonly world: World;
  readonly logger: Logger;
  readonly membership: Membership;
  readonly bus: PeerBus;
  /** Tags that never change: `hc`, `inc`, `resp`, ... The view adds `state` and `rev`. */
  readonly tags: ReadonlyMap<string, string>;
  /** There are seeds, or nodes known from before: alone is not what this node is to be. */
  readonly expectsOthers: boolean;
}

export class ClusterView {
  readonly selfId: string;
  /** Sorted, this node included. */
  liveIds: readonly string[];
  /** Those of them that may own something, sorted. */
  readyIds: readonly string[] = [];
  private readonly options: ClusterViewOptions;
  private readonly recordsById = new Map<string, NodeRecord>();
  private readonly listeners: (() => void)[] = [];
  private ownState: NodeState = 'filling';
  private revision = 0;
  /** Monotonic ms: since then nobody is ready, and the live nodes are the same. */
  private leaderlessSinceMs = 0;
  private lastTickMs = 0;
  /** What was told last, so that a change is told at once. */
  private toldText = '';
  private timer: Timer | null = null;

  constructor(options: ClusterViewOptions) {
    const { bus, membership } = options;
    this.options = options;
    this.selfId = bus.id;
    this.liveIds = [bus.id];
    membership.listen({ onMember: (member) => this.onMember(member) });
    bus.listen({
      onUp: (peer) => this.onUp(peer),
      onDown: () => this.settle(),
      onSilence: () => this.settle(),
      onQuiet: (peer) => membership.check(peer.id),
    });
    bus.handle(MESSAGE.view, (peer, message) => this.onView(peer, decodeView(message)));
  }

  /** Of this node. */
  get state(): NodeState {
    return this.ownState;
  }

  /** Others are to be filled, and this is the one node that could do it. */
  get isLastReady(): boolean {
    if (this.readyIds.join('\n') !== this.selfId) return false;
    return [...this.records].some(({ isLive, state }) => isLive && state === 'filling');
  }

  /** The other nodes, in no order. */
  get records(): IterableIterator<NodeRecord> {
    return this.recordsById.values();
  }

  find(id: string): NodeRecord | null {
    return this.recordsById.get(id) ?? null;
  }

  /** Told after `liveIds` or `readyIds` changed, or this node's state. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Gossip and links have been started. */
  start(): void {
    const { membership, world } = this.options;
    this.leaderlessSinceMs = this.nowMs;
    this.lastTickMs = this.nowMs;
    this.timer = world.timers.every(TICK_MS, () => this.tick());
    this.tellTags();
    for (const member of membership.members) this.onMember(member);
    this.settle();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  /** `ready`: its data is equal to the owners'. `leaving`: it shall own nothing any more. */
  setState(state: NodeState): void {
    if (state === this.ownState || this.ownState === 'leaving') return;
    this.ownState = state;
    this.revision++;
    this.options.logger.info('view', `This node is ${state}`, { liveNodes: this.liveIds.length });
    this.tellTags();
    this.settle();
    // Those that are to act on it shall not wait for the end of this turn.
    this.options.bus.flush();
  }

  /** It is gone for good: nobody waits for it any more. */
  forget(id: string): void {
    const { bus, membership } = this.options;
    membership.forceLeave(id);
    bus.drop(id);
    this.recordsById.delete(id);
    this.settle();
  }

  private get nowMs(): number {
    return this.options.world.clock.monotonicMs();
  }

  private onMember(member: Member): void {
    const { bus } = this.options;
    const { name, address, status, tags } = member;
    if (name === this.selfId) return;
    const linkPort = Number(tags.get('link') ?? 0);
    if (!tags.has(LINK_VERSION_TAG) || linkPort === 0) return this.leaveOut(name);
    if (status === 'left') bus.drop(name);
    else bus.keep(name, address, linkPort);
    bus.excuse(name, member.isBusy);
    this.require(name).takeMember(member, this.nowMs);
    this.settle();
  }

  /** A plain serf agent, or a node that became one. */
  private leaveOut(id: string): void {
    if (!this.recordsById.delete(id)) return;
    this.options.bus.drop(id);
    this.settle();
  }

  private onUp(peer: Peer): void {
    this.require(peer.id).takeIncarnation(peer.incarnation);
    this.tell(peer);
    this.settle();
  }

  private onView(peer: Peer, view: ViewMessage): void {
    this.require(peer.id).takeView(peer.incarnation, view);
    for (const id of view.hearing.keys()) {
      if (id !== this.selfId) this.require(id);
    }
    this.settle();
  }

  private require(id: string): NodeRecord {
    let record = this.recordsById.get(id);
    if (record === undefined) {
      record = new NodeRecord(id, this.nowMs);
      this.recordsById.set(id, record);
    }
    return record;
  }

  private tick(): void {
    const { bus } = this.options;
    const { nowMs } = this;
    const lateMs = nowMs - this.lastTickMs - TICK_MS;
    this.lastTickMs = nowMs;
    // Who was away itself knows nothing of the others' silence; links see to their own.
    if (lateMs > TICK_MS) for (const record of this.records) record.aliveSinceMs += lateMs;
    this.dropForgotten();
    this.settle();
    this.meetUnlinked(nowMs);
    for (const peer of bus.peers) this.tell(peer);
  }

  /** Members that left long ago are in no list any more; nor is who was only named, and is not. */
  private dropForgotten(): void {
    const { bus, membership } = this.options;
    const names = new Set(membership.members.map(({ name }) => name));
    for (const { hearing, isAlive } of this.records) {
      if (isAlive) for (const id of hearing.keys()) names.add(id);
    }
    for (const { id } of this.records) {
      if (names.has(id) || bus.find(id)?.isUp) continue;
      this.recordsById.delete(id);
      bus.drop(id);
    }
  }

  /**
   * Who lives and has no link with this node may take it for gone: what it missed while it was cut
   * off the gossip repeats only every half minute.
   */
  private meetUnlinked(nowMs: number): void {
    for (const record of this.records) {
      const { member } = record;
      if (member?.status !== 'alive' || !record.isSilent) continue;
      if (nowMs - record.metMs < LIMITS.viewMeetMs) continue;
      record.metMs = nowMs;
      this.options.membership.join(member.address, member.port);
    }
  }

  /** Brings everything up to what is known now, and tells of what changed. */
  private settle(): void {
    if (this.timer === null) return;
    const { bus } = this.options;
    const { nowMs } = this;
    for (const record of this.records) record.listenTo(bus.find(record.id), nowMs);
    for (const record of this.records) this.judge(record);
    this.tellChanges();
    const live = [...this.records].filter((record) => record.isLive);
    const liveIds = [this.selfId, ...live.map(({ id }) => id)].sort();
    const ready = live.filter((record) => record.isReady).map(({ id }) => id);
    const readyIds = (this.ownState === 'ready' ? [this.selfId, ...ready] : ready).sort();
    const isSameLive = isEqual(liveIds, this.liveIds);
    if (!isSameLive || readyIds.length > 0) this.leaderlessSinceMs = nowMs;
    if (isSameLive && isEqual(readyIds, this.readyIds)) return this.beginAlone();
    this.liveIds = liveIds;
    this.readyIds = readyIds;
    for (const listener of this.listeners) listener();
    this.beginAlone();
  }

  private judge(record: NodeRecord): void {
    const wasDown = record.isDown;
    record.isDown = record.isSilent && this.isConfirmed(record);
    if (wasDown === record.isDown) return;
    const { logger } = this.options;
    if (record.isDown) logger.warn('view', 'A node is down', { node: record.id });
    else if (record.isAlive) logger.info('view', 'A node is heard again', { node: record.id });
  }

  /** No other node is heard, or one of those that are finds it silent as well. */
  private isConfirmed(silent: NodeRecord): boolean {
    let isAnyHeard = false;
    for (const other of this.records) {
      if (other === silent || !other.isAlive || other.isSilent) continue;
      if (other.hearing.get(silent.id) === true) return true;
      isAnyHeard = true;
    }
    return !isAnyHeard;
  }

  /** Where nobody is ready, somebody has to begin: there is nobody who could fill the others. */
  private beginAlone(): void {
    if (this.ownState !== 'filling' || this.readyIds.length > 0) return;
    const isAlone = this.liveIds.length === 1;
    if (this.liveIds[0] !== this.selfId) return;
    const aloneMs = this.options.expectsOthers ? LIMITS.viewAloneMs : 0;
    const waitMs = isAlone ? aloneMs : LIMITS.viewBootstrapMs;
    if (this.nowMs - this.leaderlessSinceMs >= waitMs) this.setState('ready');
  }

  private tellTags(): void {
    const tags = new Map(this.options.tags);
    tags.set('state', this.ownState);
    tags.set('rev', String(this.revision));
    this.options.membership.setTags(tags);
  }

  private tellChanges(): void {
    const { revision, hearing } = this.ownView();
    const text = [revision, ...[...hearing].flat()].join();
    if (text === this.toldText) return;
    this.toldText = text;
    for (const peer of this.options.bus.peers) this.tell(peer);
  }

  private tell(peer: Peer): void {
    if (!peer.isUp) return;
    const writer = this.options.bus.begin(peer, MESSAGE.view);
    if (writer !== null) encodeView(this.ownView(), writer);
  }

  private ownView(): ViewMessage {
    const hearing = new Map<string, boolean>();
    for (const record of this.records) {
      if (!record.isAlive) continue;
      hearing.set(record.id, record.isSilent);
      // More would not be taken: the message would end the link.
      if (hearing.size === LIMITS.clusterNodeCountMax) break;
    }
    return { revision: this.revision, state: this.ownState, hearing };
  }
}

const TICK_MS = LIMITS.viewPeriodMs;

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
