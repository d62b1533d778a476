import type { ReplyValue } from '../protocol/reply-values.ts';
import type { AsyncCaller } from './async-caller.ts';
import type { Key, ScanOptions, SetOptions, Value } from './embedded-store.ts';

/**
 * One store's keys, as methods that wait where they have to: in a cluster, another node may own the
 * key. Replies come in the order of the calls, so that a call sees what was called before it.
 */
export class AsyncStore {
  private readonly caller: AsyncCaller;

  constructor(caller: AsyncCaller) {
    this.caller = caller;
  }

  /** The value as text, null when there is none. Bytes that are no UTF-8 read as U+FFFD. */
  async get(key: Key): Promise<string | null> {
    return (await this.run('GET', key)) as string | null;
  }

  async getBuffer(key: Key): Promise<Buffer | null> {
    return (await this.caller.call(['GET', key], true)) as Buffer | null;
  }

  /** @returns false when `nx` or `xx` forbade it */
  async set(key: Key, value: Value, options: SetOptions = {}): Promise<boolean> {
    const args: Value[] = ['SET', key, value];
    if (options.ttlMs !== undefined) args.push('PX', options.ttlMs);
    if (options.nx === true) args.push('NX');
    if (options.xx === true) args.push('XX');
    if (options.keepTtl === true) args.push('KEEPTTL');
    return (await this.run(...args)) === 'OK';
  }

  /** @returns how many there were */
  async del(...keys: Key[]): Promise<number> {
    return keys.length === 0 ? 0 : Number(await this.run('DEL', ...keys));
  }

  /** @returns how many there are; a key named twice counts twice */
  async exists(...keys: Key[]): Promise<number> {
    return keys.length === 0 ? 0 : Number(await this.run('EXISTS', ...keys));
  }

  /** @returns the new value; beyond 2^53 a rounded one */
  async incr(key: Key, by = 1): Promise<number> {
    return Number(await this.run('INCRBY', key, by));
  }

  /** @returns whether there is such a key. A time of 0 or less removes it */
  async expire(key: Key, ttlMs: number): Promise<boolean> {
    return (await this.run('PEXPIRE', key, ttlMs)) === 1;
  }

  /** Milliseconds left; -1 when the key has no time to live, -2 when there is no such key. */
  async ttl(key: Key): Promise<number> {
    return Number(await this.run('PTTL', key));
  }

  /** @returns whether the key had a time to live */
  async persist(key: Key): Promise<boolean> {
    return (await this.run('PERSIST', key)) === 1;
  }

  async mget(keys: readonly Key[]): Promise<(string | null)[]> {
    return keys.length === 0 ? [] : ((await this.run('MGET', ...keys)) as (string | null)[]);
  }

  async mset(entries: Iterable<readonly [Key, Value]>): Promise<void> {
    const args = [...entries].flat();
    if (args.length > 0) await this.run('MSET', ...args);
  }

  /**
   * Every key that is there from beginning to end, at least once; others may come too, or twice.
   */
  async *scan(options: ScanOptions = {}): AsyncIterableIterator<string> {
    const { count, match, type } = options;
    const more: Value[] = [];
    if (match !== undefined) more.push('MATCH', match);
    if (count !== undefined) more.push('COUNT', count);
    if (type !== undefined) more.push('TYPE', type);
    let cursor = '0';
    do {
      const [next, keys] = (await this.run('SCAN', cursor, ...more)) as [string, string[]];
      yield* keys;
      cursor = next;
    } while (cursor !== '0');
  }

  /** Number of keys. */
  async size(): Promise<number> {
    return Number(await this.run('DBSIZE'));
  }

  /** Removes every key. */
  async flush(): Promise<void> {
    await this.run('FLUSHDB');
  }

  private run(...args: Value[]): Promise<ReplyValue> {
    return this.caller.call(args, false);
  }
}
