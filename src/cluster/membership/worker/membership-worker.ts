/**
 * Membership in a thread of its own: a long command or a collection of garbage in the main thread
 * then makes no other node believe that this one is dead.
 *
 *     main thread                        thread of the gossip
 *     MembershipWorker  --- calls --->   GossipMembership --- UDP, TCP
 *                       <-- members --   looks at the progress of the main thread, tells others
 */
import { NodeError, type NodeErrorCode } from '../../../base/errors.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Timer, Worker, World } from '../../../base/world.ts';
import { GossipMembership } from '../gossip-membership.ts';
import { GossipMetrics } from '../gossip-metrics.ts';
import type {
  Member,
  Membership,
  MembershipListener,
  MembershipOptions,
  MembershipStats,
} from '../membership.ts';
import { refuseLongEvent } from '../serf/serf.ts';
import { encodeTags } from '../serf/tags.ts';
import { beatProgress } from './main-progress.ts';
import {
  type FromWorker,
  type Refusal,
  STAT_NAMES,
  type ToWorker,
  type WorkerData,
} from './worker-messages.ts';

const WORKER_NAME = 'membership';

export interface MembershipContext {
  readonly world: World;
  readonly logger: Logger;
  readonly options: MembershipOptions;
  /** The node's, where its metrics are counted. */
  readonly counters: Float64Array;
  /** The thread ended by a mistake of ours: the node must stop. */
  readonly onFailure: (error: unknown) => void;
}

/** In a thread where the world has threads, else in this one. */
export function createMembership(context: MembershipContext): Membership {
  const { world, logger, options, counters } = context;
  const progress = new SharedArrayBuffer(4);
  const stats = new SharedArrayBuffer(8 * STAT_NAMES.length);
  const data: WorkerData = { options, progress, stats, isDebug: logger.isDebug() };
  const worker = world.startWorker(WORKER_NAME, data);
  if (worker === null) return new GossipMembership({ world, logger, options, counters });
  return new MembershipWorker(context, worker, data);
}

interface Promised<Result> {
  resolve(result: Result): void;
  reject(error: Error): void;
}

class MembershipWorker implements Membership {
  members: readonly Member[] = [];
  port = 0;
  failure = '';
  private readonly logger: Logger;
  private readonly worker: Worker;
  private readonly onFailure: (error: unknown) => void;
  private readonly shared: Float64Array;
  private readonly beat: Timer;
  private readonly metrics: GossipMetrics;
  private listener: MembershipListener = { onMember: () => {} };
  private starting: Promised<void> | null = null;
  private leaving: Promised<void> | null = null;
  private readonly asked = new Map<number, Promised<Map<string, Uint8Array>>>();
  private askedCount = 0;
  private isStopped = false;

  constructor(context: MembershipContext, worker: Worker, data: WorkerData) {
    this.logger = context.logger;
    this.onFailure = context.onFailure;
    this.worker = worker;
    this.shared = new Float64Array(data.stats);
    this.beat = beatProgress(context.world, data.progress);
    this.metrics = new GossipMetrics(context.world, this, context.counters);
    worker.onMessage((message) => this.take(message as FromWorker));
    worker.onExit((failure) => this.onExit(failure));
  }

  get stats(): MembershipStats {
    const { shared } = this;
    const pairs = STAT_NAMES.map((name, i) => [name, shared[i]]);
    return Object.fromEntries(pairs) as unknown as MembershipStats;
  }

  listen(listener: MembershipListener): void {
    this.listener = listener;
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.starting = { resolve, reject };
      this.post({ kind: 'start' });
    });
  }

  setTags(tags: ReadonlyMap<string, string>): void {
    // So that too long ones are refused here, where the caller is.
    encodeTags(tags);
    this.post({ kind: 'tags', tags });
  }

  sendEvent(name: string, payload: Uint8Array): void {
    refuseLongEvent(name, payload);
    this.post({ kind: 'event', name, payload });
  }

  ask(name: string, payload: Uint8Array, timeoutMs: number): Promise<Map<string, Uint8Array>> {
    if (this.isStopped) return Promise.resolve(new Map());
    const id = ++this.askedCount;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.post({ kind: 'ask', id, name, payload, timeoutMs });
    });
  }

  join(host: string, port: number): void {
    this.post({ kind: 'join', host, port });
  }

  check(name: string): void {
    this.post({ kind: 'check', name });
  }

  forceLeave(name: string): void {
    this.post({ kind: 'forceLeave', name });
  }

  leave(): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.leaving = { resolve, reject };
      this.post({ kind: 'leave' });
    });
  }

  stop(): void {
    if (this.isStopped) return;
    this.post({ kind: 'stop' });
    this.isStopped = true;
    this.beat.cancel();
    this.metrics.stop();
    for (const { resolve } of this.asked.values()) resolve(new Map());
    this.asked.clear();
  }

  private take(message: FromWorker): void {
    switch (message.kind) {
      case 'started':
        this.port = message.port;
        this.starting?.resolve();
        return;
      case 'refused':
        this.starting?.reject(errorOf(message.refusal));
        return;
      case 'members':
        this.members = message.members;
        for (const member of message.changed) this.listener.onMember(member);
        return;
      case 'failure':
        this.failure = message.text;
        return;
      case 'event':
        return this.listener.onUserEvent?.(message.name, message.payload);
      case 'query':
        return this.onQuery(message);
      case 'answers':
        return this.takePromise(message.id)?.resolve(message.answers);
      case 'unasked':
        return this.takePromise(message.id)?.reject(errorOf(message.refusal));
      case 'left':
        return this.leaving?.resolve();
      case 'log':
        return this.log(message);
    }
  }

  private onQuery({ id, name, payload, from }: Extract<FromWorker, { kind: 'query' }>): void {
    this.listener.onQuery?.({
      name,
      payload,
      from,
      respond: (answer) => this.post({ kind: 'respond', id, payload: answer }),
    });
  }

  private log(line: Extract<FromWorker, { kind: 'log' }>): void {
    const { level, action, message, facts } = line;
    this.logger[level](action, message, facts);
  }

  private takePromise(id: number): Promised<Map<string, Uint8Array>> | undefined {
    const promised = this.asked.get(id);
    this.asked.delete(id);
    return promised;
  }

  private onExit(failure: Error | null): void {
    this.leaving?.resolve();
    if (failure === null) {
      this.stop();
      return;
    }
    this.starting?.reject(failure);
    this.stop();
    this.onFailure(failure);
  }

  private post(message: ToWorker): void {
    if (!this.isStopped) this.worker.post(message);
  }
}

function errorOf({ code, message, facts }: Refusal): NodeError {
  return new NodeError(code as NodeErrorCode, message, facts);
}
