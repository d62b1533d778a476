/**
 * Reads what lies on the disk into one store: its log; where there is none, or it is not asked for,
 * its snapshot. redis-server would begin empty where the log is on and only a snapshot is there,
 * and so lose it; here it is loaded and becomes the log's first base.
 */
import { basename } from 'node:path';
import { NodeError } from '../base/errors.ts';
import type { ReadFile } from '../base/world.ts';
import { RdbFileReader } from '../rdb/file-reader.ts';
import { RdbError } from '../rdb/rdb-error.ts';
import { AofError, AofLoader } from './aof/aof-loader.ts';
import type { KeeperParts } from './keeper-parts.ts';
import { findSnapshot } from './snapshot/retention.ts';
import { fileBytes, type StoreLog } from './store-log.ts';
import type { StorePlan } from './store-plan.ts';

/**
 * `log`: the files of the manifest. `old log`: one file, as redis-server kept it up to version 6.
 */
export type LoadKind = 'log' | 'old log' | 'snapshot' | 'nothing';

export class StoreLoader {
  readonly kind: LoadKind;
  readonly totalBytes: number;
  private readonly parts: KeeperParts;
  private readonly log: StoreLog;
  private readonly snapshotPath: string = '';
  private source: ReadFile | null = null;
  private reader: RdbFileReader | null = null;
  private aof: AofLoader | null = null;

  /**
   * Looks what there is; reads no data yet.
   * @param wanted  `log`: the store has one by its plan; `any`: a log only where nothing else is
   * @throws NodeError DATA_DAMAGED when the manifest cannot be used
   */
  constructor(parts: KeeperParts, log: StoreLog, wanted: StorePlan['loads']) {
    const { files, world } = parts;
    const { disk } = world;
    this.parts = parts;
    this.log = log;
    const snapshotPath = wanted === 'nothing' ? null : findSnapshot(disk, files);
    const hasLog = (wanted === 'log' || wanted === 'any') && disk.exists(files.manifestPath);
    if (hasLog && (wanted === 'log' || snapshotPath === null)) {
      log.read();
      this.kind = 'log';
      this.totalBytes = log.measure();
    } else if (wanted === 'log' && disk.exists(files.oldLogPath)) {
      this.kind = 'old log';
      this.totalBytes = fileBytes(disk, files.oldLogPath);
    } else if (snapshotPath !== null) {
      this.kind = 'snapshot';
      this.snapshotPath = snapshotPath;
      this.totalBytes = fileBytes(disk, snapshotPath);
      if (hasLog) this.warnOfLog();
    } else {
      this.kind = 'nothing';
      this.totalBytes = 0;
    }
  }

  get loadedBytes(): number {
    return this.reader?.offset ?? this.aof?.loadedBytes ?? 0;
  }

  get keyCount(): number {
    return this.reader?.keyCount ?? this.aof?.keyCount ?? 0;
  }

  get expiredCount(): number {
    return this.reader?.expiredCount ?? this.aof?.expiredCount ?? 0;
  }

  /**
   * @returns whether all is loaded
   * @throws NodeError DATA_DAMAGED with file and offset, DISK_REFUSED
   */
  step(isLate: () => boolean): boolean {
    try {
      if (this.kind === 'nothing') return true;
      return this.kind === 'snapshot' ? this.stepSnapshot(isLate) : this.stepLog(isLate);
    } catch (error) {
      this.close();
      if (error instanceof RdbError) throw this.damaged(this.snapshotPath, error);
      if (error instanceof AofError) throw this.damaged('', error);
      throw error;
    }
  }

  private stepSnapshot(isLate: () => boolean): boolean {
    const reader = this.reader ?? this.openSnapshot();
    if (!reader.step(isLate)) return false;
    this.close();
    return true;
  }

  private openSnapshot(): RdbFileReader {
    const { configuration, logger, node, store, world } = this.parts;
    const source = world.disk.openRead(this.snapshotPath);
    if (source === null) {
      throw new NodeError('DISK_REFUSED', `Cannot read ${this.snapshotPath}: it is gone`);
    }
    this.source = source;
    const reader = new RdbFileReader(source, {
      store,
      limits: configuration.encoding,
      nowMs: node.clock.nowMs,
      onFunction: (code) => loadFunction(this.parts, code),
      onAux: (name, value) => {
        if (name === 'ctime') store.loadedMs = Number(value) * 1000 || 0;
      },
    });
    this.reader = reader;
    logger.info('load', 'Loading a snapshot', { path: this.snapshotPath });
    return reader;
  }

  private stepLog(isLate: () => boolean): boolean {
    const aof = this.aof ?? this.openLog();
    if (!aof.step(isLate)) return false;
    this.parts.store.loadedMs = aof.lastMs;
    if (aof.cut !== '') {
      this.parts.logger.warn('load', 'The end of the log was cut off', { cut: aof.cut });
    }
    if (aof.failedCount > 0) {
      const { failedCount, firstFailure } = aof;
      const facts = { store: this.parts.store.name, failedCount, firstFailure };
      this.parts.logger.error('load', 'Commands of the log failed: data may differ', facts);
    }
    return true;
  }

  private openLog(): AofLoader {
    const { configuration, files, logger, node, store, world } = this.parts;
    const isOld = this.kind === 'old log';
    const oldFile = { name: basename(files.oldLogPath), sequence: 1, type: 'b' } as const;
    const { persistence } = configuration;
    this.aof = new AofLoader({
      disk: world.disk,
      node,
      store,
      directory: isOld ? files.directory : files.logDirectory,
      files: isOld ? [oldFile] : this.log.parts,
      cutsTail: persistence.aofLoadTruncated,
      cutsDamage: persistence.aofLoadCorruptTail,
    });
    logger.info('load', 'Loading a log of changes', { store: store.name, bytes: this.totalBytes });
    return this.aof;
  }

  private close(): void {
    this.source?.close();
    this.source = null;
  }

  private warnOfLog(): void {
    const { files, logger } = this.parts;
    logger.warn(
      'load',
      'There is a log of changes as well, which is not loaded: appendonly is off',
      {
        snapshot: this.snapshotPath,
        log: files.logDirectory,
      },
    );
  }

  private damaged(path: string, error: RdbError | AofError): NodeError {
    const message = error instanceof RdbError ? `${path}: ${error.message}` : error.message;
    const facts = { offset: error.offset, store: this.parts.store.name };
    return new NodeError('DATA_DAMAGED', `Cannot load ${message}`, facts, error);
  }
}

/** One that cannot be compiled any more is told, and the others are loaded. */
export function loadFunction({ logger, node }: KeeperParts, code: Uint8Array): void {
  const source = Buffer.from(code.buffer, code.byteOffset, code.length).toString('latin1');
  const { error } = node.scripting.functions.load(source, true);
  if (error !== '') logger.warn('load', 'A function library was not loaded', { reason: error });
}
