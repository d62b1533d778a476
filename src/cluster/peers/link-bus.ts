import { assert } from '../../base/errors.ts';
import { LIMITS } from '../../base/limits.ts';
import { isLocalAddress } from '../../base/local-address.ts';
import type { PacedLogger } from '../../base/log/paced-logger.ts';
import type { Logger } from '../../base/logger.ts';
import type { Listener, Socket, Timer, World } from '../../base/world.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import { AcceptedLink, type AcceptedLinkOwner } from './accepted-link.ts';
import type { LinkIdentity } from './dialed-link.ts';
import {
  agreeVersion,
  clockOffset,
  clocksDiffer,
  type Hello,
  type Refusal,
  refusalText,
} from './greeting.ts';
import { clusterDigest, linkSecret } from './link-key.ts';
import { LinkPeer, type PeerOwner } from './link-peer.ts';
import { broken, type LinkReader } from './link-reader.ts';
import type { LinkHost, LinkWire } from './link-wire.ts';
import { MESSAGE_TABLE } from './message-table.ts';
import type { MessageWriter } from './message-writer.ts';
import type { MessageHandler, PeerBus, PeerListener } from './peer-bus.ts';

export interface LinkBusOptions {
  readonly world: World;
  readonly logger: Logger;
  readonly paced: PacedLogger;
  readonly counters: Float64Array;
  readonly id: string;
  /** Unix ms of the start; greater than that of any start before. */
  readonly incarnation: number;
  /** Where it listens. Without a cluster key it is a loopback address. */
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly clusterKey: string;
  /** Of the default store; the same on all nodes. */
  readonly databaseCount: number;
  /** The node must stop. */
  readonly onFailure: (error: unknown) => void;
}

/** The links of one node to all others. Started once, stopped once. */
export class LinkBus implements PeerBus, LinkHost, PeerOwner, AcceptedLinkOwner {
  readonly id: string;
  readonly incarnation: number;
  readonly peers: LinkPeer[] = [];
  readonly world: World;
  readonly counters: Float64Array;
  readonly identity: LinkIdentity;
  private readonly options: LinkBusOptions;
  private readonly byId = new Map<string, LinkPeer>();
  private readonly listeners: PeerListener[] = [];
  private readonly handlers: (MessageHandler | null)[] = MESSAGE_TABLE.map(() => null);
  /** Connections that came, until they are gone. */
  private readonly acceptedLinks = new Set<AcceptedLink>();
  private readonly acceptedPeers = new Map<AcceptedLink, LinkPeer>();
  private listener: Listener | null = null;
  private unflushed: LinkWire[] = [];
  private readonly onTurnEnd = () => this.flush();
  private beatTimer: Timer | null = null;
  private beatMs = 0;
  private isStopped = false;

  constructor(options: LinkBusOptions) {
    const { id, incarnation, clusterKey, databaseCount } = options;
    this.options = options;
    this.id = id;
    this.incarnation = incarnation;
    this.world = options.world;
    this.counters = options.counters;
    this.identity = {
      id,
      incarnation,
      clusterDigest: clusterDigest(clusterKey),
      databaseCount,
      secret: linkSecret(clusterKey),
    };
  }

  get port(): number {
    return this.listener?.port ?? 0;
  }

  /** Connections that other nodes, or strangers, opened here. */
  get acceptedCount(): number {
    return this.acceptedLinks.size;
  }

  /** Something was written that did not leave yet. */
  get isRaised(): boolean {
    return this.unflushed.length > 0;
  }

  /**
   * Resolves when all that was written so far has been read by every peer that is up: who closes
   * the links then takes nothing away. At the latest after so long.
   */
  whenDelivered(withinMs: number): Promise<void> {
    const { clock, timers } = this.world;
    this.flush();
    const deadlineMs = clock.monotonicMs() + withinMs;
    let waiting = this.peers.flatMap(({ dialed, isUp }) =>
      isUp && dialed !== null ? [{ link: dialed, bytes: dialed.writtenBytes }] : [],
    );
    return new Promise((resolve) => {
      // The answer to the next heartbeat tells how far a peer has read.
      const timer = timers.every(DELIVERY_LOOK_MS, () => {
        waiting = waiting.filter(({ link, bytes }) => link.isOpen && link.deliveredBytes < bytes);
        if (waiting.length > 0 && clock.monotonicMs() < deadlineMs) return;
        timer.cancel();
        resolve();
      });
    });
  }

  async start(): Promise<void> {
    const { host, port } = this.options;
    const { clock, network, timers } = this.world;
    const onAcceptError = (code: string): void => {
      const text = 'A link between nodes could not be accepted';
      this.counters[METRIC.acceptErrors]++;
      this.options.paced.warn('cluster', 'accept-failed', text, { code });
    };
    const settings = { ...LISTEN_SETTINGS, onAcceptError };
    const { secret } = this.identity;
    const isClosed = secret === null && !isLocalAddress(host);
    if (isClosed) {
      const message = 'Without a cluster key only nodes of this machine are linked';
      this.options.logger.warn('link', message, { host });
    }
    const boundHost = isClosed ? LOOPBACK : host;
    this.listener = await network.listen({ ...settings, host: boundHost, port, secret }, (socket) =>
      this.acceptSocket(socket),
    );
    this.beatMs = clock.monotonicMs();
    this.beatTimer = timers.every(LIMITS.linkHeartbeatMs, () => this.beat());
  }

