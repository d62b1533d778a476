/**
 * SWIM with Lifeguard, as HashiCorp's memberlist speaks it: who is a member, and who of them can be
 * reached. News ride on packets of their own every 200 ms, to three members at random; every 30 s
 * the whole state is exchanged with one over TCP.
 */
import type { Logger } from '../../../base/logger.ts';
import type { Timer, World } from '../../../base/world.ts';
import { formatPlace } from '../wire/ip-address.ts';
import {
  COMPOUND_PART_BYTES,
  type Envelope,
  encodeCompounds,
  messageBytesMax,
} from '../wire/packet.ts';
import {
  type Alive,
  encodeError,
  encodePushPull,
  type NodeRecord,
  type PushPull,
  parseAck,
  parseAlive,
  parseDoubt,
  parseIndirectPing,
  parsePing,
  parsePushPull,
  STATE,
  SWIM,
} from '../wire/swim-messages.ts';
import { BroadcastQueue, type NewsRoom } from './broadcast-queue.ts';
import type { GossipStats } from './gossip-stats.ts';
import { HealthScore } from './health-score.ts';
import { isGone, NodeTable, type SwimNode } from './node-table.ts';
import { Prober, targetOf } from './prober.ts';
import { OUR_VERSIONS, Rumours } from './rumours.ts';
import type { SwimEvents } from './swim-events.ts';
import { chooseBelow, pushPullMs, retransmitCount, TIMING } from './timing.ts';
import { type Target, Transport } from './transport.ts';

/** A message of type `user` is a byte longer than what Serf made. */
const USER_TYPE_BYTES = 1;
/** Conflicts of names that are looked at at the same time: each is a connection. */
const SETTLING_COUNT_MAX = 16;

export interface SwimOptions {
  readonly world: World;
  readonly logger: Logger;
  readonly name: string;
  readonly envelope: Envelope;
  readonly stats: GossipStats;
  readonly events: SwimEvents;
}

export class Swim {
  readonly table: NodeTable;
  readonly rumours: Rumours;
  readonly transport: Transport;
  private readonly world: World;
  private readonly name: string;
  private readonly logger: Logger;
  private readonly envelope: Envelope;
  private readonly events: SwimEvents;
  private readonly stats: GossipStats;
  private readonly health = new HealthScore();
  private readonly queue = new BroadcastQueue();
  private readonly prober: Prober;
  private gossipTimer: Timer | null = null;
  private exchangeTimer: Timer | null = null;
  private isStopped = false;
  /** Names whose conflict is being looked at. */
  private readonly settling = new Set<string>();

  constructor(options: SwimOptions) {
    const { world, name, events, stats } = options;
    this.world = world;
    this.name = name;
    this.logger = options.logger;
    this.envelope = options.envelope;
    this.events = events;
    this.stats = stats;
    this.table = new NodeTable(world);
    const { table, health, queue, logger, envelope } = this;
    this.transport = new Transport({ world, logger, envelope, stats, listener: this });
    const { transport } = this;
    const mayReach = (address: string) => transport.mayReach(address);
    const onConflict = (known: SwimNode, other: Alive) => this.settleConflict(known, other);
    const hearing = { world, logger, selfName: name, table, queue, health, stats, events };
    this.rumours = new Rumours({ ...hearing, mayReach, onConflict });
    const { rumours } = this;
    const send = (message: Uint8Array, target: Target) => this.sendWithNews(message, target);
    const probing = { world, selfName: name, table, rumours, health, events, transport, send };
    this.prober = new Prober(probing);
  }

  /** @param me  what others are told of this node */
  start(me: { address: string; port: number; meta: Uint8Array; incarnation: number }): void {
    this.rumours.introduce({ ...me, node: this.name, versions: OUR_VERSIONS });
    this.prober.start();
    this.gossipTimer = this.world.timers.every(TIMING.gossipMs, () => this.gossip());
    this.planExchange();
  }

  /** News do not wait any more: this node leaves, and somebody waits for that. */
  hasten(): void {
    this.gossipTimer?.cancel();
    this.gossipTimer = this.world.timers.every(TIMING.hastyGossipMs, () => this.gossip());
  }

