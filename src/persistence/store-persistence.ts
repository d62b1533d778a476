/**
 * One store on the disk: what is loaded of it, its log, its snapshots. One long work at a time is
 * done for it; what is asked for meanwhile waits. Nothing of one store waits for another.
 *
 *     new --load--> [makes a base] --> open --tick--> snapshot | rewrite --> open ... --close-->
 */
import { assert, NodeError } from '../base/errors.ts';
import { BACKGROUND_PACE, NEVER_LATE, SlicedWork } from '../base/pace/sliced-work.ts';
import type {
  BackgroundAsked,
  BackgroundOutcome,
  PersistenceFacts,
  SaveOutcome,
} from '../commands/persistence-service.ts';
import { systemErrorText } from './disk-failure.ts';
import type { KeeperParts } from './keeper-parts.ts';
import { LogKeeper } from './log-keeper.ts';
import { LogRewrite } from './log-rewrite.ts';
import type { SnapshotFile } from './snapshot/snapshot-file.ts';
import { SnapshotKeeper, type SnapshotWriting } from './snapshot/snapshot-keeper.ts';
import { StoreLoader } from './store-loader.ts';
import { type StorePlan, storePlan } from './store-plan.ts';
import { issueOf, refusalOf, type StoreTrouble, scriptRefusal } from './store-trouble.ts';

/** What is done for the store now. */
type Job =
  | { readonly kind: 'snapshot'; readonly writing: SnapshotWriting; readonly work: SlicedWork }
  | {
      readonly kind: 'rewrite';
      readonly rewrite: LogRewrite;
      readonly work: SlicedWork;
      readonly startedMs: number;
    };

/** After a rewrite failed, the next waits: twice as long each time, up to a minute. */
const REWRITE_RETRY_MS = 1_000;
const REWRITE_RETRY_MS_MAX = 60_000;

export class StorePersistence {
  readonly logs: LogKeeper;
  readonly snapshots: SnapshotKeeper;
  readonly parts: KeeperParts;
  private readonly onRefusal: () => void;
  private job: Job | null = null;
  /** The job is on its last steps, which wait for the disk. */
  private isConcluding = false;
  private isSaveScheduled = false;
  private isRewriteScheduled = false;
  private rewriteNotBeforeMs = 0;
  /** Why the log could not be opened; '' when it was, or need not be. */
  private openFailure = '';
  private isOpen = false;
  private isClosed = false;
  private refusalText: string | null = null;

  /** @param onRefusal  whether writes are refused, or why, has changed */
  constructor(parts: KeeperParts, onRefusal: () => void) {
    this.parts = parts;
    this.onRefusal = onRefusal;
    this.snapshots = new SnapshotKeeper(parts);
    this.logs = new LogKeeper(parts, (trouble) => {
      const { logger, store } = parts;
      if (trouble === null) {
        logger.info('log', 'The log of changes is written again', { store: store.name });
      } else {
        const facts = { store: store.name, code: trouble.code, kind: trouble.kind };
        logger.error('log', 'The log of changes cannot be written: writes are refused', facts);
        if (trouble.kind === 'sync') this.isRewriteScheduled = true;
      }
      this.settleRefusal();
    });
  }

  /** What of it is kept now: settings may change. */
  get plan(): StorePlan {
    return storePlan(this.parts.store, this.parts.configuration);
  }

  /** @throws NodeError DATA_DAMAGED */
  findData(): StoreLoader {
    return new StoreLoader(this.parts, this.logs.log, this.plan.loads);
  }

  /**
   * What the loader read is in memory; the log goes on from it.
   * @returns a base that has to be written first, of what lies in no log yet; else null
   * @throws NodeError
   */
  openLoaded(loader: StoreLoader): LogRewrite | null {
    this.isOpen = true;
    this.snapshots.noteLoaded();
    this.removeTemporaries();
    if (!this.plan.hasLog) return null;
    const { node, store } = this.parts;
    const hasFunctions = store === node.stores.default && node.scripting.functions.libraryCount > 0;
    if (loader.kind === 'log' || (store.entryCount === 0 && !hasFunctions)) {
      this.logs.open();
      return null;
    }
    this.logs.begin();
    return new LogRewrite(this.parts, this.logs, true);
  }

  /** Of a store that was just made: it has no data. What is wrong is told by `refusal`. */
  openEmpty(): void {
    this.isOpen = true;
    this.tryOpen();
  }

