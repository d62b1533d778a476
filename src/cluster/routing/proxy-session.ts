/**
 * A client of another node, as the owner of its keys sees it: a session of this node whose user has
 * the rules that it has where it is connected, whose commands come by messages and whose replies go
 * back by them. It watches keys and waits for keys as any client. A client of
 * this node has one too, while commands of its that wait for this node's duty stand in its line.
 *
 * While a command of it waits, those behind it are held. Once one is handed back, because its store
 * is another node's, so are all behind it until the sender begins a new round: so its commands
 * never overtake each other.
 */
import type { Frame } from '../../base/frame.ts';
import type { Timer } from '../../base/world.ts';
import { decodeUser } from '../../commands/acl/carried-user.ts';
import { CommandQueue } from '../../commands/command-queue.ts';
import {
  type ClientChannel,
  enterStore,
  GATE,
  type Session,
  settleLogin,
} from '../../commands/session.ts';
import type { Peer } from '../peers/peer-bus.ts';
import type { SlotSet } from '../placement/slot-set.ts';
import { CommandBuffer, CommandCursor } from './command-buffer.ts';
import { NOT_WRITTEN } from './reply-sender.ts';
import type { CommandContext } from './routing-messages.ts';

/** What a proxy asks of the table that it stands in. */
export interface ProxyHost {
  /** EXEC, as this node calls it. */
  readonly execFrame: Frame;
  /**
   * Executes the command, if this node is to.
   * @returns 'waiting': its duty is not settled yet; 'elsewhere': its owner is another node
   */
  run(proxy: ProxySession, frame: Frame, number: number): 'done' | 'waiting' | 'elsewhere';
  /** The reply of a command that has waited. Copied. */
  answer(proxy: ProxySession, number: number, bytes: Uint8Array, start: number, end: number): void;
  /** Answers OK, and executes nothing. */
  pass(proxy: ProxySession, number: number): void;
  handBack(proxy: ProxySession, number: number): void;
  fail(proxy: ProxySession, number: number, error: unknown, hasChanged: boolean): void;
  /** Calls `resume` of the proxy, not within a command. */
  resumeLater(proxy: ProxySession): void;
  after(delayMs: number, callback: () => void): Timer;
}

export class ProxySession implements ClientChannel {
  readonly session: Session;
  /** Null: the client is one of this node. */
  readonly peer: Peer | null;
  /** Id of the client's session, where it is connected. */
  readonly clientId: number;
  readonly fileDescriptor = -1;
  readonly localAddress = '';
  readonly localPort = 0;
  readonly queryBytes = 0;
  readonly outputBytes = 0;
  readonly isTls = false;
  readonly isPatient = false;
  replyMode: ClientChannel['replyMode'] = 'on';
  remoteAddress = '';
  remotePort = 0;
  /** Some of its replies wait: what follows stands behind them. */
  heldReplyCount = 0;
  isGone = false;
  /** Where the command that ran last may have changed something: see `ReplySender.note`. */
  writtenSlot = NOT_WRITTEN;
  private readonly host: ProxyHost;
  private readonly cursor = new CommandCursor();
  private readonly held = new CommandBuffer();
  private heldNumbers: number[] = [];
  /** A command that was put off by this node, and its number; with its timer. */
  private postponed: CommandQueue | null = null;
  private timer: Timer | null = null;
  /** Of the command that runs, or waits. */
  private number = 0;
  private slots: SlotSet | null = null;
  private isWaiting = false;
  private user = '';
  /** Nobody has said which store it works on, or this node has no such store. */
  private isLost = true;
  private refusedRound = -1;
  private round = 0;

  constructor(options: {
    session: (channel: ClientChannel) => Session;
    host: ProxyHost;
    peer: Peer | null;
    clientId: number;
  }) {
    this.host = options.host;
    this.peer = options.peer;
    this.clientId = options.clientId;
    this.session = options.session(this);
    this.session.user = null;
    this.session.isAuthenticated = true;
    settleLogin(this.session);
  }

  /** A command of it waits. */
  get isBusy(): boolean {
    return this.isWaiting || this.postponed !== null || this.session.blocked !== null;
  }

  /** Its commands were checked where it is connected; what its scripts call is checked here. */
  private settleUser(text: string): void {
    if (text === this.user) return;
    this.user = text;
    this.session.user = decodeUser(this.session.node.access, text);
    settleLogin(this.session);
  }

  /** Commands that were not executed, behind one that waits or put off. */
  get pendingCount(): number {
    return this.heldNumbers.length + (this.postponed === null ? 0 : 1);
  }

  /** Its commands are such a client's from now on. */
  settle(context: CommandContext): void {
    const { session } = this;
    const { stores } = session.node;
    const store = stores.find(context.storeName);
    this.remoteAddress = context.address;
    this.remotePort = context.port;
    session.name = context.clientName;
    session.correlationId = context.correlationId;
    session.protocol = context.isResp3 ? 3 : 2;
    session.marksJson = context.marksJson;
    session.touchesKeys = context.touchesKeys;
    this.settleUser(context.user);
    this.isLost = store === null || context.databaseIndex >= store.databases.length;
    if (store === null || this.isLost) return;
    enterStore(session, store, context.databaseIndex);
    session.storesLeft.length = 0;
  }

