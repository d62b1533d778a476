import type { FastBuffer } from '../../base/fast-buffer.ts';
import { ReplyReader } from '../../protocol/reply-values.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { GATE, type Session } from '../session.ts';

/**
 * The replies to the commands of one request, where other nodes of the cluster may execute some. A
 * request's code runs in one go, and replies of other nodes come later. So it runs again: first its
 * commands are executed, and what is still to come is taken for OK meanwhile; then, when all is
 * there, each command answers what it did, and none is executed twice. What follows from a reply
 * that had to be waited for is executed in the go behind it, and so on until nothing is to come.
 *
 * Each go must come to the same commands in the same order as the one before it, and to more only
 * behind those. What a request changes must not depend on replies.
 */
export class ReplyScript {
  /** Other nodes execute some of the commands. */
  hasForwarded = false;
  /** No reply is to come. */
  isWhole = true;
  /** The last command's reply is to come: it is taken for OK. */
  isPending = false;
  private replies: (Uint8Array | null)[] = [];
  private next = 0;
  private readonly kept: unknown[] = [];
  private nextKept = 0;
  private isPutOff = false;
  private readonly received: Uint8Array[] = [];
  private onWhole: () => void = () => {};

  /** The command that runs must wait for the replies that are to come: it runs in the next go. */
  putOff(): void {
    this.isPutOff = true;
  }

  /** Replies of other nodes, in order. */
  receive(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    if (end > start) this.received.push(bytes.slice(start, end));
    if (!isLast) return;
    this.isWhole = true;
    this.onWhole();
  }

  /** Resolves when no reply is to come. */
  async whenWhole(): Promise<void> {
    if (this.isWhole) return;
    await new Promise<void>((resolve) => {
      this.onWhole = resolve;
    });
  }

  /** What the first go found here, which the others go by. */
  recall<T>(look: () => T): T {
    const index = this.nextKept++;
    if (index === this.kept.length) this.kept.push(look());
    return this.kept[index] as T;
  }

  /** What was just executed has written its reply, or waits for it. */
  note({ gate }: Session, writer: ReplyWriter): void {
    const index = this.next - 1;
    this.isPending = this.isPutOff || (writer.position === 0 && (gate & GATE.AWAITING) !== 0);
    if (!this.isPending) {
      this.replies[index] = writer.bytes.slice(0, writer.position);
      return;
    }
    if ((gate & GATE.AWAITING) !== 0) this.isWhole = false;
    this.hasForwarded = true;
    this.replies[index] = this.isPutOff ? PUT_OFF : null;
    this.isPutOff = false;
    writer.ok();
  }

  /** The next go begins. */
  begin(): void {
    const bytes = Buffer.concat(this.received.splice(0)) as FastBuffer;
    const reader = new ReplyReader();
    let start = 0;
    this.replies = this.replies.map((reply) => {
      if (reply !== null || start === bytes.length) return reply;
      reader.read(bytes, start, true);
      const told = bytes.subarray(start, reader.position);
      start = reader.position;
      return told;
    });
    this.next = 0;
    this.nextKept = 0;
  }

  /** @returns false: the command is to be executed */
  tell(writer: ReplyWriter): boolean {
    const reply = this.replies[this.next++];
    if (reply === undefined || reply === PUT_OFF) return false;
    this.isPending = false;
    writer.reset();
    if (reply !== null) writer.copy(reply, 0, reply.length);
    return true;
  }
}

const PUT_OFF = new Uint8Array(0);
