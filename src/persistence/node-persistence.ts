/**
 * What a node keeps on disk: the lock of its data directory, each store by itself, the loading at
 * the start. See docs/design/recovery.md.
 */
import { dirname, join, resolve } from 'node:path';
import type { Configuration } from '../base/configuration.ts';
import { NodeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { LOADING_PACE, SlicedWork } from '../base/pace/sliced-work.ts';
import type { Timer, World } from '../base/world.ts';
import type { NodeServices } from '../commands/node-services.ts';
import {
  type BackgroundAsked,
  type BackgroundOutcome,
  type LoadingFacts,
  NO_LOADING,
  NO_PERSISTENCE,
  type PersistenceFacts,
  type PersistenceService,
  type ReloadOptions,
  type SaveOutcome,
} from '../commands/persistence-service.ts';
import type { Store } from '../engine/store.ts';
import { LogBarrier } from './aof/log-barrier.ts';
import { backUpNode, removeOldBackups } from './backup/node-backup.ts';
import { DataDirectoryLock } from './data-directory.ts';
import type { LogRewrite } from './log-rewrite.ts';
import { reloadLog, reloadSnapshot } from './reload.ts';
import { droppedName, isDroppedName, StoreFiles, storesDirectory } from './store-files.ts';
import type { StoreLoader } from './store-loader.ts';
import { StorePersistence } from './store-persistence.ts';

const TICK_MS = 100;

export interface NodePersistenceOptions {
  readonly world: World;
  readonly configuration: Configuration;
  readonly logger: Logger;
  /** Whose turns end with a write of what was recorded. */
  readonly loop: ConstructorParameters<typeof LogBarrier>[0];
}

/** A store whose data is read at the start. */
interface Pending {
  readonly keeper: StorePersistence;
  readonly loader: StoreLoader;
}

export class NodePersistence implements PersistenceService {
  /** The logs of all stores, for the loop. */
  readonly barrier: LogBarrier;
  isLoading = false;
  private readonly options: NodePersistenceOptions;
  private readonly logger: Logger;
  private readonly keepers = new Map<Store, StorePersistence>();
  private readonly refusalListeners: ((store: Store) => void)[] = [];
  private lock: DataDirectoryLock | null = null;
  private node: NodeServices | null = null;
  private timer: Timer | null = null;
  private work: SlicedWork | null = null;
  /** Of data that was loaded and lies in no log yet. */
  private baseRewrite: LogRewrite | null = null;
  /** Those that are under way. */
  private readonly backups = new Set<ReturnType<typeof backUpNode>>();
  private loaded: LoadingFacts = NO_LOADING;
  private droppedCount = 0;

  /**
   * Takes the data directory, where anything is to be kept in it.
   * @throws NodeError DIRECTORY_TAKEN, DISK_REFUSED
   */
  constructor(options: NodePersistenceOptions) {
    this.options = options;
    this.logger = options.logger;
    this.barrier = new LogBarrier(options.loop);
    if (options.configuration.persistence.enabled) this.takeDirectory();
  }

  /**
   * Finds what is on disk and follows the stores. Where there is nothing to load all is open.
   * @returns what loads the data, in slices; null when there is none
   * @throws NodeError DATA_DAMAGED, DISK_REFUSED
   */
  open(node: NodeServices): (() => Promise<void>) | null {
    this.node = node;
    const pending: Pending[] = [];
    for (const store of node.stores) {
      const keeper = this.keep(store);
      const loader = keeper.findData();
      if (loader.kind === 'nothing') keeper.openLoaded(loader);
      else pending.push({ keeper, loader });
    }
    this.sweepDropped();
    node.stores.onMaking((name) => this.setAside(name));
    node.stores.onCreated((store) => this.begin(store));
    node.stores.onDropped((store) => this.drop(store));
    this.timer = this.options.world.timers.every(TICK_MS, () => this.tick());
    if (pending.length === 0) return null;
    this.isLoading = true;
    return () => this.load(pending);
  }

  /**
   * No command runs any more: everything is written and synced, the directory given back.
   * @param save  whether snapshots are written; null: where they are written by themselves
   * @returns     whether all lies on the disk
   */
  async close(save: boolean | null): Promise<boolean> {
    this.timer?.cancel();
    this.timer = null;
    this.work?.stop();
    this.baseRewrite?.abort();
    for (const backup of this.backups) await backup.return();
    let isGood = true;
    for (const keeper of this.keepers.values()) {
      const isSaved = !this.isLoading && (save ?? keeper.plan.savePoints.length > 0);
      if (!(await keeper.close(isSaved))) isGood = false;
    }
    this.releaseLock();
    return isGood;
  }

  /** The same of what did not come to its start. */
  releaseLock(): void {
    try {
      this.lock?.release();
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.logger.warn('lock', 'The lock of the data directory was not removed', { error });
    }
    this.lock = null;
  }

  get loading(): LoadingFacts {
    return this.loaded;
  }

  refusalOf(store: Store): string | null {
    return this.keepers.get(store)?.refusal ?? null;
  }

  scriptRefusalOf(store: Store): string | null {
    return this.keepers.get(store)?.scriptRefusal ?? null;
  }

  onRefusalChange(listener: (store: Store) => void): void {
    this.refusalListeners.push(listener);
  }

  factsOf(store: Store): PersistenceFacts {
    return this.keepers.get(store)?.facts ?? NO_PERSISTENCE.factsOf(store);
  }

  save(store: Store): SaveOutcome {
    return this.keepers.get(store)?.save() ?? 'failed';
  }

  saveInBackground(store: Store, asked: BackgroundAsked): BackgroundOutcome {
    return this.keepers.get(store)?.saveInBackground(asked) ?? 'failed';
  }

  rewriteInBackground(store: Store, isWithinExec: boolean): BackgroundOutcome {
    return this.keepers.get(store)?.rewriteInBackground(isWithinExec) ?? 'failed';
  }

  noteFlushed(store: Store): void {
    this.keepers.get(store)?.noteFlushed();
  }

  reload(store: Store, options: ReloadOptions): string | null {
    const keeper = this.keepers.get(store);
    return keeper === undefined ? 'ERR' : reloadSnapshot(keeper, options);
  }

  reloadLog(store: Store): string | null {
    const keeper = this.keepers.get(store);
    return keeper === undefined ? 'ERR' : reloadLog(keeper);
  }

  async *backUp(): AsyncGenerator<Uint8Array, void, undefined> {
    const backup = backUpNode(() => [...this.keepers.values()].map(({ parts }) => parts));
    this.backups.add(backup);
    try {
      yield* backup;
    } finally {
      this.backups.delete(backup);
    }
  }

  hasLog(store: Store): boolean {
    return this.keepers.get(store)?.logs.isOn ?? false;
  }

  positionOf(store: Store): number {
    return this.keepers.get(store)?.logs.appender?.position ?? 0;
  }

  isSynced(store: Store, position: number): boolean {
    return this.keepers.get(store)?.logs.appender?.isSynced(position) ?? true;
  }

  whenSynced(store: Store, position: number, wake: () => void): void {
    this.keepers.get(store)?.logs.whenSynced(position, wake);
  }

  /** SHUTDOWN: before anything is closed. @returns whether all snapshots were written */
  saveAll(save: boolean | null): boolean {
    let isGood = true;
    // What is loaded so far is not the data.
    if (this.isLoading) return true;
    for (const keeper of this.keepers.values()) {
      if (!(save ?? keeper.plan.savePoints.length > 0)) continue;
      keeper.abortJob();
      if (keeper.save() !== 'done') isGood = false;
    }
    return isGood;
  }

  /** Sentences for the health check. */
  issues(): string[] {
    const found: string[] = [];
    for (const keeper of this.keepers.values()) if (keeper.issue !== '') found.push(keeper.issue);
    return found;
  }

  /**
   * CONFIG SET appendonly, save: what is kept follows.
   * @returns why it cannot, in the words of the reply; null when it does
   */
  followPlan(): string | null {
    if (this.node === null || this.isLoading) return null;
    try {
      if (this.options.configuration.persistence.enabled && this.lock === null) {
        this.takeDirectory();
        this.services.stores.keepList();
      }
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.logger.error('config', error.message);
      return LOG_REFUSAL;
    }
    for (const keeper of this.keepers.values()) {
      const reason = keeper.followPlan();
      if (reason === '') continue;
      this.logger.error('config', 'The log of changes cannot be begun', { reason });
      return LOG_REFUSAL;
    }
    return null;
  }

  /**
   * CONFIG SET dir: snapshots and the list of stores lie there from now on.
   * @returns why they cannot, in the words of the reply; null when they do
   */
  followDirectory(): string | null {
    const { configuration, world } = this.options;
    const directory = resolve(world.host.workingDirectory, configuration.node.dataDir);
    if (this.lock === null || dirname(this.lock.path) === directory) return null;
    if (!world.disk.exists(directory)) return 'No such file or directory';
    for (const { logs } of this.keepers.values()) {
      if (logs.isOn) return 'The log of changes cannot be moved: set appendonly to no before';
    }
    const before = this.lock;
    try {
      this.lock = DataDirectoryLock.take(world, directory);
      before.release();
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      return error.message;
    }
    configuration.node.dataDir = directory;
    this.services.stores.keepList();
    return null;
  }

  /** CONFIG SET appendfsync. */
  followSyncPolicy(): void {
    const { syncPolicy } = this.options.configuration.persistence;
    for (const { logs } of this.keepers.values()) {
      if (logs.appender !== null) logs.appender.policy = syncPolicy;
    }
  }

  private takeDirectory(): void {
    const { configuration, world } = this.options;
    if (this.lock !== null) return;
    const { dataDir } = configuration.node;
    this.lock = DataDirectoryLock.take(world, dataDir);
    try {
      if (world.disk.exists(join(dataDir, RESTORE_MARK))) throw restoreUnderWay(dataDir);
      removeOldBackups(world.disk, dataDir);
    } catch (error) {
      this.releaseLock();
      throw error;
    }
  }

  private keep(store: Store): StorePersistence {
    const { configuration, world } = this.options;
    const { barrier, logger } = this;
    const files = new StoreFiles(store.name, configuration);
    const keeper = new StorePersistence(
      { store, files, world, node: this.services, configuration, logger, barrier },
      () => {
        for (const tell of this.refusalListeners) tell(store);
      },
    );
    this.keepers.set(store, keeper);
    return keeper;
  }

  private get services(): NodeServices {
    if (this.node === null) throw new Error('persistence is opened before it is used');
    return this.node;
  }

  private tick(): void {
    if (this.isLoading) return;
    for (const keeper of this.keepers.values()) keeper.tick();
  }

  private begin(store: Store): void {
    this.keep(store).openEmpty();
  }

  /**
   * A store of that name is about to be made. What lies where its files will be belongs to
   * another, whose drop a crash came into: it goes before the list of stores names the new one.
   * @returns why it cannot, or null
   */
  private setAside(name: string): string | null {
    const { configuration, world } = this.options;
    const { disk } = world;
    const { directory } = new StoreFiles(name, configuration);
    try {
      if (!configuration.persistence.enabled || !disk.exists(directory)) return null;
      const found = this.freeName(dirname(directory), `${name.toLowerCase()}.found-`);
      disk.rename(directory, found);
      disk.syncDirectory(dirname(directory));
      this.logger.warn('store', 'The directory of a new store was not empty', { setAside: found });
      return null;
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      return error.message.replace(/[\r\n]+/g, ' ');
    }
  }

  /**
   * The list of stores names it no more. Its directory gets another name at once, so that a store
   * of its name may be made, and is removed when nobody waits for it.
   */
  private drop(store: Store): void {
    const keeper = this.keepers.get(store);
    if (keeper === undefined) return;
    this.keepers.delete(store);
    keeper.giveUp();
    const { configuration, world } = this.options;
    const { disk } = world;
    const { directory } = keeper.parts.files;
    try {
      if (!configuration.persistence.enabled || !disk.exists(directory)) return;
      const path = this.freeName(dirname(directory), droppedName(this.droppedCount++));
      disk.rename(directory, path);
      disk.syncDirectory(dirname(directory));
      world.timers.after(0, () => this.removeDropped(path));
    } catch (error) {
      this.warnNotRemoved(directory, error);
    }
  }

  private freeName(directory: string, prefix: string): string {
    const { disk } = this.options.world;
    for (let number = 1; ; number++) {
      const path = join(directory, `${prefix}${number}`);
      if (!disk.exists(path)) return path;
    }
  }

  private sweepDropped(): void {
    const { configuration, world } = this.options;
    const directory = storesDirectory(configuration.node.dataDir);
    if (!configuration.persistence.enabled || !world.disk.exists(directory)) return;
    const known = new Set(this.services.stores.named.map(({ name }) => name.toLowerCase()));
    for (const name of world.disk.listDirectory(directory)) {
      const path = join(directory, name);
      if (isDroppedName(name)) world.timers.after(0, () => this.removeDropped(path));
      else if (!known.has(name)) {
        this.logger.warn('store', 'A directory belongs to no store and is left as it is', { path });
      }
    }
  }

  private removeDropped(path: string): void {
    try {
      this.options.world.disk.removeTree(path);
    } catch (error) {
      this.warnNotRemoved(path, error);
    }
  }

  private warnNotRemoved(path: string, error: unknown): void {
    if (!(error instanceof NodeError)) throw error;
    this.logger.warn('store', 'Files of a dropped store were not removed', { path, error });
  }

  /** Store by store. Rejects with NodeError: the node must stop. */
  private async load(pending: readonly Pending[]): Promise<void> {
    const { clock } = this.options.world;
    const startedMs = clock.monotonicMs();
    const totalBytes = pending.reduce((sum, { loader }) => sum + loader.totalBytes, 0);
    const base = { ...NO_LOADING, startedMs: clock.wallMs(), totalBytes };
    const done = { loadedBytes: 0, keyCount: 0, expiredCount: 0 };
    for (const { keeper, loader } of pending) {
      const note = () => {
        this.loaded = {
          ...base,
          loadedBytes: done.loadedBytes + loader.loadedBytes,
          keyCount: done.keyCount + loader.keyCount,
          expiredCount: done.expiredCount + loader.expiredCount,
          tookMs: clock.monotonicMs() - startedMs,
          storeName: keeper.parts.store.name,
        };
      };
      await this.slice((isLate) => {
        const isDone = loader.step(isLate);
        note();
        return isDone;
      });
      done.loadedBytes += loader.loadedBytes;
      done.keyCount += loader.keyCount;
      done.expiredCount += loader.expiredCount;
      const rewrite = keeper.openLoaded(loader);
      if (rewrite !== null) await this.writeBase(rewrite);
    }
    this.loaded = { ...this.loaded, tookMs: clock.monotonicMs() - startedMs, storeName: '' };
    this.isLoading = false;
    const { keyCount, tookMs } = this.loaded;
    this.logger.info('load', 'Data loaded', { keyCount, tookMs: Math.round(tookMs) });
  }

  /** What was loaded lies in no log yet. */
  private async writeBase(rewrite: LogRewrite): Promise<void> {
    this.baseRewrite = rewrite;
    try {
      await this.slice((isLate) => rewrite.step(isLate));
      await rewrite.finish();
      this.baseRewrite = null;
    } catch (error) {
      rewrite.abort();
      throw error;
    }
  }

  private slice(step: (isLate: () => boolean) => boolean): Promise<void> {
    const { table } = this.services;
    return new Promise((resolve, reject) => {
      this.work = new SlicedWork({
        world: this.options.world,
        pace: LOADING_PACE,
        commandCount: () => table.calls,
        step,
        onDone: resolve,
        onFailed: reject,
      });
    });
  }
}

/** Lies in a directory whose files are being replaced by those of a backup. */
const RESTORE_MARK = 'restore-under-way';

function restoreUnderWay(directory: string): NodeError {
  return new NodeError(
    'DATA_DAMAGED',
    `A restore of ${directory} did not come to its end: run hypercache restore again`,
    { directory },
  );
}

const LOG_REFUSAL = 'Unable to turn on AOF. Check server logs.';
