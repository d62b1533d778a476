import type * as Http from 'node:http';
import type { Socket } from 'node:net';

export type HttpExchange = [Http.IncomingMessage, Http.ServerResponse];

/**
 * The connections of an HTTP server: what they hold, and one request of each at a time. Node hands
 * over every request that it has read, and one read holds a thousand, each of which may be answered
 * by megabytes: they would all be made at once, to wait for their turn.
 */
export class HttpConnections {
  /** Called for a request when those before it on its connection have been answered. */
  handle: (...exchange: HttpExchange) => void;
  private readonly bySocket = new Map<Socket, HttpConnection>();

  constructor(handle: HttpConnections['handle']) {
    this.handle = handle;
  }

  /** Bytes of requests that are not answered yet, and of answers that are not sent yet. */
  get heldBytes(): number {
    let bytes = 0;
    for (const connection of this.bySocket.values()) bytes += connection.heldBytes;
    return bytes;
  }

  /** @param socket  of which requests will come: over TLS the one that decrypts */
  add(socket: Socket): void {
    this.bySocket.set(
      socket,
      new HttpConnection(socket, (...exchange) => this.handle(...exchange)),
    );
    socket.once('close', () => this.bySocket.delete(socket));
  }

  take(...exchange: HttpExchange): void {
    this.bySocket.get(exchange[0].socket)?.take(exchange);
  }
}

class HttpConnection {
  private readonly socket: Socket;
  private readonly handle: HttpConnections['handle'];
  /** Requests behind the one that is being answered, and what had been read when each came. */
  private waiting: { exchange: HttpExchange; readBytes: number }[] = [];
  private isAnswering = false;
  /** Of what has been read, that which is answered. */
  private answeredBytes = 0;

  constructor(socket: Socket, handle: HttpConnections['handle']) {
    this.socket = socket;
    this.handle = handle;
  }

  /** What one read brought counts for the first request in it. */
  get heldBytes(): number {
    return this.socket.bytesRead - this.answeredBytes + this.socket.writableLength;
  }

  take(exchange: HttpExchange): void {
    if (this.isAnswering) this.waiting.push({ exchange, readBytes: this.socket.bytesRead });
    else this.answer(exchange);
  }

  private answer(exchange: HttpExchange): void {
    this.isAnswering = true;
    // It is closed when its last bytes are the kernel's, or will never be.
    exchange[1].once('close', () => this.answerNext());
    this.handle(...exchange);
  }

  private answerNext(): void {
    this.isAnswering = false;
    const next = this.socket.destroyed ? undefined : this.waiting.shift();
    this.answeredBytes = next?.readBytes ?? this.socket.bytesRead;
    if (next !== undefined) this.answer(next.exchange);
  }
}
