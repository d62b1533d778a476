import type { Logger } from '../../base/logger.ts';
import type { Timer, World } from '../../base/world.ts';
import { ClusterFiles } from './cluster-files.ts';
import { GossipMetrics } from './gossip-metrics.ts';
import type {
  Member,
  Membership,
  MembershipListener,
  MembershipOptions,
  MembershipStats,
} from './membership.ts';
import { findOwnAddress } from './own-address.ts';
import { Rejoining } from './rejoining.ts';
import { CONFLICT_QUERY, Serf } from './serf/serf.ts';
import { encodeTags } from './serf/tags.ts';
import { createGossipStats } from './swim/gossip-stats.ts';
import { Swim } from './swim/swim.ts';
import { TIMING } from './swim/timing.ts';
import type { Keyring } from './wire/keyring.ts';
import { Sealing } from './wire/sealing.ts';
import { parseConflictResponse } from './wire/serf-parsers.ts';

const NOBODY: MembershipListener = { onMember: () => {} };
const SAVE_DELAY_MS = 1_000;
/** Members that are forgotten are no news: the file follows them so often. */
const SAVE_PERIOD_MS = 60 * 60 * 1000;
/** A farewell that could not be spread by then is not waited for any longer. */
const LEAVE_MS_MAX = 3_000;
const EPOCH_2025_S = 1_735_689_600;

/** Gossip in this very thread: a pure state machine over the world that it is given. */
export class GossipMembership implements Membership {
  failure = '';
  readonly stats: MembershipStats;
  private readonly world: World;
  private readonly logger: Logger;
  private readonly options: MembershipOptions;
  private readonly files: ClusterFiles;
  private readonly keyring: Keyring | null;
  private readonly swim: Swim;
  private readonly serf: Serf;
  private readonly rejoining: Rejoining;
  private readonly metrics: GossipMetrics | null;
  private listener = NOBODY;
  private tags: ReadonlyMap<string, string>;
  private saveTimer: Timer | null = null;
  private saveBeat: Timer | null = null;
  private isStopped = false;

  /**
   * @param context.stalledMs  for how long the main thread has stood still by now
   * @param context.counters   the node's, where its metrics are counted
   */
  constructor(context: {
    world: World;
    logger: Logger;
    options: MembershipOptions;
    stalledMs?: () => number;
    counters?: Float64Array;
  }) {
    const { world, logger, options } = context;
    this.world = world;
    this.logger = logger;
    this.options = options;
    this.tags = options.tags;
    const { directory, clusterKey, nodeId } = options;
    this.files = new ClusterFiles({ disk: world.disk, logger, directory });
    this.keyring = this.files.loadKeyring(clusterKey);
    const { keyring } = this;
    const stats = createGossipStats();
    this.stats = stats;
    this.serf = new Serf({
      world,
      logger,
      selfName: nodeId,
      keyring,
      listener: {
        onMember: (member) => this.onMember(member),
        onUserEvent: (name, payload) => this.listener.onUserEvent?.(name, payload),
        onQuery: (query) => this.listener.onQuery?.(query),
      },
      send: (message, address, port) => this.swim.sendUser(message, address, port),
      stalledMs: context.stalledMs ?? (() => 0),
      onKeysChanged: () => keyring && this.files.saveKeyring(clusterKey, keyring),
      onNameTaken: () => void this.voteOnName(),
    });
    const sealing = keyring === null ? null : new Sealing(world, keyring);
    const envelope = { sealing, label: encoder.encode(options.label ?? '') };
    this.swim = new Swim({ world, logger, name: nodeId, envelope, stats, events: this.serf });
    const { swim } = this;
    const { seeds, seedDns, seedDnsPort } = options;
    this.rejoining = new Rejoining({
      world,
      logger,
      selfName: nodeId,
      swim,
      book: this.serf.book,
      seeds,
      seedDns,
      seedDnsPort,
      known: this.files.loadPeers(),
      onJoined: () => this.serf.sayJoined(),
    });
    const { counters } = context;
    this.metrics = counters === undefined ? null : new GossipMetrics(world, this, counters);
  }

  get members(): readonly Member[] {
    return this.serf.book.members;
  }

  get port(): number {
    return this.swim.transport.port;
  }

