/**
 * Bytes as they come from a socket, to messages. A message that lies whole in what was read is
 * handed over where it lies; one that is cut is put together in a buffer of its own. A long one
 * comes in parts, with others in the gaps between them: see `message-queue.ts`. Its buffer is as
 * long as it says at once, so that nothing of it is copied twice: the system gives memory only to
 * what is written to, and who has not greeted may send short messages only.
 */
import { LIMITS } from '../../base/limits.ts';
import { broken, LinkReader } from './link-reader.ts';
import { isUrgent } from './message-table.ts';

const LENGTH_BYTES = 4;
const PENDING_BYTES_MIN = 1024;
/**
 * A buffer of that size is kept for the next cut message: those of a repair are a little longer
 * than 64 KiB, and than what is read at once. They cost 1.6 times as much with a new one each.
 */
const PENDING_BYTES_KEPT = 2 * LIMITS.repairMessageBytes;

export type FrameHandler = (message: LinkReader) => void;

export class FrameInput {
  /** Of messages that are not urgent: handed over, and parts of a long one. */
  consumedBytes = 0;
  messageCount = 0;
  /** Longest message that may come: short before the greeting. */
  byteCountMax: number;
  private readonly onMessage: FrameHandler;
  private readonly reader = new LinkReader();
  /** A message that is cut, from its length on. */
  private pending: Uint8Array = NO_BYTES;
  private pendingBytes = 0;
  /** What has come of a long message, behind its length; null: none has begun. */
  private long: Uint8Array | null = null;
  private longBytes = 0;
  /** Others may come now, before it goes on. */
  private isInGap = false;
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
      if (this.long !== null && !this.isInGap) at = this.fillLong(this.long, bytes, at, end);
      else if (this.pendingBytes > 0) at = this.fill(bytes, at, end);
      else at = this.takeWhole(bytes, at, end);
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
    this.long = null;
  }

  /** @returns up to where bytes are used up */
  private takeWhole(bytes: Uint8Array, start: number, end: number): number {
    if (end - start >= LENGTH_BYTES) {
      const length = lengthAt(bytes, start);
      const bodyStart = start + LENGTH_BYTES;
      if (!this.isShort(length)) return bodyStart;
      const next = bodyStart + length;
      if (next <= end) {
        this.takeShort(bytes, bodyStart, next);
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
    if (this.pendingBytes < LENGTH_BYTES) return next;
    if (this.pendingBytes === LENGTH_BYTES && !this.isShort(lengthAt(this.pending, 0))) {
      this.pendingBytes = 0;
      return next;
    }
    if (this.pendingBytes < this.pendingLength()) return next;
    const { pending } = this;
    const length = this.pendingBytes;
    this.pendingBytes = 0;
    if (pending.length > PENDING_BYTES_KEPT) this.pending = NO_BYTES;
    this.takeShort(pending, LENGTH_BYTES, length);
    return next;
  }

  /** Adds to the long message, up to the next gap in it. */
  private fillLong(long: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
    const { longBytes } = this;
    const partEnd = longBytes - (longBytes % LIMITS.linkPartBytes) + LIMITS.linkPartBytes;
    const byteCount = Math.min(end - start, Math.min(partEnd, long.length) - longBytes);
    long.set(bytes.subarray(start, start + byteCount), longBytes);
    this.longBytes += byteCount;
    this.consumedBytes += byteCount;
    if (this.longBytes === long.length) {
      this.long = null;
      this.handOver(long, 0, long.length);
    } else if (this.longBytes === partEnd) this.isInGap = true;
    return start + byteCount;
  }

  private pendingLength(): number {
    return LENGTH_BYTES + lengthAt(this.pending, 0);
  }

  /**
   * What a length means that has come.
   * @returns false: no body follows it at once; a long message begins or goes on
   */
  private isShort(length: number): boolean {
    if (length === 0 && this.isInGap) {
      this.isInGap = false;
      return false;
    }
    if (length === 0) throw broken('it has no type');
    if (length > this.byteCountMax) throw broken('it is longer than allowed');
    if (length <= LIMITS.linkPartBytes) return true;
    if (this.isInGap) throw broken('it is long, and stands within another one');
    this.long = new Uint8Array(length);
    this.longBytes = 0;
    this.consumedBytes += LENGTH_BYTES;
    return false;
  }

  private keep(bytes: Uint8Array, start: number, end: number): void {
    const byteCount = end - start;
    this.grow(this.pendingBytes + byteCount);
    this.pending.set(bytes.subarray(start, end), this.pendingBytes);
    this.pendingBytes += byteCount;
  }

  private grow(byteCount: number): void {
    const { pending, pendingBytes } = this;
    if (pending.length >= byteCount) return;
    const whole = pendingBytes < LENGTH_BYTES ? PENDING_BYTES_MIN : this.pendingLength();
    this.pending = new Uint8Array(Math.max(whole, byteCount));
    this.pending.set(pending.subarray(0, pendingBytes));
  }

  private takeShort(bytes: Uint8Array, start: number, end: number): void {
    if (!isUrgent(bytes[start])) this.consumedBytes += LENGTH_BYTES + end - start;
    this.handOver(bytes, start, end);
  }

  private handOver(bytes: Uint8Array, start: number, end: number): void {
    this.messageCount++;
    this.onMessage(this.reader.open(bytes, bytes[start], start + 1, end));
    this.reader.close();
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const low = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  return low + bytes[at + 3] * 2 ** 24;
}

const NO_BYTES = new Uint8Array(0);
