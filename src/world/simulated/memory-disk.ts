import { posix } from 'node:path';
import { NodeError } from '../../base/errors.ts';
import type { AppendFile, Disk } from '../../base/world.ts';

/** A disk in memory. `refuseWith` makes every call fail with that code until told otherwise. */
export class MemoryDisk implements Disk {
  private readonly files = new Map<string, Uint8Array>();
  private readonly directories = new Set<string>(['/']);
  private refusalCode: string | null = null;

  /** @param code  such as ENOSPC or EIO; null lets calls succeed again */
  refuseWith(code: string | null): void {
    this.refusalCode = code;
  }

  /** Text of a file, for tests. */
  readText(path: string): string | null {
    const bytes = this.files.get(absolute(path));
    return bytes === undefined ? null : Buffer.from(bytes).toString();
  }

  readFile(path: string): Uint8Array | null {
    this.requireWilling('read', path);
    if (this.directories.has(absolute(path))) throw refusal('read', path, 'EISDIR');
    const content = this.files.get(absolute(path));
    return content === undefined ? null : new Uint8Array(content);
  }

  writeFileAtomic(path: string, bytes: Uint8Array): void {
    this.requireWilling('write', path);
    this.requireParent('write', path);
    this.files.set(absolute(path), new Uint8Array(bytes));
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
    if (!this.files.has(at)) this.files.set(at, new Uint8Array(0));
    let byteCount = this.files.get(at)?.length ?? 0;
    return {
      get byteCount() {
        return byteCount;
      },
      append: (bytes) => {
        this.requireWilling('append', path);
        this.files.set(at, Buffer.concat([this.files.get(at) ?? new Uint8Array(0), bytes]));
        byteCount += bytes.length;
      },
      close: () => {},
    };
  }

  private requireWilling(verb: string, path: string): void {
    if (this.refusalCode !== null) throw refusal(verb, path, this.refusalCode);
  }

  private requireParent(verb: string, path: string): void {
    if (!this.directories.has(posix.dirname(absolute(path)))) throw refusal(verb, path, 'ENOENT');
  }
}

function absolute(path: string): string {
  return posix.resolve('/', path);
}

function refusal(verb: string, path: string, code: string): NodeError {
  return new NodeError('DISK_REFUSED', `Cannot ${verb} ${path}: ${code}`, { path, cause: code });
}
