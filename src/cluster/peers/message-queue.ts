/**
 * Messages that wait to be sent: written at the tail, handed to the socket at the head.
 *
 *     frame    u32 length of what follows | u8 type | body
 *     chunks   [sent |  frame  |  frame | fra]  [me | frame | ...  free ]
 *                    ^ head.start                                  ^ tail.end
 *
 * What is written is a stream of bytes that happens to be cut into chunks: long bytes lie across
 * several of them, so that nothing is copied but once and no buffer grows. A number never does.
 * Messages of a usual loop turn fit one chunk, which leaves in one write and is used again.
 */
import { assert } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Socket } from '../../base/world.ts';
import type { MessageWriter } from './message-writer.ts';

const CHUNK_BYTES = 64 * 1024;
/** Of bytes that are longer than a chunk, at most. */
const LONG_CHUNK_BYTES = 1024 * 1024;
const LENGTH_BYTES = 4;
const HEAD_BYTES = LENGTH_BYTES + 1;

class Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Sent up to there. */
  start = 0;
  /** Written up to there. */
  end = 0;
  /** The socket reads from it for a while: it is not written again. */
  isLent = false;

  constructor(byteCount: number) {
    this.bytes = new Uint8Array(byteCount);
    this.view = new DataView(this.bytes.buffer);
  }
}

export class MessageQueue implements MessageWriter {
  /** Written and not handed to the socket; of a message that is not whole, too. */
  byteCount = 0;
  messageCount = 0;
  private readonly chunks: Chunk[] = [];
  private tail = NO_CHUNK;
  private spare: Chunk | null = null;
  /** Where the length of the message goes that is being written. */
  private lengthChunk: Chunk | null = null;
  private lengthAt = 0;
  private messageStart = 0;

  /** A message is begun and not ended: nothing may be sent. */
  get isOpen(): boolean {
    return this.lengthChunk !== null;
  }

  /** Of all chunks, free room included. */
  get bufferBytes(): number {
    let byteCount = this.spare?.bytes.length ?? 0;
    for (const { bytes } of this.chunks) byteCount += bytes.length;
    return byteCount;
  }

  begin(type: number): this {
    assert(this.lengthChunk === null, 'one message to a peer is written at a time');
    const tail = this.room(HEAD_BYTES);
    this.lengthChunk = tail;
    this.lengthAt = tail.end;
    tail.end += HEAD_BYTES;
    tail.bytes[tail.end - 1] = type;
    this.byteCount += HEAD_BYTES;
    this.messageStart = this.byteCount - 1;
    return this;
  }

  u8(value: number): this {
    const tail = this.room(1);
    tail.bytes[tail.end++] = value;
    this.byteCount++;
    return this;
  }

  u32(value: number): this {
    const tail = this.room(4);
    tail.view.setUint32(tail.end, value, true);
    tail.end += 4;
    this.byteCount += 4;
    return this;
  }

  u53(value: number): this {
    const tail = this.room(8);
    tail.view.setUint32(tail.end, value % TWO_32, true);
    tail.view.setUint32(tail.end + 4, value / TWO_32, true);
    tail.end += 8;
    this.byteCount += 8;
    return this;
  }

  f64(value: number): this {
    const tail = this.room(8);
    tail.view.setFloat64(tail.end, value, true);
    tail.end += 8;
    this.byteCount += 8;
    return this;
  }

  text(value: string): this {
    const length = Buffer.byteLength(value, 'utf8');
    this.u32(length);
    const isShortAscii = length === value.length && length <= LOOPED_BYTES_MAX;
    if (!isShortAscii) return this.raw(Buffer.from(value, 'utf8'), 0, length);
    const tail = this.room(length);
    for (let i = 0; i < length; i++) tail.bytes[tail.end + i] = value.charCodeAt(i);
    tail.end += length;
    this.byteCount += length;
    return this;
  }

  bytes(bytes: Uint8Array, start: number, end: number): this {
    return this.u32(end - start).raw(bytes, start, end);
  }

  end(): void {
    const chunk = this.lengthChunk;
    assert(chunk !== null, 'a message is ended once');
    const length = this.byteCount - this.messageStart;
    assert(length <= LIMITS.messageBytesMax, 'a message is not longer than a peer takes');
    chunk.view.setUint32(this.lengthAt, length, true);
    this.lengthChunk = null;
    this.messageCount++;
  }

  /**
   * Hands one chunk, or what of it is allowed, to the socket. No message may be open.
   * @returns bytes handed over; 0: nothing waits
   */
  send(socket: Socket, byteCountMax: number): number {
    assert(this.lengthChunk === null, 'only whole messages are sent');
    if (this.byteCount === 0) return 0;
    const [head] = this.chunks;
    const { start } = head;
    const byteCount = Math.min(head.end - start, byteCountMax);
    head.start += byteCount;
    this.byteCount -= byteCount;
    if (!socket.write(head.bytes, start, head.start)) {
      head.isLent = true;
      if (head === this.tail) this.tail = NO_CHUNK;
    }
    if (head.start === head.end) this.dropHead(head);
    return byteCount;
  }

  private dropHead(head: Chunk): void {
    this.chunks.shift();
    if (head.isLent || head.bytes.length !== CHUNK_BYTES) {
      if (head === this.tail) this.tail = NO_CHUNK;
      return;
    }
    head.start = 0;
    head.end = 0;
    if (head === this.tail) this.chunks.push(head);
    else this.spare = head;
  }

  private raw(bytes: Uint8Array, start: number, end: number): this {
    let from = start;
    while (from < end) {
      const tail = this.roomForSome(end - from);
      const length = Math.min(end - from, tail.bytes.length - tail.end);
      copyInto(tail, bytes, from, length);
      tail.end += length;
      from += length;
    }
    this.byteCount += end - start;
    return this;
  }

  /** A tail with that much room in one piece. */
  private room(byteCount: number): Chunk {
    const { tail } = this;
    if (tail.bytes.length - tail.end >= byteCount) return tail;
    return this.grow(CHUNK_BYTES);
  }

  /** A tail with any room at all. */
  private roomForSome(byteCount: number): Chunk {
    const { tail } = this;
    if (tail.bytes.length > tail.end) return tail;
    return this.grow(Math.min(Math.max(byteCount, CHUNK_BYTES), LONG_CHUNK_BYTES));
  }

  private grow(byteCount: number): Chunk {
    let chunk = byteCount === CHUNK_BYTES ? this.spare : null;
    if (chunk === null) chunk = new Chunk(byteCount);
    else this.spare = null;
    this.chunks.push(chunk);
    this.tail = chunk;
    return chunk;
  }
}

/** Short ones by a loop, which needs no view. */
function copyInto(chunk: Chunk, bytes: Uint8Array, from: number, length: number): void {
  if (length <= LOOPED_BYTES_MAX) {
    for (let i = 0; i < length; i++) chunk.bytes[chunk.end + i] = bytes[from + i];
    return;
  }
  chunk.bytes.set(bytes.subarray(from, from + length), chunk.end);
}

const LOOPED_BYTES_MAX = 24;
const TWO_32 = 2 ** 32;
/** Has no room: the first byte takes a real one. */
const NO_CHUNK = new Chunk(0);
