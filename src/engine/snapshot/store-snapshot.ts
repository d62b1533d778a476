import { assert } from '../../base/errors.ts';
import type { Store } from '../store.ts';
import type { EntryImage } from './entry-image.ts';
import { type FreezeListener, FrozenDatabase } from './frozen-database.ts';
import type { SnapshotTarget } from './frozen-entry.ts';
import type { HeldEntry } from './held-entry.ts';
import { MarkSweep } from './mark-sweep.ts';

/** What one database had when the snapshot began. */
export interface SnapshotDatabase {
  readonly index: number;
  readonly keyCount: number;
  readonly deadlineCount: number;
}

/**
 * Freezes the store as it is now, for that target. Constant time, unless a snapshot was aborted
 * just before: then its marks are put right first, 0.1 us a key. One at a time.
 */
export function beginSnapshot(store: Store, target: SnapshotTarget): StoreSnapshot {
  assert(!store.isFrozen, 'one snapshot of a store at a time');
  while (store.sweep !== null) store.sweep.step();
  return new StoreSnapshot(store, target);
}

/**
 * A store as it was when the snapshot began, written while commands go on. See
 * docs/design/snapshot.md.
 */
export class StoreSnapshot {
  /** Of those that had keys. */
  readonly databases: readonly SnapshotDatabase[];
  /** Entries that there were. */
  readonly keyCount: number;
  /** Entries handed to the target and done. */
  writtenCount = 0;
  /** Aborted by its owner, or because the store was emptied: it will not be complete. */
  isAborted = false;
  /** The largest `extraBytes` so far. */
  extraBytesPeak = 0;
  private extra = 0;
  private isEnded = false;
  private readonly store: Store;
  private readonly target: SnapshotTarget;
  private readonly parts: readonly FrozenDatabase[];
  private readonly queue: Held[] = [];
  private current: Held | null = null;
  private steps: Generator<void, void> | null = null;
  private partIndex = 0;

  constructor(store: Store, target: SnapshotTarget) {
    this.store = store;
    this.target = target;
    store.isFrozen = true;
    const listener: FreezeListener = {
      add: (byteCount) => this.addExtra(byteCount),
      onSmall: (entry) => this.writeSmall(entry),
      onLarge: (entry, database) => this.queue.push({ entry, database }),
      onCleared: () => this.abort(),
    };
    // Of all databases, so that they stay marked alike.
    this.parts = store.databases.map((database) => new FrozenDatabase(database, listener));
    this.databases = this.parts.filter((part) => part.keyCount > 0);
    this.keyCount = this.parts.reduce((sum, part) => sum + part.keyCount, 0);
  }

  /** Bytes that it has put aside, beside what the target keeps. */
  get extraBytes(): number {
    return this.extra;
  }

  /**
   * Writes on, at least a little, until that says that it is late.
   * @returns whether all is written; never when it is aborted
   */
  step(isLate: () => boolean): boolean {
    while (!this.isEnded && !this.isAborted) {
      this.stepOnce(isLate);
      if (isLate()) break;
    }
    return this.isEnded;
  }

  /** Gives up. Not from within the target. */
  abort(): void {
    if (this.isEnded || this.isAborted) return;
    this.isAborted = true;
    this.steps?.return();
    this.steps = null;
    this.current = null;
    this.queue.length = 0;
    this.close();
    this.extra = 0;
    this.store.sweep = new MarkSweep(this.store, this.parts);
  }

  private stepOnce(isLate: () => boolean): void {
    if (this.steps !== null) {
      if (this.steps.next().done === true) this.finishLarge();
      return;
    }
    const next = this.queue.shift();
    if (next !== undefined) {
      this.current = next;
      this.steps = this.target.writeLarge(next.entry.image);
      return;
    }
    if (this.partIndex < this.parts.length) {
      if (!this.parts[this.partIndex].scan(isLate)) this.partIndex++;
      return;
    }
    assert(this.writtenCount === this.keyCount, 'a snapshot has every key that there was, once');
    this.isEnded = true;
    this.close();
  }

  private finishLarge(): void {
    const { entry, database } = this.current as Held;
    this.steps = null;
    this.current = null;
    database.release(entry);
    this.writtenCount++;
  }

  private writeSmall(entry: EntryImage): void {
    this.target.writeSmall(entry);
    this.writtenCount++;
  }

  private addExtra(byteCount: number): void {
    this.extra += byteCount;
    if (this.extra > this.extraBytesPeak) this.extraBytesPeak = this.extra;
  }

  private close(): void {
    for (const part of this.parts) part.close();
    this.store.isFrozen = false;
  }
}

interface Held {
  readonly entry: HeldEntry;
  readonly database: FrozenDatabase;
}