  async stop(): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    this.beatTimer?.cancel();
    for (const peer of this.peers) peer.end();
    for (const link of [...this.acceptedLinks]) link.close();
    await this.listener?.close();
  }

  find(id: string): LinkPeer | null {
    return this.byId.get(id) ?? null;
  }

  keep(id: string, host: string, port: number): void {
    assert(id !== this.id, 'a node is no peer of itself');
    if (this.isStopped) return;
    const peer = this.requirePeer(id);
    if (this.identity.secret !== null || isLocalAddress(host)) peer.moveTo(host, port);
    else peer.problem = 'without a cluster key nodes of other machines are not linked';
  }

  excuse(id: string, isBusy: boolean): void {
    const peer = this.byId.get(id);
    if (peer !== undefined) peer.isBusy = isBusy;
  }

  drop(id: string): void {
    const peer = this.byId.get(id);
    if (peer === undefined) return;
    this.byId.delete(id);
    this.peers.splice(this.peers.indexOf(peer), 1);
    peer.drop('it left');
    this.sample();
  }

  listen(listener: PeerListener): void {
    this.listeners.push(listener);
  }

  handle(type: number, handler: MessageHandler): void {
    assert(this.handlers[type] === null, 'a type of messages has one handler');
    this.handlers[type] = handler;
  }

  begin(peer: LinkPeer, type: number): MessageWriter | null {
    const wire = peer.openWire;
    const queue = wire?.queueOf(type) ?? null;
    if (wire === null || queue === null) {
      this.counters[METRIC.linkMessagesDropped]++;
      return null;
    }
    wire.flushLater();
    return queue.begin(type);
  }

  flush(): void {
    const wires = this.unflushed;
    this.unflushed = [];
    for (const wire of wires) {
      wire.isFlushAsked = false;
      if (wire.isOpen) wire.flushLater();
      else wire.flush();
    }
  }

  /** What is wrong with the links, in sentences. */
  issues(): string[] {
    const troubled = this.peers.filter(({ trouble }) => trouble !== '');
    return troubled.map(({ id, trouble }) => `Link with node ${id}: ${trouble}`);
  }

  flushLater(wire: LinkWire): void {
    if (this.unflushed.push(wire) === 1) this.world.timers.atTurnEnd(this.onTurnEnd);
  }

  onBroken(wire: LinkWire, reason: string): void {
    this.counters[METRIC.linkMessagesBroken]++;
    const facts = { address: `${wire.remoteAddress}:${wire.remotePort}`, reason };
    const text = 'A link between nodes is closed: what came is no message';
    this.options.paced.warn('cluster', 'link-broken', text, facts);
  }

  fail(error: unknown): void {
    this.options.onFailure(error);
  }

  onUp(peer: LinkPeer): void {
    const { address, port, incarnation } = peer;
    const facts = { peer: peer.id, address, port, incarnation };
    this.options.logger.info('link', 'Links with a node are up', facts);
    this.sample();
    for (const listener of this.listeners) listener.onUp?.(peer);
  }

  onDown(peer: LinkPeer, reason: string): void {
    this.counters[METRIC.linkBreaks]++;
    const facts = { peer: peer.id, reason };
    const text = 'Links with a node are down';
    if (peer.isDropped) this.options.logger.info('link', text, facts);
    else this.options.paced.warn('cluster', 'link', text, facts);
    this.sample();
    for (const listener of this.listeners) listener.onDown?.(peer);
  }

  onSilence(peer: LinkPeer): void {
    for (const listener of this.listeners) listener.onSilence?.(peer, !peer.isHeard);
  }

  onQuiet(peer: LinkPeer): void {
    for (const listener of this.listeners) listener.onQuiet?.(peer);
  }

  onRefused(peer: LinkPeer): void {
    this.tellRefusal(peer.id, `${peer.address}:${peer.port}`, peer.problem);
  }

  onUnreachable(peer: LinkPeer): void {
    const facts = { peer: peer.id, address: `${peer.address}:${peer.port}`, reason: peer.problem };
    this.options.paced.warn('cluster', 'link', 'A node cannot be linked', facts);
  }

  onClock(peer: LinkPeer): void {
    const facts = { peer: peer.id, reason: peer.problem };
    this.options.paced.error('cluster', 'link-clock', 'The clocks of two nodes differ', facts);
  }

  onHello(link: AcceptedLink, hello: Hello): void {
    const refusal = this.chooseRefusal(hello);
    const version = refusal === 'none' ? agreeVersion(hello) : 0;
    const { id, incarnation } = this;
    const welcome = { refusal, version, id, incarnation, wallMs: this.world.clock.wallMs() };
    if (refusal !== 'none') {
      const { remoteAddress, remotePort } = link.wire;
      this.tellRefusal(hello.id, `${remoteAddress}:${remotePort}`, refusalText(refusal));
      link.refuse(welcome);
      return;
    }
    link.welcome(welcome);
    const peer = this.requirePeer(hello.id);
    this.acceptedPeers.set(link, peer);
    peer.accept(link, hello);
  }

  onPeerMessage(link: AcceptedLink, message: LinkReader): void {
    const peer = this.acceptedPeers.get(link);
    const handler = this.handlers[message.type] ?? null;
    if (handler === null) throw broken(`nobody knows its type, ${message.type}`);
    if (peer !== undefined && peer.accepted === link) handler(peer, message);
  }

  onAcceptedRead(link: AcceptedLink): void {
    this.acceptedPeers.get(link)?.hear();
  }

  onAcceptedGone(link: AcceptedLink, reason: string): void {
    this.acceptedLinks.delete(link);
    const peer = this.acceptedPeers.get(link);
    this.acceptedPeers.delete(link);
    if (peer === undefined) return;
    peer.acceptedGone(link, reason);
    // Who came by itself, and is gone, is nobody.
    if (!peer.hasAddress && peer.accepted === null) this.drop(peer.id);
  }

  private chooseRefusal(hello: Hello): Refusal {
    if (hello.clusterDigest !== this.identity.clusterDigest) return 'cluster';
    if (agreeVersion(hello) === 0) return 'version';
    if (hello.id === this.id) return 'same-id';
    if (hello.wantedId !== this.id) return 'other';
    if (hello.databaseCount !== this.identity.databaseCount) return 'databases';
    // How long it was on its way is not known: it can be found ahead, and no more.
    const nowMs = this.world.clock.wallMs();
    const offsetMs = clockOffset(hello.wallMs, Number.NEGATIVE_INFINITY, nowMs);
    if (clocksDiffer(offsetMs)) return 'clock';
    return this.byId.get(hello.id)?.isReplaced(hello.incarnation) ? 'replaced' : 'none';
  }

  private acceptSocket(socket: Socket): void {
    const isFull =
      this.acceptedLinks.size >= LIMITS.linkCountMax ||
      this.acceptedLinks.size - this.acceptedPeers.size >= LIMITS.linkStrangerCountMax;
    const isForeign = this.identity.secret === null && !isLocalAddress(socket.remoteAddress);
    if (this.isStopped || isFull || isForeign) {
      this.counters[METRIC.linkRefusals]++;
      socket.destroy();
      return;
    }
    this.acceptedLinks.add(new AcceptedLink({ host: this, socket, owner: this }));
  }

  private requirePeer(id: string): LinkPeer {
    let peer = this.byId.get(id);
    if (peer === undefined) {
      peer = new LinkPeer({ id, host: this, owner: this });
      this.byId.set(id, peer);
      this.peers.push(peer);
    }
    return peer;
  }

  /**
   * Heartbeats, and whose have stayed away. While this node stood still nobody could be heard: of a
   * long time between two calls only a little counts as the others' silence.
   */
  private beat(): void {
    const nowMs = this.world.clock.monotonicMs();
    const elapsedMs = nowMs - this.beatMs;
    this.beatMs = nowMs;
    const countedMs = Math.min(elapsedMs, LIMITS.linkHeartbeatMs * 2);
    const lateMs = Math.max(0, elapsedMs - LIMITS.linkHeartbeatMs);
    this.sample();
    for (const peer of [...this.peers]) peer.pulse(countedMs, lateMs);
    for (const link of [...this.acceptedLinks]) {
      if (link.hello !== null || nowMs <= link.greetBefore) continue;
      this.counters[METRIC.linkRefusals]++;
      link.close();
    }
  }

  private sample(): void {
    const { counters } = this;
    let upCount = 0;
    let queuedBytes = 0;
    let roundTripMs = 0;
    for (const peer of this.peers) {
      if (peer.isUp) upCount++;
      queuedBytes += peer.queuedBytes;
      roundTripMs = Math.max(roundTripMs, peer.roundTripMs);
    }
    counters[METRIC.linksUp] = upCount;
    counters[METRIC.linkQueueBytes] = queuedBytes;
    counters[METRIC.linkRoundTripMs] = roundTripMs;
  }

  private tellRefusal(id: string, address: string, reason: string): void {
    this.counters[METRIC.linkRefusals]++;
    const facts = { peer: id, address, reason };
    this.options.paced.warn('cluster', 'link-refused', 'A link between nodes is refused', facts);
  }
}

const DELIVERY_LOOK_MS = 10;
const LISTEN_SETTINGS = { backlog: 128, tls: null, socketPath: 'auto', keepAliveS: 0 } as const;
const LOOPBACK = '127.0.0.1';