  stop(): void {
    this.isStopped = true;
    this.prober.stop();
    this.rumours.stop();
    this.gossipTimer?.cancel();
    this.exchangeTimer?.cancel();
    this.transport.close();
    this.queue.clear();
  }

  check(name: string): void {
    if (!this.isStopped) this.prober.check(name);
  }

  get hasLivingPeers(): boolean {
    const { self } = this.rumours;
    return this.table.nodes.some((node) => node !== self && !isGone(node));
  }

  /** Sends one message of Serf's straight to an address. */
  sendUser(message: Uint8Array, address: string, port: number): void {
    const known = this.table.nodes.find((node) => node.address === address && node.port === port);
    this.transport.send(asUser(message), { address, port, protocolMax: known?.versions[1] ?? 0 });
  }

  /**
   * Exchanges whole states with whoever listens there.
   * @param onDone  told whether it worked
   */
  exchange(
    address: string,
    port: number,
    isJoin: boolean,
    onDone: (isDone: boolean) => void = () => {},
  ): void {
    this.transport.ask(this.encodeState(isJoin), address, port, (answer) => {
      const isState = answer?.[0] === SWIM.pushPull && !this.isStopped;
      const state = isState ? parsePushPull(answer) : null;
      onDone(state !== null && this.merge(state, isJoin));
    });
  }

  /** For the transport. */
  onMessage(message: Uint8Array, address: string, port: number): void {
    if (this.isStopped) return;
    if (!this.dispatch(message, address, port)) this.stats.refusedPackets++;
    this.stats.healthScore = this.health.score;
  }

  /** For the transport. */
  onStream(message: Uint8Array): Uint8Array | null {
    if (this.isStopped) return null;
    switch (message[0]) {
      case SWIM.pushPull: {
        const state = parsePushPull(message);
        if (state === null) return encodeError('push/pull state is damaged');
        const answer = this.encodeState(false);
        this.merge(state, false);
        return answer;
      }
      case SWIM.ping: {
        const ping = parsePing(message);
        return ping === null ? null : this.prober.answerStreamPing(ping);
      }
      case SWIM.user:
        this.events.onUserMessage(message.subarray(USER_TYPE_BYTES));
        return null;
      default:
        return null;
    }
  }

  /** @returns false when it makes no sense */
  private dispatch(message: Uint8Array, address: string, port: number): boolean {
    switch (message[0]) {
      case SWIM.ping:
        return given(parsePing(message), (ping) => this.prober.onPing(ping, address, port));
      case SWIM.indirectPing:
        return given(parseIndirectPing(message), (ping) =>
          this.prober.onIndirectPing(ping, address, port),
        );
      case SWIM.ack:
        return given(parseAck(message), (ack) => this.prober.onAck(ack));
      case SWIM.nack:
        return given(parseAck(message), (ack) => this.prober.onNack(ack));
      case SWIM.suspect:
        return given(parseDoubt(message), (doubt) => this.rumours.hearSuspect(doubt));
      case SWIM.dead:
        return given(parseDoubt(message), (doubt) => this.rumours.hearDead(doubt));
      case SWIM.alive:
        return given(parseAlive(message), (alive) => this.rumours.hearAlive(alive));
      case SWIM.user:
        this.events.onUserMessage(message.subarray(USER_TYPE_BYTES));
        return true;
      default:
        return false;
    }
  }

  /**
   * A name is told of two addresses. Mostly its process died and another one began elsewhere: then
   * nobody answers at the old address, and the news need not wait until that is found out slowly.
   */
  private settleConflict(known: SwimNode, other: Alive): void {
    const { name } = known;
    if (this.settling.has(name) || this.settling.size >= SETTLING_COUNT_MAX) return;
    this.settling.add(name);
    const isSelf = name === this.name;
    const { address, port } = isSelf ? other : known;
    this.prober.lookFor({ name, address, port }, (isThere) => {
      this.settling.delete(name);
      if (this.isStopped) return;
      if (isThere) this.events.onConflict(known, other);
      else if (!isSelf && !isGone(known) && other.incarnation >= known.incarnation) {
        this.rumours.hearDead({ incarnation: known.incarnation, node: name, from: this.name });
        this.rumours.hearAlive(other);
      }
    });
  }

