/**
 * Bytes as they come from a socket, to messages. A message that lies whole in what was read is
 * handed over where it lies; one that is cut is put together in a buffer of its own. That is as
 * long as the message says at once: the system gives memory only to what is written to, and who
 * has not greeted may send short messages only. Very long ones grow in steps.
 */
import { broken, LinkReader } from './link-reader.ts';

const LENGTH_BYTES = 4;
/** A cut message of a known peer gets its whole buffer at once up to here. */
const FIRST_BYTES_MAX = 64 * 1024 * 1024;
const PENDING_BYTES_MIN = 1024;
/** A buffer of that size is kept for the next cut message. */
const PENDING_BYTES_KEPT = 64 * 1024;

export type FrameHandler = (message: LinkReader) => void;

export class FrameInput {
  /** Taken from the socket and handed over, or held within a cut message. */
  consumedBytes = 0;
  messageCount = 0;
  /** Longest message that may come: short before the greeting. */
  byteCountMax: number;
  private readonly onMessage: FrameHandler;
  private readonly reader = new LinkReader();
  /** A message that is cut, from its length on. */
  private pending: Uint8Array = NO_BYTES;
  private pendingBytes = 0;
  /** Read while held. */
  heldBytes = 0;
  private isHeld = false;
  private isClosed = false;
  private held: Uint8Array[] = [];

  constructor(byteCountMax: number, onMessage: FrameHandler) {
    this.byteCountMax = byteCountMax;
    this.onMessage = onMessage;
  }

  /** @throws NodeError MESSAGE_BROKEN, and what `onMessage` throws */
  feed(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.isClosed) {
      if (this.isHeld) {
        this.held.push(bytes.slice(at, end));
        this.heldBytes += end - at;
        return;
      }
      at = this.pendingBytes > 0 ? this.fill(bytes, at, end) : this.takeWhole(bytes, at, end);
    }
  }

  /** Nothing more is handed over; the caller minds `heldBytes`. */
  hold(): void {
    this.isHeld = true;
  }

  /** @throws as `feed` */
  release(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    const { held } = this;
    this.held = [];
    this.heldBytes = 0;
    for (const bytes of held) this.feed(bytes, 0, bytes.length);
  }

  /** From within a message too: no further one is handed over. */
  close(): void {
    this.isClosed = true;
    this.held = [];
    this.heldBytes = 0;
    this.pending = NO_BYTES;
    this.pendingBytes = 0;
  }

  /** @returns up to where bytes are used up */
  private takeWhole(bytes: Uint8Array, start: number, end: number): number {
    if (end - start >= LENGTH_BYTES) {
      const length = this.lengthAt(bytes, start);
      const next = start + LENGTH_BYTES + length;
      if (next <= end) {
        this.consumedBytes += next - start;
        this.handOver(bytes, start + LENGTH_BYTES, next);
        return next;
      }
    }
    this.keep(bytes, start, end);
    return end;
  }

  /** Adds to the message that is cut. */
  private fill(bytes: Uint8Array, start: number, end: number): number {
    const wanted = this.pendingBytes < LENGTH_BYTES ? LENGTH_BYTES : this.pendingLength();
    const next = Math.min(end, start + wanted - this.pendingBytes);
    this.keep(bytes, start, next);
    if (this.pendingBytes < LENGTH_BYTES || this.pendingBytes < this.pendingLength()) return next;
    const { pending } = this;
    const length = this.pendingBytes;
    this.pendingBytes = 0;
    if (pending.length > PENDING_BYTES_KEPT) this.pending = NO_BYTES;
    this.handOver(pending, LENGTH_BYTES, length);
    return next;
  }

  private pendingLength(): number {
    return LENGTH_BYTES + this.lengthAt(this.pending, 0);
  }

  private lengthAt(bytes: Uint8Array, at: number): number {
    const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
    const length = low + bytes[at + 3] * 2 ** 24;
    if (length === 0) throw broken('it has no type');
    if (length > this.byteCountMax) throw broken('it is longer than allowed');
    return length;
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    const byteCount = end - start;
    this.grow(this.pendingBytes + byteCount);
    this.pending.set(bytes.subarray(start, end), this.pendingBytes);
    this.pendingBytes += byteCount;
    this.consumedBytes += byteCount;
  }

  private grow(byteCount: number): void {
    const { pending, pendingBytes } = this;
    if (pending.length >= byteCount) return;
    let size = Math.max(byteCount, pending.length * 2, PENDING_BYTES_MIN);
    if (pendingBytes >= LENGTH_BYTES) {
      const whole = this.pendingLength();
      const mayBeWhole = whole <= FIRST_BYTES_MAX || size > whole;
      size = mayBeWhole ? whole : Math.max(size, FIRST_BYTES_MAX);
    }
    this.pending = new Uint8Array(Math.max(size, byteCount));
    this.pending.set(pending.subarray(0, pendingBytes));
  }

  private handOver(bytes: Uint8Array, start: number, end: number): void {
    this.messageCount++;
    this.onMessage(this.reader.open(bytes, bytes[start], start + 1, end));
    this.reader.close();
  }
}

const NO_BYTES = new Uint8Array(0);
