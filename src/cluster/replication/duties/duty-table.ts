/**
 * What this node has to do with each store that one node owns, by the table of owners and by who
 * has handed over:
 *
 *     the table names another node      replica, or filling until it is equal to that node
 *     it names this one                 owner; but where the owner before can be heard, waiting
 *                                       until that one has said that it executes no more
 *     it names nobody                   filling
 *
 * An owner that is named no more stops in that very turn: what it has recorded goes out, and behind
 * it, on the same link, the word that it is done. Nobody waits for longer than a second: two owners
 * for a moment cost a losing version, none at all cost every client.
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
  /** Another node owns the store from now on: whether this one is equal to it is not known. */
  onOwner(storeName: string, ownerId: string): void;
}

interface StoreDuty {
  readonly name: string;
  duty: Duty;
  /** '' where nobody owns it. */
  ownerId: string;
  /** While waiting: who is to hand over. */
  predecessorId: string;
  /** The process that owned it is gone, though its node may be back. */
  isOwnerLost: boolean;
  timer: Timer | null;
  /** Who executed last, and said that this node does from now on, before the table says it. */
  handedById: string;
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

  /** A store of this node. One that is new to all nodes has nothing to wait for. */
  add(storeName: string): void {
    if (this.stores.has(storeName)) return;
    const store: StoreDuty = {
      name: storeName,
      duty: 'filling',
      ownerId: '',
      predecessorId: '',
      isOwnerLost: false,
      timer: null,
      handedById: '',
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
    if (store.duty === 'waiting') {
      const isMeant = predecessorId === executorId || predecessorId === fromId;
      if (isMeant) return this.become(store, 'owner');
    }
    store.handedById = executorId;
    const isElsewhere = ownerId !== '' && ownerId !== this.nodeId;
    if (!isElsewhere || ownerId === fromId || ownerId === executorId) return;
    this.listener.onHandOver(storeName, ownerId, executorId);
  }

  /** That node was started anew: what executed there has nothing more to say. */
  lose(nodeId: string): void {
    for (const store of this.stores.values()) {
      if (store.ownerId === nodeId) store.isOwnerLost = true;
      const waitsInVain = store.duty === 'waiting' && store.predecessorId === nodeId;
      if (waitsInVain) this.become(store, 'owner');
    }
  }

  /** This node is equal to the owner of the store. */
  settle(storeName: string, ownerId: string): void {
    const store = this.stores.get(storeName);
    if (store === undefined || store.ownerId !== ownerId || store.duty !== 'filling') return;
    this.become(store, 'replica');
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
    if (ownerId === beforeId) {
      const waitsInVain =
        store.duty === 'waiting' && !this.listener.isReachable(store.predecessorId);
      if (waitsInVain) this.become(store, 'owner');
      return;
    }
    const { isOwnerLost } = store;
    store.ownerId = ownerId;
    store.isOwnerLost = false;
    if (isOwnerLost) store.handedById = beforeId;
    if (ownerId === this.nodeId) return this.own(store, beforeId, changed !== null);
    const executorId = store.duty === 'owner' ? this.nodeId : store.handedById;
    store.handedById = '';
    const isHandedOver = executorId !== '' && executorId !== ownerId;
    if (isHandedOver && ownerId !== '') this.listener.onHandOver(store.name, ownerId, executorId);
    this.become(store, 'filling');
    if (ownerId !== '') this.listener.onOwner(store.name, ownerId);
  }

  private own(store: StoreDuty, beforeId: string, hasChanged: boolean): void {
    const isAlone = beforeId === '' || !this.listener.isReachable(beforeId);
    const isFree = isAlone || store.handedById === beforeId;
    store.handedById = '';
    if (isFree || !hasChanged) return this.become(store, 'owner');
    store.predecessorId = beforeId;
    this.become(store, 'waiting');
    store.timer = this.timers.after(LIMITS.handOverMs, () => {
      if (store.duty === 'waiting') this.become(store, 'owner');
    });
  }

  private become(store: StoreDuty, duty: Duty): void {
    const before = store.duty;
    if (before === duty) return;
    store.timer?.cancel();
    store.timer = null;
    if (duty !== 'waiting') store.predecessorId = '';
    store.duty = duty;
    this.listener.onDuty(store.name, duty, before);
  }

  private ownerByTable({ name }: StoreDuty): string {
    const { table } = this;
    return table.nodeIds.length === 0 ? '' : table.ownerOfStore(name);
  }
}
