import type { Configuration } from '../base/configuration.ts';
import type { Frame } from '../base/frame.ts';
import { LIMITS } from '../base/limits.ts';
import type { Socket, SocketHandler } from '../base/world.ts';
import { executeCommand } from '../commands/execute-command.ts';
import { type ClientChannel, GATE, type Session } from '../commands/session.ts';
import { METRIC } from '../observability/metrics/metric-table.ts';
import {
  BROKEN,
  FrameParser,
  type ParserLimits,
  type ParseStatus,
  READY,
  REFUSED,
} from '../protocol/frame-parser.ts';
import { forgetWait, isAwaiting, waitingBytes } from './client-wait.ts';
import { breaksOutputLimit, refuseInput, reportFailure } from './connection-reports.ts';
import { HOLD, Postponed, STOPS_TURN } from './hold.ts';
import type { InputLimits } from './input-limits.ts';
import { Outbox } from './output/outbox.ts';
import type { TurnLoop } from './turn-loop.ts';

/**
 * One client: its socket, its parser, what waits to be sent to it. Between turns an idle connection
 * holds no buffer. A turn reads straight from the socket's shared buffer, or from the gathering
 * that small reads wait in, executes into the loop's one reply writer, and ends with one write.
 *
 * Bytes leave in the order in which they came to be. `outbox` holds what may not leave yet; while
 * it holds something, everything goes through it.
 */
export class Connection implements ClientChannel, SocketHandler {
  readonly session: Session;
  readonly isTls: boolean;
  readonly isPatient = true;
  replyMode: ClientChannel['replyMode'] = 'on';
  /** When the output went above the soft limit, 0 while it is below. */
  softLimitSinceMs = 0;
  private readonly socket: Socket;
  private readonly loop: TurnLoop;
  private readonly configuration: Configuration;
  private readonly inputLimits: InputLimits;
  readonly parser: FrameParser;
  private readonly onGone: (connection: Connection) => void;
  private holds = 0;
  private isInputEnded = false;
  private isGone = false;
  private isSendAsked = false;
  /** Its last read waits in the loop's gathering. */
  private isGathered = false;
  private readonly outbox: Outbox;
  /** Some of its outbox waits for a disk: the loop comes back to it. */
  private isWaiting = false;
  private postponed: Postponed | null = null;

  /** @param options.onGone  called once, as soon as the connection counts no more */
  constructor(options: {
    session: (channel: ClientChannel) => Session;
    socket: Socket;
    loop: TurnLoop;
    configuration: Configuration;
    inputLimits: InputLimits;
    isTls: boolean;
    onGone: (connection: Connection) => void;
  }) {
    this.socket = options.socket;
    this.loop = options.loop;
    this.outbox = new Outbox(options.loop);
    this.configuration = options.configuration;
    this.inputLimits = options.inputLimits;
    this.isTls = options.isTls;
    this.onGone = options.onGone;
    this.session = options.session(this);
    this.parser = new FrameParser(this.currentLimits());
    this.socket.setHandler(this);
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress;
  }
  get remotePort(): number {
    return this.socket.remotePort;
  }
  get localAddress(): string {
    return this.socket.localAddress;
  }
  get localPort(): number {
    return this.socket.localPort;
  }
  get fileDescriptor(): number {
    return this.socket.fileDescriptor;
  }
  get queryBytes(): number {
    return this.parser.pendingBytes;
  }
  get outputBytes(): number {
    return this.socket.queuedBytes + this.outbox.byteCount;
  }
  /** Memory of this connection's buffers, for the limit of all clients together. */
  get heldBytes(): number {
    const ownBytes = this.parser.heldBytes + this.outbox.heldBytes + this.socket.queuedBytes;
    return ownBytes + waitingBytes(this.session);
  }
  /** A command of it waits: it is not idle, whatever its client does. */
  get isPostponed(): boolean {
    return this.postponed !== null || this.session.blocked !== null;
  }

  onReadable(bytes: Uint8Array, start: number, end: number): void {
    const counters = this.loop.counters;
    counters[METRIC.readsProcessed]++;
    counters[METRIC.netInputBytes] += end - start;
    if (this.isGathered) this.loop.runGathered();
    else if (this.holds === 0 && this.loop.gather(this, bytes, start, end)) {
      this.isGathered = true;
      return;
    }
    this.take(bytes, start, end);
  }

  /** The loop's gathering comes to this connection's read. */
  takeGathered(bytes: Uint8Array, start: number, end: number): void {
    this.isGathered = false;
    if (!this.isGone) this.take(bytes, start, end);
  }

