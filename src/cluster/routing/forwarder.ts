/**
 * Sends commands of this node's clients to the nodes that own their keys, and their replies to the
 * clients. What is appended to the lines in a loop turn leaves when the turn ends: a client's
 * pipeline is one message. Commands to an owner that cannot be reached, or hands them back, wait
 * for the nodes to agree, for `LIMITS.forwardMsMax` at most.
 *
 * Commands of one client never overtake each other: while the table changes, nothing is sent until
 * what was sent by the table before is answered.
 */
import { LIMITS } from '../../base/limits.ts';
import type { Timer } from '../../base/world.ts';
import { takesForwardedReply } from '../../commands/execute-command.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { GATE } from '../../commands/session.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import type { Replication } from '../replication/replication.ts';
import type { ForwardLine } from './forward-line.ts';
import { type LineEntry, STATE } from './line-entry.ts';
import type { ProxyTable, RoutingLoop } from './proxy-table.ts';
import { type Replies, sizeOf } from './reply-sender.ts';
import { ROUTE } from './route.ts';
import { contextOf, HANDED_BACK, isTold, PART, writeContext } from './routing-messages.ts';
import { NO_SLOT } from './slots/slot-routes.ts';

export class Forwarder {
  /** Lines by their clients' ids. */
  readonly lines = new Map<number, ForwardLine>();
  /** How often the links with a node have come up; by node. */
  readonly linkCounts = new Map<string, number>();
  private readonly node: NodeServices;
  private readonly loop: RoutingLoop;
  private readonly bus: PeerBus;
  private readonly ownership: Ownership;
  private readonly replication: Replication;
  private readonly proxies: () => ProxyTable;
  private dirty: ForwardLine[] = [];
  /** Lines with commands that no node could be given yet. */
  private readonly stalled = new Set<ForwardLine>();
  private readonly lengths: number[] = [];
  private timer: Timer | null = null;

  constructor(options: {
    node: NodeServices;
    loop: RoutingLoop;
    bus: PeerBus;
    ownership: Ownership;
    replication: Replication;
    proxies: () => ProxyTable;
  }) {
    this.node = options.node;
    this.loop = options.loop;
    this.bus = options.bus;
    this.ownership = options.ownership;
    this.replication = options.replication;
    this.proxies = options.proxies;
  }

  get isRaised(): boolean {
    return this.dirty.length > 0;
  }

  /** Commands that are not answered; those that wait for a key aside. */
  get pendingCount(): number {
    let count = 0;
    for (const { pendingCount, session } of this.lines.values()) {
      count += session.blocked === null ? pendingCount : pendingCount - 1;
    }
    return count;
  }

  /** The line has something to send at the end of this loop turn. */
  mark(line: ForwardLine): void {
    if (line.isDirty) return;
    line.isDirty = true;
    this.dirty.push(line);
    if (this.dirty.length === 1) this.loop.askTurnEnd();
  }

  flush(): void {
    const { dirty } = this;
    this.dirty = [];
    for (const line of dirty) {
      line.isDirty = false;
      this.send(line);
    }
  }

  linkCountOf(nodeId: string): number {
    return this.linkCounts.get(nodeId) ?? 0;
  }

  /** A message `reply`. */
  takeMessage(peer: Peer, message: MessageReader): void {
    const clientId = message.u53();
    this.replication.clock.meet(message.u53());
    const number = message.u53();
    const count = message.u32();
    const { lengths } = this;
    lengths.length = 0;
    let byteCount = 0;
    for (let i = 0; i < count; i++) {
      const length = message.u32();
      lengths.push(length);
      byteCount += sizeOf(length);
    }
    const { length, source, start } = message.bytes();
    if (length !== byteCount) throw broken('replies are not as long as it tells');
    this.take({ clientId, number, lengths, bytes: source, start }, peer.id);
  }

