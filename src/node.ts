/**
 * One running node: builds every room, hands each its world, starts and stops them in order. A
 * process may hold several; nothing in here is global.
 */
import type { Configuration } from './base/configuration.ts';
import { NodeError } from './base/errors.ts';
import { PacedLogger } from './base/log/paced-logger.ts';
import { type Logger, type LogHealth, UNKNOWN_LOG_HEALTH } from './base/logger.ts';
import { TurnClock } from './base/turn-clock.ts';
import { VERSION } from './base/version.ts';
import type { Timer, World } from './base/world.ts';
import { BlockingTable } from './commands/blocking/blocking-table.ts';
import { type ClusterService, NO_CLUSTER } from './commands/cluster-service.ts';
import { COMMAND_ROWS, CommandTable } from './commands/command-table.ts';
import { type HttpTraffic, NO_HTTP, type NodeServices } from './commands/node-services.ts';
import { NodeStatistics } from './commands/node-statistics.ts';
import { NodeHealth } from './commands/server/health/node-health.ts';
import { LatencyMonitor } from './commands/server/latency/latency-monitor.ts';
import { Stopwatch } from './commands/server/latency/stopwatch.ts';
import { followMemory } from './commands/server/memory-watch.ts';
import { SlowLog } from './commands/server/slow-log.ts';
import { type ClientChannel, GATE, Session } from './commands/session.ts';
import { TrackingTable } from './commands/tracking/tracking-table.ts';
import { WatchTable } from './commands/transaction/watch-table.ts';
import type { ConfigRegistry } from './config/config-registry.ts';
import { NodeMemory } from './engine/memory/node-memory.ts';
import type { HttpPort } from './http/http-port.ts';
import type { NodeCluster } from './node-cluster.ts';
import { shareFiles } from './node-files.ts';
import { followHealth, followLog } from './node-health.ts';
import { openNodeHttp, reloadHttpTls } from './node-http.ts';
import {
  createAccess,
  followDisk,
  followPorts,
  followSettings,
  inputLimitsOf,
} from './node-settings.ts';
import { createStores, followStores } from './node-stores.ts';
import { createCounters, METRIC } from './observability/metrics/metric-table.ts';
import { NodePersistence } from './persistence/node-persistence.ts';
import { LuaScriptEngine } from './scripting/lua-script-engine.ts';
import { ClientTable } from './server/client-registry.ts';
import type { Connection } from './server/connection.ts';
import type { InputLimits } from './server/input-limits.ts';
import { RespListener } from './server/listener.ts';
import { LoginDelayTable } from './server/login-delays.ts';
import { MonitorTable } from './server/monitor-feed.ts';
import { PubSubTable } from './server/pub-sub.ts';
import { RateSampler } from './server/rate-sampler.ts';
import { TurnLoop } from './server/turn-loop.ts';
import { Upkeep } from './server/upkeep.ts';

export interface NodeOptions {
  readonly world: World;
  readonly configuration: Configuration;
  readonly configRegistry: ConfigRegistry;
  readonly logger: Logger;
  /** Where the log is the node's own. */
  readonly logHealth?: LogHealth;
}

export interface RunningNode {
  /** Ports really bound; 0 when closed. */
  readonly respPort: number;
  readonly tlsPort: number;
  readonly httpPort: number;
  readonly services: NodeServices;
  readonly loop: TurnLoop;
  readonly clients: ClientTable;
  /** No command may run any more. */
  readonly isStopping: boolean;
  /** A session that has no socket: of the embedding program. Ends with the node, or before. */
  openSession(channel: ClientChannel | null): Session;
  closeSession(session: Session): void;
  /** Answers what has arrived, closes everything. May be called more than once. */
  stop(): Promise<void>;
  /** Reads the files of the certificates again. */
  reloadCertificates(): void;
  /** Resolves when what lies on disk is loaded, or the node has stopped before; never rejects. */
  readonly loaded: Promise<void>;
  /** Resolves when the node has stopped, with the exit code; never rejects. */
  readonly stopped: Promise<number>;
  /** What of the data on disk is loaded, 0..1, and how many keys that is; null: nothing is. */
  readonly loadingProgress: { readonly share: number; readonly keyCount: number } | null;
  /** What made the node stop by itself, null when nothing did. */
  readonly failure: unknown;
}

