import { NodeError } from '../../../base/errors.ts';
import type { LogFacts, Logger } from '../../../base/logger.ts';
import type { World } from '../../../base/world.ts';
import { GossipMembership } from '../gossip-membership.ts';
import type { GossipQuery, Member } from '../membership.ts';
import { ProgressWatch } from './main-progress.ts';
import {
  type FromWorker,
  type Refusal,
  STAT_NAMES,
  type ToWorker,
  type WorkerData,
} from './worker-messages.ts';

/** How the thread speaks with the one that started it. */
export interface WorkerLine {
  readonly data: unknown;
  post(message: unknown): void;
  onMessage(callback: (message: unknown) => void): void;
  close(): void;
}

const STATS_MS = 500;
/** Queries that nobody answered are forgotten, the oldest first. */
const QUERY_COUNT_MAX = 256;

/** All that the thread of the gossip does: the membership itself, for the main thread. */
export function serveMembership(line: WorkerLine, world: World): void {
  const service = new MembershipService(line, world);
  line.onMessage((message) => service.take(message as ToWorker));
}

class MembershipService {
  private readonly line: WorkerLine;
  private readonly world: World;
  private readonly membership: GossipMembership;
  private readonly progress: ProgressWatch;
  private readonly stats: Float64Array;
  private readonly queries = new Map<number, GossipQuery>();
  private queryCount = 0;
  private changed: Member[] = [];
  private toldFailure = '';

  constructor(line: WorkerLine, world: World) {
    this.line = line;
    this.world = world;
    const data = line.data as WorkerData;
    this.stats = new Float64Array(data.stats);
    this.progress = new ProgressWatch(world, data.progress);
    this.membership = new GossipMembership({
      world,
      logger: this.createLogger(data.isDebug),
      options: data.options,
      stalledMs: () => this.progress.stalledMs(),
    });
    this.membership.listen({
      onMember: (member) => this.onMember(member),
      onUserEvent: (name, payload) => this.post({ kind: 'event', name, payload }),
      onQuery: (query) => this.onQuery(query),
    });
    world.timers.every(STATS_MS, () => this.shareStats());
  }

  take(message: ToWorker): void {
    const { membership } = this;
    switch (message.kind) {
      case 'start':
        return void this.start();
      case 'tags':
        return membership.setTags(message.tags);
      case 'event':
        return membership.sendEvent(message.name, message.payload);
      case 'ask':
        return void this.ask(message);
      case 'respond':
        this.queries.get(message.id)?.respond(message.payload);
        this.queries.delete(message.id);
        return;
      case 'join':
        return membership.join(message.host, message.port);
      case 'check':
        return membership.check(message.name);
      case 'forceLeave':
        return membership.forceLeave(message.name);
      case 'leave':
        return void this.leave();
      case 'stop':
        return this.stop();
    }
  }

  private async start(): Promise<void> {
    try {
      await this.membership.start();
      this.post({ kind: 'started', port: this.membership.port });
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.post({ kind: 'refused', refusal: refusalOf(error) });
      this.stop();
    }
  }

  private async ask(message: Extract<ToWorker, { kind: 'ask' }>): Promise<void> {
    const { id, name, payload, timeoutMs } = message;
    try {
      const answers = await this.membership.ask(name, payload, timeoutMs);
      this.post({ kind: 'answers', id, answers });
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.post({ kind: 'unasked', id, refusal: refusalOf(error) });
    }
  }

  private async leave(): Promise<void> {
    await this.membership.leave();
    this.tellMembers();
    this.post({ kind: 'left' });
    this.stop();
  }

  private stop(): void {
    this.membership.stop();
    this.progress.stop();
    this.shareStats();
    this.line.close();
  }

  private onQuery(query: GossipQuery): void {
    const id = ++this.queryCount;
    if (this.queries.size >= QUERY_COUNT_MAX) {
      const [oldest] = this.queries.keys();
      this.queries.delete(oldest);
    }
    this.queries.set(id, query);
    const { name, payload, from } = query;
    this.post({ kind: 'query', id, name, payload, from });
  }

  /** Many change at once when a node joins: they are told together. */
  private onMember(member: Member): void {
    if (this.changed.length === 0) this.world.timers.atTurnEnd(() => this.tellMembers());
    this.changed.push({ ...member });
  }

  private tellMembers(): void {
    const { changed } = this;
    if (changed.length === 0) return;
    this.changed = [];
    this.post({ kind: 'members', members: this.membership.members, changed });
  }

  private shareStats(): void {
    const { stats, failure } = this.membership;
    for (let i = 0; i < STAT_NAMES.length; i++) this.stats[i] = stats[STAT_NAMES[i]];
    if (failure === this.toldFailure) return;
    this.toldFailure = failure;
    this.post({ kind: 'failure', text: failure });
  }

  private createLogger(isDebug: boolean): Logger {
    const log =
      (level: 'debug' | 'info' | 'warn' | 'error') =>
      (action: string, message: string, facts: LogFacts = {}) =>
        this.post({ kind: 'log', level, action, message, facts });
    const logger: Logger = {
      debug: isDebug ? log('debug') : () => {},
      info: log('info'),
      warn: log('warn'),
      error: log('error'),
      isDebug: () => isDebug,
      child: () => logger,
    };
    return logger;
  }

  private post(message: FromWorker): void {
    this.line.post(message);
  }
}

function refusalOf({ code, message, facts }: NodeError): Refusal {
  return { code, message, facts };
}
