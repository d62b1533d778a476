import { copyBytes } from '../base/bytes.ts';
import { LIMITS } from '../base/limits.ts';
import { type KeyHints, peekKeys } from '../protocol/key-peek.ts';
import type { Connection } from './connection.ts';

/**
 * Small reads of one loop turn, one behind the other in one buffer, and the replies to them, which
 * stand in the loop's writer. The three steps of a loop turn - read all, execute all, write all -
 * each stay in the processor's caches.
 */
export class Gathering {
  count = 0;
  private readonly bytes = new Uint8Array(LIMITS.gatheredBytesMax);
  private readonly view = new DataView(this.bytes.buffer);
  private byteCount = 0;
  private readonly connections: Connection[] = [];
  /** Read `i` is bytes[starts[i], starts[i + 1]). */
  private readonly starts = new Uint32Array(LIMITS.gatheredReadCountMax + 1);
  private replyCount = 0;
  private readonly repliers: Connection[] = [];
  private readonly replyStarts = new Uint32Array(LIMITS.gatheredReadCountMax);
  private readonly replyEnds = new Uint32Array(LIMITS.gatheredReadCountMax);
  /** The socket's read buffer, and a view of it that is made once. */
  private source: Uint8Array = this.bytes;
  private sourceView: DataView = this.view;

  /** @returns false when there is no room */
  add(connection: Connection, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    const to = this.byteCount;
    if (length > LIMITS.gatheredReadBytesMax || to + length > LIMITS.gatheredBytesMax) return false;
    if (this.count === LIMITS.gatheredReadCountMax) return false;
    if (this.source !== bytes) {
      this.source = bytes;
      this.sourceView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    copyBytes(this.view, this.bytes, to, this.sourceView, bytes, start, length);
    this.connections[this.count] = connection;
    this.byteCount = to + length;
    this.count++;
    this.starts[this.count] = this.byteCount;
    return true;
  }

  /** Fetches the keys of the reads from `first` on, those of one database, into the cache. */
  warm(first: number, hints: KeyHints): void {
    const end = Math.min(this.count, first + LIMITS.warmedKeyCountMax);
    if (end - first < LIMITS.warmedKeyCountMin) return;
    const { session } = this.connections[first];
    hints.count = 0;
    for (let i = first; i < end; i++) {
      if (this.connections[i].session.database !== session.database) continue;
      peekKeys(this.bytes, this.starts[i], this.starts[i + 1], hints, 1);
    }
    session.warm(this.bytes, this.view, hints);
  }

  execute(index: number): void {
    const start = this.starts[index];
    this.connections[index].takeGathered(this.bytes, start, this.starts[index + 1]);
  }

  /** Every read was executed. */
  clear(): void {
    this.count = 0;
    this.byteCount = 0;
  }

  keepReplies(connection: Connection, start: number, end: number): void {
    const index = this.replyCount++;
    this.repliers[index] = connection;
    this.replyStarts[index] = start;
    this.replyEnds[index] = end;
  }

  /** @returns whether the buffer may be reused */
  sendReplies(bytes: Uint8Array): boolean {
    let isReusable = true;
    for (let i = 0; i < this.replyCount; i++) {
      const isTaken = this.repliers[i].writeReplies(bytes, this.replyStarts[i], this.replyEnds[i]);
      isReusable &&= isTaken;
    }
    this.replyCount = 0;
    return isReusable;
  }
}