/** @throws NodeError when a port cannot be bound or a certificate not be read */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const node = new Node(options);
  try {
    await node.start();
  } catch (error) {
    await node.abandon();
    throw error;
  }
  return node;
}

/**
 * What opens late is put in then. Not as a getter: an object with one is a dictionary to V8, and
 * each command looks into this one four times (50 ns).
 */
type OpeningServices = NodeServices & { cluster: ClusterService; http: HttpTraffic };

class Node implements RunningNode {
  readonly services: OpeningServices;
  readonly loop: TurnLoop;
  readonly clients: ClientTable;
  readonly loaded: Promise<void>;
  readonly stopped: Promise<number>;
  failure: unknown = null;
  private readonly persistence: NodePersistence;
  /** Whether snapshots are written at the end; null: of stores that have save points. */
  private savesAtEnd: boolean | null = null;
  private readonly options: NodeOptions;
  private readonly listener: RespListener;
  private readonly upkeep: Upkeep;
  private readonly ports = { resp: 0, tls: 0, http: 0, redirect: 0 };
  private http: HttpPort | null = null;
  private cluster: NodeCluster | null = null;
  private readonly inputLimits: InputLimits;
  private stopping: Promise<void> | null = null;
  private onStopped: (exitCode: number) => void = () => {};
  private onLoaded: () => void = () => {};
  private onLastGone: () => void = () => {};

  constructor(options: NodeOptions) {
    const { world, configuration, logger } = options;
    this.options = options;
    this.stopped = new Promise((resolve) => {
      this.onStopped = resolve;
    });
    this.loaded = new Promise((resolve) => {
      this.onLoaded = resolve;
    });
    const clock = new TurnClock(world.clock);
    const counters = createCounters();
    const table = new CommandTable(COMMAND_ROWS, configuration.security.renamedCommands);
    const rates = new RateSampler(counters, table, world.clock.monotonicMs());
    this.clients = new ClientTable(world.timers);
    this.loop = new TurnLoop({
      world,
      clock,
      counters,
      logger: logger.child('resp'),
      onFailure: (error) => this.fail(error),
    });
    this.persistence = new NodePersistence({
      world,
      configuration,
      logger: logger.child('persistence'),
      loop: this.loop,
    });
    this.loop.barrier = this.persistence.barrier;
    try {
      this.services = this.createServices({ clock, counters, table, rates });
    } catch (error) {
      this.persistence.releaseLock();
      throw error;
    }
    followMemory(this.services, logger.child('cache'));
    followHealth(this.services);
    this.inputLimits = inputLimitsOf(configuration);
    this.listener = new RespListener({
      node: this.services,
      loop: this.loop,
      clients: this.clients,
      inputLimits: this.inputLimits,
      onGone: (connection) => this.forget(connection),
    });
    this.upkeep = new Upkeep({ node: this.services, clients: this.clients, rates });
  }

  get respPort(): number {
    return this.ports.resp;
  }
  get tlsPort(): number {
    return this.ports.tls;
  }

  get httpPort(): number {
    return this.ports.http;
  }

  get isStopping(): boolean {
    return this.stopping !== null;
  }

  get loadingProgress(): { share: number; keyCount: number } | null {
    const { isLoading, loading } = this.persistence;
    if (!isLoading || this.stopping !== null) return null;
    const { keyCount, loadedBytes, totalBytes } = loading;
    return { share: Math.min(1, loadedBytes / Math.max(1, totalBytes)), keyCount };
  }

  openSession(channel: ClientChannel | null): Session {
    const { stores, clock } = this.services;
    const session = new Session({
      id: this.clients.takeId(),
      node: this.services,
      store: stores.default,
      channel,
      nowMs: clock.nowMs,
    });
    this.clients.addSession(session);
    return session;
  }

  closeSession(session: Session): void {
    this.forgetState(session);
    this.clients.removeSession(session);
  }

