/** Adding an entry at a stream's end: in place, in constant time, and with nothing allocated. */
import type { Frame } from '../../../base/frame.ts';
import type { Database } from '../../database.ts';
import type { TreeCursor } from '../../tree/tree-cursor.ts';
import type { StreamId } from './stream-id.ts';
import {
  ENTRY_HEAD_BYTES_MAX,
  elementBytesMax,
  hasFields,
  NODE,
  NodeWriter,
  packedInteger,
} from './stream-node.ts';
import type { StreamRecord } from './stream-record.ts';
import { seekNodePlace } from './stream-walker.ts';

/** Redis' settings of the same names; 0: no limit. */
export interface StreamNodeLimits {
  readonly streamNodeMaxBytes: number;
  readonly streamNodeMaxEntries: number;
}

/** Redis takes no more bytes in one node, nor in one entry. */
export const ENTRY_BYTES_MAX: number = 1 << 30;
/** A node grows by half, and from this on. */
const NODE_BYTES_MIN = 128;
/** What a full node may keep unused: a sixteenth, as blocks are rounded to. */
const SPARE_SHIFT = 4;
const WRITER = new NodeWriter();

/** Bytes of the fields and values in the arguments from `fieldArg` on. */
export function fieldBytes(frame: Frame, fieldArg: number): number {
  let byteCount = 0;
  for (let arg = fieldArg; arg < frame.count; arg++) byteCount += frame.lengths[arg];
  return byteCount;
}

/**
 * Adds an entry.
 * @param record    open; stays so
 * @param id        above the stream's last id, which it becomes
 * @param fieldArg  the first of the arguments that are fields and values in turn
 * @param textBytes  of those arguments
 */
export function appendEntry(
  database: Database,
  record: StreamRecord,
  id: StreamId,
  frame: Frame,
  fieldArg: number,
  textBytes: number,
  limits: StreamNodeLimits,
): void {
  const { cursor } = database.trees;
  const elementCount = frame.count - fieldArg;
  const wantedBytes = ENTRY_HEAD_BYTES_MAX + textBytes + elementBytesMax(0) * (elementCount + 1);
  record.beforeChange();
  let isSame = true;
  if (!cursor.seekLast(record.nodes)) {
    cursor.seekEnd(record.nodes);
    startNode(cursor, id, frame, fieldArg, NODE.HEAD_BYTES + 2 * wantedBytes);
  } else if (isFull(cursor, textBytes, limits)) {
    const usedBytes = cursor.view.getUint32(cursor.payloadOffset + NODE.END, true);
    const spareBytes = cursor.payloadLength - usedBytes;
    if (spareBytes > usedBytes >>> SPARE_SHIFT) cursor.resizeBlock(usedBytes);
    // Behind the last one, unless that is empty by now and XSETID went back behind its first id.
    seekNodePlace(cursor, record.nodes, id);
    const expectedBytes = Math.max(usedBytes, NODE.HEAD_BYTES + 2 * wantedBytes);
    startNode(cursor, id, frame, fieldArg, expectedBytes + wantedBytes);
  } else {
    const { view, payloadOffset } = cursor;
    isSame = hasFields(view, payloadOffset, frame, fieldArg);
    const usedBytes = view.getUint32(payloadOffset + NODE.END, true);
    if (usedBytes + wantedBytes > cursor.payloadLength) {
      cursor.resizeBlock(Math.max(NODE_BYTES_MIN, usedBytes + (usedBytes >>> 1) + wantedBytes));
    }
    cursor.beforeChange();
  }
  const { view, bytes, payloadOffset } = cursor;
  WRITER.open(bytes, view, 0).appendEntry(payloadOffset, id, frame, fieldArg, isSame);
  record.noteAdded(id);
}

/** Whether Redis would begin another node for an entry of so many bytes. */
function isFull(cursor: TreeCursor, textBytes: number, limits: StreamNodeLimits): boolean {
  const { view, payloadOffset: node } = cursor;
  const liveCount = view.getUint32(node + NODE.LIVE_COUNT, true);
  const markedCount = view.getUint32(node + NODE.MARKED_COUNT, true);
  const packBytes =
    view.getUint32(node + NODE.PACK_BYTES, true) +
    packedInteger(liveCount) +
    packedInteger(markedCount);
  const { streamNodeMaxBytes: bytesMax, streamNodeMaxEntries: entriesMax } = limits;
  const isBound = bytesMax > 0 && bytesMax < ENTRY_BYTES_MAX;
  if (packBytes + textBytes >= (isBound ? bytesMax : ENTRY_BYTES_MAX)) return true;
  return entriesMax > 0 && liveCount + markedCount >= entriesMax;
}

function startNode(
  cursor: TreeCursor,
  id: StreamId,
  frame: Frame,
  fieldArg: number,
  byteLength: number,
): void {
  cursor.insertBlockHere(id.ms, 1, byteLength);
  WRITER.open(cursor.bytes, cursor.view, 0);
  WRITER.writeHead(cursor.payloadOffset, id, frame, fieldArg);
}
