/**
 * What `hypercache restore` does to a data directory that no node runs over.
 *
 *     unpack    into <data directory>/.restoring: every checksum is looked at, every snapshot read
 *     mark      <data directory>/restore-under-way: a node does not start while it is there
 *     set aside what is there now goes to <data directory>/before-restore-<n>
 *     move      the new files to their places; the mark is removed
 *
 * Up to the mark nothing is changed. After a power failure behind it the same command, given again,
 * comes to the same end.
 */
import { basename, dirname, join } from 'node:path';
import type { Configuration } from '../../base/configuration.ts';
import { Crc64 } from '../../base/digest/crc64.ts';
import { NodeError } from '../../base/errors.ts';
import type { Disk, World } from '../../base/world.ts';
import {
  ARCHIVE_INDEX,
  type ArchiveIndex,
  decodeArchiveIndex,
  isArchivePath,
} from '../backup/archive-format.ts';
import { type ArchiveEntry, readArchive } from '../backup/read-archive.ts';
import { hexOf } from '../backup/write-archive.ts';
import { StoreFiles, storesDirectory } from '../store-files.ts';
import { checkSnapshot } from './check-snapshot.ts';
import { makeNumbered } from './file-copies.ts';
import { isBad } from './findings.ts';

export const RESTORE_MARK = 'restore-under-way';
const STAGING_FOLDER = '.restoring';
const INDEX_BYTES_MAX = 16 * 1024 * 1024;

export interface RestoreOptions {
  readonly world: World;
  readonly configuration: Configuration;
  /** The archive. */
  readonly path: string;
  /** Throws when the list of stores in that directory cannot be used. */
  readonly checkStores: (directory: string) => void;
}

export interface Restored {
  readonly index: ArchiveIndex;
  /** What was there before; '' when nothing was. */
  readonly setAside: string;
}

/** Whether a restore began to replace files and did not come to its end. */
export function isRestoreUnderWay(disk: Disk, dataDir: string): boolean {
  return disk.exists(join(dataDir, RESTORE_MARK));
}

/** Rejects with NodeError DATA_DAMAGED, DISK_REFUSED. The directory's lock must be held. */
export async function restoreArchive(options: RestoreOptions): Promise<Restored> {
  const { configuration, world } = options;
  const { disk } = world;
  const { dataDir } = configuration.node;
  const staging = join(dataDir, STAGING_FOLDER);
  disk.removeTree(staging);
  disk.makeDirectory(staging);
  try {
    const index = await unpack(options, staging);
    verifySnapshots(index, staging, options);
    if (index.files.some(({ path }) => path === 'stores.json')) options.checkStores(staging);
    disk.writeFileAtomic(join(dataDir, RESTORE_MARK), Buffer.from(`${options.path}\n`));
    const setAside = moveAway(disk, configuration);
    for (const { path } of index.files) moveIn(path, { disk, configuration, staging });
    disk.syncDirectory(dataDir);
    disk.remove(join(dataDir, RESTORE_MARK));
    disk.syncDirectory(dataDir);
    return { index, setAside };
  } finally {
    disk.removeTree(staging);
  }
}

/** Reads all of an archive and compares it with what it says of itself. */
export async function verifyArchive(world: World, path: string): Promise<ArchiveIndex> {
  return readChecked(world, path, async ({ content }, crc) => {
    let byteCount = 0;
    for await (const piece of content) {
      crc.update(piece, 0, piece.length);
      byteCount += piece.length;
    }
    return byteCount;
  });
}

async function unpack({ path, world }: RestoreOptions, staging: string): Promise<ArchiveIndex> {
  const { disk } = world;
  return readChecked(world, path, async (entry, crc) => {
    const target = join(staging, stagedName(entry.path));
    const file = disk.openWrite(target, 'create');
    try {
      for await (const piece of entry.content) {
        crc.update(piece, 0, piece.length);
        if (file.write(piece, 0, piece.length) < piece.length) {
          throw new NodeError('DISK_REFUSED', `Cannot write ${target}: ${file.failure}`);
        }
      }
      file.syncNow();
      return file.byteCount;
    } finally {
      file.close();
      disk.syncDirectory(staging);
    }
  });
}