  /** Text of the error reply to writes; null: they are welcome. */
  get refusal(): string | null {
    return this.refusalText;
  }

  get scriptRefusal(): string | null {
    return this.refusalText === null ? null : scriptRefusal(this.trouble);
  }

  /** What health tells; '' when all is well. */
  get issue(): string {
    const isLogSlow = this.logs.appender?.isSlow === true;
    return issueOf(this.parts.store.name, this.trouble, isLogSlow);
  }

  get facts(): PersistenceFacts {
    const { job } = this;
    const file = this.runningFile;
    const writing = job?.kind === 'snapshot' ? job.writing : null;
    const nowMs = this.parts.world.clock.monotonicMs();
    const runningS = job?.kind === 'rewrite' ? Math.floor((nowMs - job.startedMs) / 1000) : -1;
    return {
      strategy: this.plan.strategy,
      snapshot: this.snapshots.facts(writing, file),
      log: this.logs.facts(job?.kind === 'rewrite', this.isRewriteScheduled, runningS),
    };
  }

  save(): SaveOutcome {
    const { job } = this;
    const isFrozenElsewhere = job === null && this.parts.store.isFrozen;
    if (job?.kind === 'snapshot' || isFrozenElsewhere) return 'saving';
    let writing: SnapshotWriting | null = null;
    try {
      // A store is frozen once at a time: the rewrite writes the rest of its base now.
      if (job !== null && !this.isConcluding) this.finishWalk(job);
      writing = this.snapshots.begin();
      while (!writing.step(NEVER_LATE));
      writing.file.syncNow();
      this.snapshots.conclude(writing, false);
    } catch (error) {
      this.failSnapshot(writing, error);
      return 'failed';
    }
    this.settleRefusal();
    return 'done';
  }

  saveInBackground({ isScheduled, isWithinExec }: BackgroundAsked): BackgroundOutcome {
    if (this.job?.kind === 'snapshot') return 'running';
    if (this.job !== null || isWithinExec || this.mustWait) {
      if (!isScheduled && !isWithinExec) return 'busy';
      this.isSaveScheduled = true;
      return 'scheduled';
    }
    return this.startSnapshot() ? 'started' : 'failed';
  }

  rewriteInBackground(isWithinExec: boolean): BackgroundOutcome {
    if (this.job?.kind === 'rewrite') return 'running';
    if (this.job !== null || isWithinExec || this.mustWait) {
      this.isRewriteScheduled = true;
      this.rewriteNotBeforeMs = 0;
      return 'scheduled';
    }
    return this.startRewrite() ? 'started' : 'failed';
  }

  /** All keys were removed at once: the snapshot on the disk must not bring them back. */
  noteFlushed(): void {
    if (!this.logs.isOn && this.plan.savePoints.length > 0) this.isSaveScheduled = true;
  }

  /** Ten times a second: begins what is due. */
  tick(): void {
    if (!this.isOpen || this.isClosed) return;
    if (this.openFailure !== '' && this.isRetryDue()) this.tryOpen();
    this.settleRefusal();
    if (this.job !== null || this.mustWait) return;
    if (this.isRewriteDue()) this.startRewrite();
    else if (this.isSaveScheduled) this.startSnapshot();
    else if (this.snapshots.isDue(this.plan.savePoints)) this.startSnapshot();
    else if (this.hasGrown()) this.startRewrite();
  }

  /**
   * CONFIG SET appendonly: begins or ends the log as the plan says now.
   * @returns '' or why it cannot be begun
   */
  followPlan(): string {
    if (!this.isOpen) return '';
    const wantsLog = this.plan.hasLog;
    if (wantsLog === this.logs.isOn) return '';
    if (wantsLog) return this.turnOn();
    if (this.job?.kind === 'rewrite') this.abortJob();
    this.isRewriteScheduled = false;
    this.openFailure = '';
    void this.logs.close().then((failure) => {
      if (failure !== '') this.warn('The log of changes was not closed well', failure);
    });
    this.settleRefusal();
    return '';
  }

  /**
   * The node stops: no command runs any more.
   * @param isSaved  a snapshot is written when there are changes
   * @returns        whether all lies on the disk
   */
  async close(isSaved: boolean): Promise<boolean> {
    if (this.isClosed) return true;
    this.isClosed = true;
    this.abortJob();
    let isGood = this.makeMissingBase();
    if (isSaved && this.isOpen) {
      const { changesSince } = this.snapshots;
      if (changesSince > 0 && this.save() !== 'done') isGood = false;
    }
    const failure = await this.logs.close();
    if (failure === '') return isGood;
    this.warn('The log of changes was not written to its end', failure);
    return false;
  }

