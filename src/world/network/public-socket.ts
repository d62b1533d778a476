/**
 * The fallback socket path, and the one of TLS: public API only.
 *
 * net.Socket passes a write to the kernel at once and counts it off `writableLength` before `write`
 * returns, so that 0 there means "taken" and nothing need be copied. TLS encrypts at once too but
 * says so a turn later; there small replies are copied, so that the caller may keep its buffer.
 */
import type { Socket as NetSocket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Socket, SocketHandler } from '../../base/world.ts';
import { LINGER_MS, normaliseAddress } from './socket-settings.ts';

/** Copying this much costs about what a new outbox would. */
const TLS_COPY_BYTES_MAX = 16 * 1024;

interface PublicSocketOptions {
  /** Subject of a verified client certificate. */
  readonly peerName?: string;
  readonly isTls?: boolean;
  readonly unixPath?: string;
}

export class PublicSocket implements Socket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerName: string;
  private readonly inner: NetSocket;
  private readonly copyBytesMax: number;
  private readonly onWritten: () => void;
  private handler: SocketHandler | null = null;
  private isDrainDue = false;
  private isEnding = false;
  private isClosed = false;
  private sawEnd = false;
  private closeCode = '';
  private lingerTimer: NodeJS.Timeout | null = null;

  constructor(
    inner: NetSocket | TLSSocket,
    { peerName = '', isTls = false, unixPath = '' }: PublicSocketOptions,
  ) {
    this.inner = inner;
    this.peerName = peerName;
    this.copyBytesMax = isTls ? TLS_COPY_BYTES_MAX : 0;
    // As redis-server: both ends of a unix socket are told by its path.
    this.remoteAddress = unixPath === '' ? normaliseAddress(inner.remoteAddress) : unixPath;
    this.remotePort = inner.remotePort ?? 0;
    this.localAddress = unixPath === '' ? normaliseAddress(inner.localAddress) : unixPath;
    this.localPort = inner.localPort ?? 0;
    this.onWritten = () => this.noteWritten();
    inner.on('error', (cause: NodeJS.ErrnoException) => {
      if (!this.isClosed) this.closeCode = cause.code ?? cause.name;
      this.isClosed = true;
    });
    inner.once('close', () => this.noteClosed());
    inner.once('end', () => this.noteEnd());
    inner.once('finish', () => this.linger());
  }

  get fileDescriptor(): number {
    const { _handle: handle } = this.inner as unknown as { _handle?: { fd?: number } | null };
    return handle?.fd ?? -1;
  }

  get queuedBytes(): number {
    return this.isClosed ? 0 : this.inner.writableLength;
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  setHandler(handler: SocketHandler): void {
    const isFirst = this.handler === null;
    this.handler = handler;
    if (!isFirst) return;
    this.inner.on('data', (bytes: Buffer) => {
      if (this.isClosed || this.isEnding) return;
      // Not as a Buffer, whose `slice` shares memory where that of a Uint8Array copies.
      const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      this.handler?.onReadable(plain, 0, plain.length);
    });
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isClosed || this.isEnding || start >= end) return true;
    const mustCopy = end - start <= this.copyBytesMax;
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    this.inner.write(mustCopy ? Buffer.from(view) : view, this.onWritten);
    if (this.inner.writableLength === 0) return true;
    this.isDrainDue = true;
    return mustCopy;
  }

  pauseReading(): void {
    this.inner.pause();
  }

  resumeReading(): void {
    if (!this.isClosed) this.inner.resume();
  }

  end(): void {
    if (this.isClosed || this.isEnding) return;
    this.isEnding = true;
    this.inner.resume();
    this.inner.end();
  }

  destroy(): void {
    this.isClosed = true;
    this.inner.destroy();
  }

  private noteWritten(): void {
    if (!this.isDrainDue || this.isClosed || this.inner.writableLength > 0) return;
    this.isDrainDue = false;
    if (!this.isEnding) this.handler?.onDrained();
  }

  private noteEnd(): void {
    this.sawEnd = true;
    if (this.isClosed) return;
    if (!this.isEnding) this.handler?.onEnd();
    else if (this.lingerTimer !== null) this.destroy();
  }

  /** See HandleSocket: what is unread here when we close costs the peer our last bytes. */
  private linger(): void {
    if (this.isClosed) return;
    if (this.sawEnd) {
      this.destroy();
      return;
    }
    this.lingerTimer = setTimeout(() => this.destroy(), LINGER_MS);
    this.lingerTimer.unref();
  }

  private noteClosed(): void {
    this.isClosed = true;
    if (this.lingerTimer !== null) clearTimeout(this.lingerTimer);
    const handler = this.handler;
    this.handler = null;
    handler?.onClose(this.closeCode);
  }
}
