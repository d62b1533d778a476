import type { Store } from '../store.ts';
import type { EntryTracker, EvictionPolicy, PolicyContext } from './eviction-policy.ts';
import { GhostTable } from './queues/ghost-table.ts';
import {
  LiveQueue,
  QueueSet,
  sizedAccess,
  USE_MASK,
  USE_ONE,
  usesOf,
  withUse,
} from './queues/live-queue.ts';
import { chooseAny } from './random.ts';

/** Of all bytes, for new keys. */
const SMALL_SHARE_FIRST = 0.1;
const SMALL_SHARE_MIN = 0.02;
const SMALL_SHARE_MAX = 0.9;
/** Entries, as a share of all, that more room for a queue would have kept. */
const MARGIN_SHARE = 1 / 8;
/** Entries' worth of room that one key moves which came back from a margin. */
const MARGIN_STEP = 8;
/** While small has more than this share, uses of long ago tell little: main remembers one. */
const SMALL_SHARE_RESTLESS = 0.2;
/** So many uses let a new key stay. */
const USES_TO_STAY = 1;
/** Entries moved or spared for one eviction; then the next one goes, used or not. */
const MOVED_COUNT_MAX = 64;

export function createS3Fifo(context: PolicyContext): EvictionPolicy {
  return new S3Fifo(context);
}

/**
 * S3-FIFO: three queues, and nothing moves when it is read.
 *
 *     new key -> [small] -- used --> [main] -- used: once more round --> main
 *                   |                  |
 *                not used           not used
 *                   v                  v
 *                 ghost              ghost           hashes only
 *     a key that comes back while its ghost is there goes to main at once
 *
 * Most keys of real traffic are asked for once: they pass the small queue and are gone, and a scan
 * never reaches main. In the paper the small queue has a tenth of the bytes. Here it gets room
 * where room is worth more: a key that comes back soon after it left small would have been a hit if
 * small were an eighth of all entries longer, and takes room from main; one that left main, so
 * recently, takes some from small. Where popularity stands still small shrinks; when what is
 * popular changes all the time it grows, and main lets go sooner of what was popular. Measured in
 * docs/design/eviction.md, "Hit ratios".
 *
 * @source  J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi: "FIFO queues are all you need for cache
 *          eviction", SOSP 2023
 */
class S3Fifo implements EvictionPolicy, EntryTracker {
  readonly name = 's3fifo';
  readonly redisName = 's3fifo';
  readonly evicts = true;
  readonly accessKind = 'queue';
  readonly tracker = this;
  private readonly small = new LiveQueue(0);
  private readonly main = new LiveQueue(1);
  private readonly ghosts = new GhostTable();
  private readonly mainGhosts = new GhostTable();
  private smallShare = SMALL_SHARE_FIRST;
  private readonly set: QueueSet;

  constructor({ isLate }: PolicyContext) {
    this.set = new QueueSet([this.small, this.main], isLate);
  }

  get byteCount(): number {
    return this.set.byteCount + this.ghosts.byteCount + this.mainGhosts.byteCount;
  }

  get isBehind(): boolean {
    return this.small.isBehind || this.main.isBehind;
  }

  initialAccess(): number {
    return 0;
  }

  onAccess(access: number, _hash: number): number {
    return withUse(access);
  }

  onOverwrite(access: number, _hash: number): number {
    return withUse(access);
  }

  onInsert(access: number, hash: number, byteCount: number): number {
    const queue = this.comesBack(hash) ? this.main : this.small;
    return queue.enter((access & USE_MASK) | sizedAccess(byteCount), hash);
  }

  onRemoved(access: number, hash: number): void {
    this.set.onRemoved(access, hash);
  }

  warm(hashes: Uint32Array, count: number, mayInsert: boolean): number {
    if (!mayInsert) return 0;
    return this.ghosts.warm(hashes, count) ^ this.mainGhosts.warm(hashes, count);
  }

  onCleared(entryCount: number): void {
    this.set.onCleared(entryCount);
    if (entryCount !== 0) return;
    this.ghosts.clear();
    this.mainGhosts.clear();
    this.smallShare = SMALL_SHARE_FIRST;
  }

  adopt(access: number, hash: number, byteCount: number): number {
    if (this.set.knows(access, hash)) return -1;
    return this.small.enter(sizedAccess(byteCount), hash);
  }

  idleS(_access: number): number {
    return -1;
  }

  /** Uses since it was looked at last, 0 to 3. */
  frequency(access: number, _hash: number): number {
    return usesOf(access);
  }

  chooseVictim(store: Store): number {
    this.set.adopt(store, this);
    const { small, main } = this;
    for (let moved = 0; ; moved++) {
      const isFromSmall = small.weight > this.set.weight * this.smallShare || main.liveCount === 0;
      const queue = isFromSmall ? small : main;
      const entry = queue.takeLive(store);
      if (entry === 0) return this.chooseOther(store, isFromSmall ? main : small);
      const uses = usesOf(queue.access);
      const stays = isFromSmall ? uses >= USES_TO_STAY : uses > 0;
      if (stays && moved < MOVED_COUNT_MAX) {
        queue.moveTaken(store, main, isFromSmall ? 0 : this.usesLeft(queue.access));
        continue;
      }
      this.remember(queue.items.hash, isFromSmall);
      return queue.leaveFound(store, entry);
    }
  }

  keepUp(store: Store, itemCount: number): boolean {
    return this.set.keepUp(store, itemCount, this);
  }

  /** Access bits with the uses that an entry takes along on its next round through main. */
  private usesLeft(access: number): number {
    return this.smallShare > SMALL_SHARE_RESTLESS ? 0 : access - USE_ONE;
  }

  /** Whether the key left lately; if very lately, the queue it left gets more room. */
  private comesBack(hash: number): boolean {
    const step = MARGIN_STEP / (this.set.liveCount + 1);
    const age = this.ghosts.take(hash);
    if (age >= 0) {
      if (age < MARGIN_SHARE) this.smallShare = Math.min(SMALL_SHARE_MAX, this.smallShare + step);
      return true;
    }
    if (this.mainGhosts.take(hash) < 0) return false;
    this.smallShare = Math.max(SMALL_SHARE_MIN, this.smallShare - step);
    return true;
  }

  private remember(hash: number, isFromSmall: boolean): void {
    const ghosts = isFromSmall ? this.ghosts : this.mainGhosts;
    ghosts.fit(Math.ceil(this.set.liveCount * (isFromSmall ? 1 : MARGIN_SHARE)));
    ghosts.insert(hash);
  }

  /** The queue that should give one has nothing but stale items ahead. */
  private chooseOther(store: Store, other: LiveQueue): number {
    return other.takeLive(store) || chooseAny(store);
  }
}
