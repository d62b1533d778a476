/**
 * Loads the files of a log, one behind the other, into a store that nobody else changes meanwhile.
 *
 * Time stands still: while the commands of a record are executed, the clock shows when they were
 * written, and while a base is read, when that was begun. Nothing expires but by the DEL that the
 * log holds, and what was alive for a command then is alive for it now. What has expired since goes
 * in the usual way when all is loaded.
 *
 * A tail that power failure tore is cut off; damage refuses the log (see `log-damage.ts`). Then
 * whatever stands in later files goes as well: it followed what is lost.
 */
import { assert } from '../../base/errors.ts';
import type { Disk, ReadFile } from '../../base/world.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import type { Store } from '../../engine/store.ts';
import { RdbFileReader } from '../../rdb/file-reader.ts';
import { RdbError } from '../../rdb/rdb-error.ts';
import { CommandReplay } from '../../replay/command-replay.ts';
import type { AofFile } from './aof-manifest.ts';
import { beginsAsOurs, findRecords, isDamage, lengthBefore } from './log-damage.ts';
import { LogReader, UNIT } from './log-reader.ts';

export interface AofLoaderOptions {
  readonly disk: Disk;
  readonly node: NodeServices;
  readonly store: Store;
  readonly directory: string;
  /** In order: base, then increments. One that begins as RDB files do is read as such first. */
  readonly files: readonly AofFile[];
  /** Setting `aof-load-truncated`: a torn tail is cut. */
  readonly cutsTail: boolean;
  /** Setting `aof-load-corrupt-tail`: everything from the first damage on is cut. */
  readonly cutsDamage: boolean;
  /** Source of a function library in an RDB base; by itself it is loaded. */
  readonly onFunction?: (code: Uint8Array) => void;
}

/** A log that cannot be loaded. */
export class AofError extends Error {
  readonly file: string;
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super(`${file}: ${reason}, at offset ${offset}`);
    this.name = 'AofError';
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}

export class AofLoader {
  readonly totalBytes: number;
  /** When the last record was written, or the base before it, as far as they tell; Unix ms. */
  lastMs = 0;
  /** What was cut off, in words; '' when nothing was. */
  cut = '';
  private readonly options: AofLoaderOptions;
  private readonly applier: CommandReplay;
  /** Bytes of the files that are done. */
  private doneBytes = 0;
  private fileIndex = 0;
  private source: ReadFile | null = null;
  private rdb: RdbFileReader | null = null;
  private reader: LogReader | null = null;
  /** Where the open transaction began, of a log without records. */
  private groupOffset = -1;
  /** The file holds records, so that what is wrong can be weighed by them. */
  private hasRecords = false;
  private previousBytes = -1;
  private hasBegun = false;
  private defaultTtlMs = 0;

  constructor(options: AofLoaderOptions) {
    this.options = options;
    this.applier = new CommandReplay(options.node, options.store);
    this.totalBytes = options.files.reduce((sum, file) => sum + this.sizeOf(file), 0);
  }

  get loadedBytes(): number {
    return this.doneBytes + (this.reader?.offset ?? this.rdb?.offset ?? 0);
  }

  get commandCount(): number {
    return this.applier.commandCount;
  }
  /** Commands that answered with an error, and what the first of them was. */
  get failedCount(): number {
    return this.applier.failedCount;
  }
  get firstFailure(): string {
    return this.applier.firstFailure;
  }
  get keyCount(): number {
    return this.options.store.entryCount;
  }
  /** Nothing expires while a log is loaded. */
  get expiredCount(): number {
    return 0;
  }

  /**
   * Goes on until it is late.
   * @returns whether all is loaded
   * @throws AofError, and NodeError when the disk refuses: the store is then to be emptied
   */
  step(isLate: () => boolean): boolean {
    const { node, store } = this.options;
    if (!this.hasBegun) this.begin();
    const { nowMs } = node.clock;
    try {
      while (this.fileIndex < this.options.files.length) {
        if (!this.stepFile(isLate)) return false;
      }
    } catch (error) {
      this.end();
      throw error;
    } finally {
      node.clock.nowMs = nowMs;
      node.clock.refresh();
    }
    this.end();
    store.isLoading = false;
    return true;
  }

