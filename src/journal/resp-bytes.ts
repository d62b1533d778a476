import { copyBytes } from '../base/bytes.ts';
import type { Frame } from '../base/frame.ts';

/** A growing buffer of commands in RESP. Its first bytes are given back when they were used. */
export class RespBytes {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  end = 0;

  /** Makes room for so many bytes behind the end. What lies in [0, end) stays where it is. */
  reserve(byteCount: number): void {
    const wanted = this.end + byteCount;
    const { length } = this.bytes;
    if (wanted > length) this.resize(Math.max(wanted + TAIL_BYTES, length * 2));
  }

  /** Forgets all bytes; a buffer that grew large is not kept. */
  reset(): void {
    this.end = 0;
    if (this.bytes.length > KEPT_BYTES) this.resize(FIRST_BYTES);
  }

  /**
   * Whether what lies before `end`, which is all, may be kept by others when `reset` was called: it
   * lets a large buffer go, and it is worth no copy unless much of it is in use.
   */
  mayLend(end: number): boolean {
    const { length } = this.bytes;
    return end === this.end && length > KEPT_BYTES && end > length / 2;
  }

  /** Forgets the bytes before `start`. */
  dropBefore(start: number): void {
    this.bytes.copyWithin(0, start, this.end);
    this.end -= start;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** One byte a char. */
  ascii(text: string): void {
    this.reserve(text.length);
    for (let i = 0; i < text.length; i++) this.bytes[this.end++] = text.charCodeAt(i);
  }

  command(frame: Frame): void {
    this.begin(frame.count);
    this.args(frame, 0, frame.count);
  }

  /** The head of a command of so many arguments, which follow. */
  begin(count: number): void {
    this.reserve(HEAD_BYTES_MAX);
    this.line(STAR, count);
  }

  /** Arguments [from, to) of the frame. */
  args(frame: Frame, from: number, to: number): void {
    const { offsets, lengths } = frame;
    for (let i = from; i < to; i++) {
      const length = lengths[i];
      this.reserve(length + HEAD_BYTES_MAX);
      this.line(DOLLAR, length);
      const { end } = this;
      copyBytes(this.view, this.bytes, end, frame.view, frame.bytes, offsets[i], length);
      this.bytes[end + length] = CR;
      this.bytes[end + length + 1] = LF;
      this.end = end + length + 2;
    }
  }

  /** An argument that is ASCII. */
  word(text: string): void {
    this.reserve(text.length + HEAD_BYTES_MAX);
    this.line(DOLLAR, text.length);
    this.ascii(text);
    this.bytes[this.end++] = CR;
    this.bytes[this.end++] = LF;
  }

  private line(type: number, value: number): void {
    const { bytes } = this;
    let at = this.end;
    bytes[at++] = type;
    if (value < 10) bytes[at++] = ZERO + value;
    else if (value < 100) {
      const tens = (value / 10) | 0;
      bytes[at++] = ZERO + tens;
      bytes[at++] = ZERO + value - tens * 10;
    } else {
      const digits = String(value);
      for (let i = 0; i < digits.length; i++) bytes[at++] = digits.charCodeAt(i);
    }
    bytes[at++] = CR;
    bytes[at++] = LF;
    this.end = at;
  }

  private resize(byteCount: number): void {
    const bytes = new Uint8Array(byteCount);
    bytes.set(this.bytes.subarray(0, this.end));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

const FIRST_BYTES = 64 * 1024;
const KEPT_BYTES = 4 * 1024 * 1024;
/** Behind a long argument: short ones that follow it do not double the buffer. */
const TAIL_BYTES = 256;
/** Of `*` or `$`, digits, CRLF, and the CRLF behind an argument. */
const HEAD_BYTES_MAX = 20;
const STAR = 42;
const DOLLAR = 36;
const ZERO = 48;
const CR = 13;
const LF = 10;
