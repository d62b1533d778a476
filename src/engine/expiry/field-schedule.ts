/**
 * Which hashes of a database have fields with deadlines, by the earliest deadline of each: a tree
 * ordered by that time, whose payloads are the keys. A hash stands in it exactly once while its
 * entry has FLAG.SCHEDULED, so nothing stale ever lies there, and wherever the entry moves, its key
 * does not. Cost: 11 bytes and the key for each such hash.
 */
import { copyBytes } from '../../base/bytes.ts';
import { assert } from '../../base/errors.ts';
import type { Database } from '../database.ts';
import { FLAG } from '../keyspace/entry.ts';
import type { Slice } from '../slice.ts';
import { FORMAT } from '../tree/page-layout.ts';
import { TreeCursor } from '../tree/tree-cursor.ts';
import type { Trees } from '../tree/trees.ts';
import { earliestDeadline, NEVER_MS } from '../values/hash/field-deadlines.ts';
import { Member } from '../values/zset/member-order.ts';

export class FieldSchedule {
  /** The tree; 0 while no hash is scheduled. */
  tree = 0;
  private cursor: TreeCursor | null = null;
  private readonly key = new Member();

  /** Earliest deadline of any field. */
  firstMs(trees: Trees): number {
    if (this.tree === 0) return NEVER_MS;
    const cursor = this.cursorOf(trees);
    return cursor.seekFirst(this.tree) ? cursor.key : NEVER_MS;
  }

  /** Shows the key that `firstMs` found; valid until a change. */
  showFirst(trees: Trees, slice: Slice): void {
    const cursor = this.cursorOf(trees);
    slice.bytes = cursor.bytes;
    slice.view = cursor.view;
    slice.offset = cursor.payloadOffset;
    slice.length = cursor.payloadLength;
  }

  add(trees: Trees, key: Slice, dueMs: number): void {
    if (this.tree === 0) this.tree = trees.create(FORMAT.SLOTTED64);
    const cursor = this.cursorOf(trees);
    const { bytes, view, offset, length } = key;
    cursor.seekTied(this.tree, dueMs, this.key.point(bytes, view, offset, length));
    cursor.insertHere(dueMs, length);
    copyBytes(cursor.view, cursor.bytes, cursor.payloadOffset, view, bytes, offset, length);
  }

  remove(trees: Trees, key: Slice, dueMs: number): void {
    const cursor = this.cursorOf(trees);
    this.key.point(key.bytes, key.view, key.offset, key.length);
    const isThere = cursor.seekTied(this.tree, dueMs, this.key);
    assert(isThere, 'a hash with deadlines is in the schedule');
    cursor.removeHere();
    if (trees.count(this.tree) > 0) return;
    trees.release(this.tree);
    this.tree = 0;
  }

  /** Moves a hash from one time to another; NEVER_MS stands for not being there. */
  move(database: Database, entry: number, fromMs: number, toMs: number): void {
    if (fromMs === toMs) return;
    const key = database.keySlice(entry);
    if (fromMs !== NEVER_MS) this.remove(database.trees, key, fromMs);
    if (toMs !== NEVER_MS) this.add(database.trees, key, toMs);
    if (fromMs !== NEVER_MS && toMs !== NEVER_MS) return;
    const { memory } = database;
    memory.beforeChange(entry);
    memory.locate(entry);
    const word0 = memory.view.getUint32(memory.base, true) & ~FLAG.SCHEDULED;
    const flag = toMs === NEVER_MS ? 0 : FLAG.SCHEDULED;
    memory.view.setUint32(memory.base, (word0 | flag) >>> 0, true);
  }

  /** Takes an entry out that has the flag, and its flag with it. */
  removeEntry(database: Database, entry: number): void {
    this.move(database, entry, this.earliestOf(database, entry), NEVER_MS);
  }

  /** Puts an entry in that has the flag from where it was copied. */
  addEntry(database: Database, entry: number): void {
    this.move(database, entry, NEVER_MS, this.earliestOf(database, entry));
  }

  /** SWAPDB: the trees change hands with all others. */
  swap(other: FieldSchedule): void {
    const { tree } = this;
    this.tree = other.tree;
    other.tree = tree;
  }

  earliestOf(database: Database, entry: number): number {
    return earliestDeadline(database, entry, this.cursorOf(database.trees));
  }

  private cursorOf(trees: Trees): TreeCursor {
    if (this.cursor === null || this.cursor.table !== trees.table) {
      this.cursor = new TreeCursor(trees.table);
    }
    return this.cursor;
  }
}
