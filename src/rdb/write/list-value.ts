/**
 * Lists, as a quicklist whose nodes were filled from the first element on: what redis-server has
 * after RPUSH.
 */
import type { FrozenEntry, FrozenWalk } from '../../engine/snapshot/frozen-entry.ts';
import {
  elementBytes,
  elementTextBytes,
  LISTPACK_EMPTY_BYTES,
  LISTPACK_HEADER_BYTES,
} from '../../engine/values/packed/listpack.ts';
import { recordTree } from '../../engine/values/tree-record.ts';
import { LIST_NODE, RDB_TYPE } from '../format.ts';
import type { EntryWriter } from './entry-writer.ts';
import { StepPace } from './step-pace.ts';

/** What a node may have, by negative settings from -1 on, and by elements. */
const NODE_BYTES_MAX = [4096, 8192, 16_384, 32_768, 65_536];
const COUNTED_NODE_BYTES_MAX = 8192;
/** What redis-server reckons for an element beside its text. */
const ESTIMATED_OVERHEAD_BYTES = 8;

/** Decides, element by element, where a node ends. */
class NodeCut {
  nodeCount = 0;
  private readonly byteCountMax: number;
  private readonly countMax: number;
  private byteCount = 0;
  private count = 0;

  /** @param size  list-max-listpack-size */
  constructor(size: number) {
    const isCounted = size >= 0;
    const level = Math.min(-size, NODE_BYTES_MAX.length) - 1;
    this.byteCountMax = isCounted ? COUNTED_NODE_BYTES_MAX : NODE_BYTES_MAX[level];
    this.countMax = isCounted ? size : Number.POSITIVE_INFINITY;
  }

  /** Takes the element at `at`. @returns whether a node begins with it */
  begins(view: DataView, at: number, byteCount: number): boolean {
    const grownBytes = this.byteCount + elementTextBytes(view, at) + ESTIMATED_OVERHEAD_BYTES;
    const fits = this.count < this.countMax && grownBytes <= this.byteCountMax;
    if (fits && this.nodeCount > 0) {
      this.byteCount += byteCount;
      this.count++;
      return false;
    }
    this.nodeCount++;
    this.byteCount = LISTPACK_EMPTY_BYTES + byteCount;
    this.count = 1;
    return true;
  }
}

export function writeSmallList(writer: EntryWriter, entry: FrozenEntry): void {
  const { bytes, view, offset, length } = entry.value;
  const { listNodeSize } = writer.options;
  const start = offset + LISTPACK_HEADER_BYTES;
  const end = offset + length - 1;
  const cut = new NodeCut(listNodeSize);
  countNodes(cut, view, start, end);
  writer.writeHead(entry, RDB_TYPE.LIST_QUICKLIST_2);
  writer.buffer.writeLength(cut.nodeCount);
  if (cut.nodeCount === 1) {
    writer.buffer.writeLength(LIST_NODE.PACKED);
    return writer.writeSlice(entry.value);
  }
  const nodes = new NodeWriter(writer);
  nodes.add(bytes, view, start, end);
  nodes.end();
}

export function* writeLargeList(writer: EntryWriter, entry: FrozenEntry): Generator<void, void> {
  const tree = recordTree(entry.value.view, entry.value.offset, 0);
  const pace = new StepPace(writer.buffer);
  const cut = new NodeCut(writer.options.listNodeSize);
  const counting = entry.walk(tree);
  while (counting.next()) {
    const { view } = counting.payload;
    countNodes(cut, view, chunkStart(counting), chunkEnd(counting));
    yield;
  }
  writer.writeHead(entry, RDB_TYPE.LIST_QUICKLIST_2);
  writer.buffer.writeLength(cut.nodeCount);
  const nodes = new NodeWriter(writer);
  const walk = entry.walkLast(tree);
  while (walk.next()) {
    const { bytes, view } = walk.payload;
    nodes.add(bytes, view, chunkStart(walk), chunkEnd(walk));
    if (pace.isSpent()) yield;
  }
  nodes.end();
}

function countNodes(cut: NodeCut, view: DataView, start: number, end: number): void {
  for (let at = start; at < end; ) {
    const byteCount = elementBytes(view, at);
    cut.begins(view, at, byteCount);
    at += byteCount;
  }
}

/** Writes elements as the nodes that a `NodeCut` makes of them. */
class NodeWriter {
  private readonly writer: EntryWriter;
  private readonly cut: NodeCut;

  constructor(writer: EntryWriter) {
    this.writer = writer;
    this.cut = new NodeCut(writer.options.listNodeSize);
  }

  /** Elements from `start` to `end`. */
  add(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const { cut, writer } = this;
    const { pack } = writer;
    let runStart = start;
    let runCount = 0;
    for (let at = start; at < end; ) {
      const byteCount = elementBytes(view, at);
      if (cut.begins(view, at, byteCount)) {
        if (cut.nodeCount > 1) {
          pack.addRun(bytes, view, runStart, at, runCount);
          this.end();
        }
        pack.begin();
        runStart = at;
        runCount = 0;
      }
      runCount++;
      at += byteCount;
    }
    pack.addRun(bytes, view, runStart, end, runCount);
  }

  /** Writes the node under way. */
  end(): void {
    this.writer.buffer.writeLength(LIST_NODE.PACKED);
    this.writer.writePack();
  }
}

/** Of a block of a large list (`list-chunk.ts`): where its elements begin and end. */
function chunkStart({ payload }: FrozenWalk): number {
  return payload.offset + payload.view.getUint32(payload.offset, true);
}

function chunkEnd({ payload }: FrozenWalk): number {
  return payload.offset + payload.view.getUint32(payload.offset + 4, true);
}
