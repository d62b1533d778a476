/**
 * A walk over a stream's entries, forwards or backwards, between two ids. It uses the trees' own
 * cursor, so one walk a database is under way at a time. Nodes are read forwards only, so a walk
 * backwards first notes where the entries of a node are. Entries stand in order of their ids, but
 * for marked ones, which XSETID may have gone back behind.
 */
import { writeDigits } from '../../../base/numbers.ts';
import type { Database } from '../../database.ts';
import type { Slice } from '../../slice.ts';
import type { TieOrder, TreeCursor } from '../../tree/tree-cursor.ts';
import { compareStored, StreamId } from './stream-id.ts';
import {
  ENTRY_FLAG,
  isBehindCheck,
  NODE,
  readEntryHead,
  readInteger,
  readVarint,
  skipElement,
  skipVarint,
} from './stream-node.ts';

/** What is noted of an entry: where it begins, and its id. */
const NOTE_WORDS = 5;

/** Order of nodes by their exact first ids. */
class NodeOrder implements TieOrder {
  readonly sought = new StreamId();

  compare(_bytes: Uint8Array, view: DataView, offset: number): number {
    return compareStored(view, offset + NODE.FIRST_ID, this.sought);
  }
}

const NODE_ORDER = new NodeOrder();

/** Goes to the only node that may hold the id. @returns false when all begin behind it */
export function seekNode(cursor: TreeCursor, nodes: number, id: StreamId): boolean {
  NODE_ORDER.sought.copyFrom(id);
  return cursor.seekTied(nodes, id.ms, NODE_ORDER) || cursor.prev();
}

/** Goes to where a node that begins with the id belongs. */
export function seekNodePlace(cursor: TreeCursor, nodes: number, id: StreamId): void {
  NODE_ORDER.sought.copyFrom(id);
  cursor.seekTied(nodes, id.ms, NODE_ORDER);
}

