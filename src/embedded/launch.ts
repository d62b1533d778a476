import { NodeError } from '../base/errors.ts';
import { SILENT_LOGGER } from '../base/logger.ts';
import type { CommandCaller } from '../commands/direct/command-caller.ts';
import { enterStore, type Session } from '../commands/session.ts';
import { ConfigRegistry } from '../config/config-registry.ts';
import { settleConfiguration } from '../config/settle-configuration.ts';
import { describeProblem, emptySource } from '../config/sources/raw-setting.ts';
import { type RunningNode, startNode } from '../node.ts';
import { ReplyError } from '../protocol/reply-values.ts';
import { createRealWorld } from '../world/real-world.ts';
import { AsyncCaller } from './async-caller.ts';
import { AsyncStore } from './async-store.ts';
import { openCaller } from './caller.ts';
import { EmbeddedStore } from './embedded-store.ts';
import type { StartOptions } from './hyper-cache.ts';
import {
  EmbeddedSubscription,
  type MessageListener,
  type SubscribeOptions,
  type Subscription,
} from './subscription.ts';

/** A node and the ways into it that need no socket. */
export interface Launched {
  readonly node: RunningNode;
  /** For any command; keeps its state from call to call. */
  readonly caller: CommandCaller;
  readonly defaultStore: EmbeddedStore;
  /** For commands on stores; nothing else uses it, so it stands in no transaction. */
  readonly keeper: CommandCaller;
  /** The same for calls that wait. */
  readonly asyncCaller: AsyncCaller;
  /** The keys of a store; the same object for as long as the store is there. */
  openStore(name: string): EmbeddedStore;
  openAsyncStore(name: string): AsyncStore;
  subscribe(
    channel: string,
    listener: MessageListener<string | Buffer>,
    options: SubscribeOptions,
  ): Subscription;
}

/**
 * All that runs a node. A module of its own, loaded by the first `HyperCache.start`: a program that
 * only imports the library does not pay for it.
 */
export async function launch(options: StartOptions): Promise<Launched> {
  const node = await startNode(settle(options));
  // Calls are answered at once: there is no time to say LOADING in.
  await node.loaded;
  if (node.failure !== null) throw node.failure;
  const stores = followStores(node);
  const asyncStores = followAsyncStores(node);
  return {
    node,
    keeper: openCaller(node, null),
    asyncCaller: asyncStores.caller,
    openStore: stores.open,
    openAsyncStore: asyncStores.open,
    caller: openCaller(node, null),
    defaultStore: new EmbeddedStore(openCaller(node, null)),
    subscribe: (channel, listener, how) => new EmbeddedSubscription(node, channel, listener, how),
  };
}

/** Handles of named stores, each with a session that ends when its store is dropped. */
function followStores(node: RunningNode): { open: (name: string) => EmbeddedStore } {
  const { stores } = node.services;
  const opened = new Map<Session['store'], { store: EmbeddedStore; caller: CommandCaller }>();
  stores.onDropped((store) => {
    const handle = opened.get(store);
    if (handle === undefined) return;
    opened.delete(store);
    node.closeSession(handle.caller.session);
  });
  return {
    open(name) {
      const store = stores.find(name);
      if (store === null) throw new ReplyError(`NOSTORE There is no store named '${name}'`);
      const known = opened.get(store);
      if (known !== undefined) return known.store;
      const caller = openCaller(node, null);
      enterStore(caller.session, store);
      const handle = { store: new EmbeddedStore(caller), caller };
      opened.set(store, handle);
      return handle.store;
    },
  };
}

/** The same for calls that wait: they are refused when their store is dropped. */
function followAsyncStores(node: RunningNode): {
  caller: AsyncCaller;
  open: (name: string) => AsyncStore;
} {
  const { stores } = node.services;
  const opened = new Map<Session['store'], { store: AsyncStore; caller: AsyncCaller }>();
  const caller = new AsyncCaller(node, stores.default);
  stores.onDropped((store) => {
    opened.get(store)?.caller.close();
    opened.delete(store);
  });
  void node.stopped.then(() => {
    for (const handle of [{ caller }, ...opened.values()]) handle.caller.close();
  });
  return {
    caller,
    open(name) {
      const store = stores.find(name);
      if (store === null) throw new ReplyError(`NOSTORE There is no store named '${name}'`);
      const known = opened.get(store);
      if (known !== undefined) return known.store;
      const own = new AsyncCaller(node, store);
      const handle = { store: new AsyncStore(own), caller: own };
      opened.set(store, handle);
      return handle.store;
    },
  };
}

function settle(options: StartOptions): Parameters<typeof startNode>[0] {
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
  return { world, configuration, configRegistry, logger: options.logger ?? SILENT_LOGGER };
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
