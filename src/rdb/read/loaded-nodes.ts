import { copyBytes } from '../../base/bytes.ts';
import { Frame } from '../../base/frame.ts';
import { Slice } from '../../engine/slice.ts';
import { TreeCursor } from '../../engine/tree/tree-cursor.ts';
import {
  elementBytes,
  elementInteger,
  elementInteger64,
  isEnd,
  LISTPACK_HEADER_BYTES,
  readElement,
} from '../../engine/values/packed/listpack.ts';
import { StreamId } from '../../engine/values/stream/stream-id.ts';
import {
  ENTRY_HEAD_BYTES_MAX,
  elementBytesMax,
  hasFields,
  NODE,
  NodeWriter,
} from '../../engine/values/stream/stream-node.ts';
import type { ReadContext } from './read-context.ts';

/** Flags of an entry in Redis' node. */
const DELETED = 1;
const SAME_FIELDS = 2;
/** Elements of an entry beside its fields and values: flags, both parts of its id. */
const HEAD_ELEMENT_COUNT = 3;
/** Distances up to here are added word by word. */
const DISTANCE_MAX = 2 ** 48;
const ID_BYTES = 16;

/**
 * The nodes of a stream that has no key yet. Redis' node is a listpack:
 *
 *     entries, deleted ones, field count, field ..., 0       the master entry
 *     flags, ms, sequence, value ..., elements of it         distances from the node's own id
 *     flags, ms, sequence, field count, field, value ..., elements of it
 *
 * Deleted entries are passed over, but counted as Redis counts them (`stream-node.ts`).
 */
export class LoadedNodes {
  liveCount = 0;
  /** Of the entries so far that are there. */
  readonly firstLiveId: StreamId = new StreamId();
  readonly lastLiveId: StreamId = new StreamId();
  private readonly context: ReadContext;
  private readonly tree: number;
  private readonly cursor: TreeCursor;
  private readonly writer = new NodeWriter();
  private readonly masterId = new StreamId();
  private readonly id = new StreamId();
  private readonly master = new EntryText();
  private readonly entry = new EntryText();
  private readonly shown = new Slice();
  private bytes = new Uint8Array(8192);
  private view = new DataView(this.bytes.buffer);
  /** The next element of the run. */
  private at = 0;
  /** The entry has the node's fields. */
  private isSame = false;

  constructor(context: ReadContext, tree: number) {
    this.context = context;
    this.tree = tree;
    this.cursor = new TreeCursor(context.value.database.trees.table);
  }

  /** Reads a node: its id, and its listpack. */
  read(): void {
    const { context, masterId } = this;
    const key = context.next();
    if (key.length !== ID_BYTES) context.fail('stream with a node without an id');
    readRawId(masterId, key.view, key.offset);
    context.run.openListpack(context.reader, context.next());
    const { run } = context;
    this.at = run.start + LISTPACK_HEADER_BYTES;
    const counters = this.at;
    const toldLive = this.nextCount();
    const toldDeleted = this.nextCount();
    const packBytes = run.length - (this.at - counters);
    this.readMaster();
    let live = 0;
    let deleted = 0;
    while (!isEnd(run.view, this.at)) {
      if (!this.readEntry()) {
        deleted++;
        continue;
      }
      if (live === 0) this.beginNode();
      this.append(live === 0);
      live++;
    }
    if (live !== toldLive || deleted !== toldDeleted) context.fail(WRONG_NODE);
    if (live === 0) return;
    this.view.setUint32(NODE.PACK_BYTES, packBytes, true);
    this.view.setUint32(NODE.MARKED_COUNT, deleted, true);
    this.insert();
    this.liveCount += live;
  }

  private readMaster(): void {
    const { master } = this;
    const fieldCount = this.nextCount();
    master.begin();
    for (let left = fieldCount; left > 0; left--) {
      // Where its value would stand: as the frame of an entry, fields alone count.
      master.add(this.nextText());
      master.add(NO_TEXT);
    }
    if (this.nextCount() !== 0) this.context.fail(WRONG_NODE);
  }

  /** @returns whether the entry is there, then in `entry` and `id` */
  private readEntry(): boolean {
    const { context, id, entry, master } = this;
    const flags = this.nextCount();
    if (flags > (DELETED | SAME_FIELDS)) context.fail(WRONG_NODE);
    id.copyFrom(this.masterId);
    this.addDistance(0);
    this.addDistance(2);
    entry.begin();
    let elementCount = HEAD_ELEMENT_COUNT;
    if ((flags & SAME_FIELDS) !== 0) {
      const { frame } = master;
      for (let left = frame.count; left > 0; left -= 2) {
        // Whoever writes it does not look at fields that are the node's.
        entry.add(NO_TEXT);
        entry.add(this.nextText());
      }
      elementCount += frame.count >>> 1;
      this.isSame = true;
    } else {
      const fieldCount = this.nextCount();
      this.isSame = false;
      for (let left = fieldCount * 2; left > 0; left--) entry.add(this.nextText());
      elementCount += 1 + fieldCount * 2;
    }
    if (this.nextCount() !== elementCount) context.fail(WRONG_NODE);
    return (flags & DELETED) === 0;
  }

