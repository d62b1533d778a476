import { NodeError } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Socket, SocketHandler, World } from '../../base/world.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { FrameInput } from './frame-input.ts';
import type { LinkReader } from './link-reader.ts';
import { MessageQueue } from './message-queue.ts';
import { isUrgent } from './message-table.ts';

/** What all links of a node share. */
export interface LinkHost {
  readonly world: World;
  readonly counters: Float64Array;
  /** What was written to it leaves at the end of this loop turn. */
  flushLater(wire: LinkWire): void;
  /** What came over it is no message: it is closed. */
  onBroken(wire: LinkWire, reason: string): void;
  /** A handler failed, and it was not the message's fault: the node must stop. */
  fail(error: unknown): void;
}

export interface WireOwner {
  onMessage(message: LinkReader): void;
  /** After each read, whatever came. */
  onRead(): void;
  /** Once; not when it was closed from here. Says why, for people. */
  onGone(reason: string): void;
}

/**
 * One connection between two nodes: messages in, messages out. How much may be on its way is
 * bounded twice: the socket holds little, the peer gives credit for what it has read. Urgent
 * messages are few and short: they need no credit, and overtake the others.
 */
export class LinkWire implements SocketHandler {
  readonly output = new MessageQueue();
  readonly urgent = new MessageQueue();
  readonly input: FrameInput;
  readonly openedMs: number;
  /** So many bytes of `output` may be sent in all, by the credit that the peer gave. */
  allowedBytes = Number.POSITIVE_INFINITY;
  isFlushAsked = false;
  readonly remoteAddress: string;
  readonly remotePort: number;
  private readonly host: LinkHost;
  private readonly socket: Socket;
  private readonly owner: WireOwner;
  private countedSent = 0;
  private countedReceived = 0;
  private isClosed = false;

  constructor(options: { host: LinkHost; socket: Socket; owner: WireOwner }) {
    const { host, socket, owner } = options;
    this.host = host;
    this.socket = socket;
    this.owner = owner;
    this.openedMs = host.world.clock.wallMs();
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.input = new FrameInput(LIMITS.greetingBytesMax, (message) => owner.onMessage(message));
    socket.setHandler(this);
  }

  /** Written, and not yet taken by the system. */
  get queuedBytes(): number {
    return this.output.byteCount + this.urgent.byteCount + this.socket.queuedBytes;
  }

  /** Memory held for what waits, and for what is to come. */
  get bufferBytes(): number {
    return this.output.bufferBytes + this.urgent.bufferBytes + this.socket.queuedBytes;
  }

  /** A message is being written: nothing is sent until its end. */
  get isOpen(): boolean {
    return this.output.isOpen || this.urgent.isOpen;
  }

  /** The queue for messages of that type; null: too much waits in it. */
  queueOf(type: number): MessageQueue | null {
    const { output, urgent } = this;
    if (isUrgent(type)) return urgent.byteCount <= LIMITS.linkUrgentBytesMax ? urgent : null;
    if (output.byteCount <= LIMITS.linkQueueBytesMax) return output;
    return output.byteCount - output.longestBytes <= LIMITS.linkQueueBytesMax ? output : null;
  }

  /** The other end has greeted: it may send long messages from now on. */
  trust(): void {
    this.input.byteCountMax = LIMITS.messageBytesMax;
  }

  /**
   * No message is handed over until `release`. A little is read all the same: a socket that is not
   * read does not tell either that the other side has closed it.
   */
  hold(): void {
    this.input.hold();
  }

  release(): void {
    try {
      this.input.release();
    } catch (error) {
      this.fail(error);
    }
    this.countReceived();
    if (!this.isClosed) this.socket.resumeReading();
  }

  flushLater(): void {
    if (this.isFlushAsked) return;
    this.isFlushAsked = true;
    this.host.flushLater(this);
  }

  /** Hands to the socket what it and the peer's credit allow. */
  flush(): void {
    const { output, socket, urgent } = this;
    this.countSent();
    while (!this.isClosed) {
      const socketRoom = LIMITS.linkSocketBytesMax - socket.queuedBytes;
      if (socketRoom <= 0) return;
      if (urgent.byteCount > 0 && output.isBetweenFrames) this.sendUrgent();
      const room = Math.min(this.allowedBytes - output.sentBytes, socketRoom);
      if (output.byteCount === 0 || room <= 0) return;
      const byteCount = output.send(socket, room, urgent.byteCount > 0);
      this.host.counters[METRIC.linkBytesSent] += byteCount;
    }
  }

  /** What is queued is lost; nobody hears of it. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.input.close();
    this.socket.destroy();
  }

  /** Sends what is queued, then closes; nobody hears of it. */
  end(): void {
    if (this.isClosed) return;
    this.flush();
    this.isClosed = true;
    this.input.close();
    this.socket.end();
  }

  onReadable(bytes: Uint8Array, start: number, end: number): void {
    if (this.isClosed) return;
    this.host.counters[METRIC.linkBytesReceived] += end - start;
    try {
      this.input.feed(bytes, start, end);
    } catch (error) {
      this.fail(error);
    }
    this.countReceived();
    if (this.isClosed) return;
    if (this.input.heldBytes > HELD_BYTES_MAX) this.socket.pauseReading();
    this.owner.onRead();
  }

  onDrained(): void {
    if (!this.isClosed) this.flush();
  }

  onEnd(): void {
    this.break('the other side closed it');
  }

  onClose(error: string): void {
    this.break(error === '' ? 'the other side closed it' : error);
  }

  /** All of them: what follows may be in the middle of a message. */
  private sendUrgent(): void {
    const { socket, urgent } = this;
    while (urgent.byteCount > 0) {
      this.host.counters[METRIC.linkBytesSent] += urgent.send(socket, urgent.byteCount);
    }
  }

  private countSent(): void {
    const messageCount = this.output.messageCount + this.urgent.messageCount;
    this.host.counters[METRIC.linkMessagesSent] += messageCount - this.countedSent;
    this.countedSent = messageCount;
  }

  private countReceived(): void {
    const { messageCount } = this.input;
    this.host.counters[METRIC.linkMessagesReceived] += messageCount - this.countedReceived;
    this.countedReceived = messageCount;
  }

  private fail(error: unknown): void {
    const isTheirs = error instanceof NodeError && error.code === 'MESSAGE_BROKEN';
    if (isTheirs) {
      this.host.onBroken(this, error.message);
      this.break(error.message);
      return;
    }
    this.break('this node failed');
    this.host.fail(error);
  }

  private break(reason: string): void {
    if (this.isClosed) return;
    this.close();
    this.owner.onGone(reason);
  }
}

/** Of a link whose messages wait for `release`. */
const HELD_BYTES_MAX = 256 * 1024;
