import { posix } from 'node:path';
import { NodeError } from '../../base/errors.ts';
import type { AppendFile, Disk, ReadFile, WriteFile } from '../../base/world.ts';

/** A file has a life of its own: it may lose its name, or get another, while it is open. */
interface MemoryFile {
  content: Uint8Array;
}

type Verb = 'read' | 'write' | 'make directory' | 'list' | 'remove' | 'open' | 'append' | 'look at';

/** A disk in memory. `refuseWith` makes every call fail with that code until told otherwise. */
export class MemoryDisk implements Disk {
  /** Bytes that appending may take in all; what is beyond is refused, with a part written. */
  appendBytesLeft = Number.POSITIVE_INFINITY;
  private readonly files = new Map<string, MemoryFile>();
  private readonly directories = new Set<string>(['/']);
  private refusalCode: string | null = null;
  private refusedVerbs: readonly Verb[] | null = null;

  /**
   * @param code   such as ENOSPC or EIO; null lets calls succeed again
   * @param verbs  which calls; all by default
   */
  refuseWith(code: string | null, verbs: readonly Verb[] | null = null): void {
    this.refusalCode = code;
    this.refusedVerbs = verbs;
  }

  rename(from: string, to: string): void {
    const source = absolute(from);
    const target = absolute(to);
    const file = this.files.get(source);
    if (file !== undefined) {
      this.files.delete(source);
      this.files.set(target, file);
      return;
    }
    if (!this.directories.has(source)) throw refusal('rename', from, 'ENOENT');
    const moved = (path: string) => target + path.slice(source.length);
    const isWithin = (path: string) => path === source || path.startsWith(`${source}/`);
    for (const path of [...this.directories].filter(isWithin)) {
      this.directories.delete(path);
      this.directories.add(moved(path));
    }
    for (const [path, inside] of [...this.files].filter(([path]) => isWithin(path))) {
      this.files.delete(path);
      this.files.set(moved(path), inside);
    }
  }

  syncDirectory(path: string): void {
    this.requireParent('open', path);
  }

  truncate(path: string, byteCount: number): void {
    const file = this.files.get(absolute(path));
    if (file === undefined) throw refusal('truncate', path, 'ENOENT');
    file.content = file.content.slice(0, byteCount);
  }

  removeTree(path: string): void {
    const top = absolute(path);
    for (const each of [...this.files.keys(), ...this.directories]) {
      if (each !== top && !each.startsWith(`${top}/`)) continue;
      this.files.delete(each);
      this.directories.delete(each);
    }
  }

  freeBytes(): number {
    return -1;
  }

  openWrite(path: string, how: 'create' | 'append'): WriteFile {
    this.requireWilling('open', path);
    this.requireParent('open', path);
    const file = this.files.get(absolute(path)) ?? { content: new Uint8Array(0) };
    this.files.set(absolute(path), file);
    if (how === 'create') file.content = new Uint8Array(0);
    return {
      get byteCount() {
        return file.content.length;
      },
      failure: '',
      write: (bytes, start, end) => {
        file.content = Buffer.concat([file.content, bytes.subarray(start, end)]);
        return end - start;
      },
      sync: () => Promise.resolve(),
      syncNow: () => {},
      truncate: (byteCount) => {
        file.content = file.content.slice(0, byteCount);
      },
      close: () => {},
    };
  }

  createExclusive(path: string, bytes: Uint8Array): boolean {
    if (this.exists(path)) return false;
    this.writeFileAtomic(path, bytes);
    return true;
  }

  openRead(path: string): ReadFile | null {
    this.requireWilling('open', path);
    const file = this.files.get(absolute(path));
    if (file === undefined) return null;
    return {
      byteCount: file.content.length,
      read: (into, start, end, position) => {
        const found = file.content.subarray(position, position + end - start);
        into.set(found, start);
        return found.length;
      },
      close: () => {},
    };
  }

  /** Text of a file, for tests. */
  readText(path: string): string | null {
    const file = this.files.get(absolute(path));
    return file === undefined ? null : Buffer.from(file.content).toString();
  }

  readFile(path: string): Uint8Array | null {
    this.requireWilling('read', path);
    if (this.directories.has(absolute(path))) throw refusal('read', path, 'EISDIR');
    const file = this.files.get(absolute(path));
    return file === undefined ? null : new Uint8Array(file.content);
  }

  writeFileAtomic(path: string, bytes: Uint8Array): void {
    this.requireWilling('write', path);
    this.requireParent('write', path);
    this.files.set(absolute(path), { content: new Uint8Array(bytes) });
  }

  makeDirectory(path: string): void {
    this.requireWilling('make directory', path);
    for (let at = absolute(path); !this.directories.has(at); at = posix.dirname(at)) {
      if (this.files.has(at)) throw refusal('make directory', path, 'EEXIST');
      this.directories.add(at);
    }
  }

  listDirectory(path: string): string[] {
    this.requireWilling('list', path);
    const at = absolute(path);
    if (!this.directories.has(at)) throw refusal('list', path, 'ENOENT');
    const names: string[] = [];
    for (const name of [...this.files.keys(), ...this.directories]) {
      if (name !== '/' && posix.dirname(name) === at) names.push(posix.basename(name));
    }
    return names.sort();
  }

  remove(path: string): void {
    this.requireWilling('remove', path);
    const at = absolute(path);
    if (this.files.delete(at) || !this.directories.has(at)) return;
    if (this.listDirectory(at).length > 0) throw refusal('remove', path, 'ENOTEMPTY');
    this.directories.delete(at);
  }

  exists(path: string): boolean {
    const at = absolute(path);
    return this.files.has(at) || this.directories.has(at);
  }

  openAppend(path: string): AppendFile {
    this.requireWilling('open', path);
    this.requireParent('open', path);
    const at = absolute(path);
    const file = this.files.get(at) ?? { content: new Uint8Array(0) };
    this.files.set(at, file);
    let byteCount = file.content.length;
    let isTorn = false;
    const write = (bytes: Uint8Array) => {
      const written = Math.min(bytes.length, this.appendBytesLeft);
      this.appendBytesLeft -= written;
      file.content = Buffer.concat([file.content, bytes.subarray(0, written)]);
      byteCount += written;
      if (written > 0) isTorn = written < bytes.length;
      if (written < bytes.length) throw refusal('append', path, 'ENOSPC');
    };
    return {
      get byteCount() {
        return byteCount;
      },
      append: (bytes) => {
        this.requireWilling('append', path);
        if (isTorn) write(Buffer.from('\n'));
        write(bytes);
      },
      isInPlace: () => {
        this.requireWilling('look at', path);
        if (this.files.get(at) !== file) return false;
        byteCount = file.content.length;
        return true;
      },
      close: () => {},
    };
  }

  private requireWilling(verb: Verb, path: string): void {
    if (this.refusalCode === null || this.refusedVerbs?.includes(verb) === false) return;
    throw refusal(verb, path, this.refusalCode);
  }

  private requireParent(verb: Verb, path: string): void {
    if (!this.directories.has(posix.dirname(absolute(path)))) throw refusal(verb, path, 'ENOENT');
  }
}

function absolute(path: string): string {
  return posix.resolve('/', path);
}

function refusal(verb: string, path: string, code: string): NodeError {
  return new NodeError('DISK_REFUSED', `Cannot ${verb} ${path}: ${code}`, { path, cause: code });
}
