import { ENCODING, TYPE } from '../../engine/keyspace/entry.ts';
import { FORMAT } from '../../engine/tree/page-layout.ts';
import { TreeCursor } from '../../engine/tree/tree-cursor.ts';
import {
  CHUNK_BYTES,
  CHUNK_HEAD_BYTES,
  LONG_LIST_BYTES_MIN,
  LONG_LIST_CHUNK_BYTES,
  setChunkBounds,
} from '../../engine/values/list/list-chunk.ts';
import { exceeds, PACKED_BYTES_MAX } from '../../engine/values/list/list-form.ts';
import {
  elementBytes,
  isEnd,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
} from '../../engine/values/packed/listpack.ts';
import { recordHeadBytes } from '../../engine/values/tree-record.ts';
import { LIST_NODE, RDB_TYPE } from '../format.ts';
import { type ReadContext, STEP_ELEMENT_COUNT } from './read-context.ts';

const KIND_LISTPACK = TYPE.LIST | (ENCODING.LISTPACK << 4);
const KIND_QUICKLIST = TYPE.LIST | (ENCODING.QUICKLIST << 4);

/** Reads a list in any form, with a yield every few hundred elements. */
export function* readList(context: ReadContext, type: number): Generator<void, void> {
  const list = new LoadedList(context);
  const { reader, run } = context;
  if (type === RDB_TYPE.LIST) {
    yield* readElements(context, list);
  } else if (type === RDB_TYPE.LIST_ZIPLIST) {
    run.openZiplist(reader, context.next());
    yield* addRun(context, list);
  } else {
    yield* readNodes(context, list, type === RDB_TYPE.LIST_QUICKLIST);
  }
  list.finish();
}

function* readElements(context: ReadContext, list: LoadedList): Generator<void, void> {
  const { reader } = context;
  for (let left = reader.readCount(1); left > 0; left--) {
    list.addText(context);
    if (left % STEP_ELEMENT_COUNT === 0) yield;
  }
}

/** Nodes of a quicklist: ziplists, or listpacks and long elements. */
function* readNodes(
  context: ReadContext,
  list: LoadedList,
  isZiplist: boolean,
): Generator<void, void> {
  const { reader, run } = context;
  for (let left = reader.readCount(1); left > 0; left--) {
    const form = isZiplist ? LIST_NODE.PACKED : reader.readLength();
    if (form === LIST_NODE.PLAIN) {
      list.addText(context);
      yield;
      continue;
    }
    if (form !== LIST_NODE.PACKED) context.fail('list with a node of unknown form');
    if (isZiplist) run.openZiplist(reader, context.next());
    else run.openListpack(reader, context.next());
    yield* addRun(context, list);
    yield;
  }
}

function* addRun({ run }: ReadContext, list: LoadedList): Generator<void, void> {
  const { view, bytes } = run;
  for (let at = run.start + LISTPACK_HEADER_BYTES; !isEnd(view, at); ) {
    const length = elementBytes(view, at);
    list.addElement(view, bytes, at, length);
    at += length;
    if (list.count % STEP_ELEMENT_COUNT === 0) yield;
  }
}

/**
 * A list that has no key yet. Elements gather in the context's writer; what is longer than a list
 * of one run may be goes into blocks of a tree, as many elements each as fit.
 */
class LoadedList {
  count = 0;
  private readonly context: ReadContext;
  private tree = 0;
  private cursor: TreeCursor | null = null;
  /** Of all elements, as they are written. */
  private elementBytes = 0;

  constructor(context: ReadContext) {
    this.context = context;
    context.writer.begin();
  }

  /** Reads a string and adds it. */
  addText(context: ReadContext): void {
    const { writer } = context;
    const { view, bytes, offset, length } = context.next();
    writer.plan.ofText(view, bytes, offset, length);
    this.makeRoom(writer.plan.byteCount);
    writer.addPlanned();
  }

  /** Adds an element that lies in another listpack. */
  addElement(view: DataView, bytes: Uint8Array, at: number, length: number): void {
    this.makeRoom(length);
    this.context.writer.addElements(view, bytes, at, length, 1);
  }

  finish(): void {
    const { value, limits, writer, run } = this.context;
    value.isEmpty = this.count === 0;
    const byteCount = this.elementBytes + LISTPACK_EMPTY_BYTES;
    const isQuicklist = exceeds(limits.listMaxListpackSize, byteCount, this.count);
    const kind = isQuicklist ? KIND_QUICKLIST : KIND_LISTPACK;
    if (this.tree === 0 && writer.packedBytes <= PACKED_BYTES_MAX) {
      run.openWritten(writer);
      value.take(kind, run.view, run.bytes, run.start, run.length);
      return;
    }
    this.flush(CHUNK_BYTES);
    const view = value.recordOf(kind, this.tree, 4);
    view.setUint32(recordHeadBytes(1), this.elementBytes, true);
  }

  /** Counts an element of so many bytes, and lets the writer have room for it within a chunk. */
  private makeRoom(byteCount: number): void {
    const { writer } = this.context;
    const gathered = writer.length - LISTPACK_HEADER_BYTES;
    const isLong = this.elementBytes >= LONG_LIST_BYTES_MIN;
    const chunkBytes = isLong ? LONG_LIST_CHUNK_BYTES : CHUNK_BYTES;
    if (gathered > 0 && CHUNK_HEAD_BYTES + gathered + byteCount > chunkBytes) {
      this.flush(chunkBytes);
    }
    this.elementBytes += byteCount;
    if (this.elementBytes > ELEMENT_BYTES_MAX) this.context.fail('list too long');
    this.count++;
  }

  /** Makes a block of what the writer has gathered. */
  private flush(chunkBytes: number): void {
    const { writer, value } = this.context;
    const gathered = writer.length - LISTPACK_HEADER_BYTES;
    if (this.tree === 0) this.tree = value.createTree(FORMAT.BLOCK);
    if (gathered === 0) return;
    const byteCount = Math.max(chunkBytes, CHUNK_HEAD_BYTES + gathered);
    this.context.spend(byteCount);
    this.cursor ??= new TreeCursor(value.database.trees.table);
    const { cursor } = this;
    cursor.seekEnd(this.tree);
    cursor.insertBlockHere(0, writer.count, byteCount);
    const start = cursor.payloadOffset + CHUNK_HEAD_BYTES;
    setChunkBounds(cursor, start, start + gathered);
    const from = writer.bytes.subarray(LISTPACK_HEADER_BYTES, writer.length);
    cursor.bytes.set(from, start);
    writer.begin();
  }
}

/** The record has 32 bits for them. */
const ELEMENT_BYTES_MAX = 0xffff_0000;
