import { AssertionFailure } from '../../base/errors.ts';
import { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { Timer } from '../../base/world.ts';
import { findCommand } from '../../commands/acl/enforce.ts';
import type { Command } from '../../commands/command-table.ts';
import { openNotedReply, takeNote } from '../../commands/direct/key-note.ts';
import { endTransaction } from '../../commands/end-transaction.ts';
import { executeCommand } from '../../commands/execute-command.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { GATE, Session } from '../../commands/session.ts';
import type { Store } from '../../engine/store.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { broken } from '../peers/link-reader.ts';
import type { MessageReader } from '../peers/message-reader.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Replication } from '../replication/replication.ts';
import { nameFrame } from './bound-commands.ts';
import type { CommandPlaces } from './command-places.ts';
import { type ProxyHost, ProxySession } from './proxy-session.ts';
import { NOT_WRITTEN, type Replies, ReplySender } from './reply-sender.ts';
import type { RouteTable } from './route-table.ts';
import { type CommandContext, END, PART, readContext } from './routing-messages.ts';
import { NO_SLOT, SEVERAL_SLOTS, type SlotRoutes } from './slots/slot-routes.ts';

/** The loop turn, as routing needs it. */
export interface RoutingLoop {
  askTurnEnd(): void;
  /** Not within a command; in this loop turn or the next. */
  doLater(errand: () => void): void;
  after(delayMs: number, callback: () => void): Timer;
  /** A command failed after its first change: the node stops. */
  fail(error: unknown): void;
}

/** Executes commands of clients of other nodes, and those of this node's that waited for it. */
export class ProxyTable implements ProxyHost {
  readonly execFrame: Frame;
  readonly sender: ReplySender;
  private readonly node: NodeServices;
  private readonly loop: RoutingLoop;
  private readonly replication: Replication;
  private readonly routes: RouteTable;
  private readonly slots: SlotRoutes;
  private readonly places: CommandPlaces;
  private readonly byPeer = new Map<Peer | null, Map<number, ProxySession>>();
  private readonly frame = new Frame();
  /** Commands of theirs wait until this node's duty is settled, or their node's link has room. */
  private readonly waiting = new Set<ProxySession>();
  private timer: Timer | null = null;

  constructor(options: {
    node: NodeServices;
    loop: RoutingLoop;
    bus: PeerBus;
    replication: Replication;
    routes: RouteTable;
    slots: SlotRoutes;
    places: CommandPlaces;
    deliver: (replies: Replies) => void;
  }) {
    this.node = options.node;
    this.loop = options.loop;
    this.replication = options.replication;
    this.routes = options.routes;
    this.slots = options.slots;
    this.places = options.places;
    this.execFrame = nameFrame(options.node, 'exec');
    this.sender = new ReplySender({
      bus: options.bus,
      clock: options.replication.clock,
      quorumOf: (store) => this.replication.quorumOf(store),
      after: (delayMs, callback) => this.loop.after(delayMs, callback),
      deliver: options.deliver,
    });
  }

  /** Clients of other nodes that have executed something here. */
  get count(): number {
    let count = 0;
    for (const [peer, proxies] of this.byPeer) if (peer !== null) count += proxies.size;
    return count;
  }

  /** Commands that wait here, but not for a key; and replies that have not left. */
  get pendingCount(): number {
    let count = this.sender.pendingCount;
    for (const proxies of this.byPeer.values()) {
      for (const proxy of proxies.values()) count += proxy.pendingCount;
    }
    return count;
  }

  /** A message `command`. */
  takeMessage(peer: Peer, message: MessageReader): void {
    const clientId = message.u53();
    const round = message.u8();
    const parts = message.u8();
    const context = (parts & PART.CONTEXT) === 0 ? null : readContext(message);
    const waitedMs = (parts & PART.WAITED) === 0 ? 0 : message.u53();
    const order = { round, number: message.u53(), count: message.u32() };
    const { length, source, start } = message.bytes();
    if (order.count * COMMAND_BYTES_MIN > length) throw broken('fewer commands than it tells of');
    const commands = { bytes: source, start, end: start + length };
    this.take(peer, { clientId, context, parts, waitedMs, order, commands });
  }

  /** @param peer  null: a client of this node */
  take(
    peer: Peer | null,
    sent: {
      clientId: number;
      context: CommandContext | null;
      /** Bits of PART. */
      parts: number;
      waitedMs: number;
      order: { round: number; number: number; count: number };
      commands: { bytes: Uint8Array; start: number; end: number };
    },
  ): void {
    const { commands, context, order } = sent;
    const proxy = this.require(peer, sent.clientId);
    const { clock, counters } = this.node;
    clock.refresh();
    counters[METRIC.proxiedCommands] += order.count;
    proxy.session.lastCommandMs = clock.nowMs;
    if (sent.waitedMs > 0) proxy.session.waitedMs = sent.waitedMs;
    if (context !== null) proxy.settle(context);
    if ((sent.parts & PART.WATCHED) !== 0) this.node.watches.loseUnknown(proxy.session);
    proxy.take(commands, order, this.frame);
    if (this.sender.hasReplies) this.loop.askTurnEnd();
  }

  /** A message `session-end`. */
  takeEnd(peer: Peer, message: MessageReader): void {
    this.end(peer, message.u53(), message.u8());
  }

  end(peer: Peer | null, clientId: number, what: number): void {
    const proxy = this.byPeer.get(peer)?.get(clientId);
    if (proxy === undefined) return;
    if (what === END.GONE) this.close(proxy);
    else {
      const how = what === END.UNBLOCK_ERROR ? 'error' : 'timeout';
      this.node.blocking.unblock(proxy.session, how);
    }
  }

  /** Its node does not hear of its clients' commands any more. */
  dropPeer(peer: Peer): void {
    for (const proxy of this.byPeer.get(peer)?.values() ?? []) this.close(proxy);
    this.byPeer.delete(peer);
  }

  /**
   * Its node is not reached, and its clients wait elsewhere by now: they take no element here. What
   * was executed for them is answered when the link comes to itself.
   */
  handBackBlocked(peer: Peer): void {
    for (const proxy of this.byPeer.get(peer)?.values() ?? []) {
      if (proxy.session.blocked === null) continue;
      this.node.blocking.forget(proxy.session);
      proxy.handBackBlocked();
    }
  }

  /** This node's duty for a store, or for slots of it, has changed. */
  settleDuty(): void {
    for (const proxy of [...this.waiting]) {
      this.waiting.delete(proxy);
      this.resumeLater(proxy);
    }
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
    for (const proxies of this.byPeer.values()) {
      for (const proxy of proxies.values()) this.close(proxy);
    }
    this.byPeer.clear();
    this.sender.stop();
  }

  run(proxy: ProxySession, frame: Frame, number: number): 'done' | 'waiting' | 'elsewhere' {
    const { peer, session } = proxy;
    if (peer !== null && this.sender.isFull(peer)) {
      this.waiting.add(proxy);
      this.resumeInTime();
      return 'waiting';
    }
    const command = findCommand(session, frame);
    const store = command === null ? null : this.routes.storeOf(command, session, frame);
    if (command !== null && store !== null) {
      const place = store.isDropped
        ? 'elsewhere'
        : this.places.ofForwarded(this.routes.of(command), session, store, frame, command);
      if (place === 'waiting') this.waiting.add(proxy);
      if (place !== 'here') return place;
    }
    const { sender } = this;
    const { writer } = sender;
    const isWrite = command !== null && this.routes.isWrite(command, session);
    proxy.writtenSlot = isWrite ? this.slotOf(session, frame, command) : NOT_WRITTEN;
    const refusal = isWrite && store !== null ? this.refusalOf(store, proxy.writtenSlot) : null;
    if (refusal !== null) {
      this.refuse(proxy, number, refusal);
      return 'done';
    }
    writer.protocol = session.protocol;
    sender.mark = writer.position;
    const { changeCount } = session;
    if (session.marksJson && command !== null && isNoted(command)) {
      openNotedReply(writer, takeNote(session, frame, 1));
    }
    try {
      executeCommand(session, frame, writer);
    } catch (error) {
      writer.position = sender.mark;
      this.fail(proxy, number, error, session.changeCount !== changeCount);
      return 'done';
    }
    if ((session.gate & WAITS) === 0) sender.note(proxy, number);
    else writer.position = sender.mark;
    return 'done';
  }

  /** Too few nodes can be reached for a majority to have a change of the slot. */
  private refusalOf(store: Store, slot: number): string | null {
    return this.replication.quorumOf(store)?.refusal(slot) ?? null;
  }

  /** Of the keys that it names; NO_SLOT: none, or several of this node's. */
  private slotOf(session: Session, frame: Frame, command: Command): number {
    const { transaction } = session;
    const slot =
      transaction === null
        ? this.slots.slotOf(frame, command)
        : this.slots.slotOfQueue(session, transaction.queue);
    return slot === SEVERAL_SLOTS ? NO_SLOT : slot;
  }

  private refuse(proxy: ProxySession, number: number, text: string): void {
    const { session } = proxy;
    const { sender } = this;
    const isExec = session.transaction !== null;
    if (isExec) endTransaction(session);
    sender.mark = sender.writer.position;
    sender.writer.errorText(isExec ? `EXECABORT Transaction discarded because of: ${text}` : text);
    proxy.writtenSlot = NOT_WRITTEN;
    sender.note(proxy, number);
    const { node } = this;
    node.counters[METRIC.errorReplies]++;
    node.statistics.recordError(sender.writer.bytes, sender.mark, sender.writer.position);
  }

  answer(proxy: ProxySession, number: number, bytes: Uint8Array, start: number, end: number): void {
    // It may come in the middle of another client's command, whose reply is being written.
    const reply = bytes.slice(start, end);
    this.loop.doLater(() => {
      if (proxy.isGone) return;
      const { sender } = this;
      sender.mark = sender.writer.position;
      sender.writer.copy(reply, 0, reply.length);
      sender.note(proxy, number);
    });
  }

  pass(proxy: ProxySession, number: number): void {
    const { sender } = this;
    proxy.writtenSlot = NOT_WRITTEN;
    sender.mark = sender.writer.position;
    sender.writer.ok();
    sender.note(proxy, number);
  }

  handBack(proxy: ProxySession, number: number): void {
    this.sender.noteHandedBack(proxy, number);
    this.loop.askTurnEnd();
  }

  /** What failed before its first change costs this command only. */
  fail(proxy: ProxySession, number: number, error: unknown, hasChanged: boolean): void {
    const { counters, paced } = this.node;
    counters[METRIC.unexpectedErrors]++;
    const { correlationId, lastCommand } = proxy.session;
    const facts = { correlationId, error, command: lastCommand };
    paced.error('cluster', 'command-failed', 'A command of a client of another node failed', facts);
    const reply = FAILED;
    this.answer(proxy, number, reply, 0, reply.length);
    if (hasChanged || error instanceof AssertionFailure) this.loop.fail(error);
  }

  resumeLater(proxy: ProxySession): void {
    this.loop.doLater(() => {
      proxy.resume(this.frame);
      if (this.sender.hasReplies) this.loop.askTurnEnd();
    });
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.loop.after(delayMs, callback);
  }

  private resumeInTime(): void {
    this.timer ??= this.loop.after(LIMITS.forwardRetryMs, () => {
      this.timer = null;
      this.settleDuty();
    });
  }

  private require(peer: Peer | null, clientId: number): ProxySession {
    let proxies = this.byPeer.get(peer);
    if (proxies === undefined) {
      proxies = new Map();
      this.byPeer.set(peer, proxies);
    }
    let proxy = proxies.get(clientId);
    if (proxy !== undefined) return proxy;
    const { clients, clock, stores } = this.node;
    proxy = new ProxySession({
      host: this,
      peer,
      clientId,
      session: (channel) =>
        new Session({
          id: clients.takeId(),
          node: this.node,
          store: stores.default,
          channel,
          nowMs: clock.nowMs,
        }),
    });
    clients.addProxy(proxy.session);
    proxies.set(clientId, proxy);
    return proxy;
  }

  private close(proxy: ProxySession): void {
    proxy.close();
    this.waiting.delete(proxy);
    this.node.clients.removeProxy(proxy.session);
    this.byPeer.get(proxy.peer)?.delete(proxy.clientId);
  }
}

/** HTTP's GET, which must know of the key what no reply tells. */
function isNoted({ row }: Command): boolean {
  return row.name === 'get';
}

const WAITS = GATE.BLOCKED | GATE.POSTPONED;
/** A fence. */
const COMMAND_BYTES_MIN = 4;
const FAILED = Buffer.from('-ERR The command failed on the node that executed it\r\n');
