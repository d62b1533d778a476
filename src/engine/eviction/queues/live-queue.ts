/**
 * Queues of entries, as the policies `fifo`, `sieve`, `s3fifo` and `w-tinylfu` see them. The 24
 * access bits of an entry under such a policy:
 *
 *     position in the queue 16 | which queue 2 | uses 2 | size 4
 *
 * `size` is the logarithm of the block's bytes when the entry was inserted or last moved. It is
 * what the entry weighs in its queue from then on, so that what goes in also comes out, however the
 * value grows meanwhile.
 */
import { LIMITS } from '../../../base/limits.ts';
import { AddressBuffer } from '../../keyspace/address-buffer.ts';
import { entryBytes } from '../../keyspace/entry.ts';
import { raisedHash } from '../../keyspace/hash-index.ts';
import type { Store } from '../../store.ts';
import { HashQueue, POSITION_MASK } from './hash-queue.ts';

const QUEUE_SHIFT = 16;
const QUEUE_MASK = 3 << QUEUE_SHIFT;
const PLACE_MASK = POSITION_MASK | QUEUE_MASK;
const USE_SHIFT = 18;
export const USE_MASK = 3 << USE_SHIFT;
export const USE_ONE = 1 << USE_SHIFT;
const SIZE_SHIFT = 20;
const SIZE_MAX = 15;
/** Blocks of up to so many bytes weigh 1. */
const LEAST_BYTES = 32;
/** Stale items that are passed over in one go. */
const STALE_RUN_MAX = 128;
/** A queue may hold so many stale items beyond as many as live ones. */
const STALE_COUNT_MIN = 4_096;
const ADOPTED_COUNT = 32;
/** Hashes of items; nothing stays in it between two calls. */
const UPCOMING = new Uint32Array(LIMITS.warmedKeyCountMax);

export function usesOf(access: number): number {
  return (access & USE_MASK) >>> USE_SHIFT;
}

/** One more use, up to 3. */
export function withUse(access: number): number {
  return (access & USE_MASK) === USE_MASK ? access : access + USE_ONE;
}

export function queueOf(access: number): number {
  return (access & QUEUE_MASK) >>> QUEUE_SHIFT;
}

/** What an entry weighs in its queue: its bytes in powers of two, of 32. */
export function weightOf(access: number): number {
  return 1 << (access >>> SIZE_SHIFT);
}

/** Access bits that say the block's size, and no more. */
export function sizedAccess(byteCount: number): number {
  // Rounded to the nearer power: 181/128 is the square root of two.
  const size = 31 - Math.clz32(Math.max(1, (byteCount * 181) / (128 * LEAST_BYTES)));
  return Math.min(size, SIZE_MAX) << SIZE_SHIFT;
}

export class LiveQueue {
  /** Entries in it and what they weigh; after FLUSHDB of one of several databases estimates. */
  liveCount = 0;
  weight = 0;
  readonly items = new HashQueue();
  /** Of the entry that `takeLive` and its kin found. */
  access = 0;
  private readonly number: number;
  private isCompacting = false;
  private isEstimated = false;
  private keptWeight = 0;
  /** Items to be looked at before more are fetched into the cache. */
  private warmedLeft = 0;

  constructor(number: number) {
    this.number = number;
  }

  get isBehind(): boolean {
    return this.isCompacting || this.items.length > this.liveCount * 2 + STALE_COUNT_MIN;
  }

  /** Puts an entry at the end. @returns its access bits */
  enter(access: number, hash: number): number {
    this.count(access);
    return this.placed(access, this.items.append(hash));
  }

  /** An entry that is in the queue goes elsewhere, or away. */
  leave(access: number): void {
    this.liveCount--;
    this.weight -= weightOf(access);
    if (this.liveCount > 0) return;
    this.isEstimated ||= this.liveCount < 0;
    this.settle(0, 0);
  }

  /** Whether the bits are of this queue, when entries may still have another policy's. */
  holds(access: number, hash: number): boolean {
    return queueOf(access) === this.number && this.items.holds(hash, access & POSITION_MASK);
  }

  /**
   * Takes the first live item. The entry still counts as being here: it leaves with `leave`, of
   * itself when it is removed.
   * @returns entry in `store.victimDatabase`, located; 0 when none was met
   */
  takeLive(store: Store): number {
    const { items } = this;
    for (let i = 0; i < STALE_RUN_MAX && items.take(); i++) {
      const entry = this.find(store);
      if (entry !== 0) return entry;
    }
    return 0;
  }

