import { posix } from 'node:path';
import type { Disk, Timers } from '../../base/world.ts';
import { type DiskFault, DiskFaults, type DiskVerb, refusal } from './disk/disk-faults.ts';
import { DirectoryNode, type DiskNode, DiskTree, FileNode } from './disk/disk-tree.ts';
import {
  type FileHome,
  MemoryAppendFile,
  MemoryReadFile,
  MemoryWriteFile,
} from './disk/memory-files.ts';
import { copyTree, failPower, failPowerAfter, unsyncedWeight } from './disk/power-failure.ts';

/**
 * A disk in memory, with a power plug. It tells apart what a program sees and what lies on the
 * platter: `crash` yields the disk that is found after the power failed now, `addFault` makes calls
 * fail or take their time.
 */
export class MemoryDisk implements Disk {
  /** Of the world it belongs to; null: no sync takes time. */
  timers: Timers | null = null;
  /** What `freeBytes` tells. */
  freeByteCount = -1;
  /** Called after each change that a power failure may find, syncs included. */
  onChange: (() => void) | null = null;
  private readonly tree: DiskTree;
  private readonly faults = new DiskFaults();

  constructor(tree = new DiskTree()) {
    this.tree = tree;
  }

  /** The disk as it is found after the power failed now. The seed chooses what else survived. */
  crash(seed: number): MemoryDisk {
    return new MemoryDisk(failPower(this.tree, seed));
  }

  /**
   * The same, had everything unsynced come to the disk in the order in which it was done, for as
   * long as `weight` lasts: a byte weighs 1, a change of names or of a length weighs 1.
   */
  crashAfter(weight: number): MemoryDisk {
    return new MemoryDisk(failPowerAfter(this.tree, weight));
  }

  /** Of all that a power failure may take. */
  get unsyncedWeight(): number {
    return unsyncedWeight(this.tree);
  }

  /** Everything as a program sees it now, all of it synced. */
  copy(): MemoryDisk {
    return new MemoryDisk(copyTree(this.tree));
  }

  /** @returns what ends the fault */
  addFault(fault: DiskFault): () => void {
    return this.faults.add(fault);
  }

  /**
   * Ends all faults, and begins one.
   * @param code   such as ENOSPC or EIO; null lets calls succeed again
   * @param verbs  which calls; all by default
   */
  refuseWith(code: string | null, verbs: readonly DiskVerb[] | null = null): void {
    this.faults.clear();
    if (code !== null) this.faults.add(verbs === null ? { code } : { code, verbs });
  }

  /** Text of a file, for tests. */
  readText(path: string): string | null {
    const node = this.tree.find(absolute(path));
    return node instanceof FileNode ? Buffer.from(node.content.view()).toString() : null;
  }

  readFile(path: string): Uint8Array | null {
    this.requireWilling('read', path);
    const node = this.tree.find(absolute(path));
    if (node instanceof DirectoryNode) throw refusal('read', path, 'EISDIR');
    return node === null ? null : node.content.view().slice();
  }

  /** In the steps of the real one: a power failure may come between any two. */
  writeFileAtomic(path: string, bytes: Uint8Array): void {
    this.requireWilling('write', path);
    const besidePath = `${absolute(path)}.1.tmp`;
    let isDone = false;
    try {
      const file = this.openWrite(besidePath, 'create');
      file.write(bytes, 0, bytes.length);
      if (file.failure !== '') throw refusal('write', path, file.failure);
      file.syncNow();
      file.close();
      this.rename(besidePath, path);
      isDone = true;
      this.syncDirectory(posix.dirname(absolute(path)));
    } catch (cause) {
      if (!isDone && this.exists(besidePath)) this.tree.link(...this.place(besidePath), null);
      throw refusal('write', path, codeOf(cause));
    }
  }

  makeDirectory(path: string): void {
    this.requireWilling('make directory', path);
    let directory: DirectoryNode = this.tree.root;
    for (const name of absolute(path).slice(1).split('/')) {
      if (name === '') continue;
      let node = directory.entries.get(name);
      if (node instanceof FileNode) throw refusal('make directory', path, 'EEXIST');
      if (node === undefined) {
        node = new DirectoryNode();
        this.tree.link(directory, name, node);
        this.noteChange();
        this.tree.syncDirectory(directory);
        this.noteChange();
      }
      directory = node;
    }
  }

  listDirectory(path: string): string[] {
    this.requireWilling('list', path);
    return [...this.requireDirectory('list', path).entries.keys()].sort();
  }

  remove(path: string): void {
    this.requireWilling('remove', path);
    const node = this.tree.find(absolute(path));
    if (node === null) return;
    const isFull = node instanceof DirectoryNode && node.entries.size > 0;
    if (isFull) throw refusal('remove', path, 'ENOTEMPTY');
    this.unlink(path);
  }

  removeTree(path: string): void {
    this.requireWilling('remove', path);
    const node = this.tree.find(absolute(path));
    if (node === null) return;
    if (node instanceof DirectoryNode) this.empty(node);
    this.unlink(path);
  }