  private beginNode(): void {
    const { master, writer, masterId } = this;
    const textBytes = master.byteCount + elementBytesMax(0) * (master.frame.count + 1);
    this.reserve(0, NODE.HEAD_BYTES + textBytes);
    writer.open(this.bytes, this.view, 0).writeHead(0, masterId, master.frame, 0);
  }

  private append(isFirst: boolean): void {
    const { context, id, entry, lastLiveId } = this;
    if (id.compare(this.masterId) < 0) context.fail(WRONG_ORDER);
    if (this.liveCount > 0 || !isFirst) {
      if (id.compare(lastLiveId) <= 0) context.fail(WRONG_ORDER);
    } else {
      this.firstLiveId.copyFrom(id);
    }
    lastLiveId.copyFrom(id);
    const end = this.view.getUint32(NODE.END, true);
    const elementCount = entry.frame.count;
    const overhead = ENTRY_HEAD_BYTES_MAX + elementBytesMax(0) * (elementCount + 1);
    this.reserve(end, overhead + entry.byteCount);
    const isSame = this.isSame || hasFields(this.view, 0, entry.frame, 0);
    this.writer.open(this.bytes, this.view, 0).appendEntry(0, id, entry.frame, 0, isSame);
  }

  /** Puts the node that was written behind the others. */
  private insert(): void {
    const { cursor, tree } = this;
    const byteCount = this.view.getUint32(NODE.END, true);
    this.context.spend(byteCount);
    if (cursor.seekLast(tree)) {
      const before = this.id.read(cursor.view, cursor.payloadOffset + NODE.LAST_ID);
      if (before.compare(this.masterId) >= 0) this.context.fail(WRONG_ORDER);
    }
    cursor.seekEnd(tree);
    cursor.insertBlockHere(this.masterId.ms, 1, byteCount);
    cursor.bytes.set(this.bytes.subarray(0, byteCount), cursor.payloadOffset);
  }

  /** Room for so many bytes from `end` on. */
  private reserve(end: number, byteCount: number): void {
    if (end + byteCount <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(end + byteCount, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, end));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** The next element, which must be a whole number that is not negative. */
  private nextCount(): number {
    const { context } = this;
    const { view } = context.run;
    const count = isEnd(view, this.at) ? Number.NaN : elementInteger(view, this.at);
    // A number above is no count of anything in memory; NaN is none either.
    if (!(count >= 0 && count <= 0xffff_ffff)) context.fail(WRONG_NODE);
    this.at += elementBytes(view, this.at);
    return count;
  }

  private nextText(): Slice {
    const { context, shown } = this;
    const { view, bytes } = context.run;
    if (isEnd(view, this.at)) context.fail(WRONG_NODE);
    readElement(bytes, view, this.at, shown);
    this.at += elementBytes(view, this.at);
    return shown;
  }

  /** Adds the next element to the milliseconds (0) or the sequence number (2) of the id. */
  private addDistance(word: number): void {
    const { context, id } = this;
    const { view } = context.run;
    const distance = isEnd(view, this.at) ? Number.NaN : elementInteger(view, this.at);
    if (Number.isNaN(distance)) context.fail(WRONG_NODE);
    if (distance >= 0 && distance < DISTANCE_MAX) {
      if (word === 0) id.addMs(distance);
      else id.addSeq(distance);
    } else {
      const { words } = id;
      const from = (BigInt(words[word]) << 32n) | BigInt(words[word + 1]);
      const to = BigInt.asUintN(64, from + (elementInteger64(view, this.at) as bigint));
      if (word === 0) id.setMs(to);
      else id.setSeq(to);
    }
    this.at += elementBytes(view, this.at);
  }
}

const WRONG_NODE = 'stream with an invalid node';
const WRONG_ORDER = 'stream with entries out of order';
const NO_TEXT = new Slice();

/** An id as 16 bytes, highest first. */
export function readRawId(id: StreamId, view: DataView, at: number): StreamId {
  for (let i = 0; i < 4; i++) id.words[i] = view.getUint32(at + 4 * i);
  return id;
}

/** Fields and values of an entry as arguments, in memory of their own. */
class EntryText {
  readonly frame: Frame = new Frame();
  byteCount = 0;

  constructor() {
    this.frame.attach(new Uint8Array(1024));
  }

  begin(): void {
    this.frame.count = 0;
    this.byteCount = 0;
  }

  add({ view, bytes, offset, length }: Slice): void {
    this.reserve(length);
    const { frame } = this;
    copyBytes(frame.view, frame.bytes, this.byteCount, view, bytes, offset, length);
    frame.append(this.byteCount, length);
    this.byteCount += length;
  }

  private reserve(length: number): void {
    const { frame } = this;
    const wanted = this.byteCount + length;
    if (wanted <= frame.bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, frame.bytes.length * 2));
    grown.set(frame.bytes.subarray(0, this.byteCount));
    const { count } = frame;
    frame.attach(grown);
    frame.count = count;
  }
}
