/**
 * What this node has to do with each store that one node owns, by the table of owners and by who
 * has handed over:
 *
 *     the table names another node      replica, or filling until it is equal to that node
 *     it names this one                 owner; but where the owner before can be heard, waiting
 *                                       until that one has said that it executes no more; and
 *                                       where it was filling, or that was not said to this node
 *                                       itself, until it is equal to all others
 *     it names nobody                   filling
 *
 * An owner that is named no more stops in that very turn: what it has recorded goes out, and behind
 * it, on the same link, the word that it is done. Nobody is waited for longer than a second: two
 * owners for a moment cost a losing version, none at all cost every client. A replica waits as well
 * before it compares with the new owner: what the one before has changed is to be here by then.
 *
 * Only the word of the owner before, on its own link, says that all that it did has come. Of one
 * that is lost another node may have changes that were acknowledged and never came here: so who
 * follows a lost owner asks the others first, though it knows of nothing that it has missed.
 */
import { LIMITS } from '../../../base/limits.ts';
import type { Timer, Timers } from '../../../base/world.ts';
import type { OwnershipTable } from '../../placement/ownership.ts';
import type { Duty } from '../replication.ts';

export interface DutyListener {
  /**
   * It lives, as far as its link tells, and can say that it is done. One that leaves is not in the
   * table any more, and has much to say.
   */
  isReachable(nodeId: string): boolean;
  /** `duty` tells the new one already. */
  onDuty(storeName: string, now: Duty, before: Duty): void;
  /**
   * This node executes for the store no more, or never has; that one does.
   * @param executorId  who did last, and has recorded all that it will
   */
  onHandOver(storeName: string, ownerId: string, executorId: string): void;
  /** Digest of the table that it goes by; all it executed by another one has come. '': unknown. */
  digestOf(nodeId: string): string;
  /** Whether this node is equal to those is not known: what `sourcesOf` tells from now on. */
  onSources(storeName: string, nodeIds: readonly string[]): void;
}

interface StoreDuty {
  readonly name: string;
  duty: Duty;
  /** '' where nobody owns it. */
  ownerId: string;
  /**
   * While waiting: who is to hand over. While filling: who executed before, and may have sent what
   * is to be here before this node compares with the new owner. '': nobody.
   */
  predecessorId: string;
  /**
   * It came to own the store while it was filling, or without the word of the owner before: other
   * nodes may have changes that it missed.
   */
  isBehind: boolean;
  /** While waiting, and nobody is to hand over: whom it was not compared with yet. */
  readonly behind: Set<string>;
  /** The process that owned it is gone, though its node may be back. */
  isOwnerLost: boolean;
  timer: Timer | null;
  /** Who executed last, and said that this node does from now on, before the table says it. */
  handedById: string;
  /** It said so itself, by its own link; else somebody passed it on. */
  isHandedDirectly: boolean;
}

export class DutyTable {
  private readonly nodeId: string;
  private readonly timers: Timers;
  private readonly listener: DutyListener;
  private readonly stores = new Map<string, StoreDuty>();
  private table: OwnershipTable;

  constructor(options: {
    nodeId: string;
    timers: Timers;
    table: OwnershipTable;
    listener: DutyListener;
  }) {
    this.nodeId = options.nodeId;
    this.timers = options.timers;
    this.table = options.table;
    this.listener = options.listener;
  }

  dutyOf(storeName: string): Duty {
    return this.stores.get(storeName)?.duty ?? 'filling';
  }

  ownerOf(storeName: string): string {
    return this.stores.get(storeName)?.ownerId ?? '';
  }

  /**
   * Nodes that this one is to be made equal to: the owner; or, when it is to execute itself and may
   * be behind others, those. Null: not before somebody has said what he executed.
   */
  sourcesOf(storeName: string): readonly string[] | null {
    const store = this.stores.get(storeName);
    if (store === undefined || store.predecessorId !== '') return null;
    if (store.ownerId === this.nodeId) return [...store.behind];
    return store.ownerId === '' ? [] : [store.ownerId];
  }

  /** A store of this node. One that is new to all nodes has nothing to wait for. */
  add(storeName: string): void {
    if (this.stores.has(storeName)) return;
    const store: StoreDuty = {
      name: storeName,
      duty: 'filling',
      ownerId: '',
      predecessorId: '',
      isBehind: false,
      behind: new Set(),
      isOwnerLost: false,
      timer: null,
      handedById: '',
      isHandedDirectly: false,
    };
    this.stores.set(storeName, store);
    this.follow(store, null);
  }

  remove(storeName: string): void {
    this.stores.get(storeName)?.timer?.cancel();
    this.stores.delete(storeName);
  }

  /** The table of owners has changed. */
  change(table: OwnershipTable): void {
    this.table = table;
    for (const store of this.stores.values()) this.follow(store, table);
  }

  /**
   * The executor, or somebody who was told by it, says that it executes for the store no more. Who
   * does not own it either by now passes it on; who does not yet keeps it in mind.
   */
  takeOver(storeName: string, fromId: string, executorId: string): void {
    const store = this.stores.get(storeName);
    if (store === undefined || store.duty === 'owner') return;
    const { ownerId, predecessorId } = store;
    const isDirect = fromId === executorId;
    if (store.duty === 'waiting') {
      const isMeant = predecessorId === executorId || predecessorId === fromId;
      if (isMeant) return this.endWaiting(store, !isDirect);
    }
    store.handedById = executorId;
    store.isHandedDirectly = isDirect;
    const isElsewhere = ownerId !== '' && ownerId !== this.nodeId;
    if (!isElsewhere || ownerId === fromId || ownerId === executorId) return;
    this.listener.onHandOver(storeName, ownerId, executorId);
  }

