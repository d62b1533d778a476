/**
 * Writes the log of a store anew: a base that holds the store as it is at this moment, and a new
 * increment for all that comes after it.
 *
 *     begin    new increment -> manifest names it -> changes go to it; the store is frozen
 *     step     base written by slices
 *     finish   base synced, renamed -> one manifest: new base, new increment; the rest is history
 *              -> history removed
 *
 * A crash before the last manifest leaves the old base with one increment more, after it the new
 * base. Where the old file is not to be trusted any more, or none is named yet, the new increment
 * is named together with its base.
 */
import { assert, NodeError } from '../base/errors.ts';
import type { AofManifest } from './aof/aof-manifest.ts';
import { beginSnapshotFile, type KeeperParts } from './keeper-parts.ts';
import { type LogKeeper, refusedBy } from './log-keeper.ts';
import type { SnapshotFile } from './snapshot/snapshot-file.ts';
import type { PlannedBase } from './store-log.ts';

export class LogRewrite {
  private readonly parts: KeeperParts;
  private readonly keeper: LogKeeper;
  private planned: PlannedBase;
  private file: SnapshotFile;
  /** Named with the base; null: the manifest on the disk is gone on from. */
  private manifest: AofManifest | null = null;
  private isAborted = false;

  /** @throws NodeError; then the log is as it was, or has one increment more */
  constructor(parts: KeeperParts, keeper: LogKeeper, isFresh: boolean) {
    this.parts = parts;
    this.keeper = keeper;
    // What lies there of a log that is off becomes history.
    if (!keeper.isOn) keeper.log.readIfThere();
    if (isFresh) this.manifest = keeper.unnamed;
    else this.switchFile();
    this.planned = keeper.log.planBase();
    this.file = beginSnapshotFile(parts, this.planned.path, true);
  }

  get snapshot(): SnapshotFile {
    return this.file;
  }

  /** @returns whether the base is written. Throws NodeError */
  step(isLate: () => boolean): boolean {
    if (this.file.isAborted) this.beginAnew();
    return this.file.step(isLate);
  }

  /** Rejects with NodeError; then the log is as it was. */
  async finish(): Promise<void> {
    await this.file.sync();
    if (!this.isAborted) this.conclude();
  }

  /** The same at once. Throws NodeError. */
  finishNow(): void {
    this.file.syncNow();
    this.conclude();
  }

  /** The log goes on as it is. */
  abort(): void {
    this.isAborted = true;
    this.file.discard();
  }

  private conclude(): void {
    const { keeper, manifest, planned } = this;
    const { log } = keeper;
    log.rebase(planned, manifest ?? log.manifest, keeper.isOn ? 1 : 0);
    keeper.noteRewritten(this.file.byteCount);
    keeper.appender?.settle();
    try {
      log.sweep();
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.parts.logger.warn('rewrite', 'Old files of the log were not removed', { error });
    }
  }

  /**
   * The store was emptied, and what was frozen of it is gone. What is frozen now stands behind the
   * changes since: they must not be applied to it again.
   */
  private beginAnew(): void {
    this.file.discard();
    this.switchFile();
    this.planned = this.keeper.log.planBase();
    this.file = beginSnapshotFile(this.parts, this.planned.path, true);
  }

  private switchFile(): void {
    const { keeper } = this;
    const { appender, log } = keeper;
    if (appender === null) return;
    if (!appender.canSwitch()) throw refusedBy(appender.trouble);
    const isNamedLater = keeper.unnamed !== null || appender.trouble !== null;
    const increment = log.makeIncrement(keeper.unnamed ?? log.manifest);
    const before = appender.fileBytes;
    try {
      if (!isNamedLater) log.keep(increment.manifest);
      if (!appender.switchTo(increment.file)) throw refusedBy(appender.trouble);
    } catch (error) {
      increment.file.close();
      throw error;
    }
    assert(
      this.parts.store.safety === appender,
      'the log that is rewritten is the one of the store',
    );
    keeper.noteSwitched(before);
    if (!isNamedLater) return;
    keeper.unnamed = increment.manifest;
    this.manifest = increment.manifest;
  }
}
