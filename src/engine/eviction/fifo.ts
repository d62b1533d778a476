import type { Store } from '../store.ts';
import type { EntryTracker, EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { HashQueue, POSITION_MASK } from './hash-queue.ts';
import { Adoption, findQueued, writeQueued } from './queued-entry.ts';
import { chooseAny } from './random.ts';

/** Stale items that one choice passes over before it takes any entry. */
const TAKEN_COUNT_MAX = 256;
const ADOPTED_COUNT = 32;
/** A queue may hold so many stale items beyond as many as live ones. */
const STALE_COUNT_MIN = 4_096;

export function createFifo(context: PolicyContext): EvictionPolicy {
  return new Fifo(context);
}

/** What was created first goes, whatever was done with it since. Access bits: the queue's place. */
class Fifo implements EvictionPolicy, EntryTracker {
  readonly name = 'fifo';
  readonly redisName = 'fifo';
  readonly evicts = true;
  readonly accessKind = 'queue';
  readonly tracker = this;
  private readonly queue = new HashQueue();
  private readonly adoption: Adoption;
  private liveCount = 0;
  private isCompacting = false;

  constructor({ isLate }: PolicyContext) {
    this.adoption = new Adoption(isLate);
  }

  get byteCount(): number {
    return this.queue.byteCount;
  }

  get isBehind(): boolean {
    return this.isCompacting || this.queue.length > this.liveCount * 2 + STALE_COUNT_MIN;
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

  onInsert(_access: number, hash: number, _byteCount: number): number {
    this.liveCount++;
    return this.queue.append(hash);
  }

  onRemoved(access: number, hash: number): void {
    if (this.adoption.isDone || this.queue.holds(hash, access)) this.liveCount--;
  }

  onCleared(entryCount: number): void {
    if (this.liveCount > entryCount) this.liveCount = entryCount;
    if (entryCount !== 0) return;
    this.queue.clear();
    this.isCompacting = false;
    this.adoption.isDone = true;
  }

  adopt(access: number, hash: number, byteCount: number): number {
    return this.queue.holds(hash, access) ? -1 : this.onInsert(access, hash, byteCount);
  }

  idleS(_access: number): number {
    return -1;
  }

  frequency(_access: number, _hash: number): number {
    return -1;
  }

  chooseVictim(store: Store): number {
    if (!this.adoption.isDone) this.adoption.step(store, ADOPTED_COUNT, this);
    const { queue } = this;
    for (let i = 0; i < TAKEN_COUNT_MAX && queue.take(); i++) {
      const entry = findQueued(store, queue.hash, POSITION_MASK, queue.position);
      if (entry !== 0) return entry;
    }
    return chooseAny(store);
  }

  keepUp(store: Store, itemCount: number): boolean {
    if (!this.adoption.isDone) {
      this.adoption.step(store, itemCount, this);
      return true;
    }
    if (!this.isBehind) return false;
    this.isCompacting = true;
    const { queue } = this;
    for (let i = 0; i < itemCount; i++) {
      if (!queue.takeBehind()) {
        queue.turn();
        this.isCompacting = false;
        this.liveCount = queue.length;
        return true;
      }
      if (findQueued(store, queue.hash, POSITION_MASK, queue.position) === 0) continue;
      writeQueued(store, queue.keep(queue.hash));
    }
    return true;
  }
}
