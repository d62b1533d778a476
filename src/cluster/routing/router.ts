/**
 * Where commands run. A node executes what it owns; the others' it forwards to their owner, for
 * which it is a client with many sessions. The idea, the order of replies and what happens when an
 * owner changes or is lost: docs/design/routing.md.
 *
 *     client - door - Router - line - Forwarder ==command==> ProxyTable - proxy - door
 *        ^                                                                          |
 *        +---- channel <- line <- Forwarder <==effects, reply== ReplySender <-------+
 */
import type { Frame } from '../../base/frame.ts';
import { LIMITS } from '../../base/limits.ts';
import type { BlockingTable } from '../../commands/blocking/blocking-table.ts';
import type { CommandQueue } from '../../commands/command-queue.ts';
import type { Command } from '../../commands/command-table.ts';
import { endTransaction } from '../../commands/end-transaction.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import {
  type BlockedCommand,
  GATE,
  type Session,
  type Transaction,
} from '../../commands/session.ts';
import type { Store } from '../../engine/store.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import type { Duty, Replication } from '../replication/replication.ts';
import { nameFrame, parkTransaction } from './bound-commands.ts';
import { Broadcast } from './broadcast.ts';
import { ForwardLine } from './forward-line.ts';
import { Forwarder } from './forwarder.ts';
import { ProxySession } from './proxy-session.ts';
import { ProxyTable, type RoutingLoop } from './proxy-table.ts';
import { ROUTE } from './route.ts';
import { RouteTable } from './route-table.ts';
import { END, isSilenced } from './routing-messages.ts';
import { canScatter, Scatter } from './scatter.ts';
import { NO_SLOT, SEVERAL_SLOTS, SlotRoutes, slotAt } from './slot-routes.ts';
import { StoreStandings } from './store-standing.ts';

/** A command that waits behind others is woken by their replies; this is for what may go wrong. */
const POSTPONED_MS = 3_600_000;

export class Router {
  readonly broadcast: Broadcast;
  private isStopped = false;
  private readonly node: NodeServices;
  private readonly loop: RoutingLoop;
  private readonly bus: PeerBus;
  private readonly ownership: Ownership;
  private readonly replication: Replication;
  private readonly routes: RouteTable;
  private readonly slots: SlotRoutes;
  private readonly standings: StoreStandings;
  private readonly forwarder: Forwarder;
  private readonly proxies: ProxyTable;
  private readonly unwatchFrame: Frame;

  constructor(options: {
    node: NodeServices;
    loop: RoutingLoop;
    bus: PeerBus;
    ownership: Ownership;
    replication: Replication;
  }) {
    const { bus, node, ownership, replication } = options;
    this.node = node;
    this.loop = options.loop;
    this.bus = bus;
    this.ownership = ownership;
    this.replication = replication;
    this.routes = new RouteTable(node.table);
    this.unwatchFrame = nameFrame(node, 'unwatch');
    const slots = new SlotRoutes(node, bus.id, ownership);
    this.slots = slots;
    this.standings = new StoreStandings(replication, slots);
    this.forwarder = new Forwarder({ ...options, slots, proxies: () => this.proxies });
    this.proxies = new ProxyTable({
      ...options,
      slots,
      routes: this.routes,
      deliver: (replies) => this.forwarder.take(replies, bus.id),
    });
    this.broadcast = new Broadcast(node, bus);
  }

  /** Before the bus starts. */
  start(): void {
    const { bus, forwarder, proxies } = this;
    bus.handle(MESSAGE.command, (peer, message) => proxies.takeMessage(peer, message));
    bus.handle(MESSAGE.reply, (peer, message) => forwarder.takeMessage(peer, message));
    bus.handle(MESSAGE['session-end'], (peer, message) => proxies.takeEnd(peer, message));
    this.broadcast.start();
    bus.listen({
      onUp: () => forwarder.retry(),
      onDown: (peer) => {
        proxies.dropPeer(peer);
        forwarder.lose(peer.id);
      },
      onSilence: (peer, isSilent) => this.onSilence(peer, isSilent),
    });
    this.ownership.onChange(() => this.onTable());
    this.replication.onDuty((store, now) => this.onDuty(store, now));
    this.node.stores.onCreated(() => this.raiseGate());
    this.node.stores.onDropped(() => this.standings.forget());
    if (this.ownership.table.nodeIds.length > 0) this.raiseGate();
  }

  stop(): void {
    this.isStopped = true;
    this.node.clients.setGate(GATE.ROUTED, false);
    this.forwarder.stop();
    this.proxies.stop();
  }

