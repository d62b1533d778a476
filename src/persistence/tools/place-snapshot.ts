/** What `hypercache import` does: a snapshot of any redis-server becomes the data of a store. */
import { basename, dirname, join } from 'node:path';
import { NodeError } from '../../base/errors.ts';
import type { Disk } from '../../base/world.ts';
import type { StoreFiles } from '../store-files.ts';
import { copyFile, makeNumbered } from './file-copies.ts';

/** Whether the store has data already. */
export function hasData(disk: Disk, files: StoreFiles): boolean {
  return ownPaths(disk, files).length > 0;
}

/**
 * Puts a copy of the file, which must be good, where the store's start looks for it. What the store
 * had is moved into a directory beside.
 * @returns that directory; '' when there was nothing. Throws NodeError
 */
export function placeSnapshot(disk: Disk, files: StoreFiles, from: string): string {
  disk.makeDirectory(files.directory);
  copyFile(disk, from, files.newSnapshotPath);
  const aside = setAside(disk, files, 'before-import');
  disk.rename(files.newSnapshotPath, files.snapshotPath);
  disk.syncDirectory(dirname(files.snapshotPath));
  return aside;
}

/** Moves a store's snapshots and log away. @returns where to; '' when there are none */
function setAside(disk: Disk, files: StoreFiles, name: string): string {
  const paths = ownPaths(disk, files);
  if (paths.length === 0) return '';
  const aside = makeNumbered(disk, files.directory, name);
  for (const path of paths) disk.rename(path, join(aside, basename(path)));
  disk.syncDirectory(aside);
  disk.syncDirectory(files.directory);
  return aside;
}

function ownPaths(disk: Disk, files: StoreFiles): string[] {
  const paths = [files.logDirectory, files.oldLogPath, files.snapshotPath];
  for (let age = 1; disk.exists(files.olderSnapshotPath(age)); age++) {
    paths.push(files.olderSnapshotPath(age));
  }
  return paths.filter((path) => disk.exists(path));
}

/** @throws NodeError where a store of that name is not known */
export function requireStore(names: readonly string[], name: string): string {
  const found = names.find((one) => one.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const reason = `There is no store '${name}': make it by STORE CREATE or in the configuration`;
  throw new NodeError('BAD_CONFIGURATION', reason, { store: name });
}