type Taker = (entry: ArchiveEntry, crc: Crc64) => Promise<number>;

async function readChecked(world: World, path: string, take: Taker): Promise<ArchiveIndex> {
  const found = new Map<string, string>();
  let index: ArchiveIndex | null = null;
  for await (const entry of readArchive(world, path)) {
    if (index !== null) throw damaged('something follows its index');
    if (entry.path === ARCHIVE_INDEX) {
      index = await readIndex(entry);
      continue;
    }
    if (found.has(entry.path) || !isArchivePath(entry.path)) throw damaged(`holds ${entry.path}`);
    const crc = new Crc64();
    const byteCount = await take(entry, crc);
    found.set(entry.path, `${byteCount} ${hexOf(crc)}`);
  }
  if (index === null) throw damaged('it is cut off');
  for (const file of index.files) {
    const wanted = `${file.byteCount} ${file.crc64}`;
    if (found.get(file.path) !== wanted) throw damaged(`the checksum of ${file.path} is wrong`);
  }
  if (found.size !== index.files.length) throw damaged('it holds more than its index says');
  return index;
}

async function readIndex({ byteCount, content }: ArchiveEntry): Promise<ArchiveIndex> {
  if (byteCount > INDEX_BYTES_MAX) throw damaged(`${ARCHIVE_INDEX} is too large`);
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece.slice());
  const index = decodeArchiveIndex(Buffer.concat(pieces));
  if (typeof index === 'string') throw damaged(index);
  return index;
}

/** Beside one another: no directory has to be made for each. */
function stagedName(path: string): string {
  return path.replaceAll('/', '#');
}

function verifySnapshots(
  { files }: ArchiveIndex,
  staging: string,
  { configuration, world }: RestoreOptions,
): void {
  for (const { path } of files) {
    if (!path.endsWith('.rdb')) continue;
    const databaseCount = path === 'dump.rdb' ? configuration.cache.databases : 1;
    const options = { world, configuration, databaseCount };
    const report = checkSnapshot(join(staging, stagedName(path)), options);
    if (report === null || isBad(report)) {
      const finding = report?.findings[0];
      throw damaged(`${path}: ${finding?.reason ?? 'missing'} at offset ${finding?.offset ?? 0}`);
    }
  }
}

/** Everything that a start would read. @returns where to; '' when there is nothing */
function moveAway(disk: Disk, configuration: Configuration): string {
  const { dataDir } = configuration.node;
  const files = new StoreFiles('default', configuration);
  const paths = [
    ...[files.logDirectory, files.oldLogPath, files.snapshotPath],
    ...[storesDirectory(dataDir), join(dataDir, 'stores.json')],
  ];
  for (let age = 1; disk.exists(files.olderSnapshotPath(age)); age++) {
    paths.push(files.olderSnapshotPath(age));
  }
  const there = paths.filter((path) => disk.exists(path));
  if (there.length === 0) return '';
  const aside = makeNumbered(disk, dataDir, 'before-restore');
  for (const path of there) disk.rename(path, join(aside, basename(path)));
  disk.syncDirectory(aside);
  disk.syncDirectory(dataDir);
  return aside;
}

interface MoveOptions {
  readonly disk: Disk;
  readonly configuration: Configuration;
  readonly staging: string;
}

function moveIn(path: string, { configuration, disk, staging }: MoveOptions): void {
  const target = targetOf(path, configuration);
  disk.makeDirectory(dirname(target));
  disk.rename(join(staging, stagedName(path)), target);
  disk.syncDirectory(dirname(target));
}

function targetOf(path: string, configuration: Configuration): string {
  const parts = path.split('/');
  if (path === 'stores.json') return join(configuration.node.dataDir, path);
  const store = parts.length === 1 ? 'default' : parts[1]!;
  return new StoreFiles(store, configuration).snapshotPath;
}

function damaged(reason: string): NodeError {
  return new NodeError('DATA_DAMAGED', `The backup cannot be used: ${reason}`);
}
