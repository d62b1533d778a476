import type { FastBuffer } from '../../base/fast-buffer.ts';
import { ReplyReader } from '../../protocol/reply-values.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { GATE, type Session } from '../session.ts';

/**
 * The replies to the commands of one request, where other nodes of the cluster may execute some. A
 * request's code runs in one go, and replies of other nodes come later. So it runs twice: first its
 * commands are executed, and what is still to come is taken for OK meanwhile; then, when all is
 * there, each command answers what it did, and none is executed again. What a request does must
 * not depend on replies to what it changes, but for what it answers.
 */
export class ReplyScript {
  /** Other nodes execute some of the commands. */
  hasForwarded = false;
  private readonly replies: (Uint8Array | null)[] = [];
  private isTelling = false;
  private next = 0;
  private isPutOff = false;
  private readonly received: Uint8Array[] = [];
  private isWhole = true;
  private onWhole: () => void = () => {};

  /** The command that runs must wait for the replies that are to come: it runs in the second go. */
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

  /** What was just executed has written its reply, or waits for it. */
  note({ gate }: Session, writer: ReplyWriter): void {
    if (this.isTelling) return;
    if (this.isPutOff) {
      this.isPutOff = false;
      this.replies.push(PUT_OFF);
    } else if (writer.position === 0 && (gate & GATE.AWAITING) !== 0) {
      this.isWhole = false;
      this.hasForwarded = true;
      this.replies.push(null);
    } else {
      this.replies.push(writer.bytes.slice(0, writer.position));
      return;
    }
    writer.ok();
  }

  /** The second go begins. */
  begin(): void {
    const bytes = Buffer.concat(this.received) as FastBuffer;
    const reader = new ReplyReader();
    let start = 0;
    for (let i = 0; i < this.replies.length && start < bytes.length; i++) {
      if (this.replies[i] !== null) continue;
      reader.read(bytes, start, true);
      this.replies[i] = bytes.subarray(start, reader.position);
      start = reader.position;
    }
    this.isTelling = true;
  }

  /** @returns false: the command is to be executed */
  tell(writer: ReplyWriter): boolean {
    if (!this.isTelling) return false;
    const reply = this.replies[this.next++];
    if (reply === undefined || reply === PUT_OFF) return false;
    writer.reset();
    if (reply !== null) writer.copy(reply, 0, reply.length);
    return true;
  }
}

const PUT_OFF = new Uint8Array(0);