export class StreamWalker {
  /** The entry here. */
  readonly id = new StreamId();
  fieldCount = 0;
  /** Where the entry begins, counted from the node's first byte. */
  entryAt = 0;
  flags = 0;
  private readonly first = new StreamId();
  private readonly last = new StreamId();
  private cursor: TreeCursor | null = null;
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));
  private node = 0;
  private end = 0;
  /** The next byte to read, and how many elements stand between it and the next entry. */
  private at = 0;
  private elementsLeft = 0;
  private fieldAt = 0;
  private notes = new Uint32Array(128 * NOTE_WORDS);
  private noteCount = 0;
  /** Where the entries of this node end that are not noted yet; 0: there are none. */
  private headEnd = 0;

  /** Before the first entry that is not below `first`; the walk ends with `last`. */
  start(database: Database, nodes: number, first: StreamId, last: StreamId): void {
    const { cursor } = database.trees;
    this.first.copyFrom(first);
    this.last.copyFrom(last);
    if (!seekNode(cursor, nodes, first) && !cursor.seekFirst(nodes)) {
      this.finish();
      return;
    }
    this.cursor = cursor;
    this.openNode();
    if (isBehindCheck(this.view, this.node, first)) this.skipToCheck();
  }

  /** Behind the last entry that is not above `last`; the walk backwards ends with `first`. */
  startFromEnd(database: Database, nodes: number, first: StreamId, last: StreamId): void {
    const { cursor } = database.trees;
    this.first.copyFrom(first);
    this.last.copyFrom(last);
    this.noteCount = 0;
    this.headEnd = 0;
    if (!seekNode(cursor, nodes, last)) {
      this.finish();
      return;
    }
    this.cursor = cursor;
    this.openNode();
    this.noteTail();
  }

  /** To the next entry that is there. @returns false behind the last one in range */
  next(): boolean {
    while (this.step()) {
      if ((this.flags & ENTRY_FLAG.MARKED) !== 0 || this.id.compare(this.first) < 0) continue;
      return this.id.compare(this.last) <= 0 || this.finish();
    }
    return false;
  }

  /** To the entry before. @returns false before the first one in range */
  prev(): boolean {
    while (this.noteCount === 0) {
      if (this.headEnd > 0) {
        this.noteHead();
        continue;
      }
      const { cursor } = this;
      if (cursor === null || !cursor.prev()) return this.finish();
      this.openNode();
      this.noteTail();
    }
    const at = --this.noteCount * NOTE_WORDS;
    const { notes } = this;
    const { words } = this.id;
    words[0] = notes[at + 1];
    words[1] = notes[at + 2];
    words[2] = notes[at + 3];
    words[3] = notes[at + 4];
    if (this.id.compare(this.first) < 0) return this.finish();
    this.entryAt = notes[at];
    this.openEntry(this.node + this.entryAt, PASSED);
    return true;
  }

  /** To the entry with that id. @returns whether it is there */
  find(database: Database, nodes: number, id: StreamId): boolean {
    this.start(database, nodes, id, id);
    return this.next();
  }

  /** Shows the entry's next field and its value; `fieldCount` times after `next` or `prev`. */
  readPair(field: Slice, value: Slice): void {
    if ((this.flags & ENTRY_FLAG.SAME_FIELDS) !== 0) {
      const { view, fieldAt } = this;
      let length = view.getUint8(fieldAt);
      field.bytes = this.bytes;
      field.view = view;
      field.offset = fieldAt + 1;
      if (length >= 128) {
        length = readVarint(view, fieldAt);
        field.offset = skipVarint(view, fieldAt);
      }
      field.length = length;
      this.fieldAt = field.offset + length;
    } else {
      this.readElement(field);
    }
    this.readElement(value);
  }

  private finish(): boolean {
    this.cursor = null;
    this.end = 0;
    this.at = 0;
    this.elementsLeft = 0;
    return false;
  }

  private openNode(): void {
    const cursor = this.cursor as TreeCursor;
    const { view, payloadOffset } = cursor;
    this.bytes = cursor.bytes;
    this.view = view;
    this.node = payloadOffset;
    this.end = payloadOffset + view.getUint32(payloadOffset + NODE.END, true);
    this.at = payloadOffset + view.getUint32(payloadOffset + NODE.ENTRIES_AT, true);
    this.elementsLeft = 0;
    this.id.read(view, payloadOffset + NODE.FIRST_ID);
  }

  /** To the next entry, marked or not. */
  private step(): boolean {
    for (let left = this.elementsLeft; left > 0; left--) this.at = skipElement(this.view, this.at);
    this.elementsLeft = 0;
    while (this.at === this.end) {
      if (this.cursor === null || !this.cursor.next()) return this.finish();
      this.openNode();
    }
    this.entryAt = this.at - this.node;
    this.openEntry(this.at, this.id);
    return true;
  }

  private openEntry(at: number, id: StreamId): void {
    const { view } = this;
    const flags = view.getUint8(at);
    this.flags = flags;
    let next = readEntryHead(view, at, flags, id);
    if ((flags & ENTRY_FLAG.SAME_FIELDS) !== 0) {
      this.fieldCount = view.getUint32(this.node + NODE.FIELD_COUNT, true);
      this.elementsLeft = this.fieldCount;
      this.fieldAt = this.node + NODE.HEAD_BYTES;
    } else {
      this.fieldCount = readVarint(view, next);
      this.elementsLeft = this.fieldCount * 2;
      next = skipVarint(view, next);
    }
    this.at = next;
  }

  private skipToCheck(): void {
    this.at = this.node + this.view.getUint32(this.node + NODE.CHECK_AT, true);
    this.id.read(this.view, this.node + NODE.CHECK_ID);
  }

  /** Notes the entries of the node just opened from its noted place on; the others may follow. */
  private noteTail(): void {
    this.headEnd = 0;
    if (isBehindCheck(this.view, this.node, this.last)) {
      const headAt = this.at;
      this.skipToCheck();
      if (this.at !== headAt) this.headEnd = this.at;
    }
    this.noteEntries();
  }

  private noteHead(): void {
    const { view, node, end, headEnd } = this;
    this.at = node + view.getUint32(node + NODE.ENTRIES_AT, true);
    this.id.read(view, node + NODE.FIRST_ID);
    this.end = headEnd;
    this.headEnd = 0;
    this.noteEntries();
    this.end = end;
  }

  /** Notes the entries from here on that are there and not above the range. */
  private noteEntries(): void {
    this.noteCount = 0;
    this.elementsLeft = 0;
    while (this.at !== this.end) {
      this.step();
      if ((this.flags & ENTRY_FLAG.MARKED) === 0) {
        if (this.id.compare(this.last) > 0) break;
        this.note();
      }
      for (let left = this.elementsLeft; left > 0; left--) {
        this.at = skipElement(this.view, this.at);
      }
      this.elementsLeft = 0;
    }
    this.elementsLeft = 0;
  }

  private note(): void {
    const at = this.noteCount++ * NOTE_WORDS;
    if (at + NOTE_WORDS > this.notes.length) {
      const grown = new Uint32Array(this.notes.length * 2);
      grown.set(this.notes);
      this.notes = grown;
    }
    const { notes } = this;
    const { words } = this.id;
    notes[at] = this.entryAt;
    notes[at + 1] = words[0];
    notes[at + 2] = words[1];
    notes[at + 3] = words[2];
    notes[at + 4] = words[3];
  }

  private readElement(slice: Slice): void {
    const { view, at } = this;
    let head = view.getUint8(at);
    let bodyAt = at + 1;
    if (head >= 128) {
      head = readVarint(view, at);
      bodyAt = skipVarint(view, at);
    }
    this.elementsLeft--;
    // A length fits 31 bits, and its double a word without a sign.
    const length = head >>> 1;
    this.at = bodyAt + length;
    if ((head & 1) === 1) {
      const value = readInteger(view, bodyAt, length);
      slice.useScratch();
      slice.length = writeDigits(slice.bytes, 0, value);
      return;
    }
    slice.bytes = this.bytes;
    slice.view = view;
    slice.offset = bodyAt;
    slice.length = length;
  }
}

/** The id that is read where it is known already. */
const PASSED = new StreamId();