  /** That node was started anew: what executed there has nothing more to say. */
  lose(nodeId: string): void {
    for (const store of this.stores.values()) {
      if (store.ownerId === nodeId) store.isOwnerLost = true;
      if (store.predecessorId === nodeId) this.endWaiting(store, true);
      else this.passOver(store, nodeId);
    }
  }

  /** That node goes by this table from now on, and all that it executed before has come. */
  takeDigest(nodeId: string, digest: string): void {
    if (digest !== this.table.digest) return;
    for (const store of this.stores.values()) {
      const isAwaited = store.duty === 'filling' && store.predecessorId === nodeId;
      if (isAwaited) this.endWaiting(store, false);
    }
  }

  /** The store is equal to what that node has of it. */
  settle(storeName: string, nodeId: string): void {
    const store = this.stores.get(storeName);
    if (store === undefined) return;
    if (store.duty === 'filling' && store.ownerId === nodeId) this.become(store, 'replica');
    else this.passOver(store, nodeId);
  }

  /** It is not, or not known to be, any more. */
  unsettle(storeName: string, ownerId: string): void {
    const store = this.stores.get(storeName);
    if (store === undefined || store.ownerId !== ownerId || store.duty !== 'replica') return;
    this.become(store, 'filling');
  }

  stop(): void {
    for (const store of this.stores.values()) store.timer?.cancel();
  }

  private follow(store: StoreDuty, changed: OwnershipTable | null): void {
    const ownerId = this.ownerByTable(store);
    const beforeId = store.ownerId;
    const { predecessorId } = store;
    if (ownerId === beforeId) {
      const waitsInVain = predecessorId !== '' && !this.listener.isReachable(predecessorId);
      if (waitsInVain) this.endWaiting(store, true);
      return;
    }
    const { isOwnerLost } = store;
    store.ownerId = ownerId;
    store.isOwnerLost = false;
    if (isOwnerLost && store.handedById !== beforeId) {
      store.handedById = beforeId;
      store.isHandedDirectly = false;
    }
    if (ownerId === this.nodeId) return this.own(store, beforeId, changed !== null);
    const isFree = store.duty === 'waiting' && predecessorId === '';
    const executorId = store.duty === 'owner' || isFree ? this.nodeId : store.handedById;
    store.handedById = '';
    const isHandedOver = executorId !== '' && executorId !== ownerId;
    if (isHandedOver && ownerId !== '') this.listener.onHandOver(store.name, ownerId, executorId);
    this.become(store, 'filling');
    if (isOwnerLost || this.isDone(beforeId)) this.endWaiting(store, false);
    else this.await(store, beforeId);
  }

  private own(store: StoreDuty, beforeId: string, hasChanged: boolean): void {
    const isAlone = beforeId === '' || !this.listener.isReachable(beforeId);
    const isHandedOver = store.handedById === beforeId;
    const isFree = isAlone || isHandedOver;
    const isSure = isHandedOver ? store.isHandedDirectly : !isAlone;
    store.handedById = '';
    const isBehind = store.duty === 'filling' || !isSure;
    store.isBehind = hasChanged && beforeId !== '' && isBehind;
    if (isFree || !hasChanged) return this.takeUp(store);
    this.become(store, 'waiting');
    this.await(store, beforeId);
  }

  /** It executes no more, and all that it did execute has come, as far as can be known. */
  private isDone(nodeId: string): boolean {
    const { listener, table } = this;
    if (nodeId === '' || nodeId === this.nodeId) return true;
    return !listener.isReachable(nodeId) || listener.digestOf(nodeId) === table.digest;
  }

  private await(store: StoreDuty, predecessorId: string): void {
    store.timer?.cancel();
    store.predecessorId = predecessorId;
    store.timer = this.timers.after(LIMITS.handOverMs, () => this.endWaiting(store, false));
  }

  /**
   * Whoever executed before does so no more, or was waited for long enough.
   * @param isLost  it can say nothing any more, or not to this node
   */
  private endWaiting(store: StoreDuty, isLost: boolean): void {
    const { name, ownerId } = store;
    store.timer?.cancel();
    store.timer = null;
    store.predecessorId = '';
    if (ownerId === this.nodeId) {
      if (isLost) store.isBehind = true;
      this.takeUp(store);
    } else if (ownerId !== '') this.listener.onSources(name, [ownerId]);
  }

  /** This node executes, as soon as it has what others have, or after a second. */
  private takeUp(store: StoreDuty): void {
    const { listener, nodeId, table } = this;
    const { behind, isBehind, name } = store;
    const otherIds = isBehind ? table.nodeIds.filter((id) => id !== nodeId) : [];
    const sourceIds = otherIds.filter((id) => listener.isReachable(id));
    if (sourceIds.length === 0) return this.become(store, 'owner');
    this.become(store, 'waiting');
    for (const id of sourceIds) behind.add(id);
    store.timer = this.timers.after(LIMITS.handOverMs, () => this.become(store, 'owner'));
    listener.onSources(name, sourceIds);
  }

  /** That node has no more than this one, which may execute when nobody is left. */
  private passOver(store: StoreDuty, nodeId: string): void {
    if (store.behind.delete(nodeId) && store.behind.size === 0) this.become(store, 'owner');
  }

  private become(store: StoreDuty, duty: Duty): void {
    const before = store.duty;
    if (before === duty) return;
    store.timer?.cancel();
    store.timer = null;
    store.predecessorId = '';
    store.behind.clear();
    store.duty = duty;
    this.listener.onDuty(store.name, duty, before);
  }

  private ownerByTable({ name }: StoreDuty): string {
    const { table } = this;
    return table.nodeIds.length === 0 ? '' : table.ownerOfStore(name);
  }
}
