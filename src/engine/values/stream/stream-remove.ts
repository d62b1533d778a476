/** Taking entries out of a stream: single ones, and from its beginning. */
import type { Database } from '../../database.ts';
import type { TreeCursor } from '../../tree/tree-cursor.ts';
import { compareStored, StreamId } from './stream-id.ts';
import {
  ENTRY_FLAG,
  NODE,
  NodeWriter,
  readEntryHead,
  readVarint,
  skipElement,
  skipVarint,
} from './stream-node.ts';
import type { StreamRecord } from './stream-record.ts';
import { StreamWalker } from './stream-walker.ts';

/** A node of which more than half is marked, and no less, is written anew. */
const MARKED_COUNT_MIN = 16;

/** What is cut from a stream's beginning. */
export interface StreamCut {
  /** Only whole nodes go. */
  readonly isApproximate: boolean;
  /** Entries that may go at most; 0: any. Redis counts in whole nodes. */
  readonly countMax: number;
  /** Entries that stay, when `byLength`. */
  readonly lengthMax: number;
  /** Else: the least id that stays. */
  readonly idMin: StreamId;
  readonly byLength: boolean;
}

const WALKER = new StreamWalker();
const FIRST = new StreamId();
const CURRENT = new StreamId();
const LAST_KEPT = new StreamId();
const MAX = new StreamId().setMax();
const ZERO = new StreamId();

/** The id of the first entry that is there; false, and zero, when there is none. */
export function findFirstId(database: Database, record: StreamRecord, id: StreamId): boolean {
  id.setZero();
  if (record.length === 0) return false;
  WALKER.start(database, record.nodes, ZERO, MAX);
  if (!WALKER.next()) return false;
  id.copyFrom(WALKER.id);
  return true;
}

/** The id of the last entry that is there; false, and zero, when there is none. */
export function findLastId(database: Database, record: StreamRecord, id: StreamId): boolean {
  id.setZero();
  if (record.length === 0) return false;
  const { cursor } = database.trees;
  cursor.seekLast(record.nodes);
  const { view, payloadOffset: node } = cursor;
  const liveCount = liveEntries(cursor);
  if (liveCount > 0 && view.getUint32(node + NODE.ENTRY_COUNT, true) === liveCount) {
    id.read(view, node + NODE.LAST_ID);
    return true;
  }
  WALKER.startFromEnd(database, record.nodes, ZERO, MAX);
  if (!WALKER.prev()) return false;
  id.copyFrom(WALKER.id);
  return true;
}

/** Removes one entry. @returns whether it was there */
export function removeEntry(database: Database, record: StreamRecord, id: StreamId): boolean {
  if (!WALKER.find(database, record.nodes, id)) return false;
  const { cursor } = database.trees;
  record.beforeChange();
  if (liveEntries(cursor) === 1) {
    cursor.removeBlock();
  } else {
    cursor.beforeChange();
    markEntry(cursor, WALKER.entryAt);
    if (isMostlyMarked(cursor)) rewriteNode(database, record, cursor);
  }
  record.changeLength(-1);
  if (record.readMaxDeletedId(CURRENT).compare(id) < 0) record.writeMaxDeletedId(id);
  if (record.length === 0) record.writeFirstId(ZERO);
  else if (record.readFirstId(CURRENT).compare(id) === 0) refreshFirstId(database, record);
  return true;
}

/**
 * Cuts entries off the beginning. Whole nodes go at once.
 * @returns  how many went
 */
export function cutStream(database: Database, record: StreamRecord, cut: StreamCut): number {
  const { cursor } = database.trees;
  let removedCount = 0;
  record.beforeChange();
  while (cursor.seekFirst(record.nodes)) {
    const length = record.length;
    if (cut.byLength && length <= cut.lengthMax) break;
    const liveCount = liveEntries(cursor);
    if (cut.countMax > 0 && removedCount + liveCount > cut.countMax) break;
    const isWhole = cut.byLength
      ? length - liveCount >= cut.lengthMax
      : compareStored(cursor.view, cursor.payloadOffset + NODE.LAST_ID, cut.idMin) < 0;
    if (isWhole) {
      cursor.removeBlock();
      record.changeLength(-liveCount);
      removedCount += liveCount;
      continue;
    }
    if (!cut.isApproximate) removedCount += cutNode(database, record, cursor, cut);
    break;
  }
  if (removedCount > 0) refreshFirstId(database, record);
  return removedCount;
}

function refreshFirstId(database: Database, record: StreamRecord): void {
  findFirstId(database, record, FIRST);
  record.writeFirstId(FIRST);
}