  private begin(): void {
    const { store } = this.options;
    this.hasBegun = true;
    store.isLoading = true;
    this.defaultTtlMs = store.defaultTtlMs;
    store.defaultTtlMs = 0;
  }

  private end(): void {
    this.options.store.defaultTtlMs = this.defaultTtlMs;
    this.source?.close();
    this.source = null;
  }

  /** @returns false: it is late */
  private stepFile(isLate: () => boolean): boolean {
    if (this.source === null && !this.openFile()) return true;
    const { source } = this;
    assert(source !== null, 'the file is open');
    if (this.rdb !== null && this.reader === null) {
      if (!this.stepRdb(this.rdb, isLate)) return false;
      this.reader = new LogReader(source, this.rdb.offset);
    }
    this.reader ??= new LogReader(source);
    if (!this.stepCommands(this.reader, isLate)) return false;
    if (this.source === null) return true;
    // A base stands for all that was before: no increment follows it by its length.
    const isIncrement = this.options.files[this.fileIndex].type === 'i';
    this.previousBytes = isIncrement ? source.byteCount : -1;
    this.doneBytes += source.byteCount;
    this.closeFile();
    this.fileIndex++;
    return true;
  }

  /** @returns false: this file and those behind it were cut off */
  private openFile(): boolean {
    const { disk, files } = this.options;
    const { name } = files[this.fileIndex];
    const source = disk.openRead(this.pathOf(name));
    if (source === null) throw new AofError(name, 0, 'the file is missing');
    this.source = source;
    this.checkBefore(source);
    if (this.fileIndex === files.length) return false;
    this.applier.beginFile();
    this.groupOffset = -1;
    const head = new Uint8Array(RDB_MAGIC.length);
    const length = source.read(head, 0, head.length, 0);
    const text = Buffer.from(head.buffer, 0, length).toString('latin1');
    this.hasRecords = beginsAsOurs(source);
    if (text === RDB_MAGIC) this.rdb = this.openRdb(source);
    return true;
  }

  private openRdb(source: ReadFile): RdbFileReader {
    const { node, store } = this.options;
    const onFunction = this.options.onFunction ?? ((code) => void loadLibrary(node, code));
    return new RdbFileReader(source, {
      store,
      limits: node.configuration.encoding,
      // Commands that follow may refer to what has expired since.
      nowMs: 0,
      onFunction,
      onAux: (name, value) => {
        if (name !== 'ctime') return;
        this.lastMs = Math.max(this.lastMs, Number(value) * 1000 || 0);
        if (this.lastMs > 0) node.clock.nowMs = this.lastMs;
      },
    });
  }

  private stepRdb(rdb: RdbFileReader, isLate: () => boolean): boolean {
    this.options.node.clock.nowMs = this.lastMs === 0 ? this.unknownTimeMs() : this.lastMs;
    try {
      return rdb.step(isLate);
    } catch (error) {
      if (!(error instanceof RdbError)) throw error;
      throw new AofError(this.options.files[this.fileIndex].name, error.offset, error.reason);
    }
  }

  private stepCommands(reader: LogReader, isLate: () => boolean): boolean {
    const { applier } = this;
    const { clock } = this.options.node;
    for (let left = STEP_COMMAND_COUNT; ; left--) {
      if (left === 0) {
        if (isLate()) return false;
        left = STEP_COMMAND_COUNT;
      }
      const unit = reader.next();
      if (unit === UNIT.END) break;
      if (unit === UNIT.BAD) return this.endBadly(reader);
      clock.nowMs = reader.atMs === 0 ? this.unknownTimeMs() : reader.atMs;
      if (reader.atMs > this.lastMs) this.lastMs = reader.atMs;
      const wasInTransaction = applier.isInTransaction;
      const reason = applier.apply(reader.frame, unit === UNIT.OURS);
      if (reason !== '') this.refuse(reader.unitOffset, reason);
      if (!wasInTransaction && applier.isInTransaction) this.groupOffset = reader.unitOffset;
      this.hasRecords = reader.isInRecord;
    }
    if (!applier.isInTransaction) return true;
    reader.reason = 'the end of a transaction is missing';
    reader.isCutOff = true;
    return this.endBadly(reader);
  }

