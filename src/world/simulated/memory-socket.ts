import { assert } from '../../base/errors.ts';
import type { Socket, SocketHandler } from '../../base/world.ts';
import { type Fragmentation, ReadQueue } from './read-queue.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface PeerOptions {
  readonly fragmentation?: Fragmentation;
  /** Bytes the peer's kernel holds for a peer that does not read. */
  readonly windowBytes?: number;
  /** What a verified client certificate would name. */
  readonly peerName?: string;
  readonly remoteAddress?: string;
}

interface QueuedWrite {
  readonly bytes: Uint8Array;
  start: number;
  readonly end: number;
}

/** The client's end of a simulated connection, driven by tests. */
export class SimulatedPeer {
  windowBytes: number;
  fragmentation: Fragmentation;
  isReading = true;
  /** All bytes read so far. */
  byteCount = 0;
  /** All bytes are read, and the node sends no more. */
  sawEnd = false;
  /** null while open; '' after an orderly close; else a code such as ECONNRESET. */
  closeCode: string | null = null;
  readonly socket: SimulatedSocket;
  private arrived: Uint8Array[] = [];
  private takenCount = 0;
  private unread: Uint8Array[] = [];
  private unreadBytes = 0;
  private isEndSent = false;
  private closeCallback: ((code: string) => void) | null = null;
  private dataCallback: (() => void) | null = null;

  constructor(socket: SimulatedSocket, options: PeerOptions) {
    this.socket = socket;
    this.windowBytes = options.windowBytes ?? Number.POSITIVE_INFINITY;
    this.fragmentation = options.fragmentation ?? 'seeded';
  }

  send(bytes: Uint8Array | string): void {
    this.socket.arrive(new Uint8Array(typeof bytes === 'string' ? Buffer.from(bytes) : bytes));
  }

  /** No more from us; we still read. */
  end(): void {
    this.socket.arriveEnd();
  }

  reset(): void {
    this.socket.arriveReset();
    this.close('ECONNRESET');
  }

  /** Everything read so far. */
  received(): Uint8Array {
    const all = Buffer.concat(this.arrived);
    this.arrived = [all];
    return all;
  }

  /** What was read since the last call. */
  take(): Uint8Array {
    const all = this.received();
    const fresh = all.subarray(this.takenCount);
    this.takenCount = all.length;
    return fresh;
  }

  /** `take` as text, one character a byte. */
  takeText(): string {
    return Buffer.from(this.take()).toString('latin1');
  }

  onClose(callback: (code: string) => void): void {
    this.closeCallback = callback;
  }

  /** Called when it has read something, which `take` tells. */
  onData(callback: () => void): void {
    this.dataCallback = callback;
  }

  /** Room in the window. For the socket. */
  get freeBytes(): number {
    return Math.max(0, this.windowBytes - this.unreadBytes);
  }

  /** For the socket. */
  deliver(bytes: Uint8Array): void {
    this.unread.push(bytes);
    this.unreadBytes += bytes.length;
  }

  /** For the network: the peer reads what its kernel holds. */
  read(): boolean {
    if (!this.isReading) return false;
    const didEnd = this.isEndSent && !this.sawEnd;
    this.sawEnd = this.isEndSent;
    if (this.unreadBytes === 0) return didEnd;
    this.arrived.push(...this.unread);
    this.byteCount += this.unreadBytes;
    this.unread = [];
    this.unreadBytes = 0;
    this.dataCallback?.();
    return true;
  }

  /** For the socket. */
  deliverEnd(): void {
    this.isEndSent = true;
  }

  /** For the socket. */
  close(code: string): void {
    if (this.closeCode !== null) return;
    this.closeCode = code;
    this.closeCallback?.(code);
  }
}

