/**
 * The fast socket path: libuv's TCP handle without net.Socket, streams and events around it.
 *
 * Reading: one 64 KiB buffer serves every connection of a network, because what was read is used up
 * before `onReadable` returns. So an idle connection holds no buffer (10,000 of them cost 1.4 KiB
 * each, net.Socket 6.0) and a read allocates nothing.
 * Writing: libuv tries the kernel at once. Nearly always it takes all and leaves the request object
 * alone, so one spare request serves all writes. Else libuv points into the bytes: the
 * request is then the socket's until `oncomplete`, and so is the caller's buffer.
 * Cost of a PING in CPU time: 7.3 us, net.Socket 10.5, redis-server 7.3; at pipeline 16 0.50, 0.70
 * and 0.61 (bench/socket-path.ts). Tried: `fs.writeSync` to the descriptor, which needs no view,
 * takes 0.5 us more; writing the replies of all sockets at the turn's end takes 0.3 us less.
 *
 * States: OPEN -> (end) ENDING -> (all sent, peer's end seen or patience over) CLOSED
 *         OPEN or ENDING -> (destroy, error) CLOSED, and a turn later onClose.
 */

import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { Socket, SocketHandler } from '../../base/world.ts';
import type {
  AddressSink,
  HandleBinding,
  ShutdownRequest,
  TcpHandle,
  WriteRequest,
} from './handle-binding.ts';
import { LINGER_MS, normaliseAddress, READ_BUFFER_BYTES } from './socket-settings.ts';
import { ViewCache } from './view-cache.ts';

const UV_EOF = -4095;
const UV_ENOTCONN = -constants.errno.ENOTCONN;

const OPEN = 0;
const ENDING = 1;
const CLOSED = 2;

/** What the sockets of one network share. */
export class HandleLane {
  readonly streamState: Int32Array;
  readonly readResultIndex: number;
  readonly wasAsyncIndex: number;
  readonly readBuffer: Uint8Array;
  readonly binding: HandleBinding;
  spareWrite: WriteRequest;
  readonly views = new ViewCache();
  private throttled: HandleSocket[] = [];

  constructor(binding: HandleBinding) {
    this.binding = binding;
    this.streamState = binding.streamState;
    this.readResultIndex = binding.readResultIndex;
    this.wasAsyncIndex = binding.wasAsyncIndex;
    this.readBuffer = new Uint8Array(READ_BUFFER_BYTES);
    this.spareWrite = this.makeWrite();
  }

  makeWrite(): WriteRequest {
    const request = new this.binding.WriteWrap();
    request.oncomplete = onWritten;
    request.cacheSocket = null;
    request.cacheBytes = null;
    return request;
  }

  /** Lets a socket that filled the read buffer go on in the next turn, after all others. */
  readOnNextTurn(socket: HandleSocket): void {
    if (this.throttled.push(socket) > 1) return;
    setImmediate(() => {
      const sockets = this.throttled;
      this.throttled = [];
      for (const waiting of sockets) waiting.unthrottle();
    });
  }
}

