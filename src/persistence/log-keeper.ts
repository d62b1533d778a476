/**
 * The log of one store: on or off, and the journal and appender that live while it is on.
 *
 *     off --open--> on             its files were loaded, or there is nothing to load
 *     off --begin--> unnamed       what is in memory lies in no log: a base has to be made first
 *     unnamed --named--> on        the base is whole, and one manifest names both
 */
import { NodeError } from '../base/errors.ts';
import type { WriteFile } from '../base/world.ts';
import type { LogFacts } from '../commands/persistence-service.ts';
import { StoreJournal } from '../journal/store-journal.ts';
import { AofAppender, type AofTrouble } from './aof/aof-appender.ts';
import type { AofManifest } from './aof/aof-manifest.ts';
import type { KeeperParts } from './keeper-parts.ts';
import { StoreLog } from './store-log.ts';

interface SyncWaiter {
  readonly position: number;
  readonly wake: () => void;
}

export class LogKeeper {
  readonly log: StoreLog;
  appender: AofAppender | null = null;
  /** Names the increment that is written, while no manifest on the disk does; else null. */
  unnamed: AofManifest | null = null;
  /** Of all files but the one that is written. */
  private restBytes = 0;
  /** Of all, after the last rewrite or the start. */
  private baseBytes = 0;
  readonly rewrites = { count: 0, failuresInRow: 0, lastTookS: -1, isLastGood: true };
  private readonly parts: KeeperParts;
  private readonly onTrouble: (trouble: AofTrouble | null) => void;
  private journal: StoreJournal | null = null;
  private syncWaiters: SyncWaiter[] = [];

  /** @param onTrouble  the disk refuses the log, or takes it again */
  constructor(parts: KeeperParts, onTrouble: (trouble: AofTrouble | null) => void) {
    const { configuration, files, world } = parts;
    this.parts = parts;
    this.onTrouble = onTrouble;
    this.log = new StoreLog({
      disk: world.disk,
      files,
      fileName: () => configuration.persistence.appendFileName,
    });
  }

  get isOn(): boolean {
    return this.appender !== null;
  }

  /**
   * Goes on with the log that was loaded, or begins one for a store without data.
   * @throws NodeError
   */
  open(): void {
    const { log } = this;
    let file = log.openLast();
    if (file === null) {
      const increment = log.makeIncrement();
      try {
        log.keep(increment.manifest);
      } catch (error) {
        increment.file.close();
        throw error;
      }
      file = increment.file;
    }
    this.restBytes = Math.max(0, log.measure() - file.byteCount);
    this.baseBytes = this.currentBytesWith(file.byteCount);
    this.attach(file);
  }

  /**
   * Begins a log whose base has still to be made, of the store as it is now.
   * @throws NodeError
   */
  begin(): void {
    const increment = this.log.makeIncrement();
    this.unnamed = increment.manifest;
    this.attach(increment.file, false);
  }

  /** Everything written and synced, and the file closed. @returns '' or why it could not */
  async close(): Promise<string> {
    const { appender } = this;
    if (appender === null) return '';
    this.detach();
    return await appender.close();
  }

  /** Of a store that is dropped: its files go as well. */
  giveUp(): void {
    const { appender } = this;
    if (appender === null) return;
    this.detach();
    appender.giveUp();
  }

  /** Has it synced, whatever the policy, and calls when it is. */
  whenSynced(position: number, wake: () => void): void {
    this.syncWaiters.push({ position, wake });
    // What is not written yet would not be part of it.
    this.appender?.flush();
    this.appender?.askSync();
    this.wakeSynced();
  }

  /**
   * Runs what changes the store without being a change: nothing of it is recorded.
   */
  unrecorded(run: () => void): void {
    const { store } = this.parts;
    const { journal } = this;
    if (journal !== null) store.sink.detach(journal);
    try {
      run();
    } finally {
      if (journal !== null) store.sink.attach(journal);
    }
  }

  /** A rewrite has ended well: `baseBytes` is the base it made. */
  noteRewritten(baseBytes: number): void {
    this.unnamed = null;
    this.restBytes = baseBytes;
    this.baseBytes = this.currentBytes;
  }

  /** An increment was added, and the one before it was so long. */
  noteSwitched(byteCount: number): void {
    this.restBytes += byteCount;
  }

  get currentBytes(): number {
    return this.currentBytesWith(this.appender?.fileBytes ?? 0);
  }

  /** How much it has grown since it was rewritten. */
  get growthPercentage(): number {
    const { currentBytes } = this;
    const base = Math.max(1, this.baseBytes);
    return Math.floor(((currentBytes - base) * 100) / base);
  }

  facts(isRewriting: boolean, isScheduled: boolean, runningS: number): LogFacts {
    const { appender, rewrites } = this;
    return {
      isEnabled: appender !== null,
      isRewriting,
      isRewriteScheduled: isScheduled,
      rewriteCount: rewrites.count,
      rewriteFailuresInRow: rewrites.failuresInRow,
      lastRewriteTookS: rewrites.lastTookS,
      runningS,
      isLastRewriteGood: rewrites.isLastGood,
      failure: appender?.trouble?.code ?? '',
      currentBytes: this.currentBytes,
      baseBytes: this.baseBytes,
      pendingBytes: appender?.pendingBytes ?? 0,
      unsyncedBytes: appender?.unsyncedBytes ?? 0,
      isSyncing: appender?.isSyncing ?? false,
      syncCount: appender?.syncCount ?? 0,
      lastSyncMs: appender?.lastSyncMs ?? 0,
      delayedSyncCount: appender?.delayedSyncCount ?? 0,
      slowCount: appender?.slowCount ?? 0,
    };
  }

  private wakeSynced(): void {
    if (this.syncWaiters.length === 0) return;
    const { appender } = this;
    const isOver = ({ position }: SyncWaiter) => appender === null || appender.isSynced(position);
    const over = this.syncWaiters.filter(isOver);
    if (over.length === 0) return;
    this.syncWaiters = this.syncWaiters.filter((waiter) => !over.includes(waiter));
    for (const { wake } of over) wake();
  }

  private currentBytesWith(fileBytes: number): number {
    return this.restBytes + fileBytes;
  }

  /** @param isNamed  false: it becomes a part of the log together with a base */
  private attach(file: WriteFile, isNamed = true): void {
    const { barrier, configuration, node, store, world } = this.parts;
    const journal = new StoreJournal({
      clock: node.clock,
      onFirst: () => barrier.raise(appender),
      crc32: world.compression.crc32,
      renamedCommands: configuration.security.renamedCommands,
    });
    const appender = new AofAppender({
      journal,
      clock: world.clock,
      timers: world.timers,
      policy: configuration.persistence.syncPolicy,
      onSafe: () => {
        barrier.release();
        this.wakeSynced();
      },
      onTrouble: (trouble) => this.onTrouble(trouble),
    });
    if (isNamed) appender.open(file);
    else appender.openUnsettled(file);
    store.sink.attach(journal);
    store.safety = appender;
    this.journal = journal;
    this.appender = appender;
  }

  private detach(): void {
    const { store } = this.parts;
    if (this.journal !== null) store.sink.detach(this.journal);
    store.safety = null;
    this.journal = null;
    this.appender = null;
    this.unnamed = null;
    this.wakeSynced();
  }
}

/** What a rewrite is refused with where the log's file takes nothing more. */
export function refusedBy(trouble: AofTrouble | null): NodeError {
  const code = trouble?.code ?? 'unknown';
  return new NodeError('DISK_REFUSED', `The log cannot be written: ${code}`, { cause: code });
}
