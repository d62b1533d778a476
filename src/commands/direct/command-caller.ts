import { AssertionFailure, NodeError } from '../../base/errors.ts';
import { type FastBuffer, textOf } from '../../base/fast-buffer.ts';
import type { LogComponent } from '../../base/logger.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { FrameBuilder } from '../../protocol/frame-builder.ts';
import { type ReplyError, ReplyReader, type ReplyValue } from '../../protocol/reply-values.ts';
import { ReplyWriter } from '../../protocol/reply-writer.ts';
import { executeCommand } from '../execute-command.ts';
import type { NodeServices } from '../node-services.ts';
import { GATE, type Session } from '../session.ts';
import type { ReplyScript } from './reply-script.ts';

/** What a caller needs of the node. */
export interface CallerNode {
  readonly services: NodeServices;
  readonly isStopping: boolean;
  readonly loop: { fail(error: unknown): void };
}

/**
 * Runs commands of a session that has no socket of its own, through the same door, and hands back
 * what they answered: the embedding program's, and those that HTTP requests become.
 */
export class CommandCaller {
  readonly builder: FrameBuilder;
  readonly session: Session;
  private readonly node: CallerNode;
  private readonly component: LogComponent;
  private readonly isSecured: boolean;
  /** The reply of the command executed last, from its first byte on. */
  reply: FastBuffer;
  /** What a command threw last: reported already, by who runs it. */
  failure: unknown = null;
  /** Where other nodes may execute the commands of a request; null elsewhere. */
  script: ReplyScript | null = null;
  private replyBytes: Uint8Array;
  private bulkLength = 0;
  private readonly writer = new ReplyWriter(4096);
  private readonly reader = new ReplyReader();

  /**
   * @param options.names      of commands: `builder.begin` takes their positions in this list
   * @param options.isSecured  a call comes back when what it changed is as safe as its store's
   *                           policy says; else whoever answers for it waits for that
   */
  constructor(options: {
    node: CallerNode;
    session: Session;
    names: readonly string[];
    component: LogComponent;
    isSecured: boolean;
  }) {
    this.isSecured = options.isSecured;
    this.node = options.node;
    this.session = options.session;
    this.component = options.component;
    this.builder = new FrameBuilder(options.names);
    this.session.protocol = 3;
    this.writer.protocol = 3;
    this.replyBytes = this.writer.bytes;
    this.reply = asBuffer(this.writer.bytes);
  }

  /**
   * Executes what the builder holds; `reply` then holds the answer from its first byte on.
   * @throws ReplyError for an error reply; else as `perform`
   */
  execute(): void {
    this.perform();
    if (this.isError) throw this.reader.read(this.reply, 0, false) as ReplyError;
  }

  /**
   * The same, with an error reply as an answer among others: see `isError`.
   * @throws what the command threw, which is a defect of ours, or that the node has stopped;
   *         NodeError DISK_REFUSED: it is done, and not on the disk
   */
  perform(): void {
    const { node, script, session, writer } = this;
    if (node.isStopping) throw new Error('The node has stopped');
    if (script?.tell(writer) === true) return this.adopt();
    node.services.clock.refresh();
    writer.reset();
    const { changeCount } = session;
    try {
      executeCommand(session, this.builder.frame, writer);
    } catch (error) {
      this.report(error, session.changeCount !== changeCount);
      throw error;
    }
    if (script !== null) script.note(session, writer);
    this.adopt();
    if (this.isSecured && session.store.safety !== null) secure(session.store.safety);
  }

  /** Another node is to execute what the builder holds, and the reply will be waited for. */
  get isElsewhere(): boolean {
    const { builder, script, session } = this;
    if (script === null || (session.gate & GATE.ROUTED) === 0) return false;
    const { cluster, table } = session.node;
    const command = table.findFrame(builder.frame);
    return command !== null && cluster.isElsewhere(session, builder.frame, command);
  }

  /** The reply is to come, and OK stands in for it. */
  get isPending(): boolean {
    return this.script?.isPending === true;
  }

  /** What `look` finds when the request's code runs for the first time. */
  recall<T>(look: () => T): T {
    return this.script === null ? look() : this.script.recall(look);
  }

  /** False when the command was put aside: it answers a connection later, and this caller never. */
  get isAnswered(): boolean {
    return this.writer.position > 0;
  }

  /** Whether the reply is an error. */
  get isError(): boolean {
    return this.reply[0] === MINUS && this.writer.position > 0;
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

  private adopt(): void {
    const { writer } = this;
    if (writer.bytes === this.replyBytes) return;
    this.replyBytes = writer.bytes;
    this.reply = asBuffer(writer.bytes);
  }

  /** After a change what is in memory cannot be trusted: the node stops. */
  private report(error: unknown, hasChanged: boolean): void {
    const { services, loop } = this.node;
    this.failure = error;
    services.counters[METRIC.unexpectedErrors]++;
    const facts = { correlationId: this.session.correlationId, error };
    services.paced.error(this.component, 'command-failed', 'A command failed', facts);
    if (error instanceof AssertionFailure || hasChanged) loop.fail(error);
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

/** The call cannot wait for the end of a loop turn: who made it may tell others at once. */
function secure(safety: NonNullable<Session['store']['safety']>): void {
  if (safety.position <= safety.safePosition || safety.isTroubled) return;
  const code = safety.secureNow();
  if (code === '') return;
  throw new NodeError('DISK_REFUSED', `The change is made, but not on the disk: ${code}`, { code });
}

function asBuffer(bytes: Uint8Array): FastBuffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as FastBuffer;
}

const DOLLAR = 36;
const MINUS = 45;
const ZERO = 48;
const CR = 13;