/** The node's end. Methods never call the handler; only `takeTurn` does. */
export class SimulatedSocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress = '127.0.0.1';
  readonly localPort: number;
  readonly fileDescriptor: number;
  readonly peerName: string;
  readonly peer: SimulatedPeer;
  queuedBytes = 0;
  isOpen = true;
  private readonly inbound: ReadQueue;
  private handler: SocketHandler | null = null;
  private hasInboundEnd = false;
  private isEndReported = false;
  private isReset = false;
  private isPaused = false;
  private isEnding = false;
  private isDrainDue = false;
  private closeCode: string | null = null;
  /** For the network. */
  isCloseReported = false;
  private outbound: QueuedWrite[] = [];

  constructor(
    ports: { local: number; remote: number },
    options: PeerOptions,
    random: SeededRandom,
  ) {
    this.localPort = ports.local;
    this.remotePort = ports.remote;
    this.fileDescriptor = ports.remote;
    this.remoteAddress = options.remoteAddress ?? '127.0.0.1';
    this.peerName = options.peerName ?? '';
    this.inbound = new ReadQueue(random);
    this.peer = new SimulatedPeer(this, options);
  }

  setHandler(handler: SocketHandler): void {
    this.handler = handler;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    assert(start >= 0 && start <= end && end <= bytes.length, 'a write lies within its buffer');
    if (!this.isOpen || this.isEnding || start === end) return true;
    let from = start;
    if (this.outbound.length === 0) from += this.pass(bytes, start, end);
    if (from === end) return true;
    this.outbound.push({ bytes, start: from, end });
    this.queuedBytes += end - from;
    this.isDrainDue = true;
    return false;
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isEnding = true;
  }

  destroy(): void {
    this.shut('');
  }

  /** For the peer. */
  arrive(bytes: Uint8Array): void {
    if (this.isOpen && !this.hasInboundEnd) this.inbound.push(bytes);
  }

  /** For the peer. */
  arriveEnd(): void {
    this.hasInboundEnd = true;
  }

  /** For the peer. */
  arriveReset(): void {
    this.isReset = true;
  }

  /** The process is gone, and its kernel closes the connection; or the machine is. */
  forget(): void {
    this.shut('ECONNRESET');
    this.isCloseReported = true;
    this.handler = null;
  }

  /** Nothing can happen any more, on either side. */
  get isGone(): boolean {
    return this.isCloseReported && (this.peer.sawEnd || this.isReset);
  }

  /** Lets everything happen that one loop turn would bring. @returns whether anything did. */
  takeTurn(): boolean {
    if (this.isCloseReported) return this.peer.read();
    if (this.isReset) this.shut('ECONNRESET');
    if (this.isOpen) {
      const didMove = this.pump();
      const didRead = this.isOpen && this.readOnce();
      const didPeerRead = this.peer.read();
      if (this.isOpen) return didMove || didRead || didPeerRead;
    }
    this.peer.read();
    this.isCloseReported = true;
    this.handler?.onClose(this.closeCode ?? '');
    return true;
  }

  private shut(code: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.closeCode = code;
    this.outbound = [];
    this.queuedBytes = 0;
    this.inbound.clear();
    this.peer.deliverEnd();
    this.peer.close(code);
  }

  /** Moves queued bytes into the peer's window. They are read only now, so early reuse shows. */
  private pump(): boolean {
    let movedBytes = 0;
    while (this.outbound.length > 0) {
      const head = this.outbound[0];
      const count = this.pass(head.bytes, head.start, head.end);
      movedBytes += count;
      head.start += count;
      this.queuedBytes -= count;
      if (head.start < head.end) return movedBytes > 0;
      this.outbound.shift();
    }
    if (this.isEnding) {
      this.shut('');
      return true;
    }
    if (this.isDrainDue) {
      this.isDrainDue = false;
      this.handler?.onDrained();
      return true;
    }
    return movedBytes > 0;
  }

  private pass(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.peer.freeBytes);
    // Not `slice`, which for a Buffer is a view.
    if (count > 0) this.peer.deliver(new Uint8Array(bytes.subarray(start, start + count)));
    return count;
  }

  private readOnce(): boolean {
    if (this.isPaused || this.handler === null) return false;
    if (this.inbound.byteCount === 0) {
      if (!this.hasInboundEnd || this.isEndReported) return false;
      this.isEndReported = true;
      if (!this.isEnding) this.handler.onEnd();
      return true;
    }
    this.inbound.read(this.peer.fragmentation, this.isEnding ? null : this.handler);
    return true;
  }
}
