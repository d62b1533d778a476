/**
 * The snapshots of one store: written beside the old one, synced, renamed into its place. Between
 * two snapshots it knows how many changes there were, which is what save points ask for.
 */
import type { SnapshotFacts } from '../../commands/persistence-service.ts';
import { beginSnapshotFile, type KeeperParts } from '../keeper-parts.ts';
import { replaceSnapshot } from './retention.ts';
import type { SnapshotFile } from './snapshot-file.ts';

/** After a failure that long is waited before a save point tries again, as in Redis. */
const RETRY_S = 5;

export class SnapshotKeeper {
  isLastGood = true;
  lastFailure = '';
  private lastSaveS: number;
  private lastTookS = -1;
  private lastTookMs = 0;
  private saveCount = 0;
  private lastBytes = 0;
  private lastExtraBytes = 0;
  private lastAttemptS = 0;
  private savedChangeCount = 0;
  private readonly parts: KeeperParts;

  constructor(parts: KeeperParts) {
    this.parts = parts;
    this.lastSaveS = this.nowS();
  }

  /** Changes since the last snapshot, or since it was loaded. */
  get changesSince(): number {
    return Math.max(0, this.parts.store.changeCount - this.savedChangeCount);
  }

  /** What is in memory lies on the disk. */
  noteLoaded(): void {
    this.savedChangeCount = this.parts.store.changeCount;
  }

  /** @throws NodeError */
  begin(): SnapshotWriting {
    const { files, store, world } = this.parts;
    this.lastAttemptS = this.nowS();
    const startedMs = world.clock.monotonicMs();
    world.disk.makeDirectory(files.directory);
    return new SnapshotWriting(this.parts, {
      file: beginSnapshotFile(this.parts, files.newSnapshotPath, false),
      changeCount: store.changeCount,
      startedMs,
    });
  }

  /** It is whole and synced: takes the place of the last one. Throws NodeError */
  conclude(writing: SnapshotWriting, isInBackground: boolean): void {
    const { configuration, files, world } = this.parts;
    replaceSnapshot(world.disk, files, configuration.persistence.retainLogs);
    this.savedChangeCount = writing.changeCount;
    this.lastSaveS = this.nowS();
    this.saveCount++;
    this.lastBytes = writing.file.byteCount;
    this.lastExtraBytes = writing.file.extraBytesMax;
    this.isLastGood = true;
    this.lastFailure = '';
    this.lastTookMs = world.clock.monotonicMs() - writing.startedMs;
    if (isInBackground) this.lastTookS = Math.floor(this.lastTookMs / 1000);
  }

  fail(writing: SnapshotWriting | null, reason: string): void {
    writing?.file.discard();
    this.isLastGood = false;
    this.lastFailure = reason;
  }

  /** Whether a save point is reached. */
  isDue(savePoints: readonly { seconds: number; changes: number }[]): boolean {
    const nowS = this.nowS();
    const { changesSince } = this;
    if (!this.isLastGood && nowS - this.lastAttemptS <= RETRY_S) return false;
    return savePoints.some(
      ({ changes, seconds }) => changesSince >= changes && nowS - this.lastSaveS > seconds,
    );
  }

  facts(running: SnapshotWriting | null, file: SnapshotFile | null): SnapshotFacts {
    const nowMs = this.parts.world.clock.monotonicMs();
    return {
      isRunning: running !== null,
      lastSaveS: this.lastSaveS,
      isLastGood: this.isLastGood,
      lastTookS: this.lastTookS,
      lastTookMs: this.lastTookMs,
      runningS: running === null ? -1 : Math.floor((nowMs - running.startedMs) / 1000),
      changesSince: this.changesSince,
      saveCount: this.saveCount,
      lastBytes: this.lastBytes,
      keysWritten: file?.keysWritten ?? 0,
      keysTotal: file?.keysTotal ?? 0,
      extraBytes: file?.extraBytes ?? 0,
      lastExtraBytes: this.lastExtraBytes,
      lastFailure: this.lastFailure,
    };
  }

  private nowS(): number {
    return Math.floor(this.parts.world.clock.wallMs() / 1000);
  }
}

/** One snapshot that is being written. */
export class SnapshotWriting {
  file: SnapshotFile;
  /** Changes of the store up to where it is frozen. */
  changeCount: number;
  readonly startedMs: number;
  private readonly parts: KeeperParts;

  constructor(
    parts: KeeperParts,
    begun: { file: SnapshotFile; changeCount: number; startedMs: number },
  ) {
    this.parts = parts;
    this.file = begun.file;
    this.changeCount = begun.changeCount;
    this.startedMs = begun.startedMs;
  }

  /** @returns whether all is written. Throws NodeError */
  step(isLate: () => boolean): boolean {
    if (this.file.isAborted) {
      // The store was emptied: what it holds now is as good.
      this.file.discard();
      this.changeCount = this.parts.store.changeCount;
      this.file = beginSnapshotFile(this.parts, this.file.path, false);
    }
    return this.file.step(isLate);
  }
}