  private take(bytes: Uint8Array, start: number, end: number): void {
    const { loop, parser } = this;
    parser.feed(bytes, start, end);
    if (this.holds === 0 && !loop.isSpent) {
      const isLong = end - start > LIMITS.shortReadBytesMax;
      if (isLong) loop.beginLongTurn();
      this.takeTurn();
      if (isLong) loop.endLongTurn();
      return;
    }
    parser.suspend();
    if (this.holds === 0) this.hold(HOLD.BUDGET);
    else if (this.holds === HOLD.BLOCKED && parser.isRefused) {
      refuseInput(this, loop, false);
      this.close();
    }
  }

  onDrained(): void {
    if (this.isGone) return;
    this.sendOutbox();
    const isRead = this.outputBytes <= LIMITS.outputBytesHigh;
    if ((this.holds & HOLD.OUTPUT) !== 0 && isRead) this.clearHold(HOLD.OUTPUT);
  }

  /** Called by the loop when more became safe, or the disk has caught up. */
  lookAgain(): void {
    this.isWaiting = false;
    if (this.isGone) return;
    this.sendOutbox();
    if ((this.holds & HOLD.DISK) !== 0) {
      if (this.session.store.safety?.isSlow) this.waitForDisk();
      else this.goOn(HOLD.DISK);
    }
  }

  /** At the end of this loop turn, or of the next. */
  private goOn(hold: number): void {
    this.holds = (this.holds & ~hold) | HOLD.BUDGET;
    this.loop.runLater(this);
  }

  /** The client sends no more. What it sent is still executed and answered. */
  onEnd(): void {
    if (this.isGathered) this.loop.runGathered();
    this.isInputEnded = true;
    if ((this.holds & ~HOLD.BLOCKED) === 0) this.closeAfterReplies();
  }

  onClose(_error: string): void {
    this.leave();
  }

  /** Called by the loop when the others had their turn. */
  continueTurn(): void {
    if ((this.holds & HOLD.BUDGET) !== 0) this.clearHold(HOLD.BUDGET);
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    // Nothing follows the last reply.
    if ((this.holds & HOLD.CLOSING) === 0) this.append(bytes, start, end);
  }

  private append(bytes: Uint8Array, start: number, end: number): void {
    if (this.isGone) return;
    if (this.loop.current === this) {
      this.loop.pushToCurrent(bytes, start, end, (this.session.gate & GATE.REPLIES_OFF) === 0);
      return;
    }
    const { safety } = this.session.store;
    if (safety !== null) this.outbox.note(safety, false);
    this.outbox.append(bytes, start, end);
    this.askSend();
    this.checkOutputLimit();
  }

  postpone(frame: Frame, untilMs: number): void {
    const delayMs = Math.max(1, untilMs - this.loop.clock.nowMs);
    const timer = this.loop.after(delayMs, () => this.resumePostponed());
    this.postponed = new Postponed(frame, timer);
    this.session.gate |= GATE.POSTPONED;
  }

  /** The command's time has come, or the pause is over: it runs at the end of this loop turn. */
  resumePostponed(): void {
    if ((this.holds & HOLD.POSTPONED) !== 0) this.goOn(HOLD.POSTPONED);
  }

  answerBlocked(bytes: Uint8Array, start: number, end: number): void {
    if (this.isGone) return;
    this.session.lastCommandMs = this.loop.clock.nowMs;
    this.outbox.noteTurn(this.session, true);
    if (end > start) this.append(bytes, start, end);
    this.resumeBlocked();
  }

  answerForwarded(bytes: Uint8Array, start: number, end: number, isLast: boolean): void {
    if (end > start) this.append(bytes, start, end);
    if (this.isGone) return;
    if (this.outputBytes > LIMITS.outputBytesHigh) this.hold(HOLD.OUTPUT);
    if (!isLast) return;
    if ((this.session.gate & GATE.CLOSING) !== 0) this.finish();
    else this.resumePostponed();
  }

  failBlocked(error: unknown, hasChanged: boolean): void {
    reportFailure(this, this.loop, { error, hasChanged });
    this.close();
  }

  /** What came while its command waited is executed at the end of this loop turn. */
  private resumeBlocked(): void {
    if (this.isGone || (this.holds & HOLD.BLOCKED) === 0) return;
    this.holds &= ~HOLD.BLOCKED;
    if (this.holds === 0 && this.parser.pendingBytes > 0) this.hold(HOLD.BUDGET);
  }

  closeAfterReplies(): void {
    if (this.isGone) return;
    if (this.session.blocked !== null) forgetWait(this.session);
    this.session.gate |= GATE.CLOSING;
    if (this.loop.current !== this) this.finish();
  }

  close(): void {
    if (this.isGone) return;
    this.session.gate |= GATE.CLOSING;
    this.leave();
    this.socket.destroy();
  }

