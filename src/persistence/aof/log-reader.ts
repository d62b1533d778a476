/**
 * The commands of one log file, in order: of our records, which are verified before their first
 * command is handed out, and of what redis-server wrote, before, behind or in place of them.
 *
 *     #hc len=.. crc=.. ...   a record begins: line and body are checked as one
 *     #hc+ <base64>           for us alone; see `journal/extension.ts`
 *     #TS:1700000000          when redis-server wrote what follows
 *     #...                    skipped
 *     *3 $3 SET ...           a command
 *
 * Reads in pieces; a record or a command lies whole in the buffer while it is handed out.
 */
import { crc32 } from '../../base/digest/crc32.ts';
import { Frame } from '../../base/frame.ts';
import { EXTENSION_MARK, RECORD_MARK, RecordLine } from '../../journal/record-line.ts';
import { RespBytes } from '../../journal/resp-bytes.ts';
import { CUT_OFF, NO_COMMAND, parseCommand } from '../../replay/resp-command.ts';

/** A `ReadFile` fits. */
export interface LogSource {
  readonly byteCount: number;
  read(into: Uint8Array, start: number, end: number, position: number): number;
}

export const UNIT = {
  /** `frame` holds a command. */
  COMMAND: 0,
  /** `frame` holds a command or a mark that is for us alone. */
  OURS: 1,
  END: 2,
  /** From `unitOffset` on the file is not what it must be: `reason`. */
  BAD: 3,
} as const;
export type Unit = (typeof UNIT)[keyof typeof UNIT];

export class LogReader {
  readonly frame = new Frame();
  /** Where what was found last begins: of what stands in a record, the record. */
  unitOffset: number;
  /** What is wrong, after BAD. */
  reason = '';
  /** The bytes end in the midst of something. */
  isCutOff = false;
  /** When what is handed out now was written, Unix milliseconds; 0: not known. */
  atMs = 0;
  /** What was found last stands in a record of ours. */
  isInRecord = false;
  recordCount = 0;
  /** The line of the record read last. */
  readonly line = new RecordLine();
  private readonly source: LogSource;
  private bytes: Uint8Array;
  private view: DataView;
  /** bytes[position, end) are read and not handed out; `base` is the file's offset of bytes[0]. */
  private position = 0;
  private end = 0;
  private base: number;
  /** Where the record ends, in `bytes`; -1 outside of one. */
  private recordEnd = -1;
  /** Decoded bytes of `#hc+` lines, and how many of them were handed out. */
  private readonly ours = new RespBytes();
  private oursPosition = 0;

  constructor(source: LogSource, offset = 0) {
    this.source = source;
    this.bytes = new Uint8Array(Math.min(BUFFER_BYTES, Math.max(source.byteCount, 64)));
    this.view = new DataView(this.bytes.buffer);
    this.base = offset;
    this.unitOffset = offset;
  }

  /** Where the bytes begin that were not handed out. */
  get offset(): number {
    return this.base + this.position;
  }

  next(): Unit {
    for (;;) {
      if (this.oursPosition < this.ours.end) {
        const unit = this.nextOurs();
        if (unit !== SKIPPED) return unit;
      }
      if (this.position === this.recordEnd) this.recordEnd = -1;
      if (this.recordEnd < 0) {
        this.unitOffset = this.offset;
        this.isInRecord = false;
        if (this.offset === this.source.byteCount) {
          return this.ours.end === 0 ? UNIT.END : this.bad('the end of a command is missing', true);
        }
        if (!this.fill(1)) return this.bad('the file is shorter than it was', true);
      }
      const isNote = this.bytes[this.position] === HASH;
      const unit = isNote ? this.takeLine() : this.takeCommand();
      if (unit !== SKIPPED) return unit;
    }
  }

  /** Command of `#hc+` lines; SKIPPED: its rest comes with the next line. */
  private nextOurs(): Unit | typeof SKIPPED {
    const { bytes, end } = this.ours;
    const next = parseCommand(this.frame, bytes, this.oursPosition, end);
    if (next === NO_COMMAND) return this.bad('an annotation holds no command', false);
    if (next === CUT_OFF) {
      if (this.isAtExtension()) return SKIPPED;
      return this.bad('an annotation holds a part of a command', false);
    }
    this.oursPosition = next;
    if (next === end) {
      this.oursPosition = 0;
      this.ours.end = 0;
    }
    return UNIT.OURS;
  }