  /** The store is dropped: nothing more is written. */
  giveUp(): void {
    this.isClosed = true;
    this.abortJob();
    this.logs.giveUp();
  }

  abortJob(): void {
    const { job } = this;
    if (job === null) return;
    job.work.stop();
    this.job = null;
    this.isConcluding = false;
    if (job.kind === 'snapshot') job.writing.file.discard();
    else job.rewrite.abort();
  }

  /** Without it what is in memory lies in no log. @returns false when the disk refuses it */
  private makeMissingBase(): boolean {
    const { appender, unnamed } = this.logs;
    if (appender === null || (unnamed === null && appender.trouble?.kind !== 'sync')) return true;
    let rewrite: LogRewrite | null = null;
    try {
      rewrite = new LogRewrite(this.parts, this.logs, false);
      while (!rewrite.step(NEVER_LATE));
      rewrite.finishNow();
      return true;
    } catch (error) {
      this.failRewrite(rewrite, error);
      return false;
    }
  }

  /** A script is half done, or the store frozen for somebody else: nothing begins now. */
  private get mustWait(): boolean {
    return this.parts.node.scripting.isBusy || this.parts.store.isFrozen;
  }

  private get runningFile(): SnapshotFile | null {
    const { job } = this;
    if (job === null) return null;
    return job.kind === 'snapshot' ? job.writing.file : job.rewrite.snapshot;
  }

  private get trouble(): StoreTrouble {
    const code = this.logs.appender?.trouble?.code ?? '';
    const { isLastGood, lastFailure } = this.snapshots;
    const isSaveExpected = this.plan.savePoints.length > 0;
    return {
      logFailure: code === '' ? this.openFailure : systemErrorText(code),
      saveFailure: isSaveExpected && !isLastGood ? lastFailure : '',
    };
  }

  private startSnapshot(): boolean {
    this.isSaveScheduled = false;
    let writing: SnapshotWriting;
    try {
      writing = this.snapshots.begin();
    } catch (error) {
      this.failSnapshot(null, error);
      return false;
    }
    const work = this.slice((isLate) => writing.step(isLate));
    this.job = { kind: 'snapshot', writing, work };
    this.parts.logger.info('snapshot', 'Snapshot begun', { store: this.parts.store.name });
    return true;
  }

  private startRewrite(isFresh = false): boolean {
    this.isRewriteScheduled = false;
    let rewrite: LogRewrite;
    try {
      rewrite = new LogRewrite(this.parts, this.logs, isFresh);
    } catch (error) {
      this.failRewrite(null, error);
      return false;
    }
    const work = this.slice((isLate) => rewrite.step(isLate));
    const startedMs = this.parts.world.clock.monotonicMs();
    this.job = { kind: 'rewrite', rewrite, work, startedMs };
    this.parts.logger.info('rewrite', 'Rewrite of the log begun', { store: this.parts.store.name });
    return true;
  }

  private slice(step: (isLate: () => boolean) => boolean): SlicedWork {
    const { node, world } = this.parts;
    return new SlicedWork({
      world,
      pace: BACKGROUND_PACE,
      commandCount: () => node.table.calls,
      step,
      isPressed: () => this.runningFile?.isPressed === true,
      onDone: () => void this.conclude(),
      onFailed: (error) => this.failJob(error),
    });
  }

  /** A rewrite's base is written to its end, so that the store is frozen no longer. */
  private finishWalk(job: Job): void {
    try {
      job.work.finish();
    } catch (error) {
      this.failJob(error);
      return;
    }
    void this.conclude();
  }

  private async conclude(): Promise<void> {
    const { job } = this;
    assert(job !== null, 'work that ends was begun');
    this.isConcluding = true;
    try {
      if (job.kind === 'rewrite') await job.rewrite.finish();
      else await job.writing.file.sync();
      if (this.job !== job) return;
      if (job.kind === 'snapshot') this.snapshots.conclude(job.writing, true);
    } catch (error) {
      if (this.job !== job) return;
      this.failJob(error);
      return;
    }
    this.job = null;
    this.isConcluding = false;
    this.noteDone(job);
    this.settleRefusal();
  }

