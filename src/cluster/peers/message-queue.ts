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
 *
 * A long frame is cut into parts, so that others need not wait for the end of it: in each gap stand
 * whole frames of another queue, and a length of 0, behind which the long one goes on.
 *
 *     u32 length | 256 KiB | frame .. | u32 0 | 256 KiB | u32 0 | ... | the rest
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
const NONE = -1;

class Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Sent up to there. */
  start = 0;
  /** Written up to there. */
  end = 0;
  /** The first frame that begins in it does so here; -1: none does. */
  frameStart = NONE;
  /** Others read from it for a while: it is not written again. */
  isLent = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

/** Of a frame longer than a part: where in the stream lies what its length tells of. */
interface LongFrame {
  readonly start: number;
  readonly end: number;
}

export class MessageQueue implements MessageWriter {
  /** Written and not handed to the socket; of a message that is not whole, too. */
  byteCount = 0;
  messageCount = 0;
  /** Of the stream, so many bytes were handed to the socket; what stands in gaps is none of it. */
  sentBytes = 0;
  private readonly chunks: Chunk[] = [];
  private tail = NO_CHUNK;
  private spare: Chunk | null = null;
  /** Where the length of the message goes that is being written. */
  private lengthChunk: Chunk | null = null;
  private lengthAt = 0;
  /** Place of it in the stream. */
  private messageStart = 0;
  private readonly longFrames: LongFrame[] = [];
  /** Place of the next gap. */
  private gapAt = Number.POSITIVE_INFINITY;

  /** Whole frames may be sent here which are no part of the stream. */
  get isBetweenFrames(): boolean {
    if (this.byteCount === 0 || this.sentBytes === this.gapAt) return true;
    const [head] = this.chunks;
    return head.start === head.frameStart;
  }

  /** What the longest of the messages has left to send, if it is a long one. */
  get longestBytes(): number {
    let longest = 0;
    for (const { start, end } of this.longFrames) {
      longest = Math.max(longest, end - Math.max(start, this.sentBytes));
    }
    return longest;
  }

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
    if (tail.frameStart === NONE) tail.frameStart = tail.end;
    tail.end += HEAD_BYTES;
    tail.bytes[tail.end - 1] = type;
    this.byteCount += HEAD_BYTES;
    this.messageStart = this.sentBytes + this.byteCount - 1;
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

  lend(bytes: Uint8Array, start: number, end: number): this {
    if (end - start < CHUNK_BYTES) return this.bytes(bytes, start, end);
    this.u32(end - start);
    const chunk = this.push(new Chunk(bytes.subarray(start, end)));
    chunk.end = end - start;
    chunk.isLent = true;
    this.byteCount += end - start;
    return this;
  }

  end(): void {
    const chunk = this.lengthChunk;
    assert(chunk !== null, 'a message is ended once');
    const { messageStart } = this;
    const end = this.sentBytes + this.byteCount;
    assert(end - messageStart <= LIMITS.messageBytesMax, 'a message is not longer than allowed');
    chunk.view.setUint32(this.lengthAt, end - messageStart, true);
    this.lengthChunk = null;
    this.messageCount++;
    if (end - messageStart <= LIMITS.linkPartBytes) return;
    this.longFrames.push({ start: messageStart, end });
    if (this.longFrames.length === 1) this.findGap();
  }

  /**
   * Hands one chunk, or what of it is allowed, to the socket. No message may be open.
   * @param isAwaited  no more than up to where frames of another queue may stand
   * @returns          bytes handed over; 0: nothing waits
   */
  send(socket: Socket, byteCountMax: number, isAwaited = false): number {
    assert(this.lengthChunk === null, 'only whole messages are sent');
    if (this.byteCount === 0) return 0;
    if (this.sentBytes === this.gapAt) {
      socket.write(GAP_END, 0, LENGTH_BYTES);
      this.findGap();
    }
    const [head] = this.chunks;
    const { start } = head;
    const mayStop = isAwaited && start < head.frameStart;
    const end = Math.min(mayStop ? head.frameStart : head.end, start + this.gapAt - this.sentBytes);
    const byteCount = Math.min(end - start, byteCountMax);
    head.start += byteCount;
    this.byteCount -= byteCount;
    this.sentBytes += byteCount;
    if (!socket.write(head.bytes, start, head.start)) {
      head.isLent = true;
      if (head === this.tail) this.tail = NO_CHUNK;
    }
    if (head.start === head.end) this.dropHead(head);
    if (this.longFrames.length > 0 && this.sentBytes >= this.longFrames[0].end) this.dropLong();
    return byteCount;
  }

  private dropLong(): void {
    this.longFrames.shift();
    this.findGap();
  }

  /** Of the first long frame, the next one behind what is sent. */
  private findGap(): void {
    const [frame] = this.longFrames;
    this.gapAt = Number.POSITIVE_INFINITY;
    if (frame === undefined) return;
    const sentBytes = Math.max(0, this.sentBytes - frame.start);
    const partCount = Math.floor(sentBytes / LIMITS.linkPartBytes) + 1;
    const gapAt = frame.start + partCount * LIMITS.linkPartBytes;
    if (gapAt < frame.end) this.gapAt = gapAt;
  }

  private dropHead(head: Chunk): void {
    this.chunks.shift();
    if (head.isLent || head.bytes.length !== CHUNK_BYTES) {
      if (head === this.tail) this.tail = NO_CHUNK;
      return;
    }
    head.start = 0;
    head.end = 0;
    head.frameStart = NONE;
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
    const spare = byteCount === CHUNK_BYTES ? this.spare : null;
    if (spare === null) return this.push(new Chunk(new Uint8Array(byteCount)));
    this.spare = null;
    return this.push(spare);
  }

  private push(chunk: Chunk): Chunk {
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
const NO_CHUNK = new Chunk(new Uint8Array(0));
const GAP_END = new Uint8Array(LENGTH_BYTES);
