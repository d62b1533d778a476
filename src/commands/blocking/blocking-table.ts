/**
 * Clients that wait: for keys (BLPOP, BZPOPMIN, XREAD BLOCK and their kin), or only for time
 * (WAIT).
 *
 * A command that finds nothing calls `blockOnKeys`. Its frame is copied, and its client executes
 * nothing more. Each change of the store that may fill one of the keys puts that key into `ready`;
 * after the command (the whole EXEC, the whole script) the door calls `serve`: keys in the order
 * they became ready, for each its clients in order of arrival, and for each client the command
 * again, naming that key only. What it writes is the client's reply; if it finds nothing once more
 * it calls `blockOnKeys` again, which leaves the client in its place. Changes that this makes
 * (BLMOVE) may make other keys ready: `serve` goes on until none is. So everybody who can be served
 * is, in the same turn, before any other client's command.
 *
 * Deadlines stand in one heap with one timer for the nearest. While nobody waits there is no
 * reader, no timer, and the door looks at one field.
 */
import { Frame } from '../../base/frame.ts';
import type { Timer, World } from '../../base/world.ts';
import type { Store } from '../../engine/store.ts';
import { ERRORS, type ErrorRow } from '../../protocol/error-table.ts';
import { ReplyWriter } from '../../protocol/reply-writer.ts';
import { finishBlocked, runAgain } from '../execute-command.ts';
import { GATE, type Session } from '../session.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { parseTimeoutMs, parseTimeoutS } from './timeout-argument.ts';
import { type WaitedKey, WaitedKeys } from './waited-keys.ts';
import { Waiter } from './waiter.ts';

/** What a command waits for, and what is answered when it does not come. */
export interface KeyWait {
  /** The keys among the arguments of `frame`: `keyCount` of them, `keyStep` (1) apart. */
  readonly firstKeyArg: number;
  readonly keyCount: number;
  readonly keyStep?: number;
  /** Where the number of keys stands among the arguments (BLMPOP, BZMPOP); else 0 or absent. */
  readonly keyCountArg?: number;
  /** As many arguments as there are keys follow them, one for each (XREAD's ids). */
  readonly hasKeyArguments?: boolean;
  /** From now on; 0: for ever. As `parseTimeoutS` and `parseTimeoutMs` give it. */
  readonly timeoutMs: number;
  /** TYPE of engine/keyspace/entry.ts: keys that hold another type do not wake the client. */
  readonly type: number;
  readonly timeoutReply: TimeoutReply;
  /** In MULTI and scripts, where nothing waits; absent: as `timeoutReply`. */
  readonly refusedReply?: TimeoutReply;
  /**
   * XREADGROUP: a client whose key is removed or becomes another type is answered with an error
   * that says so. The command is not run again for that.
   */
  readonly unblockOnDelete?: boolean;
  /** What to run again in place of `frame`, same positions: XREAD, whose `$` became an id. */
  readonly replay?: Frame;
}

export type TimeoutReply = 'null' | 'null-array' | 'zero' | ((reply: ReplyWriter) => void);