  async start(): Promise<void> {
    const { world, configuration, configRegistry, logger } = this.options;
    followSettings({
      services: this.services,
      configRegistry,
      inputLimits: this.inputLimits,
      traceCommands: () => this.clients.setGate(GATE.TRACED, logger.isDebug()),
      restartUpkeep: () => this.upkeep.restart(),
    });
    followPorts(configRegistry, this.listener, () => this.reloadTls());
    followDisk(configRegistry, this.persistence);
    followStores(this.services);
    shareFiles(this.options);
    const load = this.persistence.open(this.services);
    if (load !== null) this.beginLoading();
    await this.listener.open();
    // All ports or none.
    this.http = await openNodeHttp(this, () => this.listener.close());
    if (this.http !== null) this.services.http = this.http.traffic;
    if (load === null) await this.join();
    logger.info('started', 'Node started', {
      respPort: this.ports.resp,
      tlsPort: this.ports.tls,
      httpPort: this.ports.http,
      unixSocket: configuration.network.unixSocket,
      socketPath: world.network.describeSocketPath(),
      version: VERSION,
    });
    if (load === null) this.run();
    else void this.load(load);
  }

  /** It did not come to its start: the data directory is given back. */
  async abandon(): Promise<void> {
    await this.persistence.close(false);
  }

  /** From here on only commands with the flag `loading` run. */
  private beginLoading(): void {
    this.services.health.phase = 'loading';
    this.clients.setGate(GATE.LOADING, true);
  }

  /** All ports or none. */
  private async join(): Promise<void> {
    try {
      await this.startCluster();
    } catch (error) {
      await Promise.all([this.listener.close(), this.http?.close(0), this.cluster?.stop()]);
      throw error;
    }
  }

  /** Its rooms are loaded where there is one only, and after the first clients could be heard. */
  private async startCluster(): Promise<void> {
    const { configuration, logger } = this.options;
    if (!configuration.cluster.enabled) return;
    const { NodeCluster } = await import('./node-cluster.ts');
    if (this.stopping !== null) return;
    this.cluster = new NodeCluster({
      services: this.services,
      loop: this.loop,
      logger,
      openSession: (channel) => this.openSession(channel),
      closeSession: (session) => this.closeSession(session),
    });
    this.services.cluster = this.cluster.service;
    await this.cluster.start();
  }

  private async load(load: () => Promise<void>): Promise<void> {
    try {
      await load();
      await this.startCluster();
    } catch (error) {
      if (!(error instanceof NodeError)) throw error;
      this.options.logger.error('load', error.message);
      this.fail(error);
      return;
    }
    if (this.stopping !== null) return;
    this.clients.setGate(GATE.LOADING, false);
    this.run();
  }

  private run(): void {
    this.upkeep.start();
    this.services.health.phase = 'running';
    this.onLoaded();
  }

  stop(): Promise<void> {
    this.stopping ??= this.shutDown(0);
    return this.stopping;
  }

  /** For certificates whose files were replaced: connections from now on get the new ones. */
  reloadCertificates(): void {
    if (this.reloadTls()) this.options.logger.info('tls', 'Certificates were read again');
  }

  private reloadTls(): boolean {
    return this.listener.reloadTls() && reloadHttpTls(this.http, this.services);
  }

  private async shutDown(exitCode: number): Promise<void> {
    const { configuration, logger, world } = this.options;
    logger.info('stopping', 'Node stops', { clients: this.clients.count });
    this.services.health.phase = 'stopping';
    // Others take over what this node owns; its clients are served meanwhile.
    if (this.cluster !== null && exitCode === 0) await this.cluster.leave();
    const waitMs = exitCode === 0 ? configuration.node.shutdownTimeoutS * 1000 : 0;
    const closed = Promise.all([this.listener.close(), this.http?.close(waitMs)]);
    this.services.scripting.stop();
    const gone = new Promise<void>((resolve) => {
      this.onLastGone = resolve;
    });
    this.loop.runGathered();
    for (const connection of [...this.clients.connections]) connection.closeAfterReplies();
    let timer: Timer | null = null;
    if (this.clients.count > 0) {
      timer = world.timers.after(waitMs, () => this.closeAll());
      await gone;
    }
    timer?.cancel();
    await closed;
    this.upkeep.stop();
    this.services.blocking.stop();
    this.clients.unpause();
    await this.cluster?.stop();
    const isKept = await this.persistence.close(exitCode === 0 ? this.savesAtEnd : false);
    logger.info('stopped', 'Node stopped');
    this.onLoaded();
    this.onStopped(isKept ? exitCode : 1);
  }