  listen(listener: MembershipListener): void {
    this.listener = listener;
  }

  async start(): Promise<void> {
    const { world, logger } = this;
    const { host, port, advertiseHost, advertisePort, seeds } = this.options;
    await this.swim.transport.bind(host, port);
    const ownAddress = { world, logger, host, seeds };
    const address = advertiseHost === '' ? await findOwnAddress(ownAddress) : advertiseHost;
    if (this.isStopped) return;
    this.serf.start();
    this.saveBeat = world.timers.every(SAVE_PERIOD_MS, () => this.savePeers());
    this.swim.start({
      address,
      port: advertisePort === 0 ? this.port : advertisePort,
      meta: encodeTags(this.tags),
      // Beyond that of the process before, whose news others may still tell.
      incarnation: Math.max(1, Math.floor(this.world.clock.wallMs() / 1000) - EPOCH_2025_S),
    });
    await this.rejoining.start();
  }

  setTags(tags: ReadonlyMap<string, string>): void {
    this.tags = tags;
    const meta = encodeTags(tags);
    if (this.swim.rumours.self !== null) this.swim.rumours.describe(meta);
  }

  sendEvent(name: string, payload: Uint8Array): void {
    this.serf.sendEvent(name, payload);
  }

  ask(name: string, payload: Uint8Array, timeoutMs: number): Promise<Map<string, Uint8Array>> {
    return this.serf.queries.ask(name, payload, timeoutMs);
  }

  join(host: string, port: number): void {
    this.rejoining.want(host, port);
  }

  check(name: string): void {
    this.swim.check(name);
  }

  forceLeave(name: string): void {
    this.rejoining.forget(name);
    this.serf.sayLeaving(name, null);
  }

  async leave(): Promise<void> {
    if (this.isStopped) return;
    this.rejoining.stop();
    if (this.swim.hasLivingPeers) {
      this.swim.hasten();
      const { nodeId } = this.options;
      await this.spread((onSpread) => this.serf.sayLeaving(nodeId, onSpread));
      await this.spread((onSpread) => this.swim.rumours.sayFarewell(onSpread));
      // Who was told goes on to tell it, and may ask this node about it.
      await this.pause(TIMING.gossipMs);
    }
    this.stop();
  }

  stop(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    if (this.saveTimer !== null) this.savePeers();
    this.saveBeat?.cancel();
    this.metrics?.stop();
    this.rejoining.stop();
    this.serf.stop();
    this.swim.stop();
  }

  private onMember(member: Member): void {
    if (this.isStopped) return;
    this.listener.onMember(member);
    // Many come at once when a node joins.
    this.saveTimer ??= this.world.timers.after(SAVE_DELAY_MS, () => this.savePeers());
  }

  private savePeers(): void {
    this.saveTimer?.cancel();
    this.saveTimer = null;
    const { nodeId } = this.options;
    const isKept = ({ name, status }: Member) => name !== nodeId && status !== 'left';
    const met = this.members.filter(isKept);
    this.files.savePeers([...met, ...this.rejoining.missing]);
  }

  /** Resolves when it is told often enough, or nobody listens. */
  private spread(begin: (onSpread: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.world.timers.after(LEAVE_MS_MAX, resolve);
      begin(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.world.timers.after(ms, resolve));
  }

  /**
   * Another living process has this node's name. The others say whom they know by it; who is not
   * that one keeps out, so that not both go on as one member.
   */
  private async voteOnName(): Promise<void> {
    const { nodeId } = this.options;
    const timeoutMs = this.serf.queries.defaultTimeoutMs();
    const answers = await this.ask(CONFLICT_QUERY, encoder.encode(nodeId), timeoutMs);
    const { self } = this.swim.rumours;
    if (this.isStopped || self === null) return;
    let forCount = 0;
    for (const payload of answers.values()) {
      const vote = parseConflictResponse(payload);
      if (vote?.address === self.address && vote.port === self.port) forCount++;
    }
    if (answers.size === 0 || forCount >= Math.floor(answers.size / 2) + 1) return;
    this.failure = `Another node is known as ${nodeId}: gossip is stopped here`;
    this.logger.error('conflict', this.failure, { votes: answers.size, forCount });
    this.stop();
  }
}

const encoder = new TextEncoder();
