import { assert } from '../base/errors.ts';
import type { Socket, SocketHandler } from '../base/world.ts';

/** A socket that keeps what is written to it. What it says of a write, a test chooses. */
export class TakingSocket implements Socket {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 2;
  readonly fileDescriptor = -1;
  readonly peerName = '';
  queuedBytes = 0;
  isOpen = true;
  isPaused = false;
  handler: SocketHandler | null = null;
  /** Sizes of the writes. */
  readonly sizes: number[] = [];
  /** False: it keeps the whole buffers that it is given. */
  takesAtOnce = true;
  private readonly parts: Uint8Array[] = [];
  private readonly kept: { buffer: Uint8Array; asGiven: Uint8Array }[] = [];

  setHandler(handler: SocketHandler): void {
    this.handler = handler;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    this.sizes.push(end - start);
    this.parts.push(bytes.slice(start, end));
    if (!this.takesAtOnce) {
      this.queuedBytes += end - start;
      this.kept.push({ buffer: bytes, asGiven: bytes.slice() });
    }
    return this.takesAtOnce;
  }

  /** All that was written since it was last asked. Throws when a kept buffer was written to. */
  taken(): Uint8Array {
    for (const { buffer, asGiven } of this.kept.splice(0)) {
      assert(Buffer.compare(buffer, asGiven) === 0, 'what a socket keeps stays as it is');
    }
    return new Uint8Array(Buffer.concat(this.parts.splice(0)));
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isOpen = false;
  }

  destroy(): void {
    this.isOpen = false;
  }
}
