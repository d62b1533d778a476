/**
 * The rooms of the cluster, as one node has them. Built after its data is loaded and before the
 * first command; started when its ports are known; stopped in the reverse order.
 *
 *     membership   the gossip: who is there             peers         links with them
 *     placement    who owns what                        replication   effects to all copies
 *     repair       fills and mends copies               routing       commands to their owners
 */
import { join } from 'node:path';
import { NodeError } from './base/errors.ts';
import { LIMITS } from './base/limits.ts';
import { isLocalAddress } from './base/local-address.ts';
import type { Logger } from './base/logger.ts';
import type { Timer } from './base/world.ts';
import { ClusterServices } from './cluster/cluster-services.ts';
import { takeIncarnation } from './cluster/incarnation.ts';
import { ClusterFiles } from './cluster/membership/cluster-files.ts';
import type { Membership } from './cluster/membership/membership.ts';
import { createMembership } from './cluster/membership/worker/membership-worker.ts';
import { LINK_VERSIONS } from './cluster/peers/greeting.ts';
import { LinkBus } from './cluster/peers/link-bus.ts';
import { ClusterDirectory } from './cluster/placement/cluster-directory.ts';
import { ClusterView } from './cluster/placement/cluster-view.ts';
import { GossipOwnership } from './cluster/placement/gossip-ownership.ts';
import { LINK_VERSION_TAG } from './cluster/placement/node-record.ts';
import { Repair } from './cluster/repair/repair.ts';
import { ClockFile } from './cluster/replication/clock-file.ts';
import { NodeReplication } from './cluster/replication/node-replication.ts';
import { Router } from './cluster/routing/router.ts';
import type { ClusterService } from './commands/cluster-service.ts';
import type { NodeServices } from './commands/node-services.ts';
import type { ClientChannel, Session } from './commands/session.ts';
import type { TurnLoop } from './server/turn-loop.ts';

export interface NodeClusterOptions {
  readonly services: NodeServices;
  readonly loop: TurnLoop;
  readonly logger: Logger;
  openSession(channel: ClientChannel | null): Session;
  closeSession(session: Session): void;
}

const LOOK_EVERY_MS = 10;

export class NodeCluster {
  readonly service: ClusterService;
  private readonly options: NodeClusterOptions;
  /** The fixed ones; ports are added when they are bound. */
  private readonly tags = new Map<string, string>();
  private readonly bus: LinkBus;
  private readonly membership: Membership;
  private readonly view: ClusterView;
  private readonly clockFile: ClockFile | null;
  private readonly replication: NodeReplication;
  private readonly repair: Repair;
  private readonly router: Router;
  private isLeaving = false;

  /** @throws NodeError BAD_CONFIGURATION */
  constructor(options: NodeClusterOptions) {
    this.options = options;
    const { services, loop } = options;
    const { configuration, world } = services;
    const { cluster, node, persistence } = configuration;
    const logger = options.logger.child('cluster');
    requireSound(services, logger);
    const directory = persistence.enabled ? join(node.dataDir, 'cluster') : '';
    const incarnation = takeIncarnation(world, directory, logger);
    this.tags.set(LINK_VERSION_TAG, String(LINK_VERSIONS.max));
    this.tags.set('inc', String(incarnation));
    this.tags.set('version', services.version);
    const bus = this.createBus(incarnation);
    const membership = this.createGossip(directory);
    const files = new ClusterFiles({ disk: world.disk, logger, directory });
    const hasSeeds = cluster.seeds.length > 0 || cluster.seedDns !== '';
    const expectsOthers = hasSeeds || files.loadPeers().length > 0;
    const view = new ClusterView({
      world,
      logger,
      membership,
      bus,
      tags: this.tags,
      expectsOthers,
    });
    const ownership = new GossipOwnership(view, cluster);
    this.clockFile = directory === '' ? null : new ClockFile(world.disk, join(directory, 'clock'));
    const common = { node: services, bus, ownership, logger };
    const replication = new NodeReplication({
      ...common,
      clockBound: this.clockFile,
      askTurnEnd: () => loop.askTurnEnd(),
      isAlone: !expectsOthers,
    });
    this.repair = new Repair({
      ...common,
      replication,
      togetherPath: directory === '' ? '' : join(directory, 'together'),
      onFilled: () => view.setState('ready'),
      onFailure: (error) => this.fail(error),
    });
    const router = new Router({ node: services, loop, bus, ownership, replication });
    const nodes = new ClusterDirectory({
      clock: world.clock,
      view,
      membership,
      bus,
      ownership,
      settings: cluster,
    });
    this.bus = bus;
    this.membership = membership;
    this.view = view;
    this.replication = replication;
    this.router = router;
    this.service = new ClusterServices({
      directory: nodes,
      bus,
      replication,
      repair: this.repair,
      router,
    });
    this.orderTurn();
    this.followHealth();
  }