  /**
   * Commands of this node's clients that others have not answered, and of theirs that it has not;
   * who waits for a key aside.
   */
  get pendingCount(): number {
    return this.forwarder.pendingCount + this.proxies.pendingCount;
  }

  /** Something is to be sent when the loop turn ends. */
  get isRaised(): boolean {
    return this.forwarder.isRaised || this.proxies.sender.hasReplies;
  }

  /** What was forwarded and answered in this loop turn goes to the links, behind its effects. */
  flush(): void {
    this.forwarder.flush();
    this.proxies.sender.flush();
  }

  isElsewhere(session: Session, frame: Frame, command: Command): boolean {
    if (!session.mayWait) return false;
    const isAwaiting = (session.gate & GATE.AWAITING) !== 0;
    const route = this.routes.of(command);
    switch (route) {
      case ROUTE.SELF_AT_ONCE:
        return false;
      case ROUTE.SELF:
        return isAwaiting;
      case ROUTE.READ:
        return isAwaiting || !this.mayRead(session.store, frame, command);
      case ROUTE.READ_OR_WAIT:
        if (!mayBlock(frame)) return isAwaiting || !this.mayRead(session.store, frame, command);
        return isAwaiting || !this.mayWrite(session, session.store, frame, command);
      case ROUTE.EXEC:
        return session.transaction !== null && this.runsElsewhere(session, session.transaction);
      case ROUTE.WATCH:
        if (session.transaction !== null) return false;
        return isAwaiting || !this.mayWrite(session, session.store, frame, command);
      case ROUTE.KILL:
        return (
          isAwaiting || ((session.gate & GATE.BUSY) === 0 && !this.standings.isOwner(session.store))
        );
      default: {
        const store = this.routes.storeOfRoute(route, session, frame);
        return isAwaiting || (store !== null && !this.mayWrite(session, store, frame, command));
      }
    }
  }

  forward(session: Session, frame: Frame, command: Command, reply: ReplyWriter): void {
    const { channel } = session;
    const route = this.routes.of(command);
    if (channel === null || !channel.isPatient) return reply.error(ERRORS.notHere);
    const line = this.lineOf(session);
    if (route === ROUTE.SELF || line.isFull) {
      line.wantsRoom = route !== ROUTE.SELF;
      channel.postpone(frame, this.node.clock.nowMs + POSTPONED_MS);
      return;
    }
    const { transaction } = session;
    if (route === ROUTE.EXEC && transaction !== null) {
      return this.forwardTransaction(line, transaction, frame, reply);
    }
    const { isBySlot } = this.standings.of(session.store);
    const slot = isBySlot ? this.slots.slotOf(frame, command) : NO_SLOT;
    if (slot === SEVERAL_SLOTS) return this.forwardSeveral(line, frame, command, reply);
    const { tracking } = session;
    if (tracking !== null) this.node.tracking.enter(session, command);
    const entry = this.append(line, frame, null);
    entry.route = route;
    entry.slot = slot;
    entry.isBlocking = route === ROUTE.WAIT || isBlocking(command, frame);
    entry.isRepeatable = command.isRead || entry.isBlocking || route === ROUTE.WATCH;
    if (route === ROUTE.NAMED_STORE) entry.storeName = frame.latin1(2);
    else if (route === ROUTE.WATCH) this.node.watches.watchElsewhere(session, frame.count - 1);
    if (entry.isBlocking) this.block(session, line);
    session.lastCommand = command.fullName;
    if (tracking !== null) this.node.tracking.leave(session, frame, command, tracking);
  }

  unblock(session: Session, how: 'timeout' | 'error'): boolean {
    const line = this.forwarder.lines.get(session.id);
    const target = line?.lastTarget ?? '';
    if (target === '') return false;
    this.tellEnd(session, target, how === 'error' ? END.UNBLOCK_ERROR : END.UNBLOCK_TIMEOUT);
    return true;
  }

  unwatch(session: Session): void {
    const line = this.forwarder.lines.get(session.id);
    if (line === undefined) return;
    const entry = this.append(line, this.unwatchFrame, null);
    entry.route = ROUTE.OWNER;
    entry.isSilent = true;
    entry.isRepeatable = true;
  }

  isFilling(store: Store): boolean {
    return this.standings.isFilling(store);
  }

  forget(session: Session): void {
    const line = this.forwarder.lines.get(session.id);
    if (line === undefined) return;
    for (const target of line.told.keys()) this.tellEnd(session, target, END.GONE);
    this.proxies.end(null, session.id, END.GONE);
    this.forwarder.forget(line);
    session.forwarding = null;
    session.gate &= ~GATE.AWAITING;
    if (session.blocked instanceof BlockedElsewhere) session.blocked = null;
  }

