/**
 * The cache inside a Node process: direct calls without a socket, through the same door as every
 * client's commands. Calls are synchronous: a look-up costs a fraction of a microsecond, less than
 * a promise would.
 *
 *     const node = await HyperCache.start({ maxMemory: '100mb' });
 *     node.store().set('key', 'value', { ttlMs: 1000 });
 *     await node.stop();
 */
import { NodeError } from '../base/errors.ts';
import { type Logger, SILENT_LOGGER } from '../base/logger.ts';
import type { World } from '../base/world.ts';
import { ConfigRegistry } from '../config/config-registry.ts';
import { settleConfiguration } from '../config/settle-configuration.ts';
import { describeProblem, emptySource } from '../config/sources/raw-setting.ts';
import { type RunningNode, startNode } from '../node.ts';
import type { ReplyValue } from '../protocol/reply-values.ts';
import { createRealWorld } from '../world/real-world.ts';
import { EmbeddedCaller } from './caller.ts';
import { EmbeddedStore, type Value } from './embedded-store.ts';
import {
  EmbeddedSubscription,
  type MessageListener,
  type SubscribeOptions,
  type Subscription,
} from './subscription.ts';

export interface StartOptions {
  /** RESP port; 0 takes any free one. Absent: no port is opened. */
  readonly port?: number;
  /** Address of the port; 127.0.0.1 unless set. */
  readonly host?: string;
  /** Bytes, or a size such as `100mb`. */
  readonly maxMemory?: number | string;
  /** `lru`, `noeviction` ... */
  readonly evictionPolicy?: string;
  readonly databases?: number;
  readonly password?: string;
  readonly nodeId?: string;
  /** Where log lines go; unless given, nowhere. */
  readonly logger?: Logger;
  /** Any other setting by its path: `{ 'network.max_clients': 100 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** The world to live in; the machine's unless given. */
  readonly world?: World;
}

/** Those of the options that are settings, and their paths. */
const PATHS = {
  port: 'network.resp_port',
  host: 'network.resp_bind_addr',
  maxMemory: 'cache.max_memory',
  evictionPolicy: 'cache.eviction_policy',
  databases: 'cache.databases',
  password: 'security.requirepass',
  nodeId: 'node.id',
} as const;

/** What an embedded node does only when it is asked to. */
const QUIET: Readonly<Record<string, string>> = {
  'persistence.enabled': 'no',
  'cluster.enabled': 'no',
  'http.enabled': 'no',
};

export class HyperCache {
  /** Resolves when the node has stopped; rejects when it stopped because of a defect of ours. */
  readonly stopped: Promise<void>;
  private readonly node: RunningNode;
  private readonly callers: EmbeddedCaller;
  private readonly defaultStore: EmbeddedStore;

  private constructor(node: RunningNode) {
    this.node = node;
    this.callers = new EmbeddedCaller(node, null);
    this.defaultStore = new EmbeddedStore(new EmbeddedCaller(node, null));
    this.stopped = node.stopped.then(() => {
      if (node.failure !== null) throw node.failure;
    });
    // Who does not wait for it must not be killed by it.
    this.stopped.catch(() => {});
  }

  /** @throws NodeError: a setting is wrong, or the port cannot be bound */
  static async start(options: StartOptions = {}): Promise<HyperCache> {
    const world = options.world ?? createRealWorld();
    const { configuration, assigned, problems } = settleConfiguration({
      habit: 'hypercache',
      sources: [sourceOf(options)],
      memoryBytesTotal: world.host.memoryBytesTotal,
      workingDirectory: world.host.workingDirectory,
    });
    if (problems.length > 0) {
      throw new NodeError('BAD_CONFIGURATION', problems.map(describeProblem).join('\n'));
    }
    configuration.network.respEnabled = options.port !== undefined;
    const { disk } = world;
    const configRegistry = new ConfigRegistry({ configuration, disk, file: null, assigned });
    const logger = options.logger ?? SILENT_LOGGER;
    return new HyperCache(await startNode({ world, configuration, configRegistry, logger }));
  }

  /** The RESP port, 0 when none is open. */
  get port(): number {
    return this.node.respPort;
  }

  /** A store by its name. */
  store(name = 'default'): EmbeddedStore {
    if (name === 'default') return this.defaultStore;
    throw new NodeError('UNSUPPORTED', `There is no store named ${name}`);
  }

  /**
   * Any command: `node.command('LPUSH', 'list', 'a')`. Keeps its state from call to call (MULTI,
   * SELECT), apart from that of `store()`.
   * @throws ReplyError when the reply is an error
   */
  command(...args: [string, ...Value[]]): ReplyValue {
    return this.run(args, false);
  }

  /** As `command`, with bulk strings as Buffers. */
  commandBinary(...args: [string, ...Value[]]): ReplyValue {
    return this.run(args, true);
  }

  /** Hears a channel, or with `isPattern` all whose names match. */
  subscribe(
    channel: string,
    listener: MessageListener,
    options?: SubscribeOptions & { isBinary?: false },
  ): Subscription;
  subscribe(
    channel: string,
    listener: MessageListener<Buffer>,
    options: SubscribeOptions & { isBinary: true },
  ): Subscription;
  subscribe(
    channel: string,
    listener: MessageListener<never>,
    options: SubscribeOptions = {},
  ): Subscription {
    const heard = listener as MessageListener<string | Buffer>;
    return new EmbeddedSubscription(this.node, channel, heard, options);
  }

  /** Answers what has arrived and closes everything. */
  stop(): Promise<void> {
    return this.node.stop();
  }

  private run(args: readonly Value[], isBinary: boolean): ReplyValue {
    const { builder } = this.callers;
    if (CONNECTION_BOUND.has(String(args[0]).toUpperCase())) {
      throw new NodeError('UNSUPPORTED', `${args[0]} needs a connection; see subscribe()`);
    }
    builder.beginEmpty();
    for (const arg of args) builder.argument(arg);
    this.callers.execute();
    const value = this.callers.value(isBinary);
    builder.trim();
    return value;
  }
}

/** Commands that answer later, or again and again. */
const CONNECTION_BOUND = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'MONITOR', 'HELLO']);

function sourceOf(options: StartOptions): ReturnType<typeof emptySource> {
  const source = emptySource();
  const add = (name: string, value: unknown, where: string) => {
    const words = [typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)];
    const raw = {
      name,
      form: 'path',
      words,
      isList: false,
      source: 'command line',
      where,
    } as const;
    source.settings.push(raw);
  };
  for (const [path, value] of Object.entries(QUIET)) {
    if (options.settings?.[path] === undefined) add(path, value, path);
  }
  for (const [option, path] of Object.entries(PATHS)) {
    const value = options[option as keyof typeof PATHS];
    if (value !== undefined) add(path, value, option);
  }
  if (options.host === undefined) add(PATHS.host, '127.0.0.1', 'host');
  for (const [path, value] of Object.entries(options.settings ?? {})) add(path, value, path);
  return source;
}