/** Longest delay that timers take; a later deadline is looked at again then. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const REPLY_BYTES = 1024;

export class BlockingTable {
  /** Whether keys that clients wait for became ready: the door then calls `serve`. */
  hasReady = false;
  private readonly world: World;
  private readonly readers = new Map<Store, WaitedKeys>();
  private readonly waiters = new Set<Waiter>();
  private readonly deadlines = new DeadlineHeap<Waiter>();
  private readonly writer = new ReplyWriter(REPLY_BYTES);
  private readonly frame = new Frame();
  private ready: WaitedKey[] = [];
  private lastOrder = 0;
  /** Whose command is being run again. */
  private running: Waiter | null = null;
  private isServing = false;
  private timer: Timer | null = null;
  /** When `timer` fires, on the monotonic clock. */
  private timerMs = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** Clients that wait. */
  get count(): number {
    return this.waiters.size;
  }

  /** Of them, those that wait for some time only. */
  get timedCount(): number {
    return this.deadlines.count;
  }

  /** Keys waited for, each counted once a store and database. */
  get keyCount(): number {
    let count = 0;
    for (const keys of this.readers.values()) count += keys.count;
    return count;
  }

  /** Of them, those for which some client hears of deletion. */
  get deletionKeyCount(): number {
    let count = 0;
    for (const keys of this.readers.values()) count += keys.deletionKeyCount;
    return count;
  }

  /** Whether the command now executed was blocked before and is run again. */
  get isRunningAgain(): boolean {
    return this.running !== null;
  }

  /**
   * The command in `frame` found nothing: its client waits until one of the keys is ready, and the
   * command is then run again from its beginning, with that key only. Called as the last thing by a
   * command that has written no reply and changed nothing:
   *
   *     if (popFirst(session, frame, reply)) return;
   *     session.node.blocking.blockOnKeys(session, frame, reply, {
   *       firstKeyArg: 1, keyCount: frame.count - 2, timeoutMs, type: TYPE.LIST,
   *       timeoutReply: 'null-array',
   *     });
   *
   * When the second run finds nothing either it calls this once more, and the client keeps its
   * place and its deadline. Where a client may not wait (MULTI, scripts, no channel) the reply of
   * a timeout is written at once.
   */
  blockOnKeys(session: Session, frame: Frame, reply: ReplyWriter, wait: KeyWait): void {
    if (this.keepsWaiting(session)) return;
    if (session.channel === null || !session.mayWait) {
      writeTimeoutReply(reply, wait.refusedReply ?? wait.timeoutReply);
      return;
    }
    const { timeoutMs, timeoutReply } = wait;
    const copied = wait.replay ?? frame;
    const waiter = this.block(session, copied, { wait, timeoutMs, timeoutReply });
    const keys = this.keysOf(session.store);
    const { firstKeyArg, keyCount, keyStep = 1 } = wait;
    for (let i = 0; i < keyCount; i++) keys.add(waiter, firstKeyArg + i * keyStep);
  }

  /** The client waits for nothing but the time: WAIT on a node without replicas. */
  blockForTime(
    session: Session,
    frame: Frame,
    reply: ReplyWriter,
    wait: { timeoutMs: number; timeoutReply: TimeoutReply },
  ): void {
    if (session.channel === null || !session.mayWait) {
      writeTimeoutReply(reply, wait.timeoutReply);
      return;
    }
    this.block(session, frame, { ...wait, wait: null });
  }

  /**
   * The client waits for something that is no key (WAITAOF), or for the time to pass.
   * @param wait.answer  the reply, now or then
   * @returns            to be called when it has happened; too late does no harm
   */
  blockForEvent(
    session: Session,
    frame: Frame,
    reply: ReplyWriter,
    wait: { timeoutMs: number; answer: (reply: ReplyWriter) => void },
  ): () => void {
    if (session.channel === null || !session.mayWait) {
      wait.answer(reply);
      return () => {};
    }
    const { answer, timeoutMs } = wait;
    const waiter = this.block(session, frame, { wait: null, timeoutMs, timeoutReply: answer });
    return () => {
      if (!waiter.isOver) this.timeOut(waiter);
    };
  }

  /**
   * A timeout in seconds with a fraction, as BLPOP has it.
   * @returns whole milliseconds, rounded up; 0: for ever; -1 after an error reply was written
   */
  parseTimeoutS(frame: Frame, arg: number, reply: ReplyWriter): number {
    return parseTimeoutS(frame, arg, reply);
  }

  /**
   * A timeout in whole milliseconds, as XREAD BLOCK and WAIT have it.
   * @returns milliseconds; 0: for ever; -1 after an error reply was written
   */
  parseTimeoutMs(frame: Frame, arg: number, reply: ReplyWriter): number {
    return parseTimeoutMs(frame, arg, reply);
  }

  /**
   * Serves the clients whose keys are ready, until no key is. Called by the door after a command
   * that is not part of another, and after expiry and eviction.
   */
  serve(): void {
    if (this.isServing) return;
    this.isServing = true;
    while (this.ready.length > 0) {
      const keys = this.ready;
      this.ready = [];
      for (const key of keys) {
        key.isReady = false;
        this.serveKey(key);
      }
    }
    this.hasReady = false;
    this.isServing = false;
  }

  /**
   * CLIENT UNBLOCK.
   * @returns false when the session waits in no command
   */
  unblock(session: Session, how: 'timeout' | 'error'): boolean {
    const waiter = session.blocked;
    if (waiter === null) return false;
    if (!(waiter instanceof Waiter)) return session.node.cluster.unblock(session, how);
    if (how === 'error') this.refuse(waiter, ERRORS.unblocked);
    else this.timeOut(waiter);
    return true;
  }

  /** The client is gone, or about to be: it gets no reply. */
  forget(session: Session): void {
    const waiter = session.blocked;
    if (waiter instanceof Waiter) this.remove(waiter);
  }

  /**
   * The store's keys change at another node from now on: nobody waits for them here any more.
   * @param take  has the client's command, which waits on by another way; nothing of it is kept
   */
  handOver(store: Store, take: (session: Session, frame: Frame, waitedMs: number) => void): void {
    const nowMs = this.world.clock.monotonicMs();
    for (const waiter of [...this.waiters]) {
      const { frame, session, sinceMs, wait } = waiter;
      if (session.store !== store || wait === null) continue;
      this.remove(waiter);
      take(session, frame, nowMs - sinceMs);
    }
  }

  /** The store is gone: who waits for keys of it is told so. */
  dropStore(store: Store): void {
    for (const waiter of [...this.waiters]) {
      if (waiter.session.store !== store || waiter.wait === null) continue;
      this.refuse(waiter, ERRORS.storeDropped);
    }
    this.readers.delete(store);
  }

  /** The node stops. */
  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private keepsWaiting(session: Session): boolean {
    const { running } = this;
    if (running === null || running.session !== session) return false;
    running.waitsOn = true;
    return true;
  }

  private block(
    session: Session,
    frame: Frame,
    options: { wait: KeyWait | null; timeoutMs: number; timeoutReply: TimeoutReply },
  ): Waiter {
    const { wait, timeoutMs, timeoutReply } = options;
    const nowMs = this.world.clock.monotonicMs();
    const sinceMs = nowMs - session.waitedMs;
    const deadlineMs = timeoutMs === 0 ? Infinity : sinceMs + timeoutMs;
    const order = ++this.lastOrder;
    const waiter = new Waiter({ session, frame, wait, timeoutReply, sinceMs, deadlineMs, order });
    session.blocked = waiter;
    session.gate |= GATE.BLOCKED;
    this.waiters.add(waiter);
    if (timeoutMs > 0) {
      this.deadlines.add(waiter);
      this.setTimer(nowMs);
    }
    return waiter;
  }

  private remove(waiter: Waiter): void {
    if (waiter.isOver) return;
    const { session } = waiter;
    waiter.isOver = true;
    session.blocked = null;
    session.gate &= ~GATE.BLOCKED;
    this.waiters.delete(waiter);
    this.deadlines.remove(waiter);
    for (const key of waiter.keys) key.owner.remove(waiter, key);
  }

  private serveKey(key: WaitedKey): void {
    const { lastOrder } = this;
    for (const [waiter, arg] of key.waiters) {
      // Who came while the others were served waits for the next time.
      if (waiter.order > lastOrder) return;
      const type = key.findType();
      if (type === 0 && key.deletionWaiterCount === 0) return;
      if (type === waiter.type) this.runAgain(waiter, arg);
      else if (waiter.wait?.unblockOnDelete === true) this.refuse(waiter, ERRORS.blockedKeyGone);
    }
  }

  private runAgain(waiter: Waiter, keyArg: number): void {
    const { frame } = this;
    const { session } = waiter;
    const { changeCount } = session;
    const writer = this.startReply(session);
    waiter.narrow(keyArg, frame);
    waiter.waitsOn = false;
    this.running = waiter;
    session.gate &= ~GATE.BLOCKED;
    try {
      runAgain(session, frame, writer);
    } catch (error) {
      this.remove(waiter);
      session.channel?.failBlocked(error, session.changeCount !== changeCount);
      return;
    } finally {
      this.running = null;
    }
    if (waiter.isOver) return;
    if (waiter.waitsOn) session.gate |= GATE.BLOCKED;
    else this.answer(waiter);
  }

  private timeOut(waiter: Waiter): void {
    const { session } = waiter;
    session.node.latency.recordCommand(session.lastCommand, session.blockedUs);
    writeTimeoutReply(this.startReply(session), waiter.timeoutReply);
    this.answer(waiter);
  }

  private refuse(waiter: Waiter, error: ErrorRow): void {
    this.startReply(waiter.session).error(error);
    this.answer(waiter);
  }

  private startReply(session: Session): ReplyWriter {
    const { writer } = this;
    writer.reset();
    writer.protocol = session.protocol;
    return writer;
  }

  /** What is in the writer is the reply. */
  private answer(waiter: Waiter): void {
    const { writer } = this;
    const { session } = waiter;
    this.remove(waiter);
    finishBlocked(session, writer);
    session.channel?.answerBlocked(writer.bytes, 0, writer.position);
  }

  private keysOf(store: Store): WaitedKeys {
    const found = this.readers.get(store);
    if (found !== undefined) return found;
    const keys = new WaitedKeys(store, (key) => {
      if (key.isReady) return;
      key.isReady = true;
      this.ready.push(key);
      this.hasReady = true;
    });
    this.readers.set(store, keys);
    return keys;
  }

  /** One timer, for the nearest deadline. One that turned out too early does no harm. */
  private setTimer(nowMs: number): void {
    const { first } = this.deadlines;
    if (first === null) return;
    if (this.timer !== null && this.timerMs <= first.deadlineMs) return;
    this.timer?.cancel();
    const delayMs = Math.min(Math.max(1, Math.ceil(first.deadlineMs - nowMs)), TIMER_MS_MAX);
    this.timerMs = nowMs + delayMs;
    this.timer = this.world.timers.after(delayMs, () => this.onTimer());
  }

  private onTimer(): void {
    this.timer = null;
    const nowMs = this.world.clock.monotonicMs();
    for (;;) {
      const { first } = this.deadlines;
      if (first === null || first.deadlineMs > nowMs) break;
      this.timeOut(first);
    }
    this.setTimer(nowMs);
  }
}

function writeTimeoutReply(reply: ReplyWriter, kind: TimeoutReply): void {
  if (kind === 'null') reply.null();
  else if (kind === 'null-array') reply.nullArray();
  else if (kind === 'zero') reply.integer(0);
  else kind(reply);
}