  positionOf({ store }: Session): number {
    return this.replication.positionOf(store);
  }

  acknowledgedCount({ store }: Session, position: number): number {
    return this.replication.acknowledgedCount(store, position);
  }

  whenAcknowledged(
    { store }: Session,
    position: number,
    { nodeCount, timeoutMs, done }: { nodeCount: number; timeoutMs: number; done: () => void },
  ): void {
    this.replication.whenAcknowledged(store, position, nodeCount, timeoutMs, () => done());
  }

  /**
   * Writes run at once at the owner, but for those that a majority of nodes must have before they
   * are answered: their replies are held as if they were another node's.
   */
  private mayWrite(
    { channel }: Session,
    store: Store,
    frame: Frame | null,
    command: Command | null,
  ): boolean {
    const { duty, isBySlot, quorum } = this.standings.of(store);
    if (duty !== 'owner') return false;
    if (isBySlot && command !== null && frame !== null) {
      const isKeyed = command.row.keys !== undefined;
      if (isKeyed && !this.slots.isOwner(this.slots.slotOf(frame, command))) return false;
    }
    return quorum === null || channel?.isPatient !== true;
  }

  private mayRead(store: Store, frame: Frame, command: Command): boolean {
    if (this.isFilling(store)) return false;
    return !this.standings.of(store).isBySlot || this.slots.holdsKeys(frame, command);
  }

  /** What fails here, or ends without having run, is no other node's business. */
  private runsElsewhere(session: Session, transaction: Transaction): boolean {
    if (transaction.isBroken || session.watched?.isDirty === true) return false;
    if ((session.gate & GATE.AWAITING) !== 0) return true;
    if (this.node.watches.isWatchedElsewhere(session)) return true;
    const { store } = session;
    if (this.standings.of(store).isBySlot) {
      const isWhole = this.node.configuration.cluster.replicationFactor === 0;
      const slot = this.slots.slotOfQueue(session, transaction.queue);
      if ((transaction.hasWrite || !isWhole) && !this.slots.isOwner(slot)) return true;
    }
    if (transaction.hasWrite) return !this.mayWrite(session, store, null, null);
    return this.isFilling(store);
  }

  /** Of keys in several slots: each owner does its part, or nobody does anything. */
  private forwardSeveral(
    line: ForwardLine,
    frame: Frame,
    command: Command,
    reply: ReplyWriter,
  ): void {
    const { session } = line;
    const { name } = command.row;
    if (!canScatter(name)) return reply.error(ERRORS.clusterCrossSlot);
    const { slots } = this;
    const ownerOf = (arg: number) => slots.ownerOf(slotAt(frame, arg));
    const scatter = new Scatter(frame, { name, protocol: session.protocol, ownerOf });
    const { frames } = scatter;
    const isSilent = isSilenced(session);
    for (const [index, part] of frames.entries()) {
      const entry = this.append(line, part, null);
      entry.route = this.routes.of(command);
      entry.isSilent = isSilent;
      entry.isRepeatable = command.isRead;
      entry.slot = slotAt(part, 1);
      entry.part = { scatter, index, isLast: index === frames.length - 1 };
    }
  }

  private forwardTransaction(
    line: ForwardLine,
    transaction: Transaction,
    frame: Frame,
    reply: ReplyWriter,
  ): void {
    const { session } = line;
    const { watches } = this.node;
    const isWatched = watches.isWatchedElsewhere(session);
    if (session.watched !== null && !isWatched) {
      // They were watched here, when this node was the owner: what has become of them is unknown.
      endTransaction(session);
      return reply.nullArray();
    }
    const { isBySlot } = this.standings.of(session.store);
    const slot = isBySlot ? this.slots.slotOfQueue(session, transaction.queue) : NO_SLOT;
    if (slot === SEVERAL_SLOTS) {
      endTransaction(session);
      return reply.error(ERRORS.clusterCrossSlot);
    }
    const parked = parkTransaction(session, transaction);
    if (typeof parked === 'string') {
      endTransaction(session);
      return reply.errorLatin1(parked);
    }
    const entry = this.append(line, frame, parked.queue);
    entry.route = ROUTE.EXEC;
    entry.slot = slot;
    entry.isWatched = isWatched;
    entry.bound = parked.bound;
    entry.isBlocking = parked.bound !== null;
    entry.isRepeatable = !transaction.hasWrite;
    session.watched = null;
    endTransaction(session);
    if (entry.isBlocking) this.block(session, line);
    session.lastCommand = 'exec';
  }

