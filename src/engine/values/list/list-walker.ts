/**
 * A walk over a list's elements from any of them, in both directions, that can change the list
 * where it is. One per database and command: it uses the trees' own cursor.
 */
import { assert } from '../../../base/errors.ts';
import type { Database } from '../../database.ts';
import type { Slice } from '../../slice.ts';
import type { TreeCursor } from '../../tree/tree-cursor.ts';
import {
  type ElementPlan,
  elementAt,
  elementBytes,
  LISTPACK_HEADER_BYTES,
  previousElement,
  readElement,
} from '../packed/listpack.ts';
import { openValue, spliceListpack, valueBytes } from '../packed/packed-value.ts';
import {
  CHUNK_BYTES,
  CHUNK_HEAD_BYTES,
  chunkEnd,
  chunkStart,
  closeGap,
  openGap,
  setChunkBounds,
} from './list-chunk.ts';
import { pushElement } from './list-ends.ts';
import {
  changeElementBytes,
  chunkTree,
  isChunked,
  listLength,
  PACKED_BYTES_MAX,
  unpackList,
} from './list-form.ts';

export class ListWalker {
  /** The list's entry, which a change through the walker may have moved. */
  entry = 0;
  /** Whether there is an element here. */
  isAtElement = false;
  private database: Database | null = null;
  private cursor: TreeCursor | null = null;
  private bytes: Uint8Array = NO_BYTES;
  private view: DataView = NO_VIEW;
  /** The element's first byte, and the bounds of the run it lies in. */
  private at = 0;
  private start = 0;
  private end = 0;

  /**
   * Goes to the element with that index, counted from the head.
   * @returns  whether there is one
   */
  open(database: Database, entry: number, index: number): boolean {
    this.database = database;
    this.entry = entry;
    if (!isChunked(database, entry)) {
      this.cursor = null;
      this.showPack();
      const length = listLength(database, entry);
      const fromEnd = index > length >>> 1 && index < length;
      const place = elementAt(this.view, this.start, fromEnd ? index - length : index);
      this.at = place;
      this.isAtElement = index >= 0 && place !== 0;
      return this.isAtElement;
    }
    const { cursor } = database.trees;
    this.cursor = cursor;
    this.isAtElement = index >= 0 && cursor.seekRank(chunkTree(database, entry), index);
    if (!this.isAtElement) return false;
    this.showChunk();
    const rank = cursor.rankInBlock;
    if (rank <= cursor.blockCount >>> 1) {
      this.at = this.start;
      for (let left = rank; left > 0; left--) this.at += elementBytes(this.view, this.at);
    } else {
      this.at = this.end;
      for (let left = cursor.blockCount - rank; left > 0; left--) {
        this.at = previousElement(this.view, this.at, 0);
      }
    }
    return true;
  }

  /** @returns  false behind the last element */
  next(): boolean {
    if (!this.isAtElement) return false;
    this.at += elementBytes(this.view, this.at);
    return this.settle();
  }

  /** @returns  false before the first element, which the walker stays at then */
  prev(): boolean {
    if (this.cursor === null) {
      const at = previousElement(this.view, this.at, this.start);
      if (at === 0) return false;
      this.at = at;
      return true;
    }
    if (this.at === this.start) {
      if (!this.cursor.prev()) return false;
      this.showChunk();
      this.at = this.end;
    }
    this.at = previousElement(this.view, this.at, 0);
    return true;
  }

  /** Shows the element; valid until a change. */
  read(slice: Slice): void {
    readElement(this.bytes, this.view, this.at, slice);
  }

  /** Whether the element has the planned text. */
  has(plan: ElementPlan): boolean {
    return plan.isAt(this.view, this.at);
  }

  /** Takes the element out and goes to the one that followed. @returns whether there is one */
  remove(): boolean {
    const database = this.require();
    const byteCount = elementBytes(this.view, this.at);
    const { cursor } = this;
    if (cursor === null) {
      const at = this.at - this.start;
      this.entry = spliceListpack(database, this.entry, at, byteCount, 0, -1);
      this.showPack();
      this.at = this.start + at;
      return this.settle();
    }
    if (cursor.blockCount === 1) {
      cursor.removeBlock();
      this.isAtElement = cursor.isAtElement;
      if (this.isAtElement) {
        this.showChunk();
        this.at = this.start;
      }
    } else {
      this.at = closeGap(cursor, this.at, byteCount);
      cursor.setBlockCount(cursor.blockCount - 1);
      this.showChunk();
      this.settle();
    }
    changeElementBytes(database, this.entry, -byteCount);
    return this.isAtElement;
  }

  /** Takes the element out and goes to the one before it. @returns whether there is one */
  removeBackwards(): boolean {
    const database = this.require();
    if (this.remove()) return this.prev();
    return this.open(database, this.entry, listLength(database, this.entry) - 1);
  }