  /** The first live item, which stays; stale ones before it go. As `takeLive` otherwise. */
  peekLive(store: Store): number {
    const { items } = this;
    for (let i = 0; i < STALE_RUN_MAX && items.peek(); i++) {
      const entry = this.find(store);
      if (entry !== 0) return entry;
      items.take();
    }
    return 0;
  }

  /** The next live item of the back part; the hand of a clock. As `takeLive` otherwise. */
  takeLiveBehind(store: Store): number {
    const { items } = this;
    for (let i = 0; i < STALE_RUN_MAX; i++) {
      if (items.behindLength === 0) items.turn();
      if (!items.takeBehind()) return 0;
      const entry = this.find(store);
      if (entry !== 0) return entry;
    }
    return 0;
  }

  /**
   * Makes an entry that `takeLive` and its kin met the one that its index has found, for its
   * removal, which then need not look for it.
   */
  leaveFound(store: Store, entry: number): number {
    store.victimDatabase.entries.findAddress(this.items.hash, entry);
    return entry;
  }

  /** Puts what `takeLive` took at the end again, or into another queue, with those uses. */
  moveTaken(store: Store, to: LiveQueue, access: number): void {
    const { hash } = this.items;
    const resized = (access & USE_MASK) | sizedAccess(bytesLocated(store));
    this.leave(this.access);
    writeLocated(store, to.enter(resized, hash));
  }

  /** Puts what `takeLiveBehind` took where the hand has been, with those uses. */
  keepTaken(store: Store, access: number): void {
    writeLocated(store, this.placed(access, this.items.keep(this.items.hash)));
  }

  /** A share of the entries is gone, nobody knows which. */
  thin(share: number): void {
    this.settle(Math.floor(this.liveCount * share), Math.floor(this.weight * share));
    this.isEstimated = true;
  }

  clear(): void {
    this.items.clear();
    this.settle(0, 0);
    this.isCompacting = false;
    this.isEstimated = false;
  }

  /** Drops the stale ones among the next items. A round over all of them ends it. */
  compact(store: Store, itemCount: number): void {
    const { items } = this;
    if (!this.isCompacting) {
      this.isCompacting = true;
      this.keptWeight = 0;
    }
    for (let i = 0; i < itemCount; i++) {
      if (!items.takeBehind()) {
        items.turn();
        this.isCompacting = false;
        const isWrong = this.isEstimated || items.length > this.liveCount + STALE_COUNT_MIN;
        if (isWrong) this.settle(items.length, this.keptWeight);
        this.isEstimated = false;
        return;
      }
      if (this.find(store) === 0) continue;
      this.keptWeight += weightOf(this.access);
      this.keepTaken(store, this.access);
    }
  }

  private count(access: number): void {
    this.liveCount++;
    this.weight += weightOf(access);
  }

  private settle(liveCount: number, weight: number): void {
    this.liveCount = liveCount;
    this.weight = weight;
  }

  private placed(access: number, position: number): number {
    return (access & ~PLACE_MASK) | (this.number << QUEUE_SHIFT) | position;
  }

  /** The entry of the item that was taken or peeked at, 0 when it is stale. */
  private find(store: Store): number {
    const { databases, usedDatabaseCount } = store;
    const { hash, position } = this.items;
    if (--this.warmedLeft < 0) this.warmUpcoming(store);
    const wanted = (this.number << QUEUE_SHIFT) | position;
    for (let i = 0; i < usedDatabaseCount; i++) {
      const database = databases[i];
      const entry = database.entries.findAccess(hash, PLACE_MASK, wanted);
      if (entry === 0) continue;
      store.victimDatabase = database;
      this.access = database.memory.view.getUint32(database.memory.base + 4, true) >>> 8;
      return entry;
    }
    return 0;
  }

  /** Slots and entries of the next items lie far apart: they are waited for together. */
  private warmUpcoming(store: Store): void {
    const { databases, usedDatabaseCount } = store;
    const count = this.items.upcoming(UPCOMING);
    for (let i = 0; i < usedDatabaseCount; i++) {
      const database = databases[i];
      if (database.count === 0) continue;
      database.noteWarmed(database.entries.warmHashes(UPCOMING, 0, count));
    }
    const seen = store.tracker === null ? 0 : store.tracker.warm(UPCOMING, count, true);
    store.victimDatabase.noteWarmed(seen);
    this.warmedLeft = count;
  }
}

