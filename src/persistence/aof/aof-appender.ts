/**
 * The log of one store on its way to the disk. The journal encodes, this writes and syncs:
 *
 *     journal      | taken                                   | sealed      | open |
 *     file         | synced      | written, not synced       |
 *                                ^syncedPosition             ^writtenPosition     ^position
 *
 * All that a loop turn brought is one write(2) at its end. The sync is done beside the loop, one at
 * a time, and covers all that was written before it began: that is the group commit.
 *
 *     always     a sync follows each write, the next one at once when more was written meanwhile
 *     everysec   a second after the last one began, while something is not synced
 *     no         never, but at the end
 *
 * A refused write leaves its bytes where they are and is tried again each second. A failed sync
 * ends the trust in the file: what was written since the last good one may be gone though a later
 * sync succeeds. Then only a new file behind a new base heals: `switchTo`, and `settle` when the
 * base is on the disk.
 */
import { assert, NodeError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Clock, Timer, Timers, WriteFile } from '../../base/world.ts';
import type { StoreSafety } from '../../engine/store-safety.ts';
import type { StoreJournal } from '../../journal/store-journal.ts';

export type SyncPolicy = 'always' | 'everysec' | 'no';

/**
 * `write`: a write was refused; it is tried again each second, and heals by itself.
 * `sync`: a sync failed, so the file cannot be trusted: only a new file with a new base heals.
 */
export interface AofTrouble {
  readonly kind: 'write' | 'sync';
  /** Such as ENOSPC. */
  readonly code: string;
}

export interface AofAppenderOptions {
  readonly journal: StoreJournal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly policy: SyncPolicy;
  /** More became safe, or writers need wait no longer, outside of `flush`. */
  readonly onSafe: () => void;
  /** `trouble` changed. Of `sync`: a rewrite is due. */
  readonly onTrouble: (trouble: AofTrouble | null) => void;
}

export class AofAppender implements StoreSafety {
  trouble: AofTrouble | null = null;
  isSyncing = false;
  syncCount = 0;
  /** How long the last sync took. */
  lastSyncMs = 0;
  /** Syncs that came late because the one before took longer than their second. */
  delayedSyncCount = 0;
  /** Times that writers had to wait for the disk. */
  slowCount = 0;
  /** Writers wait: see `isSlow`. */
  private isHolding = false;
  private readonly options: AofAppenderOptions;
  private readonly journal: StoreJournal;
  private syncPolicy: SyncPolicy;
  private file: WriteFile | null = null;
  /** The file before, until it is synced; and where it ends. */
  private retired: WriteFile | null = null;
  private retiredEnd = 0;
  /** Where the file began, and its length at that time. */
  private fileStart = 0;
  private fileStartBytes = 0;
  private syncedPosition = 0;
  private syncStartedMs = Number.NEGATIVE_INFINITY;
  private timer: Timer | null = null;
  private retry: Timer | null = null;
  private isSyncAsked = false;
  /** The file does not end within a record, of which the disk took but a part. */
  private endsWhole = true;
  /** What came before `fileStart` is on no file that is trusted: a new base will hold it. */
  private isUnsettled = false;
  /** There is no log on the disk at all yet. */
  private isBaseless = false;
  private isClosed = false;
  private waiters: { position: number; isWrite: boolean; resolve: () => void }[] = [];
  private idleWaiters: (() => void)[] = [];

  constructor(options: AofAppenderOptions) {
    this.options = options;
    this.journal = options.journal;
    this.syncPolicy = options.policy;
  }

  get policy(): SyncPolicy {
    return this.syncPolicy;
  }
  /** From now on. What waits for a sync that the new policy does not ask for is let go. */
  set policy(policy: SyncPolicy) {
    this.syncPolicy = policy;
    this.flush();
    this.timer?.cancel();
    this.timer = null;
    this.planSync();
    this.tell();
  }

  get position(): number {
    return this.journal.position;
  }

  get writtenPosition(): number {
    return this.journal.takenPosition;
  }

