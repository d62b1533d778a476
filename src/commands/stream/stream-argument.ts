/** What the commands on streams share: how they find the stream, and say ids and entries. */
import type { Frame } from '../../base/frame.ts';
import { writeDigits } from '../../base/numbers.ts';
import type { Database } from '../../engine/database.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import { Slice } from '../../engine/slice.ts';
import {
  STREAM_ID_TEXT_BYTES_MAX,
  StreamId,
  writeStreamId,
} from '../../engine/values/stream/stream-id.ts';
import { StreamRecord } from '../../engine/values/stream/stream-record.ts';
import { StreamWalker } from '../../engine/values/stream/stream-walker.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';

/** What `requireStream` and its sibling answer after an error reply. */
export const NOT_A_STREAM = -1;

/** Work areas of whatever stream command runs; they hold nothing between two commands. */
export const RECORD = new StreamRecord();
export const WALKER = new StreamWalker();
export const NAME = new Slice();
export const ID_ZERO: StreamId = new StreamId();
export const ID_MAX: StreamId = new StreamId().setMax();

const FIELD = new Slice();
const VALUE = new Slice();
/** The text of an id, and which milliseconds are written there already. */
const TEXT = new Uint8Array(STREAM_ID_TEXT_BYTES_MAX);
const TEXT_VIEW = new DataView(TEXT.buffer);
const TEXT_ID = new StreamId();
let seqAt = writeStreamId(TEXT, 0, TEXT_ID) - 1;

/** The stream under that argument, 0 when there is none, NOT_A_STREAM after an error reply. */
export function requireStream(
  database: Database,
  frame: Frame,
  arg: number,
  reply: ReplyWriter,
): number {
  const entry = database.read(frame, arg);
  if (entry === 0 || database.typeOf(entry) === TYPE.STREAM) return entry;
  reply.error(ERRORS.wrongType);
  return NOT_A_STREAM;
}

/** The same for a command that is about to change it. */
export function requireStreamToChange(
  database: Database,
  frame: Frame,
  arg: number,
  reply: ReplyWriter,
): number {
  const entry = database.find(frame, arg);
  if (entry === 0) return 0;
  database.touchLocated();
  if (database.typeOf(entry) === TYPE.STREAM) return entry;
  reply.error(ERRORS.wrongType);
  return NOT_A_STREAM;
}

/** The argument as bytes. */
export function argumentSlice(frame: Frame, arg: number): Slice {
  NAME.bytes = frame.bytes;
  NAME.view = frame.view;
  NAME.offset = frame.offsets[arg];
  NAME.length = frame.lengths[arg];
  return NAME;
}

/** Milliseconds seldom change from one id to the next: their digits are kept. */
export function replyId(reply: ReplyWriter, id: StreamId): void {
  const { words } = id;
  const last = TEXT_ID.words;
  if (words[0] !== last[0] || words[1] !== last[1] || words[2] > 0x1f_ffff) {
    const end = writeStreamId(TEXT, 0, id);
    TEXT_ID.copyFrom(id);
    seqAt = TEXT.indexOf(45) + 1;
    reply.bulkView(TEXT, TEXT_VIEW, 0, end);
    return;
  }
  const end = writeDigits(TEXT, seqAt, words[2] * 0x1_0000_0000 + words[3]);
  reply.bulkView(TEXT, TEXT_VIEW, 0, end);
}

/** The entry that the walker is at: its id, and its fields and values in one array. */
export function replyEntry(reply: ReplyWriter, walker: StreamWalker): void {
  reply.array(2);
  replyId(reply, walker.id);
  const { fieldCount } = walker;
  reply.array(fieldCount * 2);
  for (let left = fieldCount; left > 0; left--) {
    walker.readPair(FIELD, VALUE);
    reply.bulkView(FIELD.bytes, FIELD.view, FIELD.offset, FIELD.length);
    reply.bulkView(VALUE.bytes, VALUE.view, VALUE.offset, VALUE.length);
  }
}

/**
 * An array of the entries between two ids, both included.
 * @param count  at most so many; 0: all
 */
export function replyRange(
  database: Database,
  record: StreamRecord,
  range: { first: StreamId; last: StreamId; count: number; isBackwards: boolean },
  reply: ReplyWriter,
): void {
  const { first, last, count, isBackwards } = range;
  const mark = reply.openAggregate();
  let written = 0;
  if (isBackwards) WALKER.startFromEnd(database, record.nodes, first, last);
  else WALKER.start(database, record.nodes, first, last);
  while (isBackwards ? WALKER.prev() : WALKER.next()) {
    replyEntry(reply, WALKER);
    written++;
    if (written === count) break;
  }
  reply.closeArray(mark, written);
}
