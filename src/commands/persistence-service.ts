/**
 * What commands, HTTP and the server ask of what keeps data on disk. `src/persistence/` implements
 * it; `NO_PERSISTENCE` stands in where nothing is kept. Each store is kept by itself.
 */
import { NodeError } from '../base/errors.ts';
import type { Store } from '../engine/store.ts';

export interface PersistenceService {
  /** What lies on disk is being read: only commands with the flag `loading` run. */
  readonly isLoading: boolean;
  /** Of all stores together; what it was stays after the end. */
  readonly loading: LoadingFacts;
  /**
   * Why writes to that store are refused now: the text of the error reply. Null: they are not.
   * Whoever keeps such an answer asks again when `onRefusalChange` tells.
   */
  refusalOf(store: Store): string | null;
  /** The same, of a script that may write. */
  scriptRefusalOf(store: Store): string | null;
  onRefusalChange(listener: (store: Store) => void): void;
  /** What is wrong, in sentences, for the health check. */
  issues(): string[];
  factsOf(store: Store): PersistenceFacts;
  /** SAVE: when it returns, the snapshot lies on disk. */
  save(store: Store): SaveOutcome;
  /** BGSAVE. */
  saveInBackground(store: Store, asked: BackgroundAsked): BackgroundOutcome;
  /** BGREWRITEAOF, which waits for what else runs. */
  rewriteInBackground(store: Store, isWithinExec: boolean): BackgroundOutcome;
  /** All keys of the store were removed at once. */
  noteFlushed(store: Store): void;
  /** DEBUG RELOAD. @returns the error's text, null when done */
  reload(store: Store, options: ReloadOptions): string | null;
  /** DEBUG LOADAOF. @returns the error's text, null when done */
  reloadLog(store: Store): string | null;
  /**
   * The bytes of an archive of all stores, as they are at one moment. Who stops reading calls
   * `return`. Rejects with NodeError.
   */
  backUp(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Whether the log of changes of that store is on. */
  hasLog(store: Store): boolean;
  /** Where the log of the store stands now: all that was written to it so far lies before. */
  positionOf(store: Store): number;
  /** Whether what lies before that position is synced. */
  isSynced(store: Store, position: number): boolean;
  /** Has it synced, whatever the policy is, and calls when it is. */
  whenSynced(store: Store, position: number, wake: () => void): void;
}

export interface BackgroundAsked {
  /** Where something else runs, it is begun after that. */
  readonly isScheduled: boolean;
  /** It is not begun before EXEC has ended. */
  readonly isWithinExec: boolean;
}

/** `saving`: a snapshot in the background is under way. */
export type SaveOutcome = 'done' | 'failed' | 'saving';
/** `running`: the same is under way; `busy`: something else is. */
export type BackgroundOutcome = 'started' | 'scheduled' | 'running' | 'busy' | 'failed';

export interface ReloadOptions {
  /** A snapshot is written first. */
  readonly isSaved: boolean;
  /** What is in memory goes before. */
  readonly isFlushed: boolean;
}

export interface LoadingFacts {
  readonly startedMs: number;
  readonly totalBytes: number;
  readonly loadedBytes: number;
  readonly keyCount: number;
  readonly expiredCount: number;
  /** How long it took, or has taken so far. */
  readonly tookMs: number;
  /** The store that is loaded now; '' when none is. */
  readonly storeName: string;
}

/** One store's state, as INFO persistence and GET /api/admin/persistence-stats tell it. */
export interface PersistenceFacts {
  readonly strategy: 'aof' | 'snapshot' | 'hybrid' | 'none';
  readonly snapshot: SnapshotFacts;
  readonly log: LogFacts;
}

export interface SnapshotFacts {
  readonly isRunning: boolean;
  /** Unix seconds; at first the start of the node. */
  readonly lastSaveS: number;
  readonly isLastGood: boolean;
  /** Of the last one in the background, -1 before. */
  readonly lastTookS: number;
  /** Of the last one, whoever waited for it; 0 before. */
  readonly lastTookMs: number;
  /** Of the one that runs, else -1. */
  readonly runningS: number;
  readonly changesSince: number;
  readonly saveCount: number;
  /** Bytes of the last one; 0 before. */
  readonly lastBytes: number;
  /** Of a snapshot or a rewrite that runs: keys written, of how many. */
  readonly keysWritten: number;
  readonly keysTotal: number;
  /** Memory held for a snapshot or a rewrite that runs, and the most of the last one. */
  readonly extraBytes: number;
  readonly lastExtraBytes: number;
  readonly lastFailure: string;
}

export interface LogFacts {
  readonly isEnabled: boolean;
  readonly isRewriting: boolean;
  readonly isRewriteScheduled: boolean;
  readonly rewriteCount: number;
  readonly rewriteFailuresInRow: number;
  /** -1 before the first. */
  readonly lastRewriteTookS: number;
  readonly runningS: number;
  readonly isLastRewriteGood: boolean;
  /** '' while writing it goes well. */
  readonly failure: string;
  /** Of base and increments, and the same after the last rewrite. */
  readonly currentBytes: number;
  readonly baseBytes: number;
  /** Not handed to the system yet, and handed over but not synced. */
  readonly pendingBytes: number;
  readonly unsyncedBytes: number;
  readonly isSyncing: boolean;
  readonly syncCount: number;
  readonly lastSyncMs: number;
  /** Syncs that had to be put off because one was under way. */
  readonly delayedSyncCount: number;
  /** Times that writers had to wait for the disk. */
  readonly slowCount: number;
}

/** Of a node, or a store, that keeps nothing. */
export const NO_SNAPSHOT: SnapshotFacts = {
  isRunning: false,
  lastSaveS: 0,
  isLastGood: true,
  lastTookS: -1,
  lastTookMs: 0,
  runningS: -1,
  changesSince: 0,
  saveCount: 0,
  lastBytes: 0,
  keysWritten: 0,
  keysTotal: 0,
  extraBytes: 0,
  lastExtraBytes: 0,
  lastFailure: '',
};

export const NO_LOG: LogFacts = {
  isEnabled: false,
  isRewriting: false,
  isRewriteScheduled: false,
  rewriteCount: 0,
  rewriteFailuresInRow: 0,
  lastRewriteTookS: -1,
  runningS: -1,
  isLastRewriteGood: true,
  failure: '',
  currentBytes: 0,
  baseBytes: 0,
  pendingBytes: 0,
  unsyncedBytes: 0,
  isSyncing: false,
  syncCount: 0,
  lastSyncMs: 0,
  delayedSyncCount: 0,
  slowCount: 0,
};

export const NO_LOADING: LoadingFacts = {
  startedMs: 0,
  totalBytes: 0,
  loadedBytes: 0,
  keyCount: 0,
  expiredCount: 0,
  tookMs: 0,
  storeName: '',
};

export const NO_PERSISTENCE: PersistenceService = {
  isLoading: false,
  loading: NO_LOADING,
  refusalOf: () => null,
  scriptRefusalOf: () => null,
  onRefusalChange: () => {},
  issues: () => [],
  factsOf: () => ({ strategy: 'none', snapshot: NO_SNAPSHOT, log: NO_LOG }),
  save: () => 'failed',
  saveInBackground: () => 'failed',
  rewriteInBackground: () => 'failed',
  noteFlushed: () => {},
  reload: () => 'ERR This node keeps nothing on disk',
  reloadLog: () => 'ERR This node keeps nothing on disk',
  backUp: () => {
    throw new NodeError('UNSUPPORTED', 'This node keeps nothing on disk');
  },
  hasLog: () => false,
  isSynced: () => true,
  positionOf: () => 0,
  whenSynced: () => {},
};