  /**
   * Opens the ports of links and gossip, and looks for the others. Who does not answer is not
   * waited for.
   * @throws NodeError PORT_REFUSED
   */
  async start(): Promise<void> {
    const { ports } = this.options.services;
    this.router.start();
    await this.bus.start();
    for (const [tag, port] of [
      ['resp', ports.resp],
      ['tls', ports.tls],
      ['redirect', ports.redirect],
      ['http', ports.http],
      ['link', this.bus.port],
    ] as const) {
      this.tags.set(tag, String(port));
    }
    this.membership.setTags(this.tags);
    await this.firstOf(this.membership.start(), LIMITS.clusterJoinMs);
    this.replication.start();
    this.repair.start();
    this.view.start();
    this.options.logger.info('cluster', 'The node can be joined', {
      gossipPort: this.membership.port,
      linkPort: this.bus.port,
    });
  }

  /**
   * Another node takes over what this one owns. Clients are served meanwhile, and afterwards: what
   * they write is forwarded.
   */
  async leave(): Promise<void> {
    this.isLeaving = true;
    // Who is alone has nobody to hand over to.
    if (this.view.liveIds.length === 1) return;
    // Those that it fills would have to begin with what they have got.
    const { shutdownTimeoutS } = this.options.services.configuration.node;
    await this.until(() => !this.view.isLastReady, { minMs: 0, maxMs: shutdownTimeoutS * 1000 });
    this.view.setState('leaving');
    // What others sent before they heard of it is still to come.
    await this.bus.whenDelivered(LIMITS.clusterLeaveMs);
    await this.until(() => this.isHandedOver, {
      minMs: LIMITS.clusterStayMs,
      maxMs: LIMITS.clusterLeaveMs,
    });
    // What nobody else has takes as long as it takes.
    await this.until(() => this.isGiven, { minMs: 0, maxMs: shutdownTimeoutS * 1000 });
  }

  /** No client is served any more. */
  async stop(): Promise<void> {
    if (this.isLeaving) {
      // At the farewell the others close their links: they must have read what lies in them.
      await this.bus.whenDelivered(LIMITS.clusterLeaveMs);
      await this.firstOf(this.membership.leave(), LIMITS.clusterLeaveMs);
    }
    this.view.stop();
    this.router.stop();
    this.repair.stop();
    this.replication.stop();
    this.membership.stop();
    await this.bus.stop();
    this.clockFile?.close(this.replication.clock.reachedMs);
  }