  exists(path: string): boolean {
    return this.tree.find(absolute(path)) !== null;
  }

  openAppend(path: string): MemoryAppendFile {
    const node = this.open(path);
    const find = (): DiskNode | null => this.tree.find(absolute(path));
    return new MemoryAppendFile(this.homeOf(path), node, find);
  }

  openWrite(path: string, how: 'create' | 'append'): MemoryWriteFile {
    const node = this.open(path);
    if (how === 'create' && node.content.length > 0) {
      this.tree.resize(node, 0);
      this.noteChange();
    }
    return new MemoryWriteFile(this.homeOf(path), node);
  }

  createExclusive(path: string, bytes: Uint8Array): boolean {
    if (this.exists(path)) return false;
    const file = this.openWrite(path, 'create');
    file.write(bytes, 0, bytes.length);
    file.close();
    if (file.failure === '') return true;
    this.unlink(path);
    throw refusal('create', path, file.failure);
  }

  openRead(path: string): MemoryReadFile | null {
    this.requireWilling('read', path);
    const node = this.tree.find(absolute(path));
    if (node instanceof DirectoryNode) throw refusal('open', path, 'EISDIR');
    return node === null ? null : new MemoryReadFile(this.homeOf(path), node);
  }

  rename(from: string, to: string): void {
    this.requireWilling('rename', from);
    const node = this.tree.find(absolute(from));
    if (node === null) throw refusal('rename', from, 'ENOENT');
    const [oldDirectory, oldName] = this.place(from);
    const [directory, name] = this.place(to, from);
    const replaced = directory.entries.get(name);
    if (replaced === node) return;
    const code = refuseReplacement(node, replaced);
    if (code !== '') throw refusal('rename', from, code);
    this.tree.move(
      { directory: oldDirectory, name: oldName, node: null },
      { directory, name, node },
    );
    this.noteChange();
  }

  syncDirectory(path: string): void {
    this.requireWilling('sync directory', path);
    this.tree.syncDirectory(this.requireDirectory('sync', path));
    this.noteChange();
  }

  truncate(path: string, byteCount: number): void {
    this.requireWilling('truncate', path);
    const node = this.tree.find(absolute(path));
    if (node === null) throw refusal('truncate', path, 'ENOENT');
    if (node instanceof DirectoryNode) throw refusal('truncate', path, 'EISDIR');
    this.tree.resize(node, byteCount);
    this.noteChange();
    node.settle(this.tree.nextOrder());
    this.noteChange();
  }

  freeBytes(): number {
    return this.freeByteCount;
  }

  /** For writing; made when there is none. */
  private open(path: string): FileNode {
    this.requireWilling('open', path);
    const [directory, name] = this.place(path);
    const found = directory.entries.get(name);
    if (found instanceof DirectoryNode) throw refusal('open', path, 'EISDIR');
    if (found !== undefined) return found;
    const made = new FileNode();
    this.tree.link(directory, name, made);
    this.noteChange();
    return made;
  }

  private empty(top: DirectoryNode): void {
    const waiting = [top];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const [name, node] of [...next.entries]) {
        if (node instanceof DirectoryNode) waiting.push(node);
        this.tree.link(next, name, null);
        this.noteChange();
      }
    }
  }

  private unlink(path: string): void {
    this.tree.link(...this.place(path), null);
    this.noteChange();
  }

  private homeOf(path: string): FileHome {
    const { tree, faults, timers } = this;
    return { tree, faults, timers, path: absolute(path), onChange: () => this.noteChange() };
  }

  private noteChange(): void {
    this.onChange?.();
  }

  private requireWilling(verb: DiskVerb, path: string): void {
    const code = this.faults.refuse(verb, absolute(path));
    if (code !== '') throw refusal(verb, path, code);
  }

  private requireDirectory(verb: string, path: string): DirectoryNode {
    const node = this.tree.find(absolute(path));
    if (node === null) throw refusal(verb, path, 'ENOENT');
    if (node instanceof FileNode) throw refusal(verb, path, 'ENOTDIR');
    return node;
  }

  /** The directory of a name, which must be there, and the name in it. */
  private place(path: string, told = path): [DirectoryNode, string] {
    const at = absolute(path);
    const parent = this.tree.find(posix.dirname(at));
    if (parent === null) throw refusal('open', told, 'ENOENT');
    if (parent instanceof FileNode) throw refusal('open', told, 'ENOTDIR');
    return [parent, posix.basename(at)];
  }
}

function refuseReplacement(node: DiskNode, replaced: DiskNode | undefined): string {
  if (replaced === undefined) return '';
  if (replaced instanceof FileNode) return node instanceof FileNode ? '' : 'ENOTDIR';
  if (node instanceof FileNode) return 'EISDIR';
  return replaced.entries.size > 0 ? 'ENOTEMPTY' : '';
}

function codeOf(cause: unknown): string {
  const facts = cause instanceof Error && 'facts' in cause ? cause.facts : null;
  return String((facts as { cause?: string } | null)?.cause ?? cause);
}

function absolute(path: string): string {
  return posix.resolve('/', path);
}
