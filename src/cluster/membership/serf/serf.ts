/**
 * Serf on top of SWIM: members with tags and intents, events and queries for all, keys of the ring.
 * @source https://github.com/hashicorp/serf (delegate.go, serf.go, internal_query.go)
 */
import { NodeError } from '../../../base/errors.ts';
import { LIMITS } from '../../../base/limits.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Timer, World } from '../../../base/world.ts';
import type { MembershipListener } from '../membership.ts';
import { BroadcastQueue, type NewsRoom } from '../swim/broadcast-queue.ts';
import type { SwimNode } from '../swim/node-table.ts';
import type { SwimEvents } from '../swim/swim-events.ts';
import type { Keyring } from '../wire/keyring.ts';
import {
  encodeConflictResponse,
  encodeIntent,
  encodeSerfState,
  encodeUserEvent,
  SERF,
  type UserEvent,
} from '../wire/serf-messages.ts';
import {
  parseIntent,
  parseQuery,
  parseQueryResponse,
  parseRelay,
  parseSerfState,
  parseUserEvent,
} from '../wire/serf-parsers.ts';
import type { Alive } from '../wire/swim-messages.ts';
import { encodeStall, parseStall } from './ack-payload.ts';
import { EventRing } from './event-ring.ts';
import { KeyQueries } from './key-queries.ts';
import { LamportClock } from './lamport-clock.ts';
import { MemberBook } from './member-book.ts';
import { type AnswerableQuery, QueryDesk } from './query-desk.ts';

const REAP_MS = 15_000;
/** Queries of Serf's own. */
const INTERNAL_PREFIX = '_serf_';
export const CONFLICT_QUERY = '_serf_conflict';
/** A main thread that stood still for so long is busy. */
const BUSY_MS = 400;
/** What nodes of HyperCache have among their tags, and agents have not. */
const OUR_TAG = 'hc';
const NO_PAYLOAD: Uint8Array = new Uint8Array(0);

export interface SerfOptions {
  readonly world: World;
  readonly logger: Logger;
  readonly selfName: string;
  readonly keyring: Keyring | null;
  readonly listener: MembershipListener;
  readonly send: (message: Uint8Array, address: string, port: number) => void;
  /** For how long the main thread has not turned by now. */
  readonly stalledMs: () => number;
  readonly onKeysChanged: () => void;
  /** A living process elsewhere has this node's name. */
  readonly onNameTaken: (other: Alive) => void;
}

export class Serf implements SwimEvents {
  readonly book: MemberBook;
  readonly queries: QueryDesk;
  private readonly world: World;
  private readonly logger: Logger;
  private readonly options: SerfOptions;
  private readonly clock = new LamportClock();
  private readonly eventClock = new LamportClock();
  private readonly events = new EventRing<UserEvent>(isSameEvent);
  /** Events before it were for those who were members then. */
  private eventMinTime = 0;
  private readonly intents = new BroadcastQueue();
  private readonly queryNews = new BroadcastQueue();
  private readonly eventNews = new BroadcastQueue();
  private readonly keys: KeyQueries;
  private reapTimer: Timer | null = null;
  private isLeaving = false;

  constructor(options: SerfOptions) {
    const { world, logger, selfName, keyring, listener, send } = options;
    this.world = world;
    this.logger = logger;
    this.options = options;
    this.book = new MemberBook({
      world,
      selfName,
      clock: this.clock,
      onMember: (member) => listener.onMember(member),
    });
    const { book, queryNews: queue } = this;
    const onQuery = (query: AnswerableQuery) => this.onQuery(query);
    this.queries = new QueryDesk({ world, logger, selfName, book, queue, send, onQuery });
    this.keys = new KeyQueries({ keyring, logger, onChange: options.onKeysChanged });
  }

  start(): void {
    this.reapTimer = this.world.timers.every(REAP_MS, () => this.book.reap());
  }