  /** Parses and executes until the input is used up or the budget spent; then replies leave. */
  private takeTurn(): void {
    const { loop, session } = this;
    if (loop.hasFailed) return;
    const { safety } = session.store;
    const position = safety === null ? 0 : safety.position;
    if (!loop.isGathering) loop.clock.refresh();
    session.lastCommandMs = loop.clock.nowMs;
    loop.current = this;
    loop.turnStart = loop.writer.position;
    loop.turnSinceMs = 0;
    this.parser.limits = this.currentLimits();
    loop.writer.protocol = session.protocol;
    let status: ParseStatus = READY;
    if (this.postponed === null || this.runPostponed()) status = this.runCommands();
    loop.current = null;
    if (status === BROKEN || status === REFUSED) refuseInput(this, loop, status === BROKEN);
    let isStalled = false;
    if (safety !== null || session.storesLeft.length > 0) {
      const isSame = safety !== null && session.store.safety === safety;
      isStalled = this.outbox.noteTurn(session, !isSame || safety.position > position);
    }
    this.endTurn(status === READY, isStalled);
  }

  /** @returns READY when it stopped with input left */
  private runCommands(): ParseStatus {
    const { loop, parser, session } = this;
    const { frame, writer } = loop;
    let gate = session.gate;
    let commandsLeft: number = LIMITS.turnCommandCountMax;
    let commandsWarm = 0;
    let start = 0;
    let changeCount = 0;
    try {
      for (;;) {
        const status = parser.next(frame);
        if (status !== READY) return status;
        start = writer.position;
        loop.replyStart = start;
        changeCount = session.changeCount;
        executeCommand(session, frame, writer);
        if (loop.aside.position > 0) loop.takeAside();
        if (session.gate !== gate) {
          gate = session.gate;
          parser.limits = this.currentLimits();
          if ((gate & STOPS_TURN) !== 0) return READY;
        }
        if (--commandsWarm <= 0) commandsWarm = loop.warmAhead(parser, session);
        const replyBytes = writer.position - loop.turnStart;
        if (replyBytes > LIMITS.turnReplyBytesMax) return READY;
        if ((--commandsLeft & 63) === 0 && (commandsLeft === 0 || loop.isTurnLate())) return READY;
      }
    } catch (error) {
      this.failCommand(error, start, session.changeCount !== changeCount);
      return READY;
    }
  }

  /** @returns false: the command was postponed once more, or closed the connection */
  private runPostponed(): boolean {
    const { loop, session } = this;
    const { changeCount } = session;
    session.gate &= ~GATE.POSTPONED;
    this.postponed?.take(loop.frame);
    this.postponed = null;
    loop.replyStart = loop.writer.position;
    try {
      executeCommand(session, loop.frame, loop.writer);
      if (loop.aside.position > 0) loop.takeAside();
    } catch (error) {
      this.failCommand(error, loop.turnStart, session.changeCount !== changeCount);
    }
    return (session.gate & STOPS_TURN) === 0;
  }

  /** A defect of ours. Before the first change it costs this client only; after it, the node. */
  private failCommand(error: unknown, start: number, hasChanged: boolean): void {
    this.loop.aside.reset();
    this.loop.writer.position = start;
    this.session.gate |= GATE.CLOSING;
    reportFailure(this, this.loop, { error, hasChanged });
  }

  /** @param hasStopped  input may be left  @param isStalled  the disk does not keep up with it */
  private endTurn(hasStopped: boolean, isStalled: boolean): void {
    const { loop, parser, session } = this;
    const { writer } = loop;
    const start = loop.turnStart;
    const hasReplies = writer.position > start;
    if (hasReplies) {
      if (this.isGone) writer.position = start;
      else if (loop.isGathering) this.sendGathered(start);
      else if (this.send(writer.bytes, writer.position)) writer.reset();
      else writer.detach();
    }
    if (this.isGone) return;
    if ((session.gate & GATE.CLOSING) !== 0) {
      this.finish();
      return;
    }
    let holds = 0;
    if (isStalled) {
      holds |= HOLD.DISK;
      this.waitForDisk();
    }
    if (hasStopped) {
      parser.suspend();
      if ((session.gate & GATE.POSTPONED) !== 0) holds |= HOLD.POSTPONED;
      else if ((session.gate & GATE.BLOCKED) !== 0) holds |= HOLD.BLOCKED;
      else if (parser.pendingBytes > 0) holds |= HOLD.BUDGET;
    }
    if (hasReplies && this.outputBytes > 0) {
      this.checkOutputLimit();
      if (this.outputBytes > LIMITS.outputBytesHigh) holds |= HOLD.OUTPUT;
    }
    if (holds !== 0) this.hold(holds);
  }