  /** Replies of that node to one client, in order. */
  take(replies: Replies, nodeId: string): void {
    const line = this.lines.get(replies.clientId);
    if (line === undefined) return;
    const { bytes, lengths, number } = replies;
    let { start } = replies;
    let runStart = start;
    for (let i = 0; i < lengths.length; i++) {
      const entry = line.find(number + i);
      const end = start + sizeOf(lengths[i]);
      const isExpected = entry?.state === STATE.SENT && entry.target === nodeId;
      if (entry === null || !isExpected || lengths[i] === HANDED_BACK) {
        this.deliver(line, bytes, runStart, start);
        runStart = end;
        if (entry !== null && isExpected) this.takeBack(line, entry);
      } else if (entry.part !== null) {
        this.deliver(line, bytes, runStart, start);
        runStart = end;
        this.takePart(line, entry, bytes, start, end);
      } else if (entry.isBlocking) {
        this.deliver(line, bytes, runStart, start);
        runStart = end;
        this.endBlocking(line, entry, bytes, start, end);
      } else {
        const { isSilent } = entry;
        const isFirst = line.answer(entry, bytes, start, end);
        if (!isFirst || isSilent) {
          this.deliver(line, bytes, runStart, start);
          runStart = end;
        }
      }
      start = end;
    }
    this.deliver(line, bytes, runStart, start);
    this.settle(line);
  }

  /** An error in place of a reply. */
  refuse(line: ForwardLine, entry: LineEntry, bytes: Uint8Array): void {
    if (entry.isBlocking) this.endBlocking(line, entry, bytes, 0, bytes.length);
    else if (entry.part !== null) this.takePart(line, entry, bytes, 0, bytes.length);
    else {
      const { isSilent } = entry;
      const isFirst = line.answer(entry, bytes, 0, bytes.length);
      if (isFirst && !isSilent) this.deliver(line, bytes, 0, bytes.length);
    }
  }

  /** The node was lost, or what it was sent. */
  lose(nodeId: string): void {
    this.linkCounts.set(nodeId, this.linkCountOf(nodeId) + 1);
    for (const line of this.lines.values()) {
      if (line.sentCount > 0) this.loseOf(line, nodeId);
    }
  }

  /** Who executes what may have changed: what waits for that is tried again. */
  retry(): void {
    const nowMs = this.node.world.clock.monotonicMs();
    for (const line of [...this.stalled]) {
      this.stalled.delete(line);
      this.expire(line, nowMs);
      this.send(line);
    }
  }

