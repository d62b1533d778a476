/**
 * Questions to all members. A question rides on packets as news do; each member that it is meant
 * for answers straight to who asked, and asks some others to pass the answer on as well.
 */
import { NodeError } from '../../../base/errors.ts';
import { LIMITS } from '../../../base/limits.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Timer, World } from '../../../base/world.ts';
import type { BroadcastQueue } from '../swim/broadcast-queue.ts';
import { chooseBelow, TIMING } from '../swim/timing.ts';
import {
  encodeQuery,
  encodeQueryResponse,
  encodeRelay,
  QUERY_FLAG,
  type Query,
  type QueryResponse,
  RESPONSE_FLAG,
} from '../wire/serf-messages.ts';
import { EventRing } from './event-ring.ts';
import { LamportClock } from './lamport-clock.ts';
import type { MemberBook } from './member-book.ts';
import { isMeantFor } from './query-filters.ts';

const TIMEOUT_FACTOR = 16;
const RELAY_COUNT_MAX = 5;
const NO_PAYLOAD: Uint8Array = new Uint8Array(0);

interface OpenQuery {
  readonly answers: Map<string, Uint8Array>;
  readonly finish: () => void;
}

export interface AnswerableQuery {
  readonly name: string;
  readonly payload: Uint8Array;
  readonly from: string;
  respond(payload: Uint8Array): void;
}

export class QueryDesk {
  readonly clock = new LamportClock();
  private readonly world: World;
  private readonly logger: Logger;
  private readonly selfName: string;
  private readonly book: MemberBook;
  private readonly queue: BroadcastQueue;
  private readonly send: (message: Uint8Array, address: string, port: number) => void;
  private readonly onQuery: (query: AnswerableQuery) => void;
  private readonly ring = new EventRing<number>((left, right) => left === right);
  private readonly openQueries = new Map<number, OpenQuery>();

  /** @param options.send  one message straight to an address */
  constructor(options: {
    world: World;
    logger: Logger;
    selfName: string;
    book: MemberBook;
    queue: BroadcastQueue;
    send: (message: Uint8Array, address: string, port: number) => void;
    onQuery: (query: AnswerableQuery) => void;
  }) {
    this.world = options.world;
    this.logger = options.logger;
    this.selfName = options.selfName;
    this.book = options.book;
    this.queue = options.queue;
    this.send = options.send;
    this.onQuery = options.onQuery;
  }

  /** How long all members need at most to hear of something and to answer. */
  defaultTimeoutMs(): number {
    const rounds = Math.ceil(Math.log10(this.book.aliveCount + 1));
    return TIMING.gossipMs * TIMEOUT_FACTOR * rounds;
  }

  /** Rejects with NodeError UNSUPPORTED when it is longer than members take. */
  ask(name: string, payload: Uint8Array, timeoutMs: number): Promise<Map<string, Uint8Array>> {
    const self = this.book.find(this.selfName);
    const query: Query = {
      time: this.clock.next(),
      id: this.world.random.u32(),
      address: self?.address ?? '',
      port: self?.port ?? 0,
      sourceNode: this.selfName,
      filters: [],
      flags: 0,
      relayFactor: 0,
      timeoutMs,
      name,
      payload,
    };
    const message = encodeQuery(query);
    const byteCount = message.length;
    if (byteCount > LIMITS.gossipQueryBytesMax) {
      const text = `A query of ${byteCount} bytes is too long`;
      return Promise.reject(new NodeError('UNSUPPORTED', text, { byteCount }));
    }
    if (this.openQueries.size >= LIMITS.gossipQueryCountMax) {
      return Promise.reject(new NodeError('UNSUPPORTED', 'Too many queries wait for answers'));
    }
    return new Promise((resolve) => {
      const answers = new Map<string, Uint8Array>();
      let timer: Timer | null = null;
      const finish = () => {
        timer?.cancel();
        this.openQueries.delete(query.id);
        resolve(answers);
      };
      timer = this.world.timers.after(timeoutMs, finish);
      this.openQueries.set(query.id, { answers, finish });
      this.ring.add(query.time, query.id, this.clock.time);
      this.queue.add(message, '');
      this.take(query);
    });
  }

  /** @returns whether it is to be passed on */
  hear(query: Query): boolean {
    this.clock.witness(query.time);
    if (!this.ring.add(query.time, query.id, this.clock.time)) return false;
    this.take(query);
    return (query.flags & QUERY_FLAG.noBroadcast) === 0;
  }

  hearResponse(response: QueryResponse): void {
    const open = this.openQueries.get(response.id);
    if (open === undefined || (response.flags & RESPONSE_FLAG.ack) !== 0) return;
    // Nobody answers twice; a relayed answer comes twice.
    if (open.answers.has(response.from) || this.book.find(response.from) === null) return;
    open.answers.set(response.from, response.payload);
    if (open.answers.size >= this.book.aliveCount) open.finish();
  }

  stop(): void {
    for (const { finish } of [...this.openQueries.values()]) finish();
  }

  private take(query: Query): void {
    const self = this.book.find(this.selfName);
    if (!isMeantFor(query.filters, this.selfName, self?.tags ?? NO_TAGS)) return;
    if ((query.flags & QUERY_FLAG.ack) !== 0) this.reply(query, RESPONSE_FLAG.ack, NO_PAYLOAD);
    const deadlineMs = this.world.clock.monotonicMs() + query.timeoutMs;
    let isAnswered = false;
    this.onQuery({
      name: query.name,
      payload: query.payload,
      from: query.sourceNode,
      respond: (payload) => {
        if (isAnswered || this.world.clock.monotonicMs() > deadlineMs) return;
        isAnswered = true;
        this.reply(query, 0, payload);
      },
    });
  }

  private reply(query: Query, flags: number, payload: Uint8Array): void {
    const response = { time: query.time, id: query.id, from: this.selfName, flags, payload };
    if (query.sourceNode === this.selfName) {
      this.hearResponse(response);
      return;
    }
    const message = encodeQueryResponse(response);
    if (message.length > LIMITS.gossipQueryBytesMax) {
      const facts = { query: query.name, byteCount: message.length };
      this.logger.warn('query', 'an answer is too long and was not sent', facts);
      return;
    }
    this.send(message, query.address, query.port);
    this.relay(query, message);
  }

  private relay(query: Query, message: Uint8Array): void {
    if (query.relayFactor === 0 || query.sourceNode === '') return;
    const others = this.book.members.filter(
      ({ name, status }) =>
        status === 'alive' && name !== this.selfName && name !== query.sourceNode,
    );
    const { address, port, sourceNode: node } = query;
    const relayed = encodeRelay({ address, port, node }, message);
    const count = Math.min(query.relayFactor, RELAY_COUNT_MAX);
    for (let i = 0; i < count && others.length > 0; i++) {
      const [other] = others.splice(chooseBelow(this.world, others.length), 1);
      this.send(relayed, other.address, other.port);
    }
  }
}

const NO_TAGS: ReadonlyMap<string, string> = new Map();