  /** `count` commands, numbered from `number` on, lie there. */
  take(
    commands: { bytes: Uint8Array; start: number; end: number },
    order: { round: number; number: number; count: number },
    frame: Frame,
  ): void {
    const { count, number, round } = order;
    this.round = round;
    if (this.isLost) this.refusedRound = round;
    if (round === this.refusedRound) {
      for (let i = 0; i < count; i++) this.host.handBack(this, number + i);
      return;
    }
    const { cursor } = this;
    cursor.open(frame, commands.bytes, commands.start, commands.end);
    let done = 0;
    if (this.heldNumbers.length === 0) {
      while (done < count && !this.isBusy) {
        const { position } = cursor;
        if (!this.runNext(frame, number + done)) cursor.position = position;
        else done++;
        if (this.isGone) return;
        if (this.refusedRound === round) break;
      }
    }
    if (this.refusedRound === round) {
      for (; done < count; done++) this.host.handBack(this, number + done);
    } else if (done < count) {
      this.held.appendRaw(commands.bytes, cursor.position, commands.end);
      for (; done < count; done++) this.heldNumbers.push(number + done);
    }
  }

  /** What was held is executed, until something waits again. */
  resume(frame: Frame): void {
    if (this.isGone) return;
    this.isWaiting = false;
    if (this.postponed !== null) {
      const { postponed } = this;
      this.dropPostponed();
      postponed.shift(frame);
      this.perform(frame, this.number);
    }
    const { cursor, held } = this;
    const numbers = this.heldNumbers;
    let done = 0;
    cursor.open(frame, held.bytes, 0, held.byteCount);
    while (done < numbers.length && !this.isBusy && this.refusedRound !== this.round) {
      const { position } = cursor;
      frame.attach(held.bytes);
      if (!this.runNext(frame, numbers[done])) cursor.position = position;
      else done++;
      if (this.isGone) return;
    }
    if (this.refusedRound === this.round) {
      for (; done < numbers.length; done++) this.host.handBack(this, numbers[done]);
    }
    numbers.splice(0, done);
    if (numbers.length === 0) held.clear();
    else held.shift(cursor.position);
  }

  /** Its keys are another node's from now on: the command that waits for them is handed back. */
  handBackBlocked(): void {
    this.refusedRound = this.round;
    this.host.handBack(this, this.number);
    this.host.resumeLater(this);
  }

  close(): void {
    if (this.isGone) return;
    this.isGone = true;
    const { session } = this;
    this.dropPostponed();
    session.node.blocking.forget(session);
    session.node.watches.unwatch(session);
    session.transaction = null;
  }

  /** Nothing is told to a client this way but by its own node. */
  push(): void {}

  postpone(frame: Frame, untilMs: number): void {
    this.postponed = new CommandQueue();
    this.postponed.append(frame);
    this.session.gate |= GATE.POSTPONED;
    const delayMs = Math.max(1, untilMs - this.session.node.clock.nowMs);
    this.timer = this.host.after(delayMs, () => this.resumePostponed());
  }

  resumePostponed(): void {
    if (this.postponed !== null) this.host.resumeLater(this);
  }

  answerBlocked(bytes: Uint8Array, start: number, end: number): void {
    this.host.answer(this, this.number, bytes, start, end);
    this.host.resumeLater(this);
  }

  answerForwarded(): void {}

  failBlocked(error: unknown, hasChanged: boolean): void {
    this.host.fail(this, this.number, error, hasChanged);
    this.host.resumeLater(this);
  }

  closeAfterReplies(): void {}

  /** @returns false: it was not executed, and waits */
  private runNext(frame: Frame, number: number): boolean {
    const count = this.cursor.next(frame);
    if (this.cursor.isFence) {
      this.host.pass(this, number);
      return true;
    }
    this.slots = this.cursor.slots;
    if (count >= 0) this.openTransaction(frame, count);
    return this.perform(count >= 0 ? this.host.execFrame : frame, number);
  }

  private perform(frame: Frame, number: number): boolean {
    this.number = number;
    this.session.onlySlots = this.slots;
    const outcome = this.host.run(this, frame, number);
    this.session.onlySlots = null;
    if (outcome === 'done') {
      this.session.waitedMs = 0;
      return true;
    }
    if (this.session.transaction !== null) this.dropTransaction();
    if (outcome === 'waiting') {
      this.isWaiting = true;
      return false;
    }
    this.refusedRound = this.round;
    this.host.handBack(this, number);
    return true;
  }

  /** The commands that stand next are the queue of a transaction, which EXEC then runs. */
  private openTransaction(frame: Frame, count: number): void {
    const { session } = this;
    const queue = new CommandQueue();
    let hasWrite = false;
    let hasDenyOom = false;
    for (let i = 0; i < count; i++) {
      this.cursor.next(frame);
      queue.append(frame);
      const command = session.node.table.findFrame(frame);
      hasWrite ||= command !== null && command.mayReplicate;
      hasDenyOom ||= command !== null && command.isDenyOom;
    }
    const isLastDenied = false;
    session.transaction = { isBroken: false, hasWrite, hasDenyOom, isLastDenied, queue };
    session.gate |= GATE.IN_TRANSACTION;
  }

  private dropTransaction(): void {
    this.session.transaction = null;
    this.session.gate &= ~GATE.IN_TRANSACTION;
  }

  private dropPostponed(): void {
    this.session.gate &= ~GATE.POSTPONED;
    this.timer?.cancel();
    this.timer = null;
    this.postponed = null;
  }
}
