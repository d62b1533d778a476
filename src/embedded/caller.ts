import { AssertionFailure } from '../base/errors.ts';
import { type FastBuffer, textOf } from '../base/fast-buffer.ts';
import { executeCommand } from '../commands/execute-command.ts';
import type { ClientChannel, Session } from '../commands/session.ts';
import type { RunningNode } from '../node.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import { FrameBuilder } from '../protocol/frame-builder.ts';
import { type ReplyError, ReplyReader, type ReplyValue } from '../protocol/reply-values.ts';
import { ReplyWriter } from '../protocol/reply-writer.ts';

/** Commands whose names stand ready in every caller's buffer. */
const NAMES = [
  'GET',
  'SET',
  'DEL',
  'EXISTS',
  'INCRBY',
  'PEXPIRE',
  'PTTL',
  'PERSIST',
  'MGET',
  'MSET',
  'SCAN',
  'DBSIZE',
  'FLUSHDB',
] as const;

/** Position in NAMES. */
export const NAME = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Readonly<
  Record<(typeof NAMES)[number], number>
>;

/** Runs commands for one session and hands back what they answered. */
export class EmbeddedCaller {
  readonly builder = new FrameBuilder(NAMES);
  readonly session: Session;
  readonly node: RunningNode;
  /** The reply of the command executed last, from its first byte on. */
  reply: FastBuffer;
  private replyBytes: Uint8Array;
  private bulkLength = 0;
  private readonly writer = new ReplyWriter(4096);
  private readonly reader = new ReplyReader();

  constructor(node: RunningNode, channel: ClientChannel | null) {
    this.node = node;
    this.session = node.openSession(channel);
    this.session.protocol = 3;
    this.writer.protocol = 3;
    this.replyBytes = this.writer.bytes;
    this.reply = asBuffer(this.writer.bytes);
  }

  /**
   * Executes what the builder holds; `reply` then holds the answer from its first byte on.
   * @throws ReplyError for an error reply; else what the command threw, which is a defect of ours,
   *         or that the node has stopped
   */
  execute(): void {
    const { node, session, writer } = this;
    if (node.isStopping) throw new Error('The node has stopped');
    node.services.clock.refresh();
    writer.reset();
    const { changeCount } = session;
    try {
      executeCommand(session, this.builder.frame, writer);
    } catch (error) {
      const { counters, paced } = node.services;
      counters[METRIC.unexpectedErrors]++;
      const facts = { correlationId: session.correlationId, error };
      paced.error('cache', 'command-failed', 'A command of the embedding program failed', facts);
      if (error instanceof AssertionFailure || session.changeCount !== changeCount) {
        node.loop.fail(error);
      }
      throw error;
    }
    if (writer.bytes !== this.replyBytes) {
      this.replyBytes = writer.bytes;
      this.reply = asBuffer(writer.bytes);
    }
    if (this.reply[0] === MINUS && writer.position > 0) {
      throw this.reader.read(this.reply, 0, false) as ReplyError;
    }
  }

  /** The reply to what `execute` ran; null when the command had none. */
  value(isBinary: boolean): ReplyValue {
    if (this.writer.position === 0) return null;
    return this.reader.read(this.reply, 0, isBinary);
  }

  /** The reply when it is a bulk string: its text, or null. Quicker than `value`. */
  text(): string | null {
    const start = this.bulkStart();
    return start < 0 ? null : textOf(this.reply, start, this.bulkLength);
  }

  /** The reply when it is a bulk string: a copy of its bytes, or null. */
  binary(): Buffer | null {
    const start = this.bulkStart();
    if (start < 0) return null;
    return Buffer.from(this.reply.subarray(start, start + this.bulkLength));
  }

  /** The reply when it is an integer. */
  integer(): number {
    return Number(this.reader.read(this.reply, 0, false));
  }

  /** @returns where the bulk's bytes begin, -1 when it is null */
  private bulkStart(): number {
    const { reply } = this;
    if (reply[0] !== DOLLAR) return -1;
    let at = 1;
    let length = 0;
    for (; reply[at] !== CR; at++) length = length * 10 + reply[at] - ZERO;
    this.bulkLength = length;
    return at + 2;
  }
}

function asBuffer(bytes: Uint8Array): FastBuffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as FastBuffer;
}

const DOLLAR = 36;
const MINUS = 45;
const ZERO = 48;
const CR = 13;
