import type { Socket, SocketHandler } from '../../base/world.ts';
import { PendingWrites } from './pending-writes.ts';
import { type Fragmentation, NOTHING, ReadQueue } from './read-queue.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface PeerOptions {
  readonly fragmentation?: Fragmentation;
  /** Bytes the peer's kernel holds for a peer that does not read. */
  readonly windowBytes?: number;
  /** What a verified client certificate would name. */
  readonly peerName?: string;
  readonly remoteAddress?: string;
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
  /** Read and taken, read and not taken, not read: in the order in which they came. */
  private readonly taken: Uint8Array[] = [];
  private fresh: Uint8Array[] = [];
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
    return Buffer.concat([...this.taken, ...this.fresh]);
  }

  /** What was read since the last call. */
  take(): Buffer {
    const bytes = Buffer.concat(this.fresh);
    this.taken.push(bytes);
    this.fresh = [];
    return bytes;
  }

  /** `take` as text, one character a byte. */
  takeText(): string {
    return this.take().toString('latin1');
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
    this.fresh.push(...this.unread);
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
  isOpen = true;
  private readonly inbound: ReadQueue;
  private handler: SocketHandler | null = null;
  private isReset = false;
  private isEnding = false;
  private closeCode: string | null = null;
  /** For the network. */
  isCloseReported = false;
  private readonly outbound = new PendingWrites((bytes, start, end) =>
    this.pass(bytes, start, end),
  );

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

  get queuedBytes(): number {
    return this.outbound.byteCount;
  }

  setHandler(handler: SocketHandler): void {
    this.handler = handler;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    return !this.isOpen || this.isEnding || this.outbound.write(bytes, start, end);
  }

  pauseReading(): void {
    this.inbound.isPaused = true;
  }

  resumeReading(): void {
    this.inbound.isPaused = false;
  }

  end(): void {
    this.isEnding = true;
  }

  destroy(): void {
    this.shut('');
  }

  /** For the peer. */
  arrive(bytes: Uint8Array): void {
    if (this.isOpen && !this.inbound.hasEnd) this.inbound.push(bytes);
  }

  /** For the peer. */
  arriveEnd(): void {
    this.inbound.hasEnd = true;
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
    this.outbound.clear();
    this.inbound.clear();
    this.peer.deliverEnd();
    this.peer.close(code);
  }

  private pump(): boolean {
    const didMove = this.outbound.move();
    if (this.outbound.byteCount > 0) return didMove;
    if (this.isEnding) {
      this.shut('');
      return true;
    }
    if (!this.outbound.takeDrain()) return didMove;
    this.handler?.onDrained();
    return true;
  }

  private pass(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.peer.freeBytes);
    // Not `slice`, which for a Buffer is a view.
    if (count > 0) this.peer.deliver(new Uint8Array(bytes.subarray(start, start + count)));
    return count;
  }

  private readOnce(): boolean {
    const { handler, inbound, isEnding, peer } = this;
    return inbound.read(peer.fragmentation, handler, isEnding) !== NOTHING;
  }
}