  /** Leaves the replies in the writer, to be sent with the others', where nothing bars that. */
  private sendGathered(start: number): void {
    const { loop, outbox, session, socket } = this;
    const { writer } = loop;
    const isBarred = outbox.byteCount > 0 || socket.queuedBytes > 0 || outbox.mustWait;
    const isClosing = (session.gate & GATE.CLOSING) !== 0;
    if (!isBarred && !isClosing) {
      loop.keepReplies(this, start, writer.position);
      return;
    }
    outbox.append(writer.bytes, start, writer.position);
    writer.position = start;
    if (outbox.mustWait) this.askSend();
    else if (!isClosing) this.sendOutbox();
  }

  /** @returns whether the caller may reuse the buffer */
  writeReplies(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isGone) return true;
    const isTaken = this.write(bytes, start, end);
    if (this.socket.queuedBytes > 0) {
      this.checkOutputLimit();
      if (!this.isGone && this.outputBytes > LIMITS.outputBytesHigh) this.hold(HOLD.OUTPUT);
    }
    return isTaken;
  }

  /** @returns whether the caller may reuse the buffer at once */
  private send(bytes: Uint8Array, end: number): boolean {
    const { outbox, socket } = this;
    if (outbox.byteCount === 0 && !outbox.mustWait) {
      const isFull = socket.queuedBytes > 0;
      // A full socket keeps whole buffers: little replies are gathered rather than given one each.
      if (!isFull || end > LIMITS.outboxBytesKept) return this.write(bytes, 0, end);
      outbox.append(bytes, 0, end);
      return true;
    }
    outbox.append(bytes, 0, end);
    if (outbox.mustWait) this.askSend();
    else this.sendOutbox();
    return true;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    this.loop.counters[METRIC.writesProcessed]++;
    this.loop.counters[METRIC.netOutputBytes] += end - start;
    return this.socket.write(bytes, start, end);
  }

  /** Hands over what may leave, unless the socket is full and there is little to hand. */
  sendOutbox(): void {
    this.isSendAsked = false;
    const { outbox } = this;
    if (outbox.byteCount === 0 || this.isGone) return;
    const sendableBytes = outbox.sendableBytes();
    if (sendableBytes < outbox.byteCount) this.waitForDisk();
    const isClosing = (this.session.gate & GATE.CLOSING) !== 0;
    const isFull = this.socket.queuedBytes > 0;
    if (isFull && sendableBytes < LIMITS.outboxBytesKept && !isClosing) return;
    outbox.send(sendableBytes, this);
    const isRead = this.outputBytes <= LIMITS.outputBytesHigh;
    if ((this.holds & HOLD.OUTPUT) !== 0 && isRead) this.goOn(HOLD.OUTPUT);
    if (isClosing && outbox.byteCount === 0 && !isAwaiting(this.session)) this.socket.end();
  }

  private waitForDisk(): void {
    if (this.isWaiting) return;
    this.isWaiting = true;
    this.loop.waitForDisk(this);
  }

  private askSend(): void {
    if (this.isSendAsked) return;
    this.isSendAsked = true;
    this.loop.sendLater(this);
  }

  /** Nothing more is executed; what is to be sent is sent, then the socket closes. */
  private finish(): void {
    this.hold(HOLD.CLOSING);
    if (isAwaiting(this.session)) return this.sendOutbox();
    if (this.outbox.byteCount === 0) this.socket.end();
    else if (this.outbox.mustWait) this.askSend();
    else this.sendOutbox();
  }

  /** From now on the connection counts no more. The socket's own end may come later. */
  private leave(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.postponed?.timer.cancel();
    this.postponed = null;
    this.outbox.drop();
    this.onGone(this);
  }

  private hold(holds: number): void {
    const wasRead = (this.holds & ~HOLD.BLOCKED) === 0;
    if (wasRead && holds !== HOLD.BLOCKED) this.socket.pauseReading();
    if ((holds & ~this.holds & HOLD.BUDGET) !== 0) this.loop.runLater(this);
    this.holds |= holds;
  }

  private clearHold(hold: number): void {
    this.holds &= ~hold;
    if (this.isGone) return;
    if (this.holds === 0) this.takeTurn();
    if ((this.holds & ~HOLD.BLOCKED) !== 0 || this.isGone) return;
    if (this.isInputEnded) this.closeAfterReplies();
    else this.socket.resumeReading();
  }

  private currentLimits(): ParserLimits {
    const isKnown = (this.session.gate & GATE.LOGIN_REQUIRED) === 0;
    return isKnown ? this.inputLimits.authenticated : this.inputLimits.unauthenticated;
  }

  /**
   * Closes the client when it reads too slowly. Also called from time to time, for the soft limit.
   */
  checkOutputLimit(): void {
    if (this.outputBytes === 0) this.softLimitSinceMs = 0;
    else if (breaksOutputLimit(this, this.loop, this.configuration)) this.close();
  }
}
