import * as fs from 'node:fs';
import { assert } from '../../base/errors.ts';
import type { ReadFile, WriteFile } from '../../base/world.ts';
import { attempt, codeOf, refusal } from './disk-refusal.ts';

export function openRealWrite(path: string, how: 'create' | 'append', mode: number): WriteFile {
  return attempt('open', path, () => {
    // O_APPEND also for a new file: after `truncate` the next write must not leave a hole.
    const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC } = fs.constants;
    const flags = O_WRONLY | O_CREAT | O_APPEND | (how === 'create' ? O_TRUNC : 0);
    const file = fs.openSync(path, flags, mode);
    return new RealWriteFile(path, file, fs.fstatSync(file).size);
  });
}

class RealWriteFile implements WriteFile {
  byteCount: number;
  failure = '';
  private readonly path: string;
  private readonly file: number;
  private isSyncing = false;
  private isClosed = false;

  constructor(path: string, file: number, byteCount: number) {
    this.path = path;
    this.file = file;
    this.byteCount = byteCount;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    assert(!this.isClosed, 'a closed file is not written to');
    this.failure = '';
    let at = start;
    try {
      while (at < end) {
        const taken = fs.writeSync(this.file, bytes, at, end - at);
        // POSIX knows no such answer for a file; a loop without an end would be the worst of it.
        if (taken === 0) {
          this.failure = 'EIO';
          break;
        }
        at += taken;
      }
    } catch (cause) {
      this.failure = codeOf(cause);
    }
    this.byteCount += at - start;
    return at - start;
  }

  sync(): Promise<void> {
    assert(!this.isClosed, 'a closed file is not synced');
    assert(!this.isSyncing, 'one sync of a file at a time');
    this.isSyncing = true;
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.file, (cause) => {
        this.isSyncing = false;
        if (this.isClosed) this.release();
        if (cause === null) {
          // The last write may have been refused meanwhile: that is not undone by this.
          resolve();
          return;
        }
        this.failure = codeOf(cause);
        reject(refusal('sync', this.path, cause));
      });
    });
  }

  syncNow(): void {
    assert(!this.isClosed, 'a closed file is not synced');
    try {
      fs.fdatasyncSync(this.file);
    } catch (cause) {
      this.failure = codeOf(cause);
      throw refusal('sync', this.path, cause);
    }
  }

  truncate(byteCount: number): void {
    assert(!this.isClosed, 'a closed file is not truncated');
    attempt('truncate', this.path, () => fs.ftruncateSync(this.file, byteCount));
    this.byteCount = byteCount;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    // The number would be given to the next file opened, and the sync would be that one's.
    if (!this.isSyncing) this.release();
  }

  private release(): void {
    try {
      fs.closeSync(this.file);
    } catch (cause) {
      // What is to be safe was synced before; of the rest no one is told by close either.
      this.failure = codeOf(cause);
    }
  }
}

export function openRealRead(path: string): ReadFile | null {
  let file = -1;
  try {
    file = fs.openSync(path, 'r');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw refusal('open', path, cause);
  }
  try {
    const found = fs.fstatSync(file);
    if (found.isDirectory()) throw Object.assign(new Error(path), { code: 'EISDIR' });
    return new RealReadFile(path, file, found.size);
  } catch (cause) {
    fs.closeSync(file);
    throw refusal('open', path, cause);
  }
}

class RealReadFile implements ReadFile {
  readonly byteCount: number;
  private readonly path: string;
  private readonly file: number;
  private isClosed = false;

  constructor(path: string, file: number, byteCount: number) {
    this.path = path;
    this.file = file;
    this.byteCount = byteCount;
  }

  read(into: Uint8Array, start: number, end: number, position: number): number {
    assert(!this.isClosed, 'a closed file is not read');
    let at = start;
    try {
      while (at < end) {
        const came = fs.readSync(this.file, into, at, end - at, position + at - start);
        if (came === 0) break;
        at += came;
      }
    } catch (cause) {
      throw refusal('read', this.path, cause);
    }
    return at - start;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    fs.closeSync(this.file);
  }
}
