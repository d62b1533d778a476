import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { AppendFile, Disk } from '../../base/world.ts';
import { attempt, codeOf, refusal } from './disk-refusal.ts';
import { openRealRead, openRealWrite } from './real-files.ts';

/** Owner may write, others may not read: these files hold users' data and secrets. */
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

export function createRealDisk(): Disk {
  return {
    readFile: (path) => readWhole(path),
    writeFileAtomic: (path, bytes) => attempt('write', path, () => replaceFile(path, bytes)),
    makeDirectory: (path) => attempt('make directory', path, () => makeDirectory(resolve(path))),
    listDirectory: (path) => attempt('list', path, () => fs.readdirSync(path).sort()),
    remove: (path) => attempt('remove', path, () => removeFileOrEmptyDirectory(path)),
    exists: (path) => fs.existsSync(path),
    openAppend: (path) => attempt('open', path, () => openAppendFile(path)),
    openWrite: (path, how) => openRealWrite(path, how, FILE_MODE),
    openRead: openRealRead,
    createExclusive: (path, bytes) => attempt('create', path, () => createNew(path, bytes)),
    rename: (from, to) => attempt('rename', from, () => fs.renameSync(from, to)),
    syncDirectory: (path) => attempt('sync', path, () => syncDirectory(path)),
    truncate: (path, byteCount) => attempt('truncate', path, () => truncate(path, byteCount)),
    removeTree: (path) =>
      attempt('remove', path, () => fs.rmSync(path, { recursive: true, force: true })),
    freeBytes,
  };
}

function readWhole(path: string): Uint8Array | null {
  try {
    // Opening it by name fails when it is a socket, as under service managers and in Node.
    const bytes = path === '/dev/stdin' ? readStandardInput() : fs.readFileSync(path);
    // Not as a Buffer, whose `slice` shares memory where that of a Uint8Array copies.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return null;
    throw refusal('read', path, cause);
  }
}

/** To its end. One that does not block says EAGAIN while its writer thinks. */
function readStandardInput(): Buffer {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.allocUnsafe(64 * 1024);
    try {
      const byteCount = fs.readSync(0, part);
      if (byteCount === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, byteCount));
    } catch (cause) {
      if (codeOf(cause) !== 'EAGAIN') throw cause;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Content first, then the name, then the directory that holds it: each synced before the next. */
function replaceFile(path: string, bytes: Uint8Array): void {
  const besidePath = `${path}.${process.pid}.tmp`;
  try {
    const file = fs.openSync(besidePath, 'w', FILE_MODE);
    try {
      // A file that only its owner may read stays so: it may hold passwords.
      const old = fs.statSync(path, { throwIfNoEntry: false });
      if (old !== undefined) fs.fchmodSync(file, old.mode & 0o777);
      writeAll(file, bytes);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(besidePath, path);
  } catch (cause) {
    fs.rmSync(besidePath, { force: true });
    throw cause;
  }
  syncDirectory(dirname(path));
}

function createNew(path: string, bytes: Uint8Array): boolean {
  try {
    fs.writeFileSync(path, bytes, { flag: 'wx', mode: FILE_MODE });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

/** Each new name is synced: what is synced in a directory is lost with the directory's name. */
function makeDirectory(path: string): void {
  const first = fs.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) {
    syncDirectory(dirname(made));
  }
}

function syncDirectory(path: string): void {
  const directory = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(directory);
  } catch (cause) {
    // Some file systems keep names safe in another way, and have no such call.
    if (!['EINVAL', 'EBADF'].includes(codeOf(cause))) throw cause;
  } finally {
    fs.closeSync(directory);
  }
}

function truncate(path: string, byteCount: number): void {
  const file = fs.openSync(path, 'r+');
  try {
    fs.ftruncateSync(file, byteCount);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = fs.statfsSync(path);
    return bavail * bsize;
  } catch {
    // Some file systems do not tell, and nobody depends on it.
    return -1;
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    written += fs.writeSync(file, bytes, written, bytes.length - written);
  }
}

function removeFileOrEmptyDirectory(path: string): void {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isDirectory()) fs.rmdirSync(path);
  else fs.unlinkSync(path);
}

function openAppendFile(path: string): AppendFile {
  const file = fs.openSync(path, 'a', FILE_MODE);
  const { dev, ino, size } = fs.fstatSync(file);
  let byteCount = size;
  let isTorn = false;
  const write = (bytes: Uint8Array) => {
    let written = 0;
    try {
      while (written < bytes.length) written += fs.writeSync(file, bytes, written);
    } finally {
      byteCount += written;
      if (written > 0) isTorn = written < bytes.length;
    }
  };
  return {
    get byteCount() {
      return byteCount;
    },
    append: (bytes) =>
      attempt('append', path, () => {
        if (isTorn) write(LINE_END);
        write(bytes);
      }),
    isInPlace: () =>
      attempt('look at', path, () => {
        const found = fs.statSync(path, { throwIfNoEntry: false });
        if (found === undefined || found.ino !== ino || found.dev !== dev) return false;
        byteCount = found.size;
        return true;
      }),
    close: () => attempt('close', path, () => fs.closeSync(file)),
  };
}

const LINE_END = Buffer.from('\n');
