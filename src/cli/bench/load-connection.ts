import type { Socket, SocketHandler } from '../../base/world.ts';
import { ReplyScanner, type ReplySink } from '../resp/reply-scanner.ts';
import type { Workload } from './workload.ts';

/** Hears what becomes of what a connection sent. */
export interface LoadListener {
  /** @param place  of the command in the connection's columns, until this call returns */
  onReply(connection: LoadConnection, place: number, isError: boolean, isNull: boolean): void;
  /** All replies that had arrived were told. */
  onRead(connection: LoadConnection): void;
  /** What it sent and was not answered is lost. */
  onLost(connection: LoadConnection, reason: string): void;
}

const OUTBOX_BYTES_MIN = 16 * 1024;

/**
 * One client of a bench: at most `depth` commands are under way. When each was due and was sent
 * stands in columns that go round, in the order of the replies.
 */
export class LoadConnection implements SocketHandler, ReplySink {
  /** Among the connections of its run. */
  readonly number: number;
  readonly depth: number;
  /** Commands sent and not answered. */
  inFlightCount = 0;
  isClosed = false;
  readonly dueMs: Float64Array;
  readonly sentMs: Float64Array;
  readonly operations: Uint8Array;
  readonly scanner = new ReplyScanner();
  private readonly socket: Socket;
  private readonly listener: LoadListener;
  private oldest = 0;
  private outbox = new Uint8Array(0);
  private outboxEnd = 0;

  constructor(
    socket: Socket,
    { depth, listener, number }: { depth: number; listener: LoadListener; number: number },
  ) {
    this.socket = socket;
    this.number = number;
    this.depth = depth;
    this.listener = listener;
    this.dueMs = new Float64Array(depth);
    this.sentMs = new Float64Array(depth);
    this.operations = new Uint8Array(depth);
    socket.setHandler(this);
  }

  get hasUnsent(): boolean {
    return this.outboxEnd > 0;
  }

  /** The caller has seen that there is room. What is written leaves with `flush`. */
  send(workload: Workload, dueMs: number, nowMs: number): void {
    const place = (this.oldest + this.inFlightCount++) % this.depth;
    const operation = workload.choose();
    this.dueMs[place] = dueMs;
    this.sentMs[place] = nowMs;
    this.operations[place] = operation;
    if (this.outboxEnd + workload.commandBytesMax > this.outbox.length) {
      this.flush();
      const byteCount = Math.max(OUTBOX_BYTES_MIN, workload.commandBytesMax);
      if (this.outbox.length < byteCount) this.outbox = new Uint8Array(byteCount);
    }
    this.outboxEnd = workload.write(operation, this.outbox, this.outboxEnd);
  }

  flush(): void {
    if (this.outboxEnd === 0) return;
    const isTaken = this.socket.write(this.outbox, 0, this.outboxEnd);
    if (!isTaken) this.outbox = new Uint8Array(this.outbox.length);
    this.outboxEnd = 0;
  }

  /** Nobody answers any more what is under way. */
  abandon(onCommand: (operation: number, dueMs: number) => void): void {
    for (; this.inFlightCount > 0; this.inFlightCount--) {
      onCommand(this.operations[this.oldest], this.dueMs[this.oldest]);
      this.oldest = (this.oldest + 1) % this.depth;
    }
  }

  close(): void {
    this.isClosed = true;
    this.socket.destroy();
  }

  onReply(isError: boolean, isNull: boolean): void {
    // More replies than commands: a push, or no server of ours. Nothing after it can be counted.
    if (this.inFlightCount === 0) return this.lose('it answers what was not asked');
    const place = this.oldest;
    this.oldest = (place + 1) % this.depth;
    this.inFlightCount--;
    this.listener.onReply(this, place, isError, isNull);
  }

  onReadable(bytes: Uint8Array, start: number, end: number): void {
    if (!this.scanner.scan(bytes, start, end, this)) this.lose('it does not speak RESP');
    this.listener.onRead(this);
  }

  onDrained(): void {}

  onEnd(): void {
    this.lose('it closed the connection');
  }

  onClose(error: string): void {
    this.lose(`the connection broke: ${error}`);
  }

  private lose(reason: string): void {
    if (this.isClosed) return;
    this.close();
    this.listener.onLost(this, reason);
  }
}
