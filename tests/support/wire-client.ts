import { once } from 'node:events';
import net from 'node:net';
import { encodeCommand, type Reply, ReplyDecoder } from '../../src/testing/reply-decoder.ts';

export type Argument = string | Uint8Array;

/** The plainest client: sends arrays of bulk strings, hands back what the wire said, in order. */
export class WireClient {
  readonly socket: net.Socket;
  private readonly decoder = new ReplyDecoder();
  private readonly ready: Reply[] = [];
  private isLast: ((reply: Reply) => boolean) | null = null;
  /** Replies before this one were already asked whether they are the last. */
  private askedCount = 0;
  private resolve: (replies: Reply[]) => void = () => {};
  private reject: (error: Error) => void = () => {};
  private failure: Error | null = null;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      try {
        for (const reply of this.decoder.feed(bytes)) this.ready.push(reply);
      } catch (error) {
        this.close(error as Error);
      }
      this.settle();
    });
    socket.on('error', (error) => this.close(error));
    socket.on('close', () => this.close(new Error('the server closed the connection')));
  }

  /** @param place  port on loopback, or path of a unix socket */
  static async connect(place: number | string): Promise<WireClient> {
    const socket = typeof place === 'number' ? net.connect(place, '127.0.0.1') : net.connect(place);
    return WireClient.connectTo(socket);
  }

  /** @param socket  that is being connected */
  static async connectTo(socket: net.Socket): Promise<WireClient> {
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  /** Sends one command and waits for its one reply. */
  async call(...args: Argument[]): Promise<Reply> {
    this.socket.write(encodeCommand(args));
    return (await this.take(1))[0];
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** All in one write. */
  sendCommands(commands: readonly (readonly Argument[])[]): void {
    this.socket.write(Buffer.concat(commands.map((args) => encodeCommand(args))));
  }

  /** Waits for the next `count` replies, pushes included. One waiter at a time. */
  take(count: number): Promise<Reply[]> {
    let seen = 0;
    return this.takeUntil(() => ++seen === count);
  }

  /** Waits for replies up to the first that `isLast` accepts. One waiter at a time. */
  takeUntil(isLast: (reply: Reply) => boolean): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.isLast = isLast;
      this.askedCount = 0;
      this.settle();
    });
  }

  /** Replies that came and were not taken. */
  takeReady(): Reply[] {
    return this.ready.splice(0);
  }

  get isClosed(): boolean {
    return this.failure !== null;
  }

  end(): void {
    this.socket.destroy();
  }

  private settle(): void {
    if (this.isLast === null) return;
    while (this.askedCount < this.ready.length) {
      if (!this.isLast(this.ready[this.askedCount++])) continue;
      this.isLast = null;
      this.resolve(this.ready.splice(0, this.askedCount));
      return;
    }
    if (this.failure === null) return;
    this.isLast = null;
    this.reject(this.failure);
  }

  private close(error: Error): void {
    this.failure ??= error;
    this.settle();
  }
}
