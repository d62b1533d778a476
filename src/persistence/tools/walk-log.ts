/**
 * Looks through one file of a log without executing anything: each of our records is whole and its
 * checksum right, each command is RESP, each transaction has its end. A log that redis-server wrote
 * has no records; its commands are looked at one by one.
 *
 * Behind damage it goes on at the next record whose checksum is right. Where there are no records
 * there is no such place.
 */
import { crc32 } from '../../base/digest/crc32.ts';
import { RECORD_MARK, RecordLine } from '../../journal/record-line.ts';

/** A part of a file that is good, and ends outside of a transaction. */
export interface GoodPart {
  readonly start: number;
  readonly end: number;
}

export interface BadPart extends GoodPart {
  readonly reason: string;
}

export interface LogWalk {
  readonly goodParts: readonly GoodPart[];
  /** In order; one that ends with the file may be a torn tail. */
  readonly badParts: readonly BadPart[];
  readonly recordCount: number;
  readonly commandCount: number;
  /** So many bytes of this file were synced, as its records say. */
  readonly syncedBytes: number;
  /** So long was the file before it, as its first record says; -1: it says nothing. */
  readonly afterBytes: number;
}

/** What redis-server reads of a line at once. */
const LINE_BYTES_MAX = 1024;
const ARGUMENT_COUNT_MAX = 1024 * 1024;
const BULK_BYTES_MAX = 512 * 1024 * 1024;

/** @param bytes  of the file, from `from` on: behind a snapshot that it may begin with */
export function walkLog(bytes: Uint8Array, from: number): LogWalk {
  return new Walker(bytes).walk(from);
}

class Walker {
  private readonly bytes: Buffer;
  private readonly view: DataView;
  private readonly line = new RecordLine();
  private at = 0;
  private depth = 0;
  private recordCount = 0;
  private commandCount = 0;
  private syncedBytes = 0;
  private afterBytes = -1;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  walk(from: number): LogWalk {
    const goodParts: GoodPart[] = [];
    const badParts: BadPart[] = [];
    this.at = from;
    while (this.at < this.bytes.length) {
      const start = this.at;
      let end = start;
      let reason = '';
      while (this.at < this.bytes.length && reason === '') {
        reason = this.next();
        if (reason === '' && this.depth === 0) end = this.at;
      }
      if (reason === '' && end < this.at) reason = 'a transaction without its end';
      if (end > start) goodParts.push({ start, end });
      if (reason === '') break;
      this.depth = 0;
      const next = this.findRecord(Math.max(end, start) + 1);
      badParts.push({ start: end, end: next, reason });
      this.at = next;
    }
    const { afterBytes, commandCount, recordCount, syncedBytes } = this;
    return { goodParts, badParts, recordCount, commandCount, syncedBytes, afterBytes };
  }

  /** Moves over a line or a command. @returns what is wrong, or '' */
  private next(): string {
    const first = this.bytes[this.at];
    if (first === HASH) return this.annotation();
    if (first === STAR) return this.command(this.bytes.length);
    return 'neither a command nor a comment';
  }

  private annotation(): string {
    const end = this.bytes.subarray(this.at, this.at + LINE_BYTES_MAX).indexOf(LF);
    const isCut = this.bytes.length - this.at < LINE_BYTES_MAX;
    if (end < 0) return isCut ? 'a line is cut off' : 'a line is too long';
    const text = this.bytes.toString('latin1', this.at, this.at + end);
    if (!text.startsWith(RECORD_MARK)) {
      this.at += end + 1;
      return '';
    }
    return this.record(text.endsWith('\r') ? text.slice(0, -1) : text, this.at + end + 1);
  }

  private record(text: string, body: number): string {
    const { bytes, line } = this;
    if (this.depth > 0) return 'a record within a transaction';
    if (!line.parse(text)) return 'a record whose head cannot be read';
    const end = body + line.bodyBytes;
    if (end > bytes.length) return 'a record is cut off';
    if (this.checksum(this.at + line.coveredAt, end) !== line.crc) {
      return 'a record whose checksum is wrong';
    }
    this.at = body;
    while (this.at < end) {
      const reason = this.bytes[this.at] === HASH ? this.annotation() : this.command(end);
      if (reason !== '') return reason;
    }
    if (this.at > end || this.depth > 0)
      return 'a record that ends within a command or transaction';
    this.recordCount++;
    this.syncedBytes = Math.max(this.syncedBytes, line.syncedBytes);
    if (line.afterBytes >= 0) this.afterBytes = line.afterBytes;
    return '';
  }

  private command(limit: number): string {
    const count = this.number(STAR, limit);
    if (count === null) return 'a command is cut off';
    if (!(count > 0 && count <= ARGUMENT_COUNT_MAX)) return 'a command that is none';
    let name = '';
    for (let i = 0; i < count; i++) {
      const length = this.number(DOLLAR, limit);
      if (length === null) return 'a command is cut off';
      if (!(length >= 0 && length <= BULK_BYTES_MAX)) return 'an argument without a length';
      const end = this.at + length;
      if (end + 2 > limit) return 'a command is cut off';
      if (this.bytes[end] !== CR || this.bytes[end + 1] !== LF)
        return 'an argument without its end';
      if (i === 0) name = this.bytes.toString('latin1', this.at, Math.min(end, this.at + 8));
      this.at = end + 2;
    }
    this.commandCount++;
    return this.follow(name.toUpperCase());
  }

  private follow(name: string): string {
    if (name === 'MULTI') {
      if (this.depth > 0) return 'a transaction within a transaction';
      this.depth = 1;
    } else if (name === 'EXEC') {
      if (this.depth === 0) return 'the end of a transaction without its beginning';
      this.depth = 0;
    }
    return '';
  }

  /** The number of a line. @returns null when the file ends before; NaN when it is none */
  private number(type: number, limit: number): number | null {
    if (this.at >= limit) return null;
    if (this.bytes[this.at] !== type) return Number.NaN;
    const window = this.bytes.subarray(
      this.at + 1,
      Math.min(limit, this.at + 1 + NUMBER_BYTES_MAX),
    );
    const end = window.indexOf('\r\n');
    if (end < 0) return window.length < NUMBER_BYTES_MAX ? null : Number.NaN;
    const text = window.toString('latin1', 0, end);
    this.at += end + 3;
    return /^\d+$/.test(text) ? Number(text) : Number.NaN;
  }

  private checksum(start: number, end: number): number {
    return crc32(this.bytes, this.view, start, end);
  }

  /** Where the next record begins that is whole; the end of the file when there is none. */
  private findRecord(from: number): number {
    const { bytes, line } = this;
    for (let at = bytes.indexOf(RECORD_MARK, from); at >= 0; ) {
      const end = bytes.subarray(at, at + LINE_BYTES_MAX).indexOf('\r\n');
      if (end > 0 && line.parse(bytes.toString('latin1', at, at + end))) {
        const last = at + end + 2 + line.bodyBytes;
        const isWhole =
          last <= bytes.length && this.checksum(at + line.coveredAt, last) === line.crc;
        if (isWhole) return at;
      }
      at = bytes.indexOf(RECORD_MARK, at + 1);
    }
    return bytes.length;
  }
}

const NUMBER_BYTES_MAX = 24;
const HASH = 35;
const DOLLAR = 36;
const STAR = 42;
const CR = 13;
const LF = 10;