  stop(): void {
    this.reapTimer?.cancel();
    this.queries.stop();
    for (const queue of this.allNews()) queue.clear();
  }

  /** This node says that it is here to stay: an intent to leave of before is void. */
  sayJoined(): void {
    const intent = { time: this.clock.next(), node: this.options.selfName, isPrune: false };
    this.book.hearJoin(intent);
    this.intents.add(encodeIntent(SERF.join, intent), '');
  }

  /** @param onSpread  it was told often enough */
  sayLeaving(node: string, onSpread: (() => void) | null): void {
    if (node === this.options.selfName) this.isLeaving = true;
    const intent = { time: this.clock.next(), node, isPrune: false };
    this.book.hearLeave(intent);
    this.intents.add(encodeIntent(SERF.leave, intent), '', onSpread);
  }

  /** Throws NodeError UNSUPPORTED when it is longer than members take. */
  sendEvent(name: string, payload: Uint8Array): void {
    refuseLongEvent(name, payload);
    const event = { time: this.eventClock.next(), name, payload, isCoalesced: false };
    this.hearEvent(event);
    this.eventNews.add(encodeUserEvent(event), '');
  }

  onAlive(node: SwimNode): void {
    this.book.onAlive(node);
  }

  onChanged(node: SwimNode): void {
    this.book.onChanged(node);
  }

  onGone(node: SwimNode): void {
    this.book.onGone(node);
  }

  onConflict(known: SwimNode, other: Alive): void {
    this.logger.warn('conflict', 'two living nodes have one name', {
      peer: known.name,
      known: known.address,
      other: other.address,
    });
    if (known.name === this.options.selfName) this.options.onNameTaken(other);
  }

  onUserMessage(message: Uint8Array): void {
    switch (message[0]) {
      case SERF.leave:
        return this.onLeaveIntent(message);
      case SERF.join:
        return this.onJoinIntent(message);
      case SERF.userEvent:
        return this.onUserEvent(message);
      case SERF.query: {
        const query = parseQuery(message);
        if (query !== null && this.queries.hear(query)) this.queryNews.add(message.slice(), '');
        return;
      }
      case SERF.queryResponse: {
        const response = parseQueryResponse(message);
        if (response !== null) this.queries.hearResponse(response);
        return;
      }
      case SERF.relay: {
        const relay = parseRelay(message);
        // One that asks to be relayed again would go in circles.
        if (relay === null || relay.inner[0] === SERF.relay) return;
        this.options.send(relay.inner, relay.to.address, relay.to.port);
        return;
      }
      default:
        this.logger.debug('message', 'a message of unknown type was left out', {
          type: message[0] ?? -1,
        });
    }
  }

  userState(): Uint8Array {
    const { members } = this.book;
    return encodeSerfState({
      time: this.clock.time,
      statusTimes: new Map(members.map(({ name, statusTime }) => [name, statusTime])),
      leftMembers: members.filter(({ status }) => status === 'left').map(({ name }) => name),
      eventTime: this.eventClock.time,
      events: this.events.items.map(({ item }) => item),
      queryTime: this.queries.clock.time,
    });
  }

  mergeUserState(bytes: Uint8Array, isJoin: boolean): void {
    const state = bytes[0] === SERF.pushPull ? parseSerfState(bytes) : null;
    if (state === null) return;
    this.clock.witness(state.time - 1);
    this.eventClock.witness(state.eventTime - 1);
    this.queries.clock.witness(state.queryTime - 1);
    const left = new Set(state.leftMembers);
    for (const [node, time] of state.statusTimes) {
      const intent = { time, node, isPrune: false };
      if (left.has(node)) this.hearLeave(intent);
      else this.book.hearJoin(intent);
    }
    // Who asked to join got the history of the cluster: it is not for it.
    if (isJoin) this.eventMinTime = Math.max(this.eventMinTime, state.eventTime);
    for (const event of state.events) this.hearEvent(event);
  }

