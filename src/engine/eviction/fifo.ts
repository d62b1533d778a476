import type { Store } from '../store.ts';
import type { EntryTracker, EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { LiveQueue, QueueSet, sizedAccess } from './queues/live-queue.ts';
import { chooseAny } from './random.ts';

export function createFifo(context: PolicyContext): EvictionPolicy {
  return new Fifo(context);
}

/** What was created first goes, whatever was done with it since. */
class Fifo implements EvictionPolicy, EntryTracker {
  readonly name = 'fifo';
  readonly redisName = 'fifo';
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
    return access;
  }

  onOverwrite(access: number, _hash: number): number {
    return access;
  }

  onInsert(_access: number, hash: number, byteCount: number): number {
    return this.queue.enter(sizedAccess(byteCount), hash);
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
    return this.set.knows(access, hash) ? -1 : this.onInsert(access, hash, byteCount);
  }

  idleS(_access: number): number {
    return -1;
  }

  frequency(_access: number, _hash: number): number {
    return -1;
  }

  chooseVictim(store: Store): number {
    this.set.adopt(store, this);
    const entry = this.queue.takeLive(store);
    return entry === 0 ? chooseAny(store) : this.queue.leaveFound(store, entry);
  }

  keepUp(store: Store, itemCount: number): boolean {
    return this.set.keepUp(store, itemCount, this);
  }
}
