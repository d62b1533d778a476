import type { Socket, SocketHandler } from '../../../base/world.ts';
import { PendingWrites } from '../pending-writes.ts';
import { type Fragmentation, NOTHING, ReadQueue } from '../read-queue.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { Stream } from './stream.ts';
import type { Place, Wire } from './wire.ts';

/** What both kernels together hold for a program that does not read. */
const WINDOW_BYTES = 256 * 1024;
/** Room is told to the sender when so much of it was made. */
const CREDIT_BYTES = WINDOW_BYTES / 4;
/** An ended socket reads into nowhere for so long before it refuses what comes. */
const LINGER_MS = 1000;

/**
 * One end of a connection between two machines. As with every simulated socket, its methods never
 * call the handler: `takeTurn` of the machine's network does. What the cable brings is the kernel's
 * affair: it comes in also while the program is stalled.
 */
export class WireSocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly fileDescriptor: number;
  readonly peerName = '';
  isOpen = true;
  /** For the network. */
  isCloseReported = false;
  /** How what arrives is cut into reads: of one connection in four, into whatever pieces. */
  fragmentation: Fragmentation;
  private readonly wire: Wire;
  private readonly stream: Stream;
  private readonly inbound: ReadQueue;
  private other: WireSocket | null = null;
  private handler: SocketHandler | null = null;
  private readonly outbound = new PendingWrites((bytes, start, end) =>
    this.pass(bytes, start, end),
  );
  private windowBytes = WINDOW_BYTES;
  private readBytes = 0;
  private isEnding = false;
  private closeCode = '';
  private lingersUntilMs = 0;
  private isForgotten = false;
  /** Something was done to it since the turn in which nothing was left to do. */
  private isStirred = false;

  constructor(wire: Wire, random: SeededRandom, ends: { local: Place; remote: Place }) {
    const { local, remote } = ends;
    this.wire = wire;
    this.localAddress = local.address;
    this.localPort = local.port;
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    this.fileDescriptor = local.port;
    this.inbound = new ReadQueue(random);
    this.fragmentation = random.below(4) === 0 ? 'seeded' : 'whole';
    const path = { from: local.address, to: remote.address, toPort: remote.port };
    this.stream = new Stream(wire, path, (code) => this.breakBoth(code));
  }

  /** Which end is the other, once there is one. */
  join(other: WireSocket): void {
    this.other = other;
  }

  get queuedBytes(): number {
    return this.outbound.byteCount;
  }

  setHandler(handler: SocketHandler): void {
    this.handler = handler;
    this.isStirred = true;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    return !this.isOpen || this.isEnding || this.outbound.write(bytes, start, end);
  }

  pauseReading(): void {
    this.inbound.isPaused = true;
  }

  resumeReading(): void {
    this.inbound.isPaused = false;
    this.isStirred = true;
  }

  end(): void {
    this.isEnding = true;
    this.isStirred = true;
  }

  destroy(): void {
    this.shut('');
  }

  /** Before anything is sent over it: sends something that is not the program's. */
  signal(arrive: () => void): void {
    this.stream.send(arrive);
  }

  /** Breaks it for both ends at once, as a firewall does that forgot about it. */
  breakBoth(code: string): void {
    this.shut(code);
    this.other?.shut(code);
  }

  /**
   * The process is gone.
   * @param hasKernel  which tells the other end; else the machine has no power
   */
  forget(hasKernel: boolean): void {
    if (hasKernel) this.shut('');
    else this.stream.forget();
    this.isOpen = false;
    this.isForgotten = true;
    this.isCloseReported = true;
    this.lingersUntilMs = 0;
    this.handler = null;
  }

  get isGone(): boolean {
    return this.isCloseReported;
  }

  /** Lets everything happen that one loop turn would bring. @returns whether anything did. */
  takeTurn(): boolean {
    if (this.isCloseReported || !this.isStirred) return false;
    if (this.isOpen) {
      this.isStirred = false;
      const didMove = this.pump();
      const didRead = this.isOpen && this.readOnce();
      if (didMove || didRead) this.isStirred = true;
      if (this.isOpen) return didMove || didRead;
    }
    this.isCloseReported = true;
    this.handler?.onClose(this.closeCode);
    return true;
  }

  private shut(code: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.isStirred = true;
    this.closeCode = code;
    this.outbound.clear();
    const { other } = this;
    if (other === null) return;
    // As with real ones: who closes without having read all that came resets the connection.
    if (this.inbound.byteCount > 0 && this.lingersUntilMs === 0) {
      this.stream.send(() => other.arriveReset());
    } else {
      this.stream.send(() => other.arriveEnd());
    }
    this.inbound.clear();
  }

  private arrive(bytes: Uint8Array): void {
    if (this.isOpen) {
      this.inbound.push(bytes);
      this.isStirred = true;
      return;
    }
    const { other, wire } = this;
    if (other === null) return;
    if (this.isForgotten && wire.find(this.localAddress)?.isUp !== true) {
      other.stream.expectAnswer(() => other.isOpen);
    } else if (wire.timeline.nowMs < this.lingersUntilMs) {
      this.stream.send(() => other.arriveCredit(bytes.length));
    } else {
      this.stream.send(() => other.arriveReset());
    }
  }

  private arriveEnd(): void {
    this.inbound.hasEnd = true;
    this.isStirred = true;
  }

  private arriveReset(): void {
    if (this.isOpen) this.inbound.clear();
    this.shut('ECONNRESET');
  }

  private arriveCredit(byteCount: number): void {
    this.windowBytes += byteCount;
    this.isStirred = true;
  }

  private pump(): boolean {
    const didMove = this.outbound.move();
    if (this.outbound.byteCount > 0) return didMove;
    if (this.isEnding) {
      this.lingersUntilMs = this.wire.timeline.nowMs + LINGER_MS;
      this.shut('');
      return true;
    }
    if (!this.outbound.takeDrain()) return didMove;
    this.handler?.onDrained();
    return true;
  }

  private pass(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.windowBytes);
    if (count === 0) return 0;
    this.windowBytes -= count;
    // Not `slice`, which for a Buffer is a view.
    const sent = new Uint8Array(bytes.subarray(start, start + count));
    this.stream.send(() => this.other?.arrive(sent), sent);
    return count;
  }

  private readOnce(): boolean {
    const { fragmentation, handler, isEnding, other } = this;
    const count = this.inbound.read(fragmentation, handler, isEnding);
    if (count === NOTHING) return false;
    this.readBytes += count;
    const { readBytes } = this;
    if (readBytes >= CREDIT_BYTES && other !== null) {
      this.readBytes = 0;
      this.stream.send(() => other.arriveCredit(readBytes));
    }
    return true;
  }
}
