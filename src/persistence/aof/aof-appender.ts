import type { Clock, Timers, WriteFile } from '../../base/world.ts';
import type { StoreSafety } from '../../engine/store-safety.ts';
import type { StoreJournal } from '../../journal/store-journal.ts';

export type SyncPolicy = 'always' | 'everysec' | 'no';

/**
 * `write`: a write was refused; it is tried again each second, and heals by itself.
 * `sync`: a sync failed, so the file cannot be trusted: only a new file with a new base heals.
 * `slow`: so much waits for a sync that writers wait.
 */
export interface AofTrouble {
  readonly kind: 'write' | 'sync' | 'slow';
  /** Such as ENOSPC; '' of `slow`. */
  readonly code: string;
}

export interface AofAppenderOptions {
  readonly journal: StoreJournal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly policy: SyncPolicy;
  /** More became safe, outside of `flush`: replies that waited may leave. */
  readonly onSafe: () => void;
  /** `trouble` changed. Of `sync`: a rewrite is due. */
  readonly onTrouble: (trouble: AofTrouble | null) => void;
}

/** Writes the journal of one store to its file, and syncs it by policy. */
export class AofAppender implements StoreSafety {
  policy: SyncPolicy;
  trouble: AofTrouble | null = null;
  /** Of the file that is written now. */
  fileBytes = 0;
  syncCount = 0;
  lastSyncMs = 0;
  delayedSyncCount = 0;
  isSyncing = false;

  constructor(options: AofAppenderOptions) {
    this.policy = options.policy;
  }

  get position(): number {
    throw new Error('not built yet');
  }
  get safePosition(): number {
    throw new Error('not built yet');
  }
  get isTroubled(): boolean {
    return this.trouble !== null && this.trouble.kind !== 'slow';
  }
  /** Encoded and not handed to the system; handed over and not synced. */
  get pendingBytes(): number {
    throw new Error('not built yet');
  }
  get unsyncedBytes(): number {
    throw new Error('not built yet');
  }

  /** The first file, which is loaded, cut to its whole records, and synced. */
  open(_file: WriteFile): void {}

  /**
   * From here on changes go to `file`, which is new, durable by its name, and named in the manifest.
   * What is pending goes to the old one first, which is synced beside the loop and closed. Where
   * the old one is not trusted any more, nothing is safe until `settle`.
   */
  switchTo(_file: WriteFile): void {}

  /** A durable base holds all that came before the last `switchTo`. */
  settle(): void {}

  /** Once a loop turn: one write of all that is pending. @returns whether all of it is safe */
  flush(): boolean {
    throw new Error('not built yet');
  }

  /** Whether all up to `position` is synced, whatever the policy: for WAITAOF. */
  isSynced(_position: number): boolean {
    throw new Error('not built yet');
  }
  /** Asks for a sync at once, whatever the policy: for WAITAOF. */
  askSync(): void {}

  whenSafe(_position: number): Promise<void> {
    throw new Error('not built yet');
  }
  secureNow(): string {
    throw new Error('not built yet');
  }

  /** Writes and syncs everything, then closes the file. @returns '' or why it could not */
  close(): Promise<string> {
    throw new Error('not built yet');
  }
}
