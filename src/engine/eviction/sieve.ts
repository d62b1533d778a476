import type { Store } from '../store.ts';
import type { EntryTracker, EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import {
  LiveQueue,
  QueueSet,
  sizedAccess,
  USE_MASK,
  USE_ONE,
  usesOf,
} from './queues/live-queue.ts';
import { chooseAny } from './random.ts';

/** Used entries that the hand spares for one eviction; the next one goes, used or not. */
const SPARED_COUNT_MAX = 64;

export function createSieve(context: PolicyContext): EvictionPolicy {
  return new Sieve(context);
}

/**
 * SIEVE: a hand goes over the entries from the oldest to the newest, again and again. It takes what
 * was not used since it came by last, and spares the rest where they stand, so that what is used
 * gathers behind it and new keys that nobody asks for are soon met.
 *
 * @source  Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi: "SIEVE is Simpler than LRU",
 *          NSDI 2024
 */
class Sieve implements EvictionPolicy, EntryTracker {
  readonly name = 'sieve';
  readonly redisName = 'sieve';
  readonly evicts = true;
  readonly accessKind = 'queue';
  readonly tracker = this;
  private readonly queue = new LiveQueue(0);
  private readonly set: QueueSet;

  constructor({ isLate }: PolicyContext) {
    this.set = new QueueSet([this.queue], isLate);
  }

  get byteCount(): number {
    return this.set.byteCount;
  }

  get isBehind(): boolean {
    return this.queue.isBehind;
  }

  initialAccess(): number {
    return 0;
  }

  onAccess(access: number, _hash: number): number {
    return access | USE_ONE;
  }

  onOverwrite(access: number, _hash: number): number {
    return access | USE_ONE;
  }

  onInsert(access: number, hash: number, byteCount: number): number {
    return this.queue.enter((access & USE_MASK) | sizedAccess(byteCount), hash);
  }

  onRemoved(access: number, hash: number): void {
    this.set.onRemoved(access, hash);
  }

  warm(_hashes: Uint32Array, _count: number, _mayInsert: boolean): number {
    return 0;
  }

  onCleared(entryCount: number): void {
    this.set.onCleared(entryCount);
  }

  adopt(access: number, hash: number, byteCount: number): number {
    return this.set.knows(access, hash) ? -1 : this.onInsert(0, hash, byteCount);
  }

  idleS(_access: number): number {
    return -1;
  }

  frequency(_access: number, _hash: number): number {
    return -1;
  }

  chooseVictim(store: Store): number {
    this.set.adopt(store, this);
    const { queue } = this;
    for (let spared = 0; ; spared++) {
      const entry = queue.takeLiveBehind(store);
      if (entry === 0) return chooseAny(store);
      if (usesOf(queue.access) === 0 || spared === SPARED_COUNT_MAX) {
        return queue.leaveFound(store, entry);
      }
      queue.keepTaken(store, queue.access & ~USE_MASK);
    }
  }

  keepUp(store: Store, itemCount: number): boolean {
    return this.set.keepUp(store, itemCount, this);
  }
}
