import { posix } from 'node:path';
import { NodeError } from '../../base/errors.ts';
import type { AppendFile, Disk } from '../../base/world.ts';

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

  /** As logrotate does while we have it open. */
  rename(from: string, to: string): void {
    const file = this.files.get(absolute(from));
    if (file === undefined) throw refusal('rename', from, 'ENOENT');
    this.files.delete(absolute(from));
    this.files.set(absolute(to), file);
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
