import type { Session } from '../../commands/session.ts';
import { ReplyHold } from './reply-hold.ts';

type Safety = NonNullable<Session['store']['safety']>;

/** Where outboxes have their buffers from. */
export interface BufferLender {
  takeBuffer(byteCount: number): Uint8Array;
  giveBuffer(buffer: Uint8Array): void;
}

export interface OutboxSocket {
  /** @returns whether the buffer may be reused */
  write(bytes: Uint8Array, start: number, end: number): boolean;
}

/**
 * What waits to be sent to one client, in order: pushes until the loop turn's end, replies until
 * what they tell of is safe, anything while the socket is full. Holds no buffer while it is empty.
 */
export class Outbox {
  byteCount = 0;
  private readonly lender: BufferLender;
  private bytes: Uint8Array | null = null;
  /** Null until the client has met a store that is kept. */
  private hold: ReplyHold | null = null;

  constructor(lender: BufferLender) {
    this.lender = lender;
  }

  get heldBytes(): number {
    return this.bytes === null ? 0 : this.bytes.length;
  }

  append(from: Uint8Array, start: number, end: number): void {
    const wanted = this.byteCount + end - start;
    let { bytes } = this;
    if (bytes === null || wanted > bytes.length) {
      bytes = this.lender.takeBuffer(wanted);
      if (this.bytes !== null) {
        bytes.set(this.bytes.subarray(0, this.byteCount));
        this.lender.giveBuffer(this.bytes);
      }
      this.bytes = bytes;
    }
    bytes.set(from.subarray(start, end), this.byteCount);
    this.byteCount = wanted;
  }

  /**
   * What is appended from now on waits until the store is as safe as its policy says.
   * @param isWrite  it tells of changes of its own, and waits for them whatever the disk does
   */
  note(safety: Safety, isWrite: boolean): void {
    this.hold ??= new ReplyHold();
    this.hold.note(safety, isWrite, this.byteCount);
  }

  /**
   * The same for the replies of a turn, and what it changed in stores that it left.
   * @returns whether it has written more than the disk keeps up with
   */
  noteTurn(session: Session, isWrite: boolean): boolean {
    const { storesLeft, store } = session;
    if (storesLeft.length > 0) for (const left of storesLeft.splice(0)) this.note(left, true);
    const { safety } = store;
    if (safety === null) return false;
    this.note(safety, isWrite);
    return isWrite && safety.isSlow;
  }

  /** What is appended now would have to wait. */
  get mustWait(): boolean {
    return this.hold !== null && this.hold.isWaiting;
  }

  /** Bytes that may leave now. */
  sendableBytes(): number {
    return this.hold === null ? this.byteCount : Math.min(this.hold.passed(), this.byteCount);
  }

  /** Hands its first bytes to the socket. */
  send(byteCount: number, socket: OutboxSocket): void {
    const { bytes, lender } = this;
    if (bytes === null || byteCount === 0) return;
    const left = this.byteCount - byteCount;
    this.bytes = null;
    this.byteCount = 0;
    if (left > 0) this.append(bytes, byteCount, byteCount + left);
    this.hold?.shift(byteCount);
    if (socket.write(bytes, 0, byteCount)) lender.giveBuffer(bytes);
  }

  drop(): void {
    this.bytes = null;
    this.byteCount = 0;
  }
}
