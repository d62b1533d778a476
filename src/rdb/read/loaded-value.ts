/**
 * A value that has been read and has no key yet: its type, and the bytes that an entry of it has
 * behind its key. What lies in trees lies there already; until the value is installed they belong
 * to nobody else, and `release` gives them back. So what turns out to be broken at its last byte
 * has changed nothing.
 */
import { copyBytes } from '../../base/bytes.ts';
import type { Frame } from '../../base/frame.ts';
import type { Database } from '../../engine/database.ts';
import { NO_DEADLINE } from '../../engine/database.ts';
import { FLAG, headerBytes, TYPE } from '../../engine/keyspace/entry.ts';
import { writeEntry } from '../../engine/keyspace/entry-writer.ts';
import { Slice } from '../../engine/slice.ts';
import { markJson, placeString } from '../../engine/values/string/string-value.ts';
import { recordHeadBytes, setRecordTree } from '../../engine/values/tree-record.ts';
import { RdbError } from '../rdb-error.ts';

const OWN_BYTES_MIN = 256;

export class LoadedValue {
  /** Type and encoding, as in the low byte of word 0; of a string only TYPE.STRING. */
  kind = 0;
  /** FLAG.TREE when `content` is a record. */
  flags = 0;
  /** The value's bytes, or the text of a string. True until the next read. */
  readonly content: Slice = new Slice();
  /** A collection without elements, which is no value. */
  isEmpty = false;
  isJson = false;
  private target: Database | null = null;
  private budgetBytes = 0;
  private trees: number[] = [];
  private own = new Uint8Array(OWN_BYTES_MIN);
  private ownView = new DataView(this.own.buffer);

  /**
   * Begins another value.
   * @param budgetBytes  what it may take in memory: a small payload may stand for much
   */
  begin(database: Database, budgetBytes: number): void {
    this.target = database;
    this.budgetBytes = budgetBytes;
    this.kind = 0;
    this.flags = 0;
    this.isEmpty = false;
    this.isJson = false;
    this.trees = [];
  }

  get database(): Database {
    return this.target as Database;
  }

  /** Counts what is about to be put into trees. */
  spend(byteCount: number, offset: number): void {
    this.budgetBytes -= byteCount;
    if (this.budgetBytes < 0)
      throw new RdbError('value larger than the memory it may have', offset);
  }

  createTree(format: number): number {
    const id = this.database.trees.create(format);
    this.trees.push(id);
    return id;
  }

  /** Room for so many bytes, all 0, which become the content. */
  beginBytes(kind: number, byteCount: number): DataView {
    if (byteCount > this.own.length) {
      this.own = new Uint8Array(byteCount);
      this.ownView = new DataView(this.own.buffer);
    }
    this.own.fill(0, 0, byteCount);
    this.take(kind, this.ownView, this.own, 0, byteCount);
    return this.ownView;
  }

  /** The same for a record that names so many trees. */
  beginRecord(kind: number, treeCount: number, ownBytes: number): DataView {
    const view = this.beginBytes(kind, recordHeadBytes(treeCount) + ownBytes);
    this.flags = FLAG.TREE;
    view.setUint32(0, treeCount, true);
    return view;
  }

  /** A record of that tree alone, with `ownBytes` behind. */
  recordOf(kind: number, tree: number, ownBytes = 0): DataView {
    const view = this.beginRecord(kind, 1, ownBytes);
    setRecordTree(view, 0, 0, tree);
    return view;
  }

  /** Takes bytes that lie somewhere as the content. */
  take(kind: number, view: DataView, bytes: Uint8Array, offset: number, length: number): void {
    this.kind = kind;
    this.flags = 0;
    const { content } = this;
    content.view = view;
    content.bytes = bytes;
    content.offset = offset;
    content.length = length;
  }

  /** Gives back what it holds. */
  release(): void {
    for (const id of this.trees) this.database.trees.release(id);
    this.trees = [];
  }

  /**
   * Makes it the value of the key in `keyArg`, in place of what is there; nothing is recorded.
   * @returns the entry's address
   */
  install(frame: Frame, keyArg: number, deadline: number | bigint): number {
    const { database } = this;
    const replaced = database.find(frame, keyArg);
    if (replaced !== 0) {
      database.dropFound(replaced);
      database.find(frame, keyArg);
    }
    return this.installMissed(frame, keyArg, deadline);
  }

  /** The same, under the key that the last `find` missed. */
  installMissed(frame: Frame, keyArg: number, deadline: number | bigint): number {
    const { database, content } = this;
    if (this.kind === TYPE.STRING) {
      const placed = placeString(database, 0, frame, keyArg, content, deadline);
      if (this.isJson) markJson(database, placed);
      return placed;
    }
    const plan = database.planFor(frame, keyArg);
    plan.kind = this.kind;
    plan.flags = this.flags;
    plan.valueLength = content.length;
    plan.capacity = content.length;
    plan.hasDeadline = deadline !== NO_DEADLINE;
    const { memory } = database;
    const entry = writeEntry(memory, plan);
    const word0 = memory.view.getUint32(memory.base, true);
    const at = memory.base + headerBytes(word0) + plan.keyLength;
    const { view, bytes, offset, length } = content;
    copyBytes(memory.view, memory.bytes, at, view, bytes, offset, length);
    database.install(entry, 0, deadline);
    this.trees = [];
    return entry;
  }
}