  /** SHUTDOWN. @returns the text of the error reply; null: it ends when this turn does */
  private shutDownAsAsked({
    force,
    save,
  }: {
    save: boolean | null;
    force: boolean;
  }): string | null {
    if (!this.persistence.saveAll(save) && !force) {
      return 'ERR Errors trying to SHUTDOWN. Check logs.';
    }
    this.savesAtEnd = save;
    this.loop.doLater(() => void this.stop());
    return null;
  }

  private closeAll(): void {
    for (const connection of [...this.clients.connections]) connection.close();
  }

  /** A command failed after its first change: what is in memory cannot be trusted any more. */
  private fail(error: unknown): void {
    if (this.stopping !== null) return;
    this.failure = error;
    this.stopping = this.shutDown(1);
  }

  private forget(connection: Connection): void {
    this.forgetState(connection.session);
    this.clients.removeConnection(connection);
    if (this.clients.count === 0) this.onLastGone();
  }

  private forgetState(session: Session): void {
    this.services.cluster.forget(session);
    this.services.blocking.forget(session);
    this.services.watches.unwatch(session);
    this.services.pubsub.removeAll(session);
    this.services.monitors.remove(session);
    this.services.tracking.disable(session);
    session.transaction = null;
  }

  private createServices(parts: {
    clock: TurnClock;
    counters: Float64Array;
    table: CommandTable;
    rates: RateSampler;
  }): OpeningServices {
    const { world, configuration, configRegistry, logger } = this.options;
    const { clock, counters, table, rates } = parts;
    const startedMs = world.clock.wallMs();
    const stores = createStores(this.options, clock);
    return {
      world,
      clock,
      configuration,
      logger: logger.child('resp'),
      logHealth: followLog(this.options.logHealth ?? UNKNOWN_LOG_HEALTH, counters),
      paced: new PacedLogger({
        logger,
        clock: world.clock,
        onHeld: () => void counters[METRIC.logLinesHeld]++,
      }),
      settings: configRegistry,
      table,
      stores,
      memory: new NodeMemory({
        limitBytes: configuration.cache.nodeMaxMemoryBytes,
        shares: configuration.cache,
      }),
      health: new NodeHealth(configuration.http),
      persistence: this.persistence,
      counters,
      access: createAccess(this.options),
      cluster: NO_CLUSTER,
      http: NO_HTTP,
      clients: this.clients,
      pubsub: new PubSubTable(counters),
      watches: new WatchTable(),
      tracking: new TrackingTable({
        clients: this.clients,
        stores,
        settings: configuration.cache,
        random: world.random,
        later: (errand) => this.loop.doLater(errand),
      }),
      blocking: new BlockingTable(world),
      scripting: new LuaScriptEngine({
        world,
        clock,
        configuration,
        clients: this.clients,
        logger: logger.child('resp'),
      }),
      slowLog: new SlowLog(configuration.slowlog, clock),
      latency: new LatencyMonitor(configuration.latency, clock),
      stopwatch: new Stopwatch(world.clock),
      statistics: new NodeStatistics(startedMs),
      monitors: new MonitorTable(this.clients, clock),
      logins: new LoginDelayTable(clock),
      rates,
      runId: randomHex(world),
      startedMs,
      version: VERSION,
      ports: this.ports,
      debug: noSwitches(),
      shutdown: (options) => this.shutDownAsAsked(options),
      sleepBlocking,
    };
  }
}

function noSwitches(): NodeServices['debug'] {
  return {
    isCronPaused: false,
    runsDeniedInScripts: false,
    skipsChecksums: false,
    packedThresholdBytes: 0,
  };
}

function randomHex(world: World): string {
  const bytes = new Uint8Array(20);
  world.random.fill(bytes);
  return Buffer.from(bytes).toString('hex');
}

/** DEBUG SLEEP: nothing else happens meanwhile, which is what it is for. */
function sleepBlocking(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