  private gossip(): void {
    const nowMs = this.world.clock.monotonicMs();
    if (!this.hasNews()) return;
    const targets = this.table.choose(TIMING.gossipNodeCount, (node) => {
      if (node === this.rumours.self) return false;
      return !isGone(node) || nowMs - node.changedMs < TIMING.gossipToTheDeadMs;
    });
    for (const node of targets) {
      const target = targetOf(node);
      const news = this.takeNews(messageBytesMax(this.envelope), target);
      if (news.length > 0) this.sendAll(news, target);
    }
  }

  private hasNews(): boolean {
    return !this.queue.isEmpty || this.events.hasNews();
  }

  private takeNews(byteCount: number, { address, port }: Target): Uint8Array[] {
    const room: NewsRoom = {
      byteCount,
      partBytes: COMPOUND_PART_BYTES,
      sendCount: retransmitCount(this.table.count),
      to: formatPlace(address, port),
      peerCount: this.table.nodes.filter((node) => !isGone(node)).length - 1,
    };
    const news = this.queue.take(room);
    const spent = news.reduce((sum, { length }) => sum + length + COMPOUND_PART_BYTES, 0);
    const partBytes = COMPOUND_PART_BYTES + USER_TYPE_BYTES;
    const left = { ...room, byteCount: byteCount - spent, partBytes };
    return [...news, ...this.events.takeNews(left).map(asUser)];
  }

  /** News ride along with what is sent anyway. */
  private sendWithNews(message: Uint8Array, target: Target): void {
    const room = messageBytesMax(this.envelope) - message.length - COMPOUND_PART_BYTES;
    const news = this.hasNews() ? this.takeNews(room, target) : [];
    this.sendAll([message, ...news], target);
  }

  private sendAll(messages: readonly Uint8Array[], target: Target): void {
    const packets = messages.length === 1 ? messages : encodeCompounds(messages);
    for (const packet of packets) this.transport.send(packet, target);
  }

  private planExchange(): void {
    const periodMs = pushPullMs(this.table.count);
    // Members that started together must not ask each other together for ever.
    const delayMs = periodMs / 2 + chooseBelow(this.world, periodMs);
    this.exchangeTimer = this.world.timers.after(delayMs, () => {
      this.planExchange();
      const { self } = this.rumours;
      const [node] = this.table.choose(1, (one) => one !== self && one.state === STATE.alive);
      if (node !== undefined) this.exchange(node.address, node.port, false);
    });
  }

  private encodeState(isJoin: boolean): Uint8Array {
    const nodes: NodeRecord[] = this.table.nodes.map((node) => {
      const { name, address, port, meta, versions, incarnation, state } = node;
      return { node: name, address, port, meta, versions, incarnation, state };
    });
    return encodePushPull({ isJoin, nodes, userState: this.events.userState() });
  }

  private merge(state: PushPull, isJoin: boolean): boolean {
    const refusal = this.findMisfit(state.nodes);
    if (refusal !== '') {
      this.logger.warn('merge', `states not merged: ${refusal}`);
      return false;
    }
    for (const node of state.nodes) this.rumours.hearRecord(node);
    if (state.userState.length > 0) this.events.mergeUserState(state.userState, isJoin);
    return true;
  }

  /** Everybody must be able to read what everybody speaks. @returns '' when that is so */
  private findMisfit(nodes: readonly NodeRecord[]): string {
    const known = this.table.nodes.filter((node) => !isGone(node));
    const all = [...known, ...nodes.filter(({ state }) => state === STATE.alive)];
    const versions = all.map((node) => node.versions).filter(({ length }) => length >= 6);
    for (const at of [0, 3]) {
      const least = Math.max(...versions.map((version) => version[at]));
      const most = Math.min(...versions.map((version) => version[at + 1]));
      const isMisfit = versions.some(({ [at + 2]: spoken }) => spoken < least || spoken > most);
      if (isMisfit) return `a member speaks a protocol that others do not understand`;
    }
    return '';
  }
}

function given<Message>(message: Message | null, act: (message: Message) => void): boolean {
  if (message === null) return false;
  act(message);
  return true;
}

function asUser(message: Uint8Array): Uint8Array {
  const user = new Uint8Array(USER_TYPE_BYTES + message.length);
  user[0] = SWIM.user;
  user.set(message, USER_TYPE_BYTES);
  return user;
}