  hasNews(): boolean {
    return this.allNews().some((queue) => !queue.isEmpty);
  }

  takeNews(room: NewsRoom): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let { byteCount } = room;
    for (const queue of this.allNews()) {
      for (const message of queue.take({ ...room, byteCount })) {
        taken.push(message);
        byteCount -= message.length + room.partBytes;
      }
    }
    return taken;
  }

  ackPayload(asker: string): Uint8Array {
    const isOurs = this.book.find(asker)?.tags.has(OUR_TAG) === true;
    return isOurs ? encodeStall(this.options.stalledMs()) : NO_PAYLOAD;
  }

  onAckPayload(node: SwimNode, payload: Uint8Array): void {
    this.book.onBusy(node.name, parseStall(payload) >= BUSY_MS);
  }

  onUnanswered(node: SwimNode): void {
    this.book.onBusy(node.name, false);
  }

  private onLeaveIntent(message: Uint8Array): void {
    const intent = parseIntent(message);
    if (intent !== null && this.hearLeave(intent)) this.intents.add(message.slice(), '');
  }

  private onJoinIntent(message: Uint8Array): void {
    const intent = parseIntent(message);
    if (intent !== null && this.book.hearJoin(intent)) this.intents.add(message.slice(), '');
  }

  private onUserEvent(message: Uint8Array): void {
    const event = parseUserEvent(message);
    if (event === null) return;
    const byteCount = event.name.length + event.payload.length;
    if (byteCount > LIMITS.gossipForeignEventBytesMax) return;
    if (this.hearEvent(event)) this.eventNews.add(message.slice(), '');
  }

  private hearLeave(intent: { time: number; node: string; isPrune: boolean }): boolean {
    const self = this.book.find(this.options.selfName);
    const isOwn = intent.node === this.options.selfName && !this.isLeaving;
    // Somebody takes this node for one that left, or an old intent goes round: it stays.
    if (isOwn && self !== null && intent.time > self.statusTime) {
      this.clock.witness(intent.time);
      this.sayJoined();
      return false;
    }
    return !isOwn && this.book.hearLeave(intent);
  }

  /** @returns whether it is to be passed on */
  private hearEvent(event: UserEvent): boolean {
    this.eventClock.witness(event.time);
    if (event.time < this.eventMinTime) return false;
    if (!this.events.add(event.time, event, this.eventClock.time)) return false;
    this.options.listener.onUserEvent?.(event.name, event.payload);
    return true;
  }

  private onQuery(query: AnswerableQuery): void {
    const keyAnswer = this.keys.answer(query.name, query.payload);
    if (keyAnswer !== null) query.respond(keyAnswer);
    else if (query.name === CONFLICT_QUERY) this.tellOfConflict(query);
    else if (!query.name.startsWith(INTERNAL_PREFIX)) this.options.listener.onQuery?.(query);
  }

  /** Who this node knows by that name. */
  private tellOfConflict(query: AnswerableQuery): void {
    const name = decoder.decode(query.payload);
    const member = name === this.options.selfName ? null : this.book.find(name);
    if (member !== null) query.respond(encodeConflictResponse(member));
  }

  private allNews(): BroadcastQueue[] {
    return [this.intents, this.queryNews, this.eventNews];
  }
}

/** Throws NodeError UNSUPPORTED. */
export function refuseLongEvent(name: string, payload: Uint8Array): void {
  const byteCount = Buffer.byteLength(name) + payload.length;
  if (byteCount <= LIMITS.gossipEventBytesMax) return;
  const text = `An event of ${byteCount} bytes is too long`;
  throw new NodeError('UNSUPPORTED', text, { byteCount });
}

function isSameEvent(left: UserEvent, right: UserEvent): boolean {
  if (left.name !== right.name || left.payload.length !== right.payload.length) return false;
  return left.payload.every((byte, i) => byte === right.payload[i]);
}

const decoder = new TextDecoder();