  private noteDone(job: Job): void {
    const { logger, store, world } = this.parts;
    if (job.kind === 'snapshot') {
      const { lastBytes } = this.snapshots.facts(null, null);
      logger.info('snapshot', 'Snapshot written', { store: store.name, bytes: lastBytes });
      return;
    }
    const { rewrites } = this.logs;
    rewrites.count++;
    rewrites.failuresInRow = 0;
    rewrites.isLastGood = true;
    rewrites.lastTookS = Math.floor((world.clock.monotonicMs() - job.startedMs) / 1000);
    logger.info('rewrite', 'Log rewritten', {
      store: store.name,
      bytes: job.rewrite.snapshot.byteCount,
    });
  }

  private failJob(error: unknown): void {
    const { job } = this;
    this.job = null;
    this.isConcluding = false;
    if (job?.kind === 'snapshot') this.failSnapshot(job.writing, error);
    else this.failRewrite(job?.rewrite ?? null, error);
  }

  private failSnapshot(writing: SnapshotWriting | null, error: unknown): void {
    const reason = reasonOf(error);
    this.snapshots.fail(writing, reason);
    this.warn('The snapshot failed', reason);
    this.settleRefusal();
  }

  private failRewrite(rewrite: LogRewrite | null, error: unknown): void {
    const reason = reasonOf(error);
    rewrite?.abort();
    const { rewrites } = this.logs;
    rewrites.isLastGood = false;
    rewrites.failuresInRow++;
    const waitMs = REWRITE_RETRY_MS * 2 ** Math.min(rewrites.failuresInRow - 1, 10);
    const { clock } = this.parts.world;
    this.rewriteNotBeforeMs = clock.monotonicMs() + Math.min(waitMs, REWRITE_RETRY_MS_MAX);
    this.warn('The rewrite of the log failed', reason);
  }

  /** Asked for, or needed: without it what is in memory lies in no log. */
  private isRewriteDue(): boolean {
    if (this.parts.world.clock.monotonicMs() < this.rewriteNotBeforeMs) return false;
    if (this.isRewriteScheduled) return true;
    const { appender, unnamed } = this.logs;
    return appender !== null && (unnamed !== null || appender.trouble?.kind === 'sync');
  }

  private hasGrown(): boolean {
    const { aofRewriteMinBytes, aofRewritePercentage } = this.parts.configuration.persistence;
    const { logs } = this;
    if (!logs.isOn || aofRewritePercentage === 0) return false;
    if (logs.appender?.trouble != null || logs.currentBytes <= aofRewriteMinBytes) return false;
    if (this.parts.world.clock.monotonicMs() < this.rewriteNotBeforeMs) return false;
    return logs.growthPercentage >= aofRewritePercentage;
  }

  private isRetryDue(): boolean {
    return this.parts.world.clock.monotonicMs() >= this.rewriteNotBeforeMs;
  }

  private tryOpen(): void {
    this.openFailure = '';
    if (!this.plan.hasLog || this.logs.isOn) return;
    try {
      if (this.parts.store.entryCount === 0) this.logs.open();
      else this.openFailure = this.turnOn();
    } catch (error) {
      this.openFailure = reasonOf(error);
      const { clock } = this.parts.world;
      this.rewriteNotBeforeMs = clock.monotonicMs() + REWRITE_RETRY_MS;
      this.warn('The log of changes cannot be begun: writes are refused', this.openFailure);
    }
    this.settleRefusal();
  }

  /** @returns '' or why not */
  private turnOn(): string {
    this.abortJob();
    try {
      this.logs.log.readIfThere();
      this.logs.begin();
    } catch (error) {
      return reasonOf(error);
    }
    if (!this.startRewrite(true)) return 'its first base cannot be written';
    return '';
  }

  private settleRefusal(): void {
    const { stopWritesOnSaveError } = this.parts.configuration.persistence;
    const text = refusalOf(this.trouble, stopWritesOnSaveError);
    if (text === this.refusalText) return;
    this.refusalText = text;
    this.onRefusal();
  }

  private removeTemporaries(): void {
    const { files, world } = this.parts;
    try {
      world.disk.remove(files.newSnapshotPath);
      this.logs.log.removeTemporaries();
    } catch (error) {
      this.warn('What a crash left was not removed', reasonOf(error));
    }
  }

  private warn(message: string, reason: string): void {
    this.parts.logger.error('persistence', message, { store: this.parts.store.name, reason });
  }
}

/** What the disk refused; anything else is our own mistake and ends the node. */
function reasonOf(error: unknown): string {
  if (error instanceof NodeError) return error.message.replace(/[\r\n]+/g, ' ');
  throw error;
}
