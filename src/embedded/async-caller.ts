/**
 * Commands of the embedding program that may have to wait: for another node of the cluster, for a
 * majority of them, for the disk, for a key, for a pause to end. A promise each, settled in the
 * order of the calls, as replies on a connection.
 */
import { NodeError } from '../base/errors.ts';
import type { FastBuffer } from '../base/fast-buffer.ts';
import type { Frame } from '../base/frame.ts';
import type { Timer } from '../base/world.ts';
import type { CommandCaller } from '../commands/direct/command-caller.ts';
import {
  type ClientChannel,
  enterStore,
  GATE,
  type Session,
  settleLogin,
} from '../commands/session.ts';
import type { RunningNode } from '../node.ts';
import { ReplyError, ReplyReader, type ReplyValue } from '../protocol/reply-values.ts';
import { openCaller } from './caller.ts';
import type { Value } from './embedded-store.ts';

interface Call {
  readonly args: readonly Value[];
  readonly isBinary: boolean;
  readonly resolve: (value: ReplyValue) => void;
  readonly reject: (error: unknown) => void;
}

export class AsyncCaller implements ClientChannel {
  readonly remoteAddress = 'embedded';
  readonly remotePort = 0;
  readonly localAddress = 'embedded';
  readonly localPort = 0;
  readonly fileDescriptor = -1;
  readonly queryBytes = 0;
  readonly outputBytes = 0;
  readonly isTls = false;
  readonly isPatient = true;
  replyMode: ClientChannel['replyMode'] = 'on';
  private readonly node: RunningNode;
  private readonly store: Session['store'];
  private readonly reader = new ReplyReader();
  /** Null before the first call, and when its session was closed: the next one opens another. */
  private caller: CommandCaller | null = null;
  /** Not begun: they stand behind one that waits. */
  private readonly queued: Call[] = [];
  /** Begun; the replies come in this order. */
  private readonly begun: Call[] = [];
  /** What was begun last waits for a key, and nothing behind it is begun. */
  private isBlocked = false;
  /** It is begun anew when that passes, or its reason does. */
  private postponed: Timer | null = null;

  constructor(node: RunningNode, store: Session['store']) {
    this.node = node;
    this.store = store;
  }

  /**
   * @param args  bytes among them are not to be changed before the promise settles
   * @returns     rejects with ReplyError when the reply is an error, with NodeError UNSUPPORTED
   *              when the session was closed meanwhile
   */
  call(args: readonly Value[], isBinary: boolean): Promise<ReplyValue> {
    return new Promise((resolve, reject) => {
      this.queued.push({ args, isBinary, resolve, reject });
      this.drain();
    });
  }

  push(): void {}

  postpone(_frame: Frame, untilMs: number): void {
    const { loop, services } = this.node;
    const delayMs = Math.max(1, untilMs - services.clock.nowMs);
    this.postponed = loop.after(delayMs, () => this.resumePostponed());
  }

  resumePostponed(): void {
    if (this.postponed === null) return;
    this.postponed.cancel();
    this.postponed = null;
    this.drainLater();
  }

  answerBlocked(bytes: Uint8Array, start: number, end: number): void {
    this.isBlocked = false;
    this.settle(bytes, start, end);
    this.drainLater();
  }

  answerForwarded(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    this.settle(bytes, start, end);
    if (isLast) this.resumePostponed();
  }

  failBlocked(error: unknown): void {
    this.isBlocked = false;
    this.begun.shift()?.reject(error);
    this.drainLater();
  }

  closeAfterReplies(): void {
    this.close();
  }

  /** What is not answered is rejected. */
  close(): void {
    const { caller } = this;
    if (caller === null) return;
    this.caller = null;
    this.isBlocked = false;
    this.postponed?.cancel();
    this.postponed = null;
    this.node.closeSession(caller.session);
    const reason = new NodeError('UNSUPPORTED', 'The session of this call was closed');
    for (const { reject } of [...this.begun.splice(0), ...this.queued.splice(0)]) reject(reason);
  }

  private drain(): void {
    while (!this.isBlocked && this.postponed === null) {
      const call = this.queued.shift();
      if (call === undefined) return;
      this.begin(call);
    }
  }

  private drainLater(): void {
    this.node.loop.doLater(() => this.drain());
  }

  private begin(call: Call): void {
    this.caller ??= this.open();
    const { caller } = this;
    const { builder, session } = caller;
    const { safety } = session.store;
    const position = safety?.position ?? 0;
    session.gate &= ~GATE.POSTPONED;
    builder.beginEmpty();
    for (const arg of call.args) builder.argument(arg);
    this.begun.push(call);
    try {
      caller.perform();
    } catch (error) {
      this.begun.pop();
      return call.reject(error);
    }
    builder.trim();
    if (this.postponed !== null) {
      session.gate |= GATE.POSTPONED;
      this.queued.unshift(...this.begun.splice(-1));
    } else if ((session.gate & GATE.BLOCKED) !== 0) this.isBlocked = true;
    else if ((session.gate & GATE.AWAITING) === 0 && this.begun.pop() !== undefined) {
      const value = caller.value(call.isBinary);
      const isSafe = safety === null || safety.position <= safety.safePosition;
      if (isSafe) return finish(call, value);
      const hasWritten = safety.position > position;
      void safety.whenSafe(safety.position, hasWritten).then(() => finish(call, value));
    }
  }

  /** One reply or several. */
  private settle(bytes: Uint8Array, start: number, end: number): void {
    // What the values are made of must not change with the buffer.
    const replies = Buffer.from(bytes.subarray(start, end)) as FastBuffer;
    for (let at = 0; at < replies.length; at = this.reader.position) {
      const call = this.begun.shift();
      const value = this.reader.read(replies, at, call?.isBinary === true);
      if (call !== undefined) finish(call, value);
    }
  }

  private open(): CommandCaller {
    const caller = openCaller(this.node, this, false);
    const { session } = caller;
    // The program may do everything.
    session.user = null;
    session.isAuthenticated = true;
    settleLogin(session);
    if (session.store !== this.store) enterStore(session, this.store);
    return caller;
  }
}

function finish({ reject, resolve }: Call, value: ReplyValue): void {
  if (value instanceof ReplyError) reject(value);
  else resolve(value);
}
