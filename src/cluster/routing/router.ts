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
import { findCommand } from '../../commands/acl/enforce.ts';
import type { BlockingTable } from '../../commands/blocking/blocking-table.ts';
import type { CommandQueue } from '../../commands/command-queue.ts';
import type { Command } from '../../commands/command-table.ts';
import { endTransaction } from '../../commands/end-transaction.ts';
import type { NodeServices } from '../../commands/node-services.ts';
import { GATE, type Session, type SlotFilter, type Transaction } from '../../commands/session.ts';
import type { Store } from '../../engine/store.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { ERRORS } from '../../protocol/error-table.ts';
import type { ReplyWriter } from '../../protocol/reply-writer.ts';
import { MESSAGE } from '../peers/message-table.ts';
import type { Peer, PeerBus } from '../peers/peer-bus.ts';
import type { Ownership } from '../placement/ownership.ts';
import type { Duty, Replication } from '../replication/replication.ts';
import { BlockedElsewhere } from './blocked-elsewhere.ts';
import { nameFrame, parkTransaction } from './bound-commands.ts';
import { Broadcast } from './broadcast.ts';
import { CommandPlaces, type Place } from './command-places.ts';
import { ForwardLine } from './forward-line.ts';
import { Forwarder } from './forwarder.ts';
import type { LineEntry } from './line-entry.ts';
import { ProxySession } from './proxy-session.ts';
import { ProxyTable, type RoutingLoop } from './proxy-table.ts';
import { isBlocking, mayBlock, ROUTE, type Route } from './route.ts';
import { RouteTable } from './route-table.ts';
import { END, isSilenced } from './routing-messages.ts';
import type { PartedCommand } from './slots/parted-command.ts';
import { PLAIN, SlotPlans } from './slots/slot-plans.ts';
import { NO_SLOT, SlotRoutes } from './slots/slot-routes.ts';
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
  private readonly places: CommandPlaces;
  private readonly unwatchFrame: Frame;
  private readonly plans: SlotPlans;

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
    this.routes = new RouteTable();
    this.unwatchFrame = nameFrame(node, 'unwatch');
    const slots = new SlotRoutes(ownership);
    const standings = new StoreStandings(replication);
    this.slots = slots;
    this.standings = standings;
    this.places = new CommandPlaces({ nodeId: bus.id, ownership, slots, standings });
    this.plans = new SlotPlans({ node, ownership, slots, places: this.places, standings });
    this.forwarder = new Forwarder({ ...options, proxies: () => this.proxies });
    this.proxies = new ProxyTable({
      ...options,
      slots,
      places: this.places,
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
    this.replication.onSlots(() => this.onSlots());
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
        return isAwaiting || this.places.ofRead(session.store, frame, command) !== 'here';
      case ROUTE.READ_OR_WAIT:
        if (mayBlock(frame)) return isAwaiting || !this.mayWrite(session, frame, command);
        return isAwaiting || this.places.ofRead(session.store, frame, command) !== 'here';
      case ROUTE.ALL_KEYS:
        return isAwaiting || this.places.ofAllKeys(session.store) !== 'here';
      case ROUTE.EXEC:
        return session.transaction !== null && this.runsElsewhere(session, session.transaction);
      case ROUTE.WATCH:
        if (session.transaction !== null) return false;
        return isAwaiting || !this.mayWrite(session, frame, command);
      case ROUTE.KILL:
        return (
          isAwaiting || ((session.gate & GATE.BUSY) === 0 && !this.standings.isOwner(session.store))
        );
      default:
        return isAwaiting || !this.mayWrite(session, frame, command);
    }
  }

  forward(session: Session, frame: Frame, command: Command, reply: ReplyWriter): void {
    const { channel } = session;
    const route = this.routes.of(command);
    if (channel === null || !channel.isPatient) return reply.error(ERRORS.notHere);
    const line = this.lineOf(session);
    if (route === ROUTE.SELF || line.isFull) {
      line.wantsRoom = route !== ROUTE.SELF;
      return this.postpone(session, frame);
    }
    const { transaction } = session;
    if (route === ROUTE.EXEC && transaction !== null) {
      return this.forwardTransaction(line, transaction, frame, reply);
    }
    const store = this.routes.storeOfRoute(route, session, frame);
    const isBySlot = store !== null && this.standings.isBySlot(store);
    const plan = isBySlot ? this.plans.planOf(line, route, frame, command) : PLAIN;
    if (plan.kind === 'later') return this.postpone(session, frame);
    if (plan.kind === 'refused') return reply.errorLatin1(plan.text);
    const { tracking } = session;
    if (tracking !== null) this.node.tracking.enter(session, command);
    if (plan.kind === 'one') this.appendOne(line, route, frame, command).slot = plan.slot;
    else this.appendParts(line, route, frame, command, plan.whole);
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
    entry.slot = line.watchedSlot;
    entry.isSilent = true;
    entry.isRepeatable = true;
    line.watchedSlot = NO_SLOT;
  }

  /** @returns why a script may not run the command; null: it may */
  refuseInScript({ store }: Session, frame: Frame, command: Command): string | null {
    const { slots } = this.standings.of(store);
    if (slots === null || command.row.keys === undefined) return null;
    const isRead = !command.mayReplicate;
    const place = isRead
      ? this.places.ofRead(store, frame, command)
      : this.places.ofWrite(store, frame, command);
    return place === 'here' ? null : ERRORS.scriptForeignKey.text;
  }

  countKeys({ databaseIndex, store }: Session, slots: SlotFilter): number {
    const table = this.replication.partsOf(store)?.stamps.tableOf(databaseIndex);
    let count = 0;
    if (table !== undefined) slots.each((slot) => void (count += table.presentCountOf(slot)));
    return count;
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
  private mayWrite(session: Session, frame: Frame, command: Command): boolean {
    const route = this.routes.of(command);
    const store = this.routes.storeOfRoute(route, session, frame);
    if (store === null) return true;
    return (
      this.placeOfWrite(session, store, route, frame, command) === 'here' &&
      this.answersAtOnce(session, store)
    );
  }

  private placeOfWrite(
    session: Session,
    store: Store,
    route: Route,
    frame: Frame,
    command: Command,
  ): Place {
    const { places } = this;
    if (route === ROUTE.STORES) return places.ofStores(store);
    const { slots } = this.standings.of(store);
    if (slots === null) return places.ofWrite(store, frame, command);
    if (route === ROUTE.WHOLE_STORE || route === ROUTE.NAMED_STORE) return 'elsewhere';
    if (route !== ROUTE.WAIT) return places.ofWrite(store, frame, command);
    const slot = this.forwarder.lines.get(session.id)?.writtenSlot ?? NO_SLOT;
    return slot === NO_SLOT || slots.dutyOf(slot) === 'owner' ? 'here' : 'elsewhere';
  }

  /** Until the line of its client is empty. */
  private postpone({ channel }: Session, frame: Frame): void {
    channel?.postpone(frame, this.node.clock.nowMs + POSTPONED_MS);
  }

  private answersAtOnce({ channel }: Session, store: Store): boolean {
    return this.standings.of(store).quorum === null || channel?.isPatient !== true;
  }

  /** What fails here, or ends without having run, is no other node's business. */
  private runsElsewhere(session: Session, transaction: Transaction): boolean {
    if (transaction.isBroken || session.watched?.isDirty === true) return false;
    if ((session.gate & GATE.AWAITING) !== 0) return true;
    if (this.node.watches.isWatchedElsewhere(session)) return true;
    if (this.places.ofTransaction(session, transaction) !== 'here') return true;
    return transaction.hasWrite && !this.answersAtOnce(session, session.store);
  }

  private appendOne(line: ForwardLine, route: Route, frame: Frame, command: Command): LineEntry {
    const { session } = line;
    const entry = this.append(line, frame, null);
    entry.route = route;
    entry.isBlocking = route === ROUTE.WAIT || isBlocking(command, frame);
    entry.isRepeatable = command.isRead || entry.isBlocking || route === ROUTE.WATCH;
    if (route === ROUTE.NAMED_STORE) entry.storeName = frame.latin1(2);
    else if (route === ROUTE.WATCH) this.node.watches.watchElsewhere(session, frame.count - 1);
    if (entry.isBlocking) this.block(session, line);
    return entry;
  }

  private appendParts(
    line: ForwardLine,
    route: Route,
    frame: Frame,
    command: Command,
    whole: PartedCommand,
  ): void {
    const nowMs = this.node.world.clock.monotonicMs();
    const isSilent = isSilenced(line.session);
    const { parts } = whole;
    for (const [index, part] of parts.entries()) {
      const entry = line.appendPart(whole, part, index === parts.length - 1, nowMs);
      entry.route = route;
      entry.isSilent = isSilent;
      entry.isRepeatable = command.isRead || part.frame === null;
      if (route === ROUTE.NAMED_STORE) entry.storeName = frame.latin1(2);
    }
    this.raise(line, parts.length);
  }

  private forwardTransaction(
    line: ForwardLine,
    transaction: Transaction,
    frame: Frame,
    reply: ReplyWriter,
  ): void {
    const { session } = line;
    const plan = this.plans.planOfTransaction(line, transaction);
    if (plan.kind === 'later') return this.postpone(session, frame);
    if (plan.kind !== 'one') {
      endTransaction(session);
      return reply.error(ERRORS.clusterCrossSlot);
    }
    const isWatched = this.node.watches.isWatchedElsewhere(session);
    if (session.watched !== null && !isWatched) {
      // They were watched here, when this node was the owner: what has become of them is unknown.
      endTransaction(session);
      return reply.nullArray();
    }
    const parked = parkTransaction(session, transaction);
    if (typeof parked === 'string') {
      endTransaction(session);
      return reply.errorLatin1(parked);
    }
    const entry = this.append(line, frame, parked.queue);
    entry.route = ROUTE.EXEC;
    entry.slot = plan.slot;
    entry.isWatched = isWatched;
    line.watchedSlot = NO_SLOT;
    if (transaction.hasWrite) line.writtenSlot = plan.slot;
    entry.bound = parked.bound;
    entry.isBlocking = parked.bound !== null;
    entry.isRepeatable = !transaction.hasWrite;
    session.watched = null;
    endTransaction(session);
    if (entry.isBlocking) this.block(session, line);
    session.lastCommand = 'exec';
  }

  private append(line: ForwardLine, frame: Frame, transaction: CommandQueue | null): LineEntry {
    const { session } = line;
    const entry = line.append(frame, transaction, this.node.world.clock.monotonicMs());
    entry.isSilent = isSilenced(session);
    this.raise(line, 1);
    return entry;
  }

  private raise(line: ForwardLine, count: number): void {
    this.node.counters[METRIC.forwardedCommands] += count;
    line.session.gate |= GATE.AWAITING;
    this.forwarder.mark(line);
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
      if (this.standings.isBySlot(store)) this.handOver(this.node.blocking, store);
    }
    this.forwarder.retry();
  }

  /** Others may still hear it, so that it stays the owner: clients do not wait for that. */
  private onSilence(peer: Peer, isSilent: boolean): void {
    if (!isSilent) return this.forwarder.retry();
    this.loop.after(LIMITS.forwardMsMax, () => this.loseSilent(peer));
  }

  /** Who is only busy will answer. */
  private loseSilent(peer: Peer): void {
    if (this.isStopped || !peer.isUp || peer.isHeard) return;
    if (!peer.isBusy) this.lose(peer);
    else this.loop.after(LIMITS.forwardMsMax, () => this.loseSilent(peer));
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

  private onSlots(): void {
    this.standings.forget();
    this.proxies.settleDuty();
    this.forwarder.retry();
  }

  /** Clients that wait for keys of the store wait at its new owner from now on. */
  private handOver(blocking: BlockingTable, store: Store): void {
    blocking.handOver(store, (session, frame, waitedMs) => {
      const { channel } = session;
      if (channel instanceof ProxySession) return channel.handBackBlocked();
      if (channel === null || !channel.isPatient) return;
      const line = this.lineOf(session);
      const command = findCommand(session, frame);
      const isBySlot = command !== null && this.standings.isBySlot(store);
      const entry = this.append(line, frame, null);
      entry.route = ROUTE.OWNER;
      if (isBySlot) entry.slot = this.slots.slotOf(frame, command);
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
