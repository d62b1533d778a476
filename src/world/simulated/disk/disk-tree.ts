/**
 * Files and directories as a program sees them, and beside that what of it lies on the platter. All
 * that a program did lately exists twice: done to `content` and `entries` at once, and as a list of
 * changes that a sync applies to `durableContent` and `durableEntries`, in order. A power failure
 * (power-failure.ts) keeps the durable side and any part of the lists.
 */
import { assert } from '../../../base/errors.ts';
import { GrowingBytes } from './growing-bytes.ts';

export type DiskNode = FileNode | DirectoryNode;

/** Of a file's content: bytes written at `offset`, or (null) its length set to `offset`. */
export interface ContentChange {
  readonly order: number;
  readonly offset: number;
  readonly bytes: Uint8Array | null;
}

/** A name in a directory leads to a node, or to none. */
export interface NameStep {
  readonly directory: DirectoryNode;
  readonly name: string;
  readonly node: DiskNode | null;
}

/** The steps of one change happen together or not at all. */
export interface NameChange {
  readonly order: number;
  readonly steps: readonly NameStep[];
  /** May not come to the disk before that one. */
  readonly after: NameChange | null;
}

/** Has a life of its own: it may lose its name, or get another, while it is open. */
export class FileNode {
  readonly content: GrowingBytes;
  durableContent: GrowingBytes;
  pending: ContentChange[] = [];

  constructor(content = new GrowingBytes()) {
    this.content = content;
    this.durableContent = content.length === 0 ? new GrowingBytes() : content.copy();
  }

  apply(change: ContentChange): void {
    applyChange(this.content, change);
    this.pending.push(change);
  }

  /** All that was done before `order` has come to the disk. */
  settle(order: number): void {
    for (const change of this.pending) {
      if (change.order < order) applyChange(this.durableContent, change);
    }
    this.forget(order);
  }

  /**
   * All that was done before `order` never comes to the disk, though it can be read: what a kernel
   * makes of a failed sync, after which it holds the pages for written.
   */
  forget(order: number): void {
    this.pending = this.pending.filter((change) => change.order >= order);
  }
}

export class DirectoryNode {
  readonly entries = new Map<string, DiskNode>();
  readonly durableEntries = new Map<string, DiskNode>();
}

export class DiskTree {
  readonly root: DirectoryNode;
  /** Of names, in order, that no sync has made durable. */
  pendingNames: NameChange[] = [];
  private order = 0;

  constructor(root = new DirectoryNode()) {
    this.root = root;
  }

  /** Everything done so far was done before this. */
  nextOrder(): number {
    return this.order++;
  }

  find(path: string): DiskNode | null {
    let node: DiskNode | undefined = this.root;
    for (const name of namesOf(path)) {
      if (!(node instanceof DirectoryNode)) return null;
      node = node.entries.get(name);
    }
    return node ?? null;
  }

  write(file: FileNode, offset: number, bytes: Uint8Array): void {
    file.apply({ order: this.nextOrder(), offset, bytes: bytes.slice() });
  }

  resize(file: FileNode, length: number): void {
    if (length === file.content.length) return;
    file.apply({ order: this.nextOrder(), offset: length, bytes: null });
  }

  link(directory: DirectoryNode, name: string, node: DiskNode | null): void {
    this.applyNames([{ directory, name, node }], null);
  }

  /** Within one directory it is one change; over two it is two, and the new name comes first. */
  move(from: NameStep, to: NameStep): void {
    if (from.directory === to.directory) {
      this.applyNames([from, to], null);
      return;
    }
    const arrival = this.applyNames([to], null);
    this.applyNames([from], arrival);
  }

  syncDirectory(directory: DirectoryNode, order = this.nextOrder()): void {
    const isOfIt = (change: NameChange): boolean =>
      change.order < order && change.steps.some((step) => step.directory === directory);
    for (const change of this.pendingNames.filter(isOfIt)) {
      // It may have become durable with the directory that it left.
      if (!this.pendingNames.includes(change)) continue;
      const { after } = change;
      if (after !== null) this.syncDirectory(after.steps[0].directory, after.order + 1);
      applySteps(change, 'durableEntries');
      this.pendingNames.splice(this.pendingNames.indexOf(change), 1);
    }
  }

  private applyNames(steps: readonly NameStep[], after: NameChange | null): NameChange {
    const change: NameChange = { order: this.nextOrder(), steps, after };
    applySteps(change, 'entries');
    this.pendingNames.push(change);
    return change;
  }
}

export function applyChange(content: GrowingBytes, { offset, bytes }: ContentChange): void {
  if (bytes === null) content.resize(offset);
  else content.writeAt(offset, bytes);
}

export function applySteps(change: NameChange, side: 'entries' | 'durableEntries'): void {
  for (const { directory, name, node } of change.steps) {
    if (node === null) directory[side].delete(name);
    else directory[side].set(name, node);
  }
}

export function namesOf(path: string): string[] {
  assert(path.startsWith('/'), 'a path in memory is absolute');
  return path.split('/').filter((name) => name !== '');
}