  forget(line: ForwardLine): void {
    this.lines.delete(line.session.id);
    this.stalled.delete(line);
    line.clear();
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  /** Sends what stands in the line, as far as its order allows. */
  send(line: ForwardLine): void {
    const { version } = this.ownership.table;
    for (;;) {
      const first = line.findUnsent();
      if (first < 0) return;
      const target = this.targetOf(line, line.at(first));
      const isMoved = line.isDraining || line.tableVersion !== version;
      if (line.sentCount > 0 && (isMoved || this.mustFollow(line, line.at(first), target))) return;
      if (line.tableVersion !== version) {
        line.tableVersion = version;
        line.regroup();
        continue;
      }
      line.target = target;
      if (line.at(first).isWatched && !this.isWatching(line, target)) {
        this.cancel(line, line.at(first));
        continue;
      }
      const end = this.endOfRun(line, first, target);
      if (!this.sendRun(line, { first, end, target })) {
        this.stall(line);
        return;
      }
    }
  }

  /** Whether it may be sent only when what was sent before is answered. */
  private mustFollow(line: ForwardLine, entry: LineEntry, target: string): boolean {
    if (entry.isOrdered) return true;
    // Owners of slots do not wait for each other; who waits for a key must be the last to answer.
    const isApart = this.replication.slotsOf(line.session.store) !== null;
    return line.target !== target && (entry.isBlocking || !isApart);
  }

  private targetOf(line: ForwardLine, entry: LineEntry): string {
    const { route, slot, storeName } = entry;
    const { stores } = line.session.node;
    let { store } = line.session;
    if (route === ROUTE.STORES) store = stores.default;
    else if (route === ROUTE.NAMED_STORE) store = stores.find(storeName) ?? stores.default;
    if (this.replication.slotsOf(store) === null) return this.replication.ownerOf(store);
    const { table } = this.ownership;
    if (route === ROUTE.STORES) return table.ownerOfStore(store.name);
    if (slot !== NO_SLOT) return table.ownerOfSlot(slot);
    return table.nodeIds.includes(this.bus.id) ? this.bus.id : (table.nodeIds[0] ?? '');
  }

  /** Entries that go to one node in one message. */
  private endOfRun(line: ForwardLine, first: number, target: string): number {
    const { start } = line.at(first);
    let end = first + 1;
    for (; end < line.count; end++) {
      const entry = line.at(end);
      if (entry.state !== STATE.UNSENT || this.targetOf(line, entry) !== target) break;
      if (entry.isBlocking || entry.isWatched || entry.isOrdered) break;
      if (entry.end - start > LIMITS.forwardedMessageBytes) break;
    }
    return end;
  }

  /** @returns false: the node cannot be reached now */
  private sendRun(
    line: ForwardLine,
    { first, end, target }: { first: number; end: number; target: string },
  ): boolean {
    const { session } = line;
    const nowMs = this.node.world.clock.monotonicMs();
    const head = line.at(first);
    const waitedMs = head.isBlocking ? Math.floor(nowMs - head.sinceMs) : 0;
    const commands = { bytes: line.commands.bytes, start: head.start, end: line.at(end - 1).end };
    const parts = (waitedMs > 0 ? PART.WAITED : 0) | (head.isWatched ? PART.WATCHED : 0);
    const order = { round: line.round, number: line.numberOf(first), count: end - first };
    if (target === this.bus.id) {
      this.noteSent(line, { first, end, target });
      const context = contextOf(session);
      this.proxies().take(null, {
        clientId: session.id,
        context,
        parts,
        waitedMs,
        order,
        commands,
      });
      return true;
    }
    const peer = this.bus.find(target);
    if (peer === null || !peer.isUp || !peer.isHeard) return false;
    const message = this.bus.begin(peer, MESSAGE.command);
    if (message === null) return false;
    const isKnown = isTold(line, target, this.linkCountOf(target));
    message
      .u53(session.id)
      .u8(order.round)
      .u8(isKnown ? parts : parts | PART.CONTEXT);
    if (!isKnown) writeContext(message, session);
    if (waitedMs > 0) message.u53(waitedMs);
    message.u53(order.number).u32(order.count);
    message.lend(commands.bytes, commands.start, commands.end).end();
    this.noteSent(line, { first, end, target });
    return true;
  }

  private noteSent(
    line: ForwardLine,
    { first, end, target }: { first: number; end: number; target: string },
  ): void {
    const nowMs = this.node.world.clock.monotonicMs();
    for (let i = first; i < end; i++) {
      const { isWatched, route } = line.at(i);
      line.markSent(i, target, nowMs);
      if (isWatched) line.watch = null;
      else if (route === ROUTE.WATCH) this.noteWatch(line, target);
    }
  }

  /** Keys watched at two nodes are watched at none: EXEC will not run. */
  private noteWatch(line: ForwardLine, target: string): void {
    const isElsewhere = line.watch !== null && !this.isWatching(line, target);
    line.watch = { target: isElsewhere ? '' : target, linkCount: this.linkCountOf(target) };
  }

  private isWatching({ watch }: ForwardLine, target: string): boolean {
    return watch?.target === target && watch.linkCount === this.linkCountOf(target);
  }

  /** EXEC: nobody knows whether a watched key has changed. */
  private cancel(line: ForwardLine, entry: LineEntry): void {
    line.watch = null;
    this.refuse(line, entry, line.session.protocol === 3 ? NULL_3 : NULL_2);
    this.settle(line);
  }

  private takeBack(line: ForwardLine, entry: LineEntry): void {
    this.node.counters[METRIC.forwardedRefusals]++;
    line.tellAgain(entry.target);
    line.markUnsent(entry, this.node.world.clock.monotonicMs());
    line.isDraining = true;
  }

  /** Replies that come first in their line. */
  private deliver(line: ForwardLine, bytes: Uint8Array, start: number, end: number): void {
    if (end === start) return;
    line.session.channel?.answerForwarded(bytes, start, end, false);
  }

  private endBlocking(
    line: ForwardLine,
    entry: LineEntry,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { session } = line;
    const { bound } = entry;
    this.drain(line);
    line.answer(entry, bytes, start, start);
    session.blocked = null;
    session.gate &= ~(GATE.BLOCKED | GATE.AWAITING);
    // A SELECT among them has left the proxy in another database than it was told of.
    if (bound !== null) line.tellAgain(entry.target);
    const merged = bound?.merge(session, bytes, start, end);
    const isHeard = takesForwardedReply(session);
    if (!isHeard) session.channel?.answerBlocked(NOTHING, 0, 0);
    else if (merged === undefined) session.channel?.answerBlocked(bytes, start, end);
    else session.channel?.answerBlocked(merged.bytes, 0, merged.position);
  }

  /** All parts stand one behind the other: the whole reply leaves in the place of the last. */
  private takePart(
    line: ForwardLine,
    entry: LineEntry,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { isSilent, part } = entry;
    part?.whole.take(part.index, bytes, start, end);
    const isFirst = line.answer(entry, NOTHING, 0, 0);
    if (!isFirst || isSilent || part?.isLast !== true) return;
    const whole = part.whole.reply();
    this.deliver(line, whole, 0, whole.length);
  }

  private drain(line: ForwardLine): void {
    for (;;) {
      const entry = line.takeFirst();
      if (entry === null) return;
      const { part } = entry;
      const reply = part?.isLast === true ? part.whole.reply() : entry.reply;
      if (reply !== null && !entry.isSilent) this.deliver(line, reply, 0, reply.length);
      line.giveBack(entry);
    }
  }

  /** After replies came: what stood behind them leaves, and what waited for them goes on. */
  private settle(line: ForwardLine): void {
    const { session } = line;
    this.drain(line);
    if (line.isDraining && line.sentCount === 0) {
      line.isDraining = false;
      line.round = (line.round + 1) & 0xff;
      this.stall(line);
    } else if (line.findUnsent() >= 0) this.mark(line);
    if (line.count === 0) {
      session.gate &= ~GATE.AWAITING;
      line.wantsRoom = false;
      session.channel?.answerForwarded(NOTHING, 0, 0, true);
    } else if (line.wantsRoom && line.isRoomy) {
      line.wantsRoom = false;
      session.channel?.resumePostponed();
    }
  }

  private loseOf(line: ForwardLine, nodeId: string): void {
    const nowMs = this.node.world.clock.monotonicMs();
    line.told.delete(nodeId);
    for (let i = 0; i < line.count; i++) {
      const entry = line.at(i);
      if (entry.state !== STATE.SENT || entry.target !== nodeId) continue;
      if (entry.isRepeatable) line.markUnsent(entry, nowMs);
      else {
        const { count } = line;
        this.node.counters[METRIC.unknownOutcomes]++;
        this.refuse(line, entry, ERRORS.ownerLost.bytes);
        i -= count - line.count;
      }
    }
    line.isDraining = line.isDraining && line.sentCount > 0;
    line.round = (line.round + 1) & 0xff;
    this.settle(line);
    if (line.findUnsent() >= 0) this.stall(line);
  }

  /** Commands that nobody has taken for too long are answered so. */
  private expire(line: ForwardLine, nowMs: number): void {
    let isExpired = false;
    for (let i = 0; i < line.count; i++) {
      const entry = line.at(i);
      if (entry.state !== STATE.UNSENT) continue;
      if (nowMs - entry.unsentMs < LIMITS.forwardMsMax) break;
      const { count } = line;
      isExpired = true;
      this.node.counters[METRIC.forwardedTimeouts]++;
      this.refuse(line, entry, ERRORS.notOwned.bytes);
      i -= count - line.count;
    }
    if (isExpired) this.settle(line);
  }

  private stall(line: ForwardLine): void {
    if (this.lines.get(line.session.id) !== line) return;
    this.stalled.add(line);
    this.timer ??= this.loop.after(LIMITS.forwardRetryMs, () => {
      this.timer = null;
      this.retry();
    });
  }
}

const NOTHING = new Uint8Array(0);
const NULL_2 = Buffer.from('*-1\r\n');
const NULL_3 = Buffer.from('_\r\n');
