/**
 * Puts a new snapshot in the place of the last one, of which some are kept:
 *
 *     dump.rdb.1 -> dump.rdb.2     dump.rdb -> dump.rdb.1     dump.rdb.tmp -> dump.rdb
 *
 * Names that were changed may come to the disk in any order, so after a power failure there may be
 * no `dump.rdb`: then the one before takes its place again. All of them are whole.
 */
import { dirname } from 'node:path';
import type { Disk } from '../../base/world.ts';
import type { StoreFiles } from '../store-files.ts';

/** As many at most, whatever the setting says. */
const KEPT_COUNT_MAX = 1000;

/** @throws NodeError */
export function replaceSnapshot(disk: Disk, files: StoreFiles, keptCount: number): void {
  const kept = Math.min(keptCount, KEPT_COUNT_MAX);
  const path = files.snapshotPath;
  if (kept > 0 && disk.exists(path)) {
    // The new one's own name: without it nothing would tell that the old one is still wanted.
    disk.syncDirectory(dirname(path));
    let age = 1;
    while (age < kept && disk.exists(files.olderSnapshotPath(age))) age++;
    for (; age > 1; age--) {
      disk.rename(files.olderSnapshotPath(age - 1), files.olderSnapshotPath(age));
    }
    disk.rename(path, files.olderSnapshotPath(1));
  }
  disk.rename(files.newSnapshotPath, path);
  disk.syncDirectory(dirname(path));
  for (let age = kept + 1; disk.exists(files.olderSnapshotPath(age)); age++) {
    disk.remove(files.olderSnapshotPath(age));
  }
}

/**
 * The newest snapshot. An older one only where a new one was about to take its place: who removes
 * `dump.rdb` wants to start without.
 * @returns its path, or null when there is none
 * @throws NodeError
 */
export function findSnapshot(disk: Disk, files: StoreFiles): string | null {
  if (disk.exists(files.snapshotPath)) return files.snapshotPath;
  if (!disk.exists(files.newSnapshotPath)) return null;
  const older = files.olderSnapshotPath(1);
  if (!disk.exists(older)) return null;
  // At once: what is left of the new one goes with the next that is written.
  disk.rename(older, files.snapshotPath);
  disk.syncDirectory(dirname(files.snapshotPath));
  return files.snapshotPath;
}