  /** Puts an element behind the last one, which the walker has just left. */
  append(plan: ElementPlan): void {
    this.entry = pushElement(this.database as Database, this.entry, false, plan);
  }

  /**
   * Puts an element in front of the one here; the walker is at the new one then.
   * @param plan  its text must lie outside of this list
   */
  insert(plan: ElementPlan): void {
    const database = this.require();
    const { byteCount } = plan;
    if (this.cursor === null) {
      openValue(database, this.entry);
      if (valueBytes(database) + byteCount > PACKED_BYTES_MAX) return this.unpackAndInsert(plan);
      const at = this.at - this.start;
      this.entry = spliceListpack(database, this.entry, at, 0, byteCount, 1);
      this.showPack();
      this.at = this.start + at;
      plan.writeTo(this.view, this.bytes, this.at);
      return;
    }
    this.makeGap(this.cursor, byteCount);
    plan.writeTo(this.view, this.bytes, this.at);
    changeElementBytes(database, this.entry, byteCount);
  }

  /** Puts the planned element in place of the one here. */
  replace(plan: ElementPlan): void {
    if (elementBytes(this.view, this.at) === plan.byteCount) {
      const database = this.require();
      if (this.cursor === null) database.memory.beforeChange(this.entry);
      else this.cursor.beforeChange();
      plan.writeTo(this.view, this.bytes, this.at);
      return;
    }
    this.insert(plan);
    this.next();
    this.remove();
  }

  private require(): Database {
    assert(this.database !== null && this.isAtElement, 'a list is changed where it has an element');
    return this.database;
  }

  private showPack(): void {
    const database = this.database as Database;
    this.start = openValue(database, this.entry);
    this.end = this.start + valueBytes(database) - 1;
    this.bytes = database.memory.bytes;
    this.view = database.memory.view;
  }

  private showChunk(): void {
    const cursor = this.cursor as TreeCursor;
    this.bytes = cursor.bytes;
    this.view = cursor.view;
    this.start = chunkStart(cursor);
    this.end = chunkEnd(cursor);
  }

  /** From behind a run's last element to the next run. */
  private settle(): boolean {
    if (this.at !== this.end) return true;
    if (this.cursor === null || !this.cursor.next()) {
      this.isAtElement = false;
      return false;
    }
    this.showChunk();
    this.at = this.start;
    return true;
  }

  private unpackAndInsert(plan: ElementPlan): void {
    const database = this.require();
    let index = 0;
    let at = this.start + LISTPACK_HEADER_BYTES;
    for (; at !== this.at; at += elementBytes(this.view, at)) index++;
    this.open(database, unpackList(database, this.entry), index);
    this.insert(plan);
  }

  /** Makes room in front of the element here, and stands at it: a chunk without any is cut. */
  private makeGap(cursor: TreeCursor, byteCount: number): void {
    let at = openGap(cursor, this.at, byteCount);
    if (at === 0) {
      if (this.at === this.start) {
        this.insertChunk(cursor, byteCount);
        return;
      }
      this.cut(cursor);
      at = openGap(cursor, this.at, byteCount);
      if (at === 0) {
        this.insertChunk(cursor, byteCount);
        return;
      }
    }
    cursor.setBlockCount(cursor.blockCount + 1);
    this.showChunk();
    this.at = at;
  }

  /** A chunk of its own, in front of the cursor's, for an element of so many bytes. */
  private insertChunk(cursor: TreeCursor, byteCount: number): void {
    cursor.insertBlockHere(0, 1, Math.max(CHUNK_BYTES, CHUNK_HEAD_BYTES + byteCount));
    const at = cursor.payloadOffset + CHUNK_HEAD_BYTES;
    setChunkBounds(cursor, at, at + byteCount);
    this.showChunk();
    this.at = at;
  }

  /** Lets the element here be the first of a chunk of its own, which the cursor goes on to. */
  private cut(cursor: TreeCursor): void {
    let movedCount = 0;
    for (let at = this.at; at !== this.end; at += elementBytes(this.view, at)) movedCount++;
    const moved = this.bytes.slice(this.at, this.end);
    cursor.beforeChange();
    setChunkBounds(cursor, this.start, this.at);
    cursor.setBlockCount(cursor.blockCount - movedCount);
    const length = Math.max(CHUNK_BYTES, CHUNK_HEAD_BYTES + moved.length);
    cursor.insertBlockAfterHere(0, movedCount, length);
    const at = cursor.payloadOffset + cursor.payloadLength - moved.length;
    cursor.bytes.set(moved, at);
    setChunkBounds(cursor, at, at + moved.length);
    this.showChunk();
    this.at = at;
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