/** The queues of one policy: what they have in common to do. */
export class QueueSet {
  readonly queues: readonly LiveQueue[];
  private readonly adoption: Adoption;

  /** @param isLate  the store has entries already */
  constructor(queues: readonly LiveQueue[], isLate: boolean) {
    this.queues = queues;
    this.adoption = new Adoption(isLate);
  }

  get byteCount(): number {
    let bytes = 0;
    for (let i = 0; i < this.queues.length; i++) bytes += this.queues[i].items.byteCount;
    return bytes;
  }

  get isBehind(): boolean {
    for (let i = 0; i < this.queues.length; i++) if (this.queues[i].isBehind) return true;
    return false;
  }

  get liveCount(): number {
    let count = 0;
    for (let i = 0; i < this.queues.length; i++) count += this.queues[i].liveCount;
    return count;
  }

  get weight(): number {
    let weight = 0;
    for (let i = 0; i < this.queues.length; i++) weight += this.queues[i].weight;
    return weight;
  }

  /** Whether those access bits are of an entry that is in a queue. */
  knows(access: number, hash: number): boolean {
    const number = queueOf(access);
    return number < this.queues.length && this.queues[number].holds(access, hash);
  }

  onRemoved(access: number, hash: number): void {
    if (this.adoption.isDone || this.knows(access, hash))
      this.queues[queueOf(access)].leave(access);
  }

  onCleared(entryCount: number): void {
    const before = this.liveCount;
    if (entryCount === 0) this.adoption.isDone = true;
    for (const queue of this.queues) {
      if (entryCount === 0) queue.clear();
      else if (before > entryCount) queue.thin(entryCount / before);
    }
  }

  /** Takes some of the entries in that were there before the policy. */
  adopt(store: Store, adopter: Adopter, entryCount = ADOPTED_COUNT): void {
    if (!this.adoption.isDone) this.adoption.step(store, entryCount, adopter);
  }

  /** @returns false when there is nothing to do */
  keepUp(store: Store, itemCount: number, adopter: Adopter): boolean {
    if (!this.adoption.isDone) {
      this.adoption.step(store, itemCount, adopter);
      return true;
    }
    let hasWork = false;
    for (const queue of this.queues) {
      if (!queue.isBehind) continue;
      queue.compact(store, itemCount);
      hasWork = true;
    }
    return hasWork;
  }
}

/** Takes in an entry that was there before the policy. */
export interface Adopter {
  /** @returns its new access bits; -1 when it was taken in already */
  adopt(access: number, hash: number, byteCount: number): number;
}

/**
 * Goes once through all entries that a store held when its policy came, in bounded steps; what is
 * inserted meanwhile is met too, and known already.
 */
class Adoption {
  isDone: boolean;
  private databaseIndex = 0;
  private cursor = 0;
  private swapCount = 0;
  private readonly out = new AddressBuffer(64);

  constructor(isNeeded: boolean) {
    this.isDone = !isNeeded;
  }

  step(store: Store, entryCount: number, adopter: Adopter): void {
    if (this.swapCount !== store.swapCount) {
      // SWAPDB may have put what was not met yet to where it was already.
      this.swapCount = store.swapCount;
      this.databaseIndex = 0;
      this.cursor = 0;
    }
    const database = store.databases[this.databaseIndex];
    const { memory } = database;
    this.cursor = database.scan(this.cursor, entryCount, this.out);
    for (let i = 0; i < this.out.count; i++) {
      const hash = raisedHash(database.hashOf(this.out.addresses[i]));
      const { view, base } = memory;
      const word1 = view.getUint32(base + 4, true);
      const access = adopter.adopt(word1 >>> 8, hash, entryBytes(view, base));
      if (access >= 0) view.setUint32(base + 4, (word1 & 0xff) | (access << 8), true);
    }
    if (this.cursor !== 0) return;
    this.databaseIndex++;
    this.isDone = this.databaseIndex >= store.usedDatabaseCount;
  }
}

/** Of the entry that a queue found just now. */
function bytesLocated(store: Store): number {
  const { memory } = store.victimDatabase;
  return entryBytes(memory.view, memory.base);
}

function writeLocated(store: Store, access: number): void {
  const { memory } = store.victimDatabase;
  const at = memory.base + 4;
  memory.view.setUint32(at, (memory.view.getUint32(at, true) & 0xff) | (access << 8), true);
}