  get safePosition(): number {
    if (this.isClosed) return Number.POSITIVE_INFINITY;
    // Of a log that was turned on nothing is promised before its first base is there.
    if (this.isUnsettled) return this.trouble === null ? this.writtenPosition : this.syncedPosition;
    return this.syncPolicy === 'always' ? this.syncedPosition : this.journal.takenPosition;
  }

  get isTroubled(): boolean {
    return this.trouble !== null;
  }

  /** So much waits for a sync that those who write must wait. */
  get isSlow(): boolean {
    if (!this.isHolding && this.isBehind()) {
      this.isHolding = true;
      this.slowCount++;
    }
    return this.isHolding;
  }

  /** Of the file that is written now. */
  get fileBytes(): number {
    return this.file === null ? 0 : this.file.byteCount;
  }

  /** Encoded and not handed to the system. */
  get pendingBytes(): number {
    return this.journal.heldBytes;
  }

  /** Handed over and not synced. */
  get unsyncedBytes(): number {
    return this.writtenPosition - this.syncedPosition;
  }

  /**
   * The first file: cut to whole records, and synced.
   * @param afterBytes  length of the increment before it, when this one is new; else -1
   */
  open(file: WriteFile, afterBytes = -1): void {
    assert(this.file === null, 'a log is opened once');
    const { journal } = this;
    this.file = file;
    this.fileStart = journal.takenPosition;
    this.fileStartBytes = file.byteCount;
    this.syncedPosition = this.fileStart;
    journal.beginFile(afterBytes);
    journal.syncedBytes = file.byteCount;
  }

  /** The first file of a log whose base is made from now on; it is on with `settle`. */
  openUnsettled(file: WriteFile): void {
    this.open(file);
    this.isUnsettled = true;
    this.isBaseless = true;
  }

  /**
   * From here on changes go to `file`: new, and durable by its name. What is pending goes to the
   * old one first, which is synced beside the loop and closed.
   *
   * In trouble, or before the first base, the old file is given up: what it holds, and what is
   * pending, must be in the base that is made from now on; the manifest may name `file` only
   * together with that base. Nothing becomes safe until `settle`.
   * @returns false: the old file refused what was pending, or the one before it is not synced yet;
   *          nothing was switched
   */
  switchTo(file: WriteFile): boolean {
    const { journal } = this;
    const old = this.file;
    assert(old !== null && !journal.isGroupOpen, 'a log is switched between two groups');
    const isTrusted = this.trouble === null && !this.isUnsettled;
    if (this.retired !== null && isTrusted) return false;
    let afterBytes = -1;
    if (isTrusted) {
      this.writeAll();
      if (this.trouble !== null) return false;
      afterBytes = old.byteCount;
      this.retired = old;
      this.retiredEnd = this.writtenPosition;
    } else {
      journal.seal();
      journal.take(journal.sealedEnd);
      this.isUnsettled = true;
      this.retry?.cancel();
      this.retry = null;
      old.close();
    }
    this.file = file;
    this.fileStart = journal.takenPosition;
    this.fileStartBytes = 0;
    this.endsWhole = true;
    journal.beginFile(afterBytes);
    this.planSync();
    return true;
  }

  /**
   * Writes what is pending. Asked before a manifest names another file: one that is named and not
   * switched to would stand between the file before it and the next, which tells its length.
   * @returns whether a `switchTo` that follows at once succeeds
   */
  canSwitch(): boolean {
    if (this.trouble !== null || this.isUnsettled) return true;
    if (this.retired !== null) return false;
    this.writeAll();
    return this.trouble === null;
  }

  /** A durable base holds all that came before the last `switchTo`. */
  settle(): void {
    if (!this.isUnsettled) return;
    this.isUnsettled = false;
    this.isBaseless = false;
    this.syncedPosition = Math.max(this.syncedPosition, this.fileStart);
    this.setTrouble(null);
    this.planSync();
    this.tell();
  }

