/** Files that are set aside before anything is changed: nothing that was there is ever lost. */
import { dirname, join } from 'node:path';
import { NodeError } from '../../base/errors.ts';
import type { Disk, ReadFile } from '../../base/world.ts';

const PIECE_BYTES = 1024 * 1024;

/** A name that nothing has, such as `dump.rdb.damaged-1`. */
export function freePath(disk: Disk, path: string, suffix: string): string {
  for (let number = 1; ; number++) {
    const free = `${path}.${suffix}-${number}`;
    if (!disk.exists(free)) return free;
  }
}

/** Synced when it returns, its name as well. Throws NodeError. */
export function copyFile(disk: Disk, from: string, to: string): void {
  const source = disk.openRead(from);
  if (source === null) throw new NodeError('DISK_REFUSED', `There is no file ${from}`, { from });
  try {
    writeSynced(disk, to, piecesOf(source));
  } finally {
    source.close();
  }
}

/** The file is there whole or, after a power failure, perhaps not at all. */
export function writeSynced(disk: Disk, path: string, pieces: Iterable<Uint8Array>): void {
  const file = disk.openWrite(path, 'create');
  try {
    for (const piece of pieces) {
      if (file.write(piece, 0, piece.length) < piece.length) {
        throw new NodeError('DISK_REFUSED', `Cannot write ${path}: ${file.failure}`, { path });
      }
    }
    file.syncNow();
  } finally {
    file.close();
  }
  disk.syncDirectory(dirname(path));
}

/** Puts another content in the place of a file. @returns where a copy of what it was is kept */
export function replaceFile(disk: Disk, path: string, pieces: Iterable<Uint8Array>): string {
  const kept = freePath(disk, path, 'damaged');
  const fresh = freePath(disk, path, 'repaired');
  copyFile(disk, path, kept);
  writeSynced(disk, fresh, pieces);
  disk.rename(fresh, path);
  disk.syncDirectory(dirname(path));
  return kept;
}

/** A directory of that kind below `directory`, made now. */
export function makeNumbered(disk: Disk, directory: string, name: string): string {
  for (let number = 1; ; number++) {
    const path = join(directory, `${name}-${number}`);
    if (disk.exists(path)) continue;
    disk.makeDirectory(path);
    return path;
  }
}

function* piecesOf(source: ReadFile): Iterable<Uint8Array> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (let at = 0; at < source.byteCount; ) {
    const came = source.read(piece, 0, PIECE_BYTES, at);
    if (came === 0) return;
    at += came;
    yield piece.subarray(0, came);
  }
}