  /**
   * What follows cannot be used.
   * @returns true: it was a torn tail, and is cut off
   * @throws AofError
   */
  private endBadly(reader: LogReader): boolean {
    const source = this.source;
    const offset = this.applier.isInTransaction ? this.groupOffset : reader.unitOffset;
    const isTorn = source !== null && this.isTorn(source, reader, offset);
    const { cutsDamage, cutsTail } = this.options;
    if (!cutsDamage && !(isTorn && cutsTail)) this.refuse(offset, reader.reason);
    this.closeFile();
    this.cutFrom(this.fileIndex, offset);
    return true;
  }

  private isTorn(source: ReadFile, reader: LogReader, offset: number): boolean {
    const isLast = this.fileIndex === this.options.files.length - 1;
    if (!this.hasRecords) return isLast && reader.isCutOff;
    if (isDamage(offset, findRecords(source, offset + 1))) return false;
    return this.areUnsynced(this.fileIndex + 1);
  }

  /** Nothing in the files from there on tells that what came before them was synced. */
  private areUnsynced(fileIndex: number): boolean {
    const { disk, files } = this.options;
    for (const { name } of files.slice(fileIndex)) {
      const source = disk.openRead(this.pathOf(name));
      if (source === null || source.byteCount === 0) continue;
      const seen = findRecords(source, 0);
      // Without a whole record it may be somebody else's, of which nothing is known.
      const isOurs = seen.count > 0 || beginsAsOurs(source);
      source.close();
      if (!isOurs || seen.syncedBytes > 0) return false;
    }
    return true;
  }

  /** A file that says how long the one before was: that one may have lost its end. */
  private checkBefore(source: ReadFile): void {
    const { files, cutsDamage, cutsTail } = this.options;
    // A base stands for the increments that were before it, whatever became of them.
    if (this.fileIndex === 0 || files[this.fileIndex - 1].type !== 'i') return;
    if (lengthBefore(source) <= this.previousBytes) return;
    const isTorn = this.areUnsynced(this.fileIndex);
    if (!cutsDamage && !(isTorn && cutsTail)) {
      const { name } = files[this.fileIndex - 1];
      throw new AofError(name, this.previousBytes, 'the file is shorter than it was');
    }
    this.closeFile();
    this.cutFrom(this.fileIndex, 0);
  }

  private cutFrom(fileIndex: number, offset: number): void {
    const { disk, files } = this.options;
    const cuts: string[] = [];
    for (const [index, { name }] of files.entries()) {
      const from = index === fileIndex ? offset : 0;
      const size = index < fileIndex ? 0 : this.sizeOf(files[index]);
      if (size <= from) continue;
      disk.truncate(this.pathOf(name), from);
      cuts.push(`${size - from} bytes of ${name} from offset ${from}`);
    }
    this.cut = cuts.join(', ');
    this.fileIndex = files.length;
  }

  private refuse(offset: number, reason: string): never {
    throw new AofError(this.options.files[this.fileIndex].name, offset, reason);
  }

  private closeFile(): void {
    this.source?.close();
    this.source = null;
    this.reader = null;
    this.rdb = null;
  }

  /** Long ago: a deadline that had passed then has nothing to do with what is loaded. */
  private unknownTimeMs(): number {
    return this.options.node.world.clock.wallMs() - YEAR_MS;
  }

  private pathOf(name: string): string {
    return `${this.options.directory}/${name}`;
  }

  private sizeOf({ name }: AofFile): number {
    const source = this.options.disk.openRead(this.pathOf(name));
    const byteCount = source === null ? 0 : source.byteCount;
    source?.close();
    return byteCount;
  }
}

const RDB_MAGIC = 'REDIS';
/** Commands between two looks at the clock. */
const STEP_COMMAND_COUNT = 64;
const YEAR_MS = 365 * 86_400_000;

function loadLibrary({ scripting }: NodeServices, code: Uint8Array): void {
  scripting.functions.load(Buffer.from(code).toString('latin1'), true);
}
