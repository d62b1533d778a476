/**
 * The files of one store's log: its manifest, the file that is written now, and the steps from one
 * manifest to the next. Each step leaves a directory that can be loaded, whatever of it comes to
 * the disk:
 *
 *     increment new file: synced, named in its directory -> manifest -> written to
 *     rebase    new base: synced, renamed, named in its directory -> manifest: the old is history
 *     sweep     files of the history removed -> manifest without them
 */
import { join } from 'node:path';
import { NodeError } from '../base/errors.ts';
import type { Disk, WriteFile } from '../base/world.ts';
import {
  type AofFile,
  type AofManifest,
  EMPTY_MANIFEST,
  encodeManifest,
  nextBase,
  parseManifest,
  withBase,
  withIncrement,
  withoutHistory,
} from './aof/aof-manifest.ts';
import type { StoreFiles } from './store-files.ts';

/** What redis-server and we call files that are not whole yet. */
const TEMPORARY_PREFIX = 'temp-';

export interface Increment {
  readonly file: WriteFile;
  /** Names it as the last. */
  readonly manifest: AofManifest;
}

export interface PlannedBase {
  readonly base: AofFile;
  /** Where it is written until it is whole. */
  readonly path: string;
}

export class StoreLog {
  manifest: AofManifest = EMPTY_MANIFEST;
  private readonly disk: Disk;
  private readonly files: StoreFiles;
  private readonly fileName: () => string;

  /** @param options.fileName  setting `appendfilename` */
  constructor(options: { disk: Disk; files: StoreFiles; fileName: () => string }) {
    this.disk = options.disk;
    this.files = options.files;
    this.fileName = options.fileName;
  }

  /**
   * Reads the manifest.
   * @returns false: there is none, and so no log
   * @throws NodeError DATA_DAMAGED when it cannot be used
   */
  read(): boolean {
    const path = this.files.manifestPath;
    const bytes = this.disk.readFile(path);
    if (bytes === null) return false;
    const manifest = parseManifest(Buffer.from(bytes).toString('latin1'));
    if ('reason' in manifest) {
      const { line, reason } = manifest;
      throw new NodeError('DATA_DAMAGED', `${path}: ${reason} in line ${line}`, { path, line });
    }
    this.manifest = manifest;
    return true;
  }

  /** Goes on from the manifest of a log that was off: its files become history. */
  readIfThere(): void {
    if (!this.read()) this.manifest = EMPTY_MANIFEST;
  }

  /** Files that are loaded, in order. */
  get parts(): AofFile[] {
    const { base, increments } = this.manifest;
    return base === null ? [...increments] : [base, ...increments];
  }

  pathOf(file: AofFile): string {
    return join(this.files.logDirectory, file.name);
  }

  /**
   * Opens the last increment, which was loaded, to be written on.
   * @returns null when there is none
   * @throws NodeError
   */
  openLast(): WriteFile | null {
    const last = this.manifest.increments.at(-1);
    if (last === undefined || !this.disk.exists(this.pathOf(last))) return null;
    const file = this.disk.openWrite(this.pathOf(last), 'append');
    try {
      // What a killed process had written may never have been synced.
      file.syncNow();
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Makes the file that is to be the next increment. It becomes one when its manifest is kept.
   * @param after  a manifest that is not kept yet, whose last increment it follows
   * @throws NodeError
   */
  makeIncrement(after: AofManifest = this.manifest): Increment {
    const { disk, files } = this;
    const manifest = withIncrement(after, this.fileName());
    this.makeDirectory();
    const file = disk.openWrite(this.pathOf(manifest.increments.at(-1)!), 'create');
    try {
      file.syncNow();
      disk.syncDirectory(files.logDirectory);
      return { file, manifest };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** The next base, and where it is written until it is whole. */
  planBase(): PlannedBase {
    this.makeDirectory();
    const base = nextBase(this.manifest, this.fileName(), 'rdb');
    return { base, path: join(this.files.logDirectory, `${TEMPORARY_PREFIX}${base.name}`) };
  }

  /**
   * The base is whole and synced: it stands for all of that manifest but its last `keptCount`
   * increments.
   * @throws NodeError; then the log is as it was
   */
  rebase(planned: PlannedBase, manifest: AofManifest, keptCount: number): void {
    this.disk.rename(planned.path, this.pathOf(planned.base));
    this.disk.syncDirectory(this.files.logDirectory);
    this.keep(withBase(manifest, planned.base, keptCount));
  }

  /** Removes what the manifest says is history. Throws NodeError; nothing depends on it. */
  sweep(): void {
    if (this.manifest.history.length === 0) return;
    for (const file of this.manifest.history) this.disk.remove(this.pathOf(file));
    this.keep(withoutHistory(this.manifest));
  }

  /** Removes what a crash left half written. Throws NodeError. */
  removeTemporaries(): void {
    const { logDirectory } = this.files;
    if (!this.disk.exists(logDirectory)) return;
    for (const name of this.disk.listDirectory(logDirectory)) {
      if (name.startsWith(TEMPORARY_PREFIX)) this.disk.remove(join(logDirectory, name));
    }
  }

  /** Bytes of all files that are loaded, as they lie on the disk. */
  measure(): number {
    let byteCount = 0;
    for (const part of this.parts) byteCount += fileBytes(this.disk, this.pathOf(part));
    return byteCount;
  }

  /** From here on that is the log. Throws NodeError; then it is as it was. */
  keep(manifest: AofManifest): void {
    const bytes = Buffer.from(encodeManifest(manifest), 'latin1');
    this.disk.writeFileAtomic(this.files.manifestPath, bytes);
    this.manifest = manifest;
  }

  private makeDirectory(): void {
    const { disk, files } = this;
    if (disk.exists(files.logDirectory)) return;
    disk.makeDirectory(files.logDirectory);
    for (const directory of [...files.ancestors, files.directory]) disk.syncDirectory(directory);
  }
}

export function fileBytes(disk: Disk, path: string): number {
  const file = disk.openRead(path);
  if (file === null) return 0;
  const { byteCount } = file;
  file.close();
  return byteCount;
}