  /** Looks now and then; resolves not before `minMs`, and at `maxMs` at the latest. */
  private until(isDone: () => boolean, within: { minMs: number; maxMs: number }): Promise<void> {
    const { clock, timers } = this.options.services.world;
    const startMs = clock.monotonicMs();
    if (within.minMs === 0 && isDone()) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = timers.every(LOOK_EVERY_MS, () => {
        const waitedMs = clock.monotonicMs() - startMs;
        const isOver = isDone() && waitedMs >= within.minMs;
        if (!isOver && waitedMs < within.maxMs) return;
        timer.cancel();
        resolve();
      });
    });
  }

  /** It owns nothing, owes no answer, and all others have what it did as an owner. */
  private get isHandedOver(): boolean {
    const { replication, router } = this;
    if (router.pendingCount > 0 || !replication.isDrained) return false;
    return this.options.services.stores.all.every((store) => {
      const duty = replication.dutyOf(store);
      return duty !== 'owner' && duty !== 'waiting';
    });
  }

  /** Where not every node holds every key: what this one has of them their owners have as well. */
  private get isGiven(): boolean {
    return this.options.services.stores.all.every((store) => this.repair.isGiven(store));
  }

  private createBus(incarnation: number): LinkBus {
    const { services, logger } = this.options;
    const { configuration, counters, paced, world } = services;
    const { cache, cluster, network, node } = configuration;
    return new LinkBus({
      world,
      logger: logger.child('cluster'),
      paced,
      counters,
      id: node.id,
      incarnation,
      host: network.gossipBindAddr,
      port: network.linkPort,
      clusterKey: cluster.key,
      databaseCount: cache.databases,
      onFailure: (error) => this.fail(error),
    });
  }

  private createGossip(directory: string): Membership {
    const { services, logger } = this.options;
    const { cluster, network, node } = services.configuration;
    return createMembership({
      world: services.world,
      logger: logger.child('gossip'),
      options: {
        nodeId: node.id,
        host: network.gossipBindAddr,
        port: network.gossipPort,
        advertiseHost: network.advertiseAddr,
        advertisePort: 0,
        clusterKey: cluster.key,
        seeds: cluster.seeds,
        seedDns: cluster.seedDns,
        seedDnsPort: cluster.seedDnsPort,
        tags: this.tags,
        directory,
      },
      counters: services.counters,
      onFailure: (error) => this.fail(error),
    });
  }

  /** That it is not filled is this node's own trouble; all else is of peers. */
  private followHealth(): void {
    const { health } = this.options.services;
    health.addCheck(() =>
      this.view.state === 'filling' ? ['cluster: this node is not filled yet'] : [],
    );
    health.addPeerCheck(() => this.service.issues());
  }

  /** At the end of a loop turn: effects first, then replies that tell of them, then one write. */
  private orderTurn(): void {
    const { bus, replication, router } = this;
    this.options.loop.links = {
      get isRaised() {
        return replication.isRaised || router.isRaised || bus.isRaised;
      },
      flush: () => {
        // What is sent beside them is behind them: replies, and what clients publish.
        if (router.isRaised || bus.isRaised) replication.flush();
        else replication.endTurn();
        router.flush();
        bus.flush();
      },
    };
  }

  /** A mistake of ours: what this node holds, or tells others, cannot be trusted any more. */
  private fail(error: unknown): void {
    const { logger, loop } = this.options;
    logger
      .child('cluster')
      .error('failure', 'A room of the cluster failed; the node stops', { error });
    loop.fail(error);
  }

  /** Waits for it, but not for longer than that; what it rejects with in time is thrown. */
  private async firstOf(done: Promise<void>, withinMs: number): Promise<void> {
    const { timers } = this.options.services.world;
    let timer: Timer | null = null;
    const late = new Promise<void>((resolve) => {
      timer = timers.after(withinMs, resolve);
    });
    await Promise.race([done, late]);
    (timer as Timer | null)?.cancel();
    done.catch((error) => this.fail(error));
  }
}

/** @throws NodeError BAD_CONFIGURATION */
function requireSound({ configuration, stores }: NodeServices, logger: Logger): void {
  const { cluster, network } = configuration;
  const refuse = (reason: string): never => {
    throw new NodeError('BAD_CONFIGURATION', reason);
  };
  if (cluster.key === '' && !isLocalAddress(network.gossipBindAddr)) {
    refuse(
      `network.gossip_bind_addr is ${network.gossipBindAddr}, which others reach: ` +
        'set cluster.key, or leave it on loopback',
    );
  }
  const isWhole = cluster.replicationFactor === 0;
  if (!isWhole && cluster.placement === 'balanced') {
    refuse(
      `cluster.placement balanced with cluster.replication_factor ${cluster.replicationFactor}: ` +
        'most keys would move whenever a node comes or goes; leave placement at ring',
    );
  }
  const refusal =
    `ownership store, and cluster.replication_factor is ${cluster.replicationFactor}: where not ` +
    "every node holds every key, each slot has an owner of its own ('slot', or leave it out)";
  for (const { configuration: store } of stores) {
    if (!isWhole && store.ownership === 'store') refuse(`The store '${store.name}' has ${refusal}`);
  }
  stores.onCreating(({ ownership }) => {
    return !isWhole && ownership === 'store' ? `ERR ${refusal}` : null;
  });
  if (cluster.mode === 'gossip') return;
  logger.warn('mode', 'cluster.mode coordinated is not in this version: mode gossip is used');
}
