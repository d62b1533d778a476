import { NodeError } from '../../base/errors.ts';
import { type FastBuffer, textOf } from '../../base/fast-buffer.ts';
import { LIMITS } from '../../base/limits.ts';
import type { MessageReader } from './message-reader.ts';

/**
 * Reads messages where they lie: in what the socket has read, or in the buffer in which a long one
 * was put together. One for all messages of a link.
 */
export class LinkReader implements MessageReader {
  type = 0;
  source: Uint8Array = NO_BYTES;
  start = 0;
  length = 0;
  /** What is read next. */
  private position = 0;
  private end = 0;
  /** The same memory as `source`, made when a text is read. */
  private buffer: FastBuffer | null = null;

  /** @param end  of the body, which begins at `position` */
  open(source: Uint8Array, type: number, position: number, end: number): this {
    if (source !== this.source) this.buffer = null;
    this.source = source;
    this.type = type;
    this.position = position;
    this.end = end;
    this.start = position;
    this.length = 0;
    return this;
  }

  /** The message is over: what still reads it finds nothing. A large buffer is let go. */
  close(): void {
    this.position = 0;
    this.end = 0;
    if (this.source.length <= SOURCE_BYTES_KEPT) return;
    this.source = NO_BYTES;
    this.buffer = null;
  }

  get isAtEnd(): boolean {
    return this.position === this.end;
  }

  u8(): number {
    return this.source[this.take(1)];
  }

  u32(): number {
    return word(this.source, this.take(4));
  }

  u53(): number {
    const at = this.take(8);
    const high = word(this.source, at + 4);
    if (high >= TWO_21) throw broken('a number of it is above 2^53');
    return high * TWO_32 + word(this.source, at);
  }

  f64(): number {
    const at = this.take(8);
    for (let i = 0; i < 8; i++) SCRATCH_BYTES[i] = this.source[at + i];
    return SCRATCH_VIEW.getFloat64(0, true);
  }

  text(): string {
    const { start, length } = this;
    this.bytes();
    const at = this.start;
    const byteCount = this.length;
    this.start = start;
    this.length = length;
    this.buffer ??= bufferOver(this.source);
    return textOf(this.buffer, at, byteCount);
  }

  bytes(): this {
    const length = this.u32();
    this.start = this.take(length);
    this.length = length;
    return this;
  }

  private take(byteCount: number): number {
    const { position } = this;
    if (this.end - position < byteCount) throw broken('it is too short for its type');
    this.position = position + byteCount;
    return position;
  }
}

/** For whoever reads a message and finds what cannot be. */
export function broken(why: string): NodeError {
  return new NodeError('MESSAGE_BROKEN', `A message of another node is not sound: ${why}`, { why });
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

function bufferOver(bytes: Uint8Array): FastBuffer {
  const { buffer, byteOffset, length } = bytes;
  return Buffer.from(buffer as ArrayBuffer, byteOffset, length) as FastBuffer;
}

const SOURCE_BYTES_KEPT = 2 * LIMITS.repairMessageBytes;
const NO_BYTES = new Uint8Array(0);
const SCRATCH_BYTES = new Uint8Array(8);
const SCRATCH_VIEW = new DataView(SCRATCH_BYTES.buffer);
const TWO_21 = 2 ** 21;
const TWO_32 = 2 ** 32;
