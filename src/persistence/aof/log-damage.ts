/**
 * What a bad place in a log means. A power failure loses, tears and reorders what was not synced:
 * then the log ends there, though whole records may follow, and nothing that was promised is lost.
 * Anything else is damage: to go on would be to forget what had been safe.
 *
 * Each record tells how much of its file was synced when it was written. So the place is damaged
 * where a later record says that it was safe; or where later records go on for so long that the
 * system must have written it meanwhile, asked or not. A later file's record tells that all of the
 * files before were safe, once it says that anything of its own file was.
 */
import { crc32 } from '../../base/digest/crc32.ts';
import { RECORD_MARK, RecordLine } from '../../journal/record-line.ts';
import type { LogSource } from './log-reader.ts';

/** Linux writes what is dirty for 30 s, looking every 5 s. */
const WRITTEN_BY_THEN_MS = 120_000;

/** Whole records in a part of a file. */
export interface RecordsSeen {
  readonly count: number;
  /** The most that one of them says is synced. */
  readonly syncedBytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** @param offset  of the bad place  @param seen  behind it, in the same file */
export function isDamage(offset: number, seen: RecordsSeen): boolean {
  if (seen.count === 0) return false;
  return seen.syncedBytes > offset || seen.lastMs - seen.firstMs > WRITTEN_BY_THEN_MS;
}

/** What a file's first record says of the length of the file before; -1: nothing. */
export function lengthBefore(source: LogSource): number {
  return source.byteCount > 0 && wholeRecord(source, 0, UNBOUNDED) > 0 ? LINE.afterBytes : -1;
}

/** A file of records of which the first may be torn, or not there but for its length. */
export function beginsAsOurs(source: LogSource): boolean {
  const head = new Uint8Array(Math.min(RECORD_MARK.length, source.byteCount));
  const length = source.read(head, 0, head.length, 0);
  const text = Buffer.from(head.buffer, 0, length).toString('latin1');
  return RECORD_MARK.startsWith(text.replace(/\0.*$/, ''));
}

/**
 * Looks for whole records at every place of a file from `offset` on. What stands in a value of a
 * whole record is passed over with it. In a torn one a client may have written what looks like
 * records: one that claims more than its own place is none, and long ones are looked at for as long
 * as it takes to read the file twice.
 */
export function findRecords(source: LogSource, offset: number): RecordsSeen {
  const seen = { count: 0, syncedBytes: 0, firstMs: 0, lastMs: 0 };
  const marks = new MarkFinder(source);
  const budget = { left: 2 * source.byteCount };
  let at = marks.find(offset);
  while (at >= 0) {
    const byteCount = wholeRecord(source, at, budget);
    if (byteCount > 0) note(seen);
    at = marks.find(at + Math.max(byteCount, 1));
  }
  return seen;
}

/** Where lines of records may begin, read in pieces. */
class MarkFinder {
  private readonly source: LogSource;
  private piece = Buffer.alloc(0);
  private pieceAt = 0;

  constructor(source: LogSource) {
    this.source = source;
  }

  /** @returns the first place from `offset` on, -1: none */
  find(offset: number): number {
    let from = offset;
    for (;;) {
      const end = this.pieceAt + this.piece.length;
      if (from >= this.pieceAt && from < end) {
        const found = this.piece.indexOf(RECORD_MARK, from - this.pieceAt, 'latin1');
        if (found >= 0) return this.pieceAt + found;
        if (end >= this.source.byteCount) return -1;
        // A mark may lie across the end of the piece.
        from = Math.max(from, end - RECORD_MARK.length + 1);
      }
      if (from >= this.source.byteCount || !this.readPiece(from)) return -1;
    }
  }

  private readPiece(at: number): boolean {
    const bytes = new Uint8Array(Math.min(PIECE_BYTES, this.source.byteCount - at));
    const length = this.source.read(bytes, 0, bytes.length, at);
    this.piece = Buffer.from(bytes.buffer, 0, length);
    this.pieceAt = at;
    return length > 0;
  }
}

const LINE = new RecordLine();

function note(seen: { -readonly [K in keyof RecordsSeen]: RecordsSeen[K] }): void {
  if (seen.count === 0) seen.firstMs = LINE.atMs;
  seen.count++;
  seen.lastMs = Math.max(seen.lastMs, LINE.atMs);
  seen.syncedBytes = Math.max(seen.syncedBytes, LINE.syncedBytes);
}

/** @returns the bytes of the record that begins there; 0: none does */
function wholeRecord(source: LogSource, offset: number, budget: { left: number }): number {
  const left = source.byteCount - offset;
  const head = new Uint8Array(Math.min(LINE_READ_BYTES, left));
  const length = source.read(head, 0, head.length, offset);
  const text = Buffer.from(head.buffer, 0, length).toString('latin1');
  const lineEnd = text.indexOf('\r\n');
  if (lineEnd < 0 || !LINE.parse(text.slice(0, lineEnd))) return 0;
  const byteCount = lineEnd + 2 + LINE.bodyBytes;
  if (byteCount > left || LINE.syncedBytes > offset) return 0;
  if (byteCount > LONG_RECORD_BYTES) {
    if (byteCount > budget.left) return 0;
    budget.left -= byteCount;
  }
  const record = new Uint8Array(byteCount);
  if (source.read(record, 0, byteCount, offset) < byteCount) return 0;
  const view = new DataView(record.buffer);
  return crc32(record, view, LINE.coveredAt, byteCount) === LINE.crc ? byteCount : 0;
}

const UNBOUNDED = { left: Number.POSITIVE_INFINITY };
/** More than most records have. */
const LONG_RECORD_BYTES = 128 * 1024;
const PIECE_BYTES = 1024 * 1024;
const LINE_READ_BYTES = 512;