export class HandleSocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  private readonly handle: TcpHandle;
  private readonly lane: HandleLane;
  private handler: SocketHandler | null = null;
  private state = OPEN;
  private pendingWriteCount = 0;
  private isPaused = false;
  private isThrottled = false;
  private sawEnd = false;
  private closeCode = '';
  private lingerTimer: NodeJS.Timeout | null = null;

  constructor(handle: TcpHandle, lane: HandleLane, peer: AddressSink) {
    this.handle = handle;
    this.lane = lane;
    this.remoteAddress = normaliseAddress(peer.address);
    this.remotePort = peer.port ?? 0;
    handle.cacheSocket = this;
    handle.onread = onRead;
    handle.useUserBuffer(lane.readBuffer);
  }

  get localAddress(): string {
    return normaliseAddress(this.findLocal().address);
  }

  get localPort(): number {
    return this.findLocal().port ?? 0;
  }

  get fileDescriptor(): number {
    return this.state === CLOSED ? -1 : this.handle.fd;
  }

  get peerName(): string {
    return '';
  }

  get queuedBytes(): number {
    const hasNone = this.pendingWriteCount === 0 || this.state === CLOSED;
    return hasNone ? 0 : this.handle.writeQueueSize;
  }

  get isOpen(): boolean {
    return this.state !== CLOSED;
  }

  setHandler(handler: SocketHandler): void {
    const isFirst = this.handler === null;
    this.handler = handler;
    if (isFirst && this.state !== CLOSED && !this.isPaused) this.handle.readStart();
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.state !== OPEN || start >= end) return true;
    const lane = this.lane;
    const request = lane.spareWrite;
    const view = lane.views.find(bytes, start, end);
    const status = this.handle.writeBuffer(request, view);
    if (status !== 0) {
      this.close(status);
      return true;
    }
    if (lane.streamState[lane.wasAsyncIndex] === 0) return true;
    lane.spareWrite = lane.makeWrite();
    request.cacheSocket = this;
    request.cacheBytes = view;
    this.pendingWriteCount++;
    return false;
  }

  pauseReading(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    if (this.state === OPEN) this.handle.readStop();
  }

  resumeReading(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (this.state === OPEN && !this.isThrottled && this.handler !== null) this.handle.readStart();
  }

  end(): void {
    if (this.state !== OPEN) return;
    this.state = ENDING;
    const request: ShutdownRequest = new this.lane.binding.ShutdownWrap();
    request.oncomplete = onShutdown;
    request.cacheSocket = this;
    // libuv shuts down after the writes it holds.
    const status = this.handle.shutdown(request);
    if (status === 1) this.linger();
    else if (status !== 0) this.onShutdown(status);
  }

  destroy(): void {
    this.close(0);
  }

  /** For the binding: one read is over. */
  onRead(): void {
    const lane = this.lane;
    const result = lane.streamState[lane.readResultIndex];
    if (result > 0) {
      if (this.state !== OPEN) return;
      // libuv would read on, up to 32 buffers in a row, while the other connections wait.
      if (result === READ_BUFFER_BYTES) this.throttle();
      this.handler?.onReadable(lane.readBuffer, 0, result);
    } else if (result === UV_EOF) {
      this.sawEnd = true;
      if (this.state === OPEN) this.handler?.onEnd();
      else if (this.lingerTimer !== null) this.close(0);
    } else if (result < 0) {
      this.close(result);
    }
  }

  /** For the binding: an asynchronous write is over. */
  onWritten(status: number): void {
    this.pendingWriteCount--;
    if (this.state === CLOSED) return;
    if (status !== 0) this.close(status);
    else if (this.pendingWriteCount === 0 && this.state === OPEN) this.handler?.onDrained();
  }

  /** For the binding: all is sent, and our end of the stream with it. */
  onShutdown(status: number): void {
    if (this.state === CLOSED) return;
    if (status === 0) this.linger();
    else this.close(status === UV_ENOTCONN ? 0 : status);
  }

  /** For the binding. */
  onClosed(): void {
    const handler = this.handler;
    this.handler = null;
    handler?.onClose(this.closeCode);
  }

  /** For the lane. */
  unthrottle(): void {
    this.isThrottled = false;
    if (this.state !== CLOSED && !this.isPaused) this.handle.readStart();
  }

  private throttle(): void {
    this.isThrottled = true;
    this.handle.readStop();
    this.lane.readOnNextTurn(this);
  }

  /**
   * Closing a TCP socket that holds unread bytes resets it, and a reset throws away what the peer
   * did not read yet: our last reply. So read on, into nowhere, until the peer ends, within reason.
   */
  private linger(): void {
    if (this.sawEnd) {
      this.close(0);
      return;
    }
    this.lingerTimer = setTimeout(lingerIsOver, LINGER_MS, this);
    this.lingerTimer.unref();
    if (this.isPaused && !this.isThrottled) this.handle.readStart();
    this.isPaused = false;
  }

  private close(status: number): void {
    if (this.state === CLOSED) return;
    this.state = CLOSED;
    if (status !== 0) this.closeCode = getSystemErrorName(status);
    if (this.lingerTimer !== null) clearTimeout(this.lingerTimer);
    this.handle.close(onClosed);
  }

  private findLocal(): AddressSink {
    const local: AddressSink = {};
    if (this.state !== CLOSED) this.handle.getsockname(local);
    return local;
  }
}

// One function of each for all sockets: a closure a connection would cost memory and inline caches.
// Node takes a value returned from `onread` for the next buffer: it must be undefined.

function onRead(this: TcpHandle): undefined {
  const socket = this.cacheSocket;
  socket.onRead();
  return undefined;
}

function onWritten(this: WriteRequest, status: number): void {
  this.cacheSocket?.onWritten(status);
}

function onShutdown(this: ShutdownRequest, status: number): void {
  this.cacheSocket?.onShutdown(status);
}

function onClosed(this: TcpHandle): void {
  this.cacheSocket.onClosed();
}

function lingerIsOver(socket: HandleSocket): void {
  socket.destroy();
}