  private append(line: ForwardLine, frame: Frame, transaction: CommandQueue | null) {
    const { session } = line;
    const { counters, world } = this.node;
    counters[METRIC.forwardedCommands]++;
    const entry = line.append(frame, transaction, world.clock.monotonicMs());
    entry.isSilent = isSilenced(session);
    session.gate |= GATE.AWAITING;
    this.forwarder.mark(line);
    return entry;
  }

  private lineOf(session: Session): ForwardLine {
    const found = this.forwarder.lines.get(session.id);
    if (found !== undefined) return found;
    const line = new ForwardLine(session);
    this.forwarder.lines.set(session.id, line);
    session.forwarding = line;
    return line;
  }

  private block(session: Session, line: ForwardLine): void {
    session.blocked = new BlockedElsewhere(line);
    session.gate |= GATE.BLOCKED;
  }

  private tellEnd(session: Session, target: string, what: number): void {
    if (target === this.bus.id) return this.proxies.end(null, session.id, what);
    const peer = this.bus.find(target);
    if (peer === null || !peer.isUp) return;
    this.bus.begin(peer, MESSAGE['session-end'])?.u53(session.id).u8(what).end();
  }

  private onTable(): void {
    const { nodeIds } = this.ownership.table;
    this.raiseGate();
    for (const peer of this.bus.peers) {
      // One that leaves still answers what it has begun.
      if (!nodeIds.includes(peer.id) && !peer.isHeard) this.lose(peer);
    }
    for (const store of this.node.stores.all) {
      if (this.slots.isBySlot(store)) this.handOver(this.node.blocking, store);
    }
    this.forwarder.retry();
  }

  /** Others may still hear it, so that it stays the owner: clients do not wait for that. */
  private onSilence(peer: Peer, isSilent: boolean): void {
    if (!isSilent) return this.forwarder.retry();
    this.loop.after(LIMITS.forwardMsMax, () => {
      if (!this.isStopped && peer.isUp && !peer.isHeard) this.lose(peer);
    });
  }

  /** Its links may be open all the same: what is on the way may yet come, both ways. */
  private lose(peer: Peer): void {
    this.proxies.handBackBlocked(peer);
    this.forwarder.lose(peer.id);
  }

  private onDuty(store: Store, now: Duty): void {
    this.standings.forget();
    this.proxies.settleDuty();
    if (now !== 'owner' && now !== 'waiting') this.handOver(this.node.blocking, store);
    this.forwarder.retry();
  }

  /** Clients that wait for keys of the store wait at its new owner from now on. */
  private handOver(blocking: BlockingTable, store: Store): void {
    blocking.handOver(store, (session, frame, waitedMs) => {
      const { channel } = session;
      if (channel instanceof ProxySession) return channel.handBackBlocked();
      if (channel === null || !channel.isPatient) return;
      const line = this.lineOf(session);
      const entry = this.append(line, frame, null);
      entry.route = ROUTE.OWNER;
      entry.isBlocking = true;
      entry.isRepeatable = true;
      entry.sinceMs -= waitedMs;
      this.block(session, line);
    });
  }

  /** A node that executes everything looks at nothing. */
  private raiseGate(): void {
    this.standings.forget();
    const { nodeIds } = this.ownership.table;
    const isAlone = nodeIds.length === 1 && nodeIds[0] === this.bus.id;
    // A majority is of those that are gone, too.
    const hasQuorum = this.node.stores.all.some((store) => this.replication.quorumOf(store));
    this.node.clients.setGate(GATE.ROUTED, !isAlone || hasQuorum);
  }
}

/** The session's command waits at another node. */
class BlockedElsewhere implements BlockedCommand {
  private readonly line: ForwardLine;

  constructor(line: ForwardLine) {
    this.line = line;
  }

  get heldBytes(): number {
    return this.line.count * ENTRY_BYTES;
  }
}

/** Measured: an entry of a line. */
const ENTRY_BYTES = 120;

function isBlocking({ row }: Command, frame: Frame): boolean {
  if (!row.flags.includes('blocking')) return false;
  return row.name === 'xread' || row.name === 'xreadgroup' ? mayBlock(frame) : true;
}

/** XREAD and XREADGROUP: with the option BLOCK. */
function mayBlock(frame: Frame): boolean {
  for (let arg = 1; arg < frame.count; arg++) {
    if (frame.equals(arg, 'STREAMS')) return false;
    if (frame.equals(arg, 'BLOCK')) return true;
  }
  return false;
}
