import type { Store } from '../store.ts';
import type { EntryTracker, EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { FrequencySketch } from './queues/frequency-sketch.ts';
import {
  LiveQueue,
  QueueSet,
  sizedAccess,
  USE_MASK,
  USE_ONE,
  usesOf,
} from './queues/live-queue.ts';
import { WindowShare } from './queues/window-share.ts';
import { chooseAny } from './random.ts';

/** Of main, for what was used there. */
const PROTECTED_SHARE = 0.8;
/** Entries that one eviction moves from the window to main. */
const MOVED_COUNT_MAX = 32;
/** Used entries that it lets go on from probation, and that it spares in window or protected. */
const RIPENED_COUNT_MAX = 16;
const SPARED_COUNT_MAX = 8;

export function createTinyLfu(context: PolicyContext): EvictionPolicy {
  return new TinyLfu(context);
}

/**
 * W-TinyLFU: who leaves the window for new keys gets into main only if it was asked for more often
 * than the one that would have to go for it. A sketch of frequencies knows, of keys that are not
 * there too.
 *
 *     new key -> [window] -- asked for more than its first? --> [probation] -- used --> [protected]
 *                   | no                                          |       ^                  |
 *                   v                                             v       +---- not used ----+
 *                 gone                                          gone
 *
 * The window's share of the bytes follows what gives more hits (`window-share.ts`). The queues are
 * not reordered by reads: a use is a bit, which saves the entry when its turn comes.
 *
 * @source  G. Einziger, O. Eytan, R. Friedman, B. Manes: "Adaptive Software Cache Management",
 *          Middleware 2018
 */
class TinyLfu implements EvictionPolicy, EntryTracker {
  readonly name = 'w-tinylfu';
  readonly redisName = 'w-tinylfu';
  readonly evicts = true;
  readonly accessKind = 'queue';
  readonly tracker = this;
  private readonly window = new LiveQueue(0);
  private readonly probation = new LiveQueue(1);
  private readonly protected = new LiveQueue(2);
  private readonly sketch = new FrequencySketch();
  private readonly share = new WindowShare();
  private readonly set: QueueSet;

  constructor({ isLate }: PolicyContext) {
    this.set = new QueueSet([this.window, this.probation, this.protected], isLate);
  }

  get byteCount(): number {
    return this.set.byteCount + this.sketch.byteCount;
  }

  get isBehind(): boolean {
    return this.set.isBehind;
  }

  initialAccess(): number {
    return 0;
  }

  onAccess(access: number, hash: number): number {
    this.sketch.raise(hash);
    this.share.hitCount++;
    return access | USE_ONE;
  }

  onOverwrite(access: number, hash: number): number {
    this.sketch.raise(hash);
    return access | USE_ONE;
  }

  onInsert(access: number, hash: number, byteCount: number): number {
    this.sketch.raise(hash);
    this.share.missCount++;
    return this.window.enter((access & USE_MASK) | sizedAccess(byteCount), hash);
  }

  onRemoved(access: number, hash: number): void {
    this.set.onRemoved(access, hash);
  }

  warm(hashes: Uint32Array, count: number, _mayInsert: boolean): number {
    return this.sketch.warm(hashes, count);
  }

  onCleared(entryCount: number): void {
    this.set.onCleared(entryCount);
    if (entryCount === 0) this.sketch.clear();
  }

  adopt(access: number, hash: number, byteCount: number): number {
    if (this.set.knows(access, hash)) return -1;
    return this.probation.enter(sizedAccess(byteCount), hash);
  }

  idleS(_access: number): number {
    return -1;
  }

  /** As the sketch has it, 0 to 15. */
  frequency(_access: number, hash: number): number {
    return this.sketch.frequency(hash);
  }

  chooseVictim(store: Store): number {
    const { set, window, share } = this;
    set.adopt(store, this);
    const liveCount = set.liveCount;
    this.sketch.fit(liveCount);
    share.settle(liveCount);
    const windowMax = set.weight * share.value;
    for (let moved = 0; moved < MOVED_COUNT_MAX && window.weight > windowMax; moved++) {
      const candidate = window.takeLive(store);
      if (candidate === 0) break;
      const isUsed = usesOf(window.access) > 0;
      if (window.weight > windowMax * 2) {
        // What the store was filled with, before anything had to go, becomes main.
        window.moveTaken(store, isUsed ? this.protected : this.probation, 0);
      } else if (isUsed && moved < SPARED_COUNT_MAX) {
        window.moveTaken(store, window, 0);
      } else {
        return this.contest(store, candidate);
      }
    }
    if (window.weight > windowMax * 2 && this.probation.liveCount === 0) {
      return this.chooseRarest(store);
    }
    return this.chooseOfMain(store) || window.takeLive(store) || chooseAny(store);
  }

  /** Of a small sample of all the one that is asked for the least. */
  private chooseRarest(store: Store): number {
    let chosen = chooseAny(store);
    let chosenDatabase = store.victimDatabase;
    let least = 16;
    for (let i = 0; i < store.sampleCount && chosen !== 0; i++) {
      const entry = chooseAny(store);
      const frequency = this.sketch.frequency(store.victimDatabase.hashOf(entry));
      if (frequency >= least) continue;
      least = frequency;
      chosen = entry;
      chosenDatabase = store.victimDatabase;
    }
    store.victimDatabase = chosenDatabase;
    return chosen;
  }

  keepUp(store: Store, itemCount: number): boolean {
    return this.set.keepUp(store, itemCount, this);
  }

  /** Of the window's candidate and main's the one that is asked for less often goes. */
  private contest(store: Store, candidate: number): number {
    const { window, probation, sketch } = this;
    const database = store.victimDatabase;
    const windowAccess = window.access;
    const hash = window.items.hash;
    const other = this.ripen(store);
    const isAdmitted =
      other !== 0 && sketch.frequency(hash) > sketch.frequency(probation.items.hash);
    const otherDatabase = store.victimDatabase;
    store.victimDatabase = database;
    database.memory.locate(candidate);
    if (!isAdmitted) return window.leaveFound(store, candidate);
    probation.items.take();
    window.access = windowAccess;
    window.moveTaken(store, probation, 0);
    store.victimDatabase = otherDatabase;
    return probation.leaveFound(store, other);
  }

  private chooseOfMain(store: Store): number {
    const entry = this.ripen(store);
    if (entry === 0) return this.protected.takeLive(store);
    this.probation.items.take();
    return this.probation.leaveFound(store, entry);
  }

  /**
   * Lets those at the head of probation that were used go on, until one was not.
   * @returns the one at the head then, which stays; 0 when there is none
   */
  private ripen(store: Store): number {
    const { probation } = this;
    for (let moved = 0; moved < RIPENED_COUNT_MAX; moved++) {
      const mainWeight = probation.weight + this.protected.weight;
      if (this.protected.weight > mainWeight * PROTECTED_SHARE) this.demote(store);
      const entry = probation.peekLive(store);
      if (entry === 0 || usesOf(probation.access) === 0) return entry;
      probation.items.take();
      probation.moveTaken(store, this.protected, 0);
    }
    return probation.peekLive(store);
  }

  /** Puts the first of protected back on probation, or those that were used at its end. */
  private demote(store: Store): boolean {
    const kept = this.protected;
    for (let spared = 0; ; spared++) {
      if (kept.takeLive(store) === 0) return false;
      const isUsed = usesOf(kept.access) > 0 && spared < SPARED_COUNT_MAX;
      kept.moveTaken(store, isUsed ? kept : this.probation, 0);
      if (!isUsed) return true;
    }
  }
}