  /**
   * Once a loop turn: one write of all that is pending. Where all wait for a sync anyhow, and one
   * is under way, it is written when that is done: half the writes, and none that the file system
   * holds up.
   */
  flush(): void {
    const isInVain = this.syncPolicy === 'always' && this.isSyncing;
    if (!isInVain || this.pendingBytes > LIMITS.logHeldBytesMax) this.writeAll();
  }

  private writeAll(): void {
    this.journal.seal();
    // A refused write is tried again by its timer, not by every turn.
    // Of a store that was dropped in this very turn the log is closed already.
    if (this.file === null || this.isClosed) return;
    if (this.trouble !== null && !this.isUnsettled) return;
    this.write(this.file);
  }

  /** Whether all up to `position` is synced, whatever the policy: for WAITAOF. */
  isSynced(position: number): boolean {
    return this.isClosed || (this.syncedPosition >= position && !this.isBaseless);
  }

  /** Asks for a sync at once, whatever the policy: for WAITAOF. */
  askSync(): void {
    this.isSyncAsked = true;
    this.planSync();
  }

  whenSafe(position: number, isWrite: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.waiters.push({ position, isWrite, resolve });
      this.tellWaiters();
    });
  }

  secureNow(): string {
    this.writeAll();
    if (this.trouble === null && this.syncPolicy === 'always') this.syncNow();
    return this.trouble === null ? '' : this.trouble.code;
  }

  /** Writes and syncs everything, then closes the file. @returns '' or why it could not */
  async close(): Promise<string> {
    this.flush();
    while (this.isSyncing) await this.whenIdle();
    if (this.trouble === null && this.file !== null) this.endFile();
    this.giveUp();
    return this.trouble === null ? '' : this.trouble.code;
  }

  /** Closes the file as it stands: of a store that is dropped. Who waits is answered. */
  giveUp(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.timer?.cancel();
    this.retry?.cancel();
    this.file?.close();
    this.retired?.close();
    this.tell();
  }

  private endFile(): void {
    this.writeAll();
    this.syncNow();
    if (this.trouble !== null) return;
    // Tells the next start that all before it was synced.
    this.journal.mark();
    this.writeAll();
    if (this.trouble === null) this.syncNow();
  }

  private write(file: WriteFile): void {
    const { journal } = this;
    const { start, sealedEnd } = journal;
    if (start === sealedEnd) return;
    const taken = file.write(journal.bytes, start, sealedEnd);
    journal.take(start + taken);
    if (taken > 0) this.endsWhole = start + taken === sealedEnd;
    if (start + taken < sealedEnd) this.failWrite(file.failure);
    else if (this.trouble?.kind === 'write' && !this.isUnsettled) this.setTrouble(null);
    this.planSync();
    if (this.waiters.length > 0) this.tellWaiters();
  }

  private failWrite(code: string): void {
    this.setTrouble({ kind: 'write', code });
    this.retry ??= this.options.timers.after(LIMITS.logRetryMs, () => {
      this.retry = null;
      this.tryAgain();
    });
  }

  private tryAgain(): void {
    if (this.isClosed || this.file === null) return;
    this.journal.seal();
    this.write(this.file);
    this.options.onSafe();
  }

  /** Sees to it that what is not synced will be, as the policy says. */
  private planSync(): void {
    if (this.isSyncing || this.isClosed || this.file === null) return;
    if (this.isUnsettled || this.trouble?.kind === 'sync') return;
    if (this.unsyncedBytes === 0 && this.retired === null) {
      this.isSyncAsked = false;
      return;
    }
    const { clock, timers } = this.options;
    if (this.syncPolicy === 'always' || this.isSyncAsked || this.retired !== null) {
      this.timer?.cancel();
      this.timer = null;
      void this.sync();
      return;
    }
    if (this.syncPolicy === 'no' || this.timer !== null) return;
    const waitMs = this.syncStartedMs + LIMITS.logSyncPeriodMs - clock.monotonicMs();
    this.timer = timers.after(Math.max(0, waitMs), () => {
      this.timer = null;
      if (!this.isSyncing && !this.isClosed) void this.sync();
    });
  }

  private async sync(): Promise<void> {
    const { clock } = this.options;
    const file = this.retired ?? this.file;
    assert(file !== null && !this.isSyncing, 'one sync at a time');
    const position = this.retired === null ? this.writtenPosition : this.retiredEnd;
    const isWhole = this.endsWhole;
    this.isSyncing = true;
    this.syncStartedMs = clock.monotonicMs();
    const isDone = await isSynced(file);
    this.isSyncing = false;
    this.lastSyncMs = clock.monotonicMs() - this.syncStartedMs;
    this.syncCount++;
    if (isDone) this.noteSynced(file, position, isWhole);
    else if (file === this.file || file === this.retired) this.failSync(file.failure);
    if (this.lastSyncMs > LIMITS.logSyncPeriodMs && this.unsyncedBytes > 0) this.delayedSyncCount++;
    for (const resolve of this.idleWaiters.splice(0)) resolve();
    if (this.journal.position > this.writtenPosition) this.flush();
    this.planSync();
    this.tell();
  }

  /** A file that was given up meanwhile tells nothing. */
  private noteSynced(file: WriteFile, position: number, isWhole: boolean): void {
    if (file === this.retired) {
      // A sync that began before its last write is not the one that it waits for.
      if (position === this.retiredEnd) {
        this.retired.close();
        this.retired = null;
      }
    } else if (file !== this.file) return;
    // What came before the file lies nowhere yet, and what is in it is worth nothing without that.
    if (this.isUnsettled) return;
    this.syncedPosition = Math.max(this.syncedPosition, position);
    // A place within a record says nothing of that one, which may still lose its end.
    if (file !== this.file || !isWhole) return;
    this.journal.syncedBytes = this.fileStartBytes + position - this.fileStart;
  }

  private syncNow(): void {
    for (const file of [this.retired, this.file]) {
      if (file === null) continue;
      const position = file === this.retired ? this.retiredEnd : this.writtenPosition;
      if (!syncNow(file)) return this.failSync(file.failure);
      this.syncCount++;
      const isNoted = !this.isSyncing || file === this.file;
      if (isNoted) this.noteSynced(file, position, this.endsWhole);
    }
    this.tell();
  }

  private failSync(code: string): void {
    this.retry?.cancel();
    this.retry = null;
    this.retired?.close();
    this.retired = null;
    this.setTrouble({ kind: 'sync', code });
  }

  private whenIdle(): Promise<void> {
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private setTrouble(trouble: AofTrouble | null): void {
    const { trouble: before } = this;
    this.trouble = trouble;
    if (before?.kind === trouble?.kind && before?.code === trouble?.code) return;
    this.options.onTrouble(trouble);
    // Who only read is held no longer than until trouble begins.
    this.tellWaiters();
    this.options.onSafe();
  }

  private isBehind(): boolean {
    if (this.syncPolicy === 'no' || !this.isSyncing) return false;
    if (this.unsyncedBytes > LIMITS.logUnsyncedBytesMax) return true;
    const takenMs = this.options.clock.monotonicMs() - this.syncStartedMs;
    return takenMs > LIMITS.logSlowSyncMs && this.unsyncedBytes > 0;
  }

  private tell(): void {
    if (this.isHolding && !this.isBehind()) this.isHolding = false;
    this.tellWaiters();
    this.options.onSafe();
  }

  private tellWaiters(): void {
    const { isTroubled, safePosition, waiters } = this;
    this.waiters = waiters.filter(({ position, isWrite, resolve }) => {
      const isHeld = position > safePosition && (isWrite || !isTroubled);
      if (!isHeld) resolve();
      return isHeld;
    });
  }
}

async function isSynced(file: WriteFile): Promise<boolean> {
  try {
    await file.sync();
    return true;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return false;
  }
}

function syncNow(file: WriteFile): boolean {
  try {
    file.syncNow();
    return true;
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    return false;
  }
}