  private isAtExtension(): boolean {
    if (this.recordEnd < 0 && !this.fill(EXTENSION_MARK.length)) return false;
    return this.startsWith(EXTENSION_MARK);
  }

  private takeCommand(): Unit | typeof SKIPPED {
    for (;;) {
      const end = this.recordEnd < 0 ? this.end : this.recordEnd;
      const next = parseCommand(this.frame, this.bytes, this.position, end);
      if (next >= 0) {
        this.position = next;
        return UNIT.COMMAND;
      }
      if (next === NO_COMMAND) return this.bad('there is no command', false);
      if (this.recordEnd >= 0) return this.bad('a record holds a part of a command', false);
      if (!this.fill((this.end - this.position) * 2)) {
        return this.bad('the end of a command is missing', true);
      }
    }
  }

  private takeLine(): Unit | typeof SKIPPED {
    const lineEnd = this.findLineEnd();
    if (lineEnd < 0) {
      return this.bad('an annotation has no end', this.base + this.end === this.source.byteCount);
    }
    const text = latin1(this.bytes, this.position, lineEnd);
    if (this.recordEnd < 0 && text.startsWith(RECORD_MARK)) return this.beginRecord(text, lineEnd);
    // A line that power failure tore runs on to the end of another, over zeros.
    if (!TEXT_ONLY.test(text)) return this.bad('an annotation is damaged', false);
    this.position = lineEnd + 2;
    if (text.startsWith(EXTENSION_MARK)) {
      this.ours.raw(Buffer.from(text.slice(EXTENSION_MARK.length), 'base64'));
    } else if (text.startsWith(TIME_MARK) && this.recordEnd < 0) {
      this.atMs = Number(text.slice(TIME_MARK.length)) * 1000 || this.atMs;
    }
    return SKIPPED;
  }

  private beginRecord(text: string, lineEnd: number): Unit | typeof SKIPPED {
    const { line } = this;
    if (!line.parse(text)) return this.bad('the line of a record is damaged', false);
    const lineBytes = lineEnd + 2 - this.position;
    const wanted = lineBytes + line.bodyBytes;
    if (this.offset + wanted > this.source.byteCount || !this.fill(wanted)) {
      return this.bad('the end of a record is missing', true);
    }
    const start = this.position;
    const crc = crc32(this.bytes, this.view, start + line.coveredAt, start + wanted);
    if (crc !== line.crc) return this.bad('the checksum of a record is wrong', false);
    this.recordCount++;
    this.atMs = line.atMs;
    this.isInRecord = true;
    this.position = start + lineBytes;
    this.recordEnd = start + wanted;
    return SKIPPED;
  }

  /** @returns where CRLF stands, -1: nowhere near */
  private findLineEnd(): number {
    if (this.recordEnd < 0) this.fill(LINE_READ_BYTES);
    const limit = this.recordEnd < 0 ? this.end : this.recordEnd;
    const last = Math.min(limit - 1, this.position + LINE_READ_BYTES);
    for (let at = this.position; at < last; at++) {
      if (this.bytes[at] === CR && this.bytes[at + 1] === LF) return at;
    }
    return -1;
  }

  private startsWith(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      if (this.bytes[this.position + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Has so many bytes from `position` on in the buffer; false: the file has no more. */
  private fill(byteCount: number): boolean {
    if (this.end - this.position >= byteCount) return true;
    this.bytes.copyWithin(0, this.position, this.end);
    this.base += this.position;
    this.end -= this.position;
    this.position = 0;
    if (byteCount > this.bytes.length) {
      const bytes = new Uint8Array(Math.max(byteCount, this.bytes.length * 2));
      bytes.set(this.bytes.subarray(0, this.end));
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer);
    }
    const left = this.source.byteCount - this.base - this.end;
    const wanted = Math.min(left, this.bytes.length - this.end);
    const { end } = this;
    this.end += this.source.read(this.bytes, end, end + wanted, this.base + end);
    return this.end >= byteCount;
  }

  private bad(reason: string, isCutOff: boolean): Unit {
    this.reason = reason;
    this.isCutOff = isCutOff;
    return UNIT.BAD;
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, start, end - start).toString('latin1');
}

/** Nothing to hand out: look further. */
const SKIPPED = -1;
const TEXT_ONLY = /^[\t -\xff]*$/;
const TIME_MARK = '#TS:';
const BUFFER_BYTES = 1024 * 1024;
/** redis-server reads so much of an annotation at most. */
const LINE_READ_BYTES = 1024;
const HASH = 35;
const CR = 13;
const LF = 10;