/** Marks the entries of the first node that have to go. It stays, even if all of them do. */
function cutNode(
  database: Database,
  record: StreamRecord,
  cursor: TreeCursor,
  cut: StreamCut,
): number {
  const surplus = cut.byLength ? record.length - cut.lengthMax : Infinity;
  const { view, payloadOffset: node } = cursor;
  const end = node + view.getUint32(node + NODE.END, true);
  let at = node + view.getUint32(node + NODE.ENTRIES_AT, true);
  let count = 0;
  cursor.beforeChange();
  CURRENT.read(view, node + NODE.FIRST_ID);
  while (at !== end && count < surplus) {
    const flags = view.getUint8(at);
    const next = readEntryHead(view, at, flags, CURRENT);
    if (!cut.byLength && CURRENT.compare(cut.idMin) >= 0) break;
    if ((flags & ENTRY_FLAG.MARKED) === 0) {
      markEntry(cursor, at - node);
      count++;
    }
    at = skipValues(view, node, next, flags);
  }
  if (count > 0) {
    record.changeLength(-count);
    if (isMostlyMarked(cursor)) rewriteNode(database, record, cursor);
  }
  return count;
}

function markEntry(cursor: TreeCursor, entryAt: number): void {
  const { view, payloadOffset: node } = cursor;
  const at = node + entryAt;
  view.setUint8(at, view.getUint8(at) | ENTRY_FLAG.MARKED);
  const marked = view.getUint32(node + NODE.MARKED_COUNT, true) + 1;
  view.setUint32(node + NODE.MARKED_COUNT, marked, true);
  view.setUint32(node + NODE.LIVE_COUNT, liveEntries(cursor) - 1, true);
}

function liveEntries(cursor: TreeCursor): number {
  return cursor.view.getUint32(cursor.payloadOffset + NODE.LIVE_COUNT, true);
}

function isMostlyMarked(cursor: TreeCursor): boolean {
  const entryCount = cursor.view.getUint32(cursor.payloadOffset + NODE.ENTRY_COUNT, true);
  const liveCount = liveEntries(cursor);
  const markedCount = entryCount - liveCount;
  return markedCount >= MARKED_COUNT_MIN && markedCount > liveCount;
}

/**
 * Writes the node anew without its marked entries, all but the last: the next entry's id is told
 * from it. What Redis counts stays as it was.
 */
function rewriteNode(database: Database, record: StreamRecord, cursor: TreeCursor): void {
  const { payloadOffset: node, payloadLength, view } = cursor;
  // A few nodes in a stream's life: an array each.
  const from = cursor.bytes.slice(node, node + payloadLength);
  const fromView = new DataView(from.buffer);
  const end = fromView.getUint32(NODE.END, true);
  let at = fromView.getUint32(NODE.ENTRIES_AT, true);
  const writer = new NodeWriter().open(cursor.bytes, view, node + at);
  const writtenAt = writer.at;
  cursor.beforeChange();
  let keptCount = 0;
  CURRENT.read(fromView, NODE.FIRST_ID);
  LAST_KEPT.copyFrom(CURRENT);
  while (at !== end) {
    const flags = fromView.getUint8(at);
    const idEnd = readEntryHead(fromView, at, flags, CURRENT);
    const next = skipValues(fromView, 0, idEnd, flags);
    if ((flags & ENTRY_FLAG.MARKED) === 0 || next === end) {
      writer.writeEntryHead(CURRENT, LAST_KEPT, flags & KEPT_FLAGS);
      cursor.bytes.set(from.subarray(idEnd, next), writer.at);
      writer.at += next - idEnd;
      LAST_KEPT.copyFrom(CURRENT);
      keptCount++;
    }
    at = next;
  }
  const writtenBytes = writer.at - writtenAt + fromView.getUint32(NODE.ENTRIES_AT, true);
  view.setUint32(node + NODE.END, writtenBytes, true);
  view.setUint32(node + NODE.ENTRY_COUNT, keptCount, true);
  view.setUint32(node + NODE.CHECK_AT, writtenAt - node, true);
  CURRENT.read(view, node + NODE.FIRST_ID).write(view, node + NODE.CHECK_ID);
  const isLast = database.trees.count(record.nodes) === cursor.rankHere() + 1;
  if (!isLast) cursor.resizeBlock(writtenBytes);
}

const KEPT_FLAGS = ENTRY_FLAG.MARKED | ENTRY_FLAG.SAME_FIELDS;

/** @param at  behind an entry's id. @returns the next entry */
function skipValues(view: DataView, node: number, at: number, flags: number): number {
  let left = view.getUint32(node + NODE.FIELD_COUNT, true);
  let place = at;
  if ((flags & ENTRY_FLAG.SAME_FIELDS) === 0) {
    left = readVarint(view, at) * 2;
    place = skipVarint(view, at);
  }
  for (; left > 0; left--) place = skipElement(view, place);
  return place;
}
