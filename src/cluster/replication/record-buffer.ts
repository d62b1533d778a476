import { copyBytes } from '../../base/bytes.ts';
import type { Frame } from '../../base/frame.ts';

const FIRST_BYTES = 4096;
const KEPT_BYTES = 1024 * 1024;
/** Behind a long value: short ones that follow it do not double the buffer. */
const TAIL_BYTES = 256;

/**
 * A growing buffer of records for other nodes; little-endian. Commands lie in it as
 *
 *     [argument count][length, bytes] ...
 */
export class RecordBuffer {
  bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  view: DataView = new DataView(this.bytes.buffer);
  end = 0;

  /** Forgets all bytes; a buffer that grew large is not kept. */
  reset(): void {
    this.end = 0;
    if (this.bytes.length > KEPT_BYTES) this.resize(FIRST_BYTES);
  }

  /** Forgets the bytes before `start`. */
  dropBefore(start: number): void {
    this.bytes.copyWithin(0, start, this.end);
    this.end -= start;
  }

  /**
   * Whether what lies before `end`, which is all, may be kept by others when `reset` was called: it
   * lets a large buffer go, and it is worth no copy unless much of it is in use.
   */
  mayLend(end: number): boolean {
    const { length } = this.bytes;
    return end === this.end && length > KEPT_BYTES && end > length / 2;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.end++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.end, value, true);
    this.end += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.end, value, true);
    this.end += 4;
  }

  f64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.end, value, true);
    this.end += 8;
  }

  /** With its length. */
  block(bytes: Uint8Array, offset: number, length: number): void {
    this.reserve(4 + length);
    this.view.setUint32(this.end, length, true);
    this.bytes.set(bytes.subarray(offset, offset + length), this.end + 4);
    this.end += 4 + length;
  }

  /** What another one holds between the two. */
  copy({ bytes }: RecordBuffer, start: number, end: number): void {
    this.reserve(end - start);
    this.bytes.set(bytes.subarray(start, end), this.end);
    this.end += end - start;
  }

  /** ASCII, with its length. */
  word(text: string): void {
    this.reserve(4 + text.length);
    this.view.setUint32(this.end, text.length, true);
    const start = this.end + 4;
    for (let i = 0; i < text.length; i++) this.bytes[start + i] = text.charCodeAt(i);
    this.end = start + text.length;
  }

  /** The command in the frame, under another name unless that is null. */
  command(frame: Frame, name: string | null): void {
    const { count, lengths, offsets } = frame;
    this.u32(count);
    if (name !== null) this.word(name);
    for (let arg = name === null ? 0 : 1; arg < count; arg++) {
      const length = lengths[arg];
      this.reserve(4 + length);
      this.view.setUint32(this.end, length, true);
      this.end += 4;
      this.raw(frame.view, frame.bytes, offsets[arg], length);
    }
  }

  /** Without its length; room for it is reserved. */
  raw(view: DataView, bytes: Uint8Array, offset: number, length: number): void {
    copyBytes(this.view, this.bytes, this.end, view, bytes, offset, length);
    this.end += length;
  }

  reserve(byteCount: number): void {
    const wanted = this.end + byteCount;
    const { length } = this.bytes;
    if (wanted > length) this.resize(Math.max(wanted + TAIL_BYTES, length * 2));
  }

  private resize(byteCount: number): void {
    const bytes = new Uint8Array(byteCount);
    bytes.set(this.bytes.subarray(0, Math.min(this.end, byteCount)));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
