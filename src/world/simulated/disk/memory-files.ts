import { assert } from '../../../base/errors.ts';
import type { AppendFile, ReadFile, Timers, WriteFile } from '../../../base/world.ts';
import { type DiskFaults, refusal } from './disk-faults.ts';
import type { DiskTree, FileNode } from './disk-tree.ts';

/** What an open file knows of the disk it lies on. */
export interface FileHome {
  readonly tree: DiskTree;
  readonly faults: DiskFaults;
  readonly timers: Timers | null;
  /** The absolute path under which it was opened. */
  readonly path: string;
  /** After each change that a power failure may find. */
  onChange(): void;
}

export class MemoryWriteFile implements WriteFile {
  failure = '';
  private readonly home: FileHome;
  private readonly node: FileNode;
  private readonly code = [''];
  private isSyncing = false;
  private isClosed = false;

  constructor(home: FileHome, node: FileNode) {
    this.home = home;
    this.node = node;
  }

  get byteCount(): number {
    return this.node.content.length;
  }

  write(bytes: Uint8Array, start: number, end: number): number {
    assert(!this.isClosed, 'a closed file is not written to');
    const { tree, faults, path } = this.home;
    const taken = faults.take('write', path, end - start, this.code);
    this.failure = this.code[0];
    if (taken === 0) return 0;
    tree.write(this.node, this.byteCount, bytes.subarray(start, start + taken));
    this.home.onChange();
    return taken;
  }

  /** What was written before lies on the disk when its time is over, and not a moment sooner. */
  sync(): Promise<void> {
    assert(!this.isClosed, 'a closed file is not synced');
    assert(!this.isSyncing, 'one sync of a file at a time');
    this.isSyncing = true;
    const { tree, faults, timers, path } = this.home;
    const order = tree.nextOrder();
    const delayMs = faults.delayMs(path);
    const isLong = delayMs > 0 && timers !== null;
    const wait = isLong
      ? new Promise<void>((resolve) => timers.after(delayMs, resolve))
      : Promise.resolve();
    return wait.then(() => {
      this.isSyncing = false;
      this.settle(order);
    });
  }

  syncNow(): void {
    assert(!this.isClosed, 'a closed file is not synced');
    this.settle(this.home.tree.nextOrder());
  }

  truncate(byteCount: number): void {
    assert(!this.isClosed, 'a closed file is not truncated');
    const { tree, faults, path } = this.home;
    const code = faults.refuse('truncate', path);
    if (code !== '') throw refusal('truncate', path, code);
    tree.resize(this.node, byteCount);
    this.home.onChange();
  }

  close(): void {
    this.isClosed = true;
  }

  private settle(order: number): void {
    const { faults, path } = this.home;
    const code = faults.refuse('sync', path);
    if (code !== '') {
      this.failure = code;
      this.node.forget(order);
      throw refusal('sync', path, code);
    }
    this.node.settle(order);
    this.home.onChange();
  }
}

export class MemoryReadFile implements ReadFile {
  readonly byteCount: number;
  private readonly home: FileHome;
  private readonly node: FileNode;
  private isClosed = false;

  constructor(home: FileHome, node: FileNode) {
    this.home = home;
    this.node = node;
    this.byteCount = node.content.length;
  }

  read(into: Uint8Array, start: number, end: number, position: number): number {
    assert(!this.isClosed, 'a closed file is not read');
    const { faults, path } = this.home;
    const code = faults.refuse('read', path);
    if (code !== '') throw refusal('read', path, code);
    const found = this.node.content.view(position, position + end - start);
    into.set(found, start);
    return found.length;
  }

  close(): void {
    this.isClosed = true;
  }
}

export class MemoryAppendFile implements AppendFile {
  byteCount: number;
  private readonly home: FileHome;
  private readonly node: FileNode;
  private readonly findNode: () => unknown;
  private isTorn = false;

  /** @param findNode  what the path leads to by now */
  constructor(home: FileHome, node: FileNode, findNode: () => unknown) {
    this.home = home;
    this.node = node;
    this.findNode = findNode;
    this.byteCount = node.content.length;
  }

  append(bytes: Uint8Array): void {
    if (this.isTorn) this.write(Buffer.from('\n'));
    this.write(bytes);
  }

  isInPlace(): boolean {
    const { faults, path } = this.home;
    const code = faults.refuse('look at', path);
    if (code !== '') throw refusal('look at', path, code);
    if (this.findNode() !== this.node) return false;
    this.byteCount = this.node.content.length;
    return true;
  }

  close(): void {}

  private write(bytes: Uint8Array): void {
    const { tree, faults, path } = this.home;
    const code = [''];
    const taken = faults.take('append', path, bytes.length, code);
    if (taken > 0) {
      tree.write(this.node, this.node.content.length, bytes.subarray(0, taken));
      this.byteCount += taken;
      this.isTorn = taken < bytes.length;
      this.home.onChange();
    }
    if (taken < bytes.length) throw refusal('append', path, code[0]);
  }
}
