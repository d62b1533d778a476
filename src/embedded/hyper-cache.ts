/**
 * The cache inside a Node process: direct calls without a socket, through the same door as every
 * client's commands. Calls are synchronous: a look-up costs a fraction of a microsecond, less than
 * a promise would. Those that may have to wait for another node of a cluster, or for a key, come as
 * promises too.
 *
 *     const node = await HyperCache.start({ maxMemory: '100mb' });
 *     node.store().set('key', 'value', { ttlMs: 1000 });
 *     await node.storeAsync().set('key', 'value');
 *     await node.stop();
 */
import { NodeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { World } from '../base/world.ts';
import type { ReplyValue } from '../protocol/reply-values.ts';
import type { AsyncStore } from './async-store.ts';
import type { EmbeddedStore, Value } from './embedded-store.ts';
import type { Launched } from './launch.ts';
import type { MessageListener, SubscribeOptions, Subscription } from './subscription.ts';

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

/** What a named store is made with; what is not said is as the node's settings say. */
export interface CreateStoreOptions {
  /** `lru`, `s3fifo`, `noeviction` ... */
  readonly evictionPolicy?: string;
  /** Bytes, or a size such as `64mb`; 0: only the limit of the node. */
  readonly maxMemory?: number | string;
  /** Time to live of writes that name none; 0: for ever. */
  readonly defaultTtlMs?: number;
  /** Keeps a filter for certain misses. */
  readonly cuckooFilter?: boolean;
  readonly persistence?: 'aof' | 'snapshot' | 'hybrid' | 'none';
  readonly ownership?: 'store' | 'slot';
  readonly consistency?: 'eventual' | 'quorum';
}

const STORE_WORDS = [
  ['evictionPolicy', 'eviction_policy'],
  ['maxMemory', 'max_memory'],
  ['defaultTtlMs', 'default_ttl'],
  ['cuckooFilter', 'cuckoo_filter'],
  ['persistence', 'persistence'],
  ['ownership', 'ownership'],
  ['consistency', 'consistency'],
] as const;

export class HyperCache {
  /** Resolves when the node has stopped; rejects when it stopped because of a defect of ours. */
  readonly stopped: Promise<void>;
  private readonly launched: Launched;

  private constructor(launched: Launched) {
    const { node } = launched;
    this.launched = launched;
    this.stopped = node.stopped.then(() => {
      if (node.failure !== null) throw node.failure;
    });
    // Who does not wait for it must not be killed by it.
    this.stopped.catch(() => {});
  }

  /** @throws NodeError: a setting is wrong, the port cannot be bound, the data not be loaded */
  static async start(options: StartOptions = {}): Promise<HyperCache> {
    const { launch } = await import('./launch.ts');
    return new HyperCache(await launch(options));
  }

  /** The RESP port, 0 when none is open. */
  get port(): number {
    return this.launched.node.respPort;
  }

  /**
   * A store by its name, in any case of letters. When it is dropped, each call on it throws
   * ReplyError NOSTORE, also when a new one of that name is made: ask for that one again.
   * @throws ReplyError NOSTORE when there is none
   */
  store(name = 'default'): EmbeddedStore {
    const isDefault = name.toLowerCase() === 'default';
    return isDefault ? this.launched.defaultStore : this.launched.openStore(name);
  }

  /**
   * The same keys by way of promises: for a node in a cluster, where the owner of a key may be
   * another one, which calls of `store()` cannot wait for.
   * @throws ReplyError NOSTORE when there is none
   */
  storeAsync(name = 'default'): AsyncStore {
    return this.launched.openAsyncStore(name);
  }

  /**
   * Makes a named store. What it is configured to be never changes: drop it and make it anew.
   * @throws ReplyError: STOREEXISTS, STORELIMIT, or ERR with the option that is wrong
   */
  createStore(name: string, options: CreateStoreOptions = {}): EmbeddedStore {
    const { builder } = this.beginKeeping('CREATE', name);
    for (const [key, word] of STORE_WORDS) {
      const value = options[key];
      if (value === undefined) continue;
      builder.text(word);
      builder.text(key === 'defaultTtlMs' ? `${value}ms` : String(value));
    }
    this.launched.keeper.execute();
    return this.launched.openStore(name);
  }

  /**
   * Removes a named store with all its keys, in constant time.
   * @throws ReplyError NOSTORE when there is none
   */
  dropStore(name: string): void {
    this.beginKeeping('DROP', name).execute();
  }

  /** The default store's first, then the others, oldest first. */
  storeNames(): string[] {
    const { keeper } = this.launched;
    keeper.builder.beginEmpty();
    keeper.builder.text('STORES');
    keeper.execute();
    return keeper.value(false) as string[];
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

  /**
   * Any command that may have to wait, such as BLPOP or a write whose key another node owns. Keeps
   * a state of its own from call to call. Calls are executed in their order; what waits for a key
   * holds up those behind it.
   */
  commandAsync(...args: [string, ...Value[]]): Promise<ReplyValue> {
    return this.runAsync(args, false);
  }

  /** As `commandAsync`, with bulk strings as Buffers. */
  commandBinaryAsync(...args: [string, ...Value[]]): Promise<ReplyValue> {
    return this.runAsync(args, true);
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
    return this.launched.subscribe(channel, heard, options);
  }

  /** Answers what has arrived and closes everything. */
  stop(): Promise<void> {
    return this.launched.node.stop();
  }

  private beginKeeping(verb: string, name: string): Launched['keeper'] {
    const { keeper } = this.launched;
    keeper.builder.beginEmpty();
    for (const word of ['STORE', verb, name]) keeper.builder.text(word);
    return keeper;
  }

  private async runAsync(args: readonly Value[], isBinary: boolean): Promise<ReplyValue> {
    refuseBound(args);
    // Replies would come for other calls than theirs.
    const isReplyMode = String(args[1]).toUpperCase() === 'REPLY';
    if (isReplyMode && String(args[0]).toUpperCase() === 'CLIENT') {
      throw new NodeError('UNSUPPORTED', 'CLIENT REPLY needs a connection');
    }
    return await this.launched.asyncCaller.call(args, isBinary);
  }

  private run(args: readonly Value[], isBinary: boolean): ReplyValue {
    const { caller } = this.launched;
    const { builder } = caller;
    refuseBound(args);
    builder.beginEmpty();
    for (const arg of args) builder.argument(arg);
    caller.execute();
    const value = caller.value(isBinary);
    builder.trim();
    return value;
  }
}

/** @throws NodeError UNSUPPORTED */
function refuseBound([name]: readonly Value[]): void {
  if (!CONNECTION_BOUND.has(String(name).toUpperCase())) return;
  throw new NodeError('UNSUPPORTED', `${name} needs a connection; see subscribe()`);
}

/** Commands that answer later, or again and again. */
const CONNECTION_BOUND = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'MONITOR', 'HELLO']);
