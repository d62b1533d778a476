import type { CommandCaller } from '../commands/direct/command-caller.ts';
import { NAME } from './caller.ts';

export type Key = string | Uint8Array;
export type Value = string | Uint8Array | number | bigint;

export interface SetOptions {
  /** Time to live from now on. Without it the key lives until it is removed. */
  readonly ttlMs?: number;
  /** Only when there is no such key. */
  readonly nx?: boolean;
  /** Only when there is one. */
  readonly xx?: boolean;
  /** Keeps the time to live that the key has. */
  readonly keepTtl?: boolean;
}

export interface ScanOptions {
  /** Glob pattern, as of KEYS. */
  readonly match?: string;
  /** How many keys to look at in one step. */
  readonly count?: number;
  /** Such as `string`. */
  readonly type?: string;
}

/** One store's keys, as typed methods. */
export class EmbeddedStore {
  private readonly caller: CommandCaller;

  constructor(caller: CommandCaller) {
    this.caller = caller;
  }

  /** The value as text, null when there is none. Bytes that are no UTF-8 read as U+FFFD. */
  get(key: Key): string | null {
    const { caller } = this;
    const { builder } = caller;
    builder.begin(NAME.GET);
    if (typeof key === 'string') builder.text(key);
    else builder.binary(key);
    caller.execute();
    return caller.text();
  }

  /** The value's bytes in a buffer of the caller's own. */
  getBuffer(key: Key): Buffer | null {
    this.run(NAME.GET, key);
    return this.caller.binary();
  }

  /** @returns false when `nx` or `xx` forbade it */
  set(key: Key, value: Value, options?: SetOptions): boolean {
    const { caller } = this;
    const { builder } = caller;
    builder.begin(NAME.SET);
    builder.argument(key);
    builder.argument(value);
    if (options !== undefined) {
      if (options.ttlMs !== undefined) {
        builder.text('PX');
        builder.number(options.ttlMs);
      }
      if (options.nx === true) builder.text('NX');
      if (options.xx === true) builder.text('XX');
      if (options.keepTtl === true) builder.text('KEEPTTL');
    }
    caller.execute();
    return caller.reply[0] === PLUS;
  }

  /** @returns how many there were */
  del(...keys: Key[]): number {
    return this.countOf(NAME.DEL, keys);
  }

  /** @returns how many there are; a key named twice counts twice */
  exists(...keys: Key[]): number {
    return this.countOf(NAME.EXISTS, keys);
  }

  /** @returns the new value; beyond 2^53 a rounded one */
  incr(key: Key, by = 1): number {
    this.run(NAME.INCRBY, key, by);
    return this.caller.integer();
  }

  /** @returns whether there is such a key. A time of 0 or less removes it */
  expire(key: Key, ttlMs: number): boolean {
    this.run(NAME.PEXPIRE, key, ttlMs);
    return this.caller.integer() === 1;
  }

  /** Milliseconds left; -1 when the key has no time to live, -2 when there is no such key. */
  ttl(key: Key): number {
    this.run(NAME.PTTL, key);
    return this.caller.integer();
  }

  /** @returns whether the key had a time to live */
  persist(key: Key): boolean {
    this.run(NAME.PERSIST, key);
    return this.caller.integer() === 1;
  }

  mget(keys: readonly Key[]): (string | null)[] {
    if (keys.length === 0) return [];
    this.run(NAME.MGET, ...keys);
    return this.caller.value(false) as (string | null)[];
  }

  mset(entries: Iterable<readonly [Key, Value]>): void {
    const { caller } = this;
    caller.builder.begin(NAME.MSET);
    for (const [key, value] of entries) {
      caller.builder.argument(key);
      caller.builder.argument(value);
    }
    if (caller.builder.frame.count > 1) caller.execute();
  }

  /**
   * Every key that is there from beginning to end, at least once; others may come too, or twice.
   */
  *scan(options: ScanOptions = {}): IterableIterator<string> {
    const { caller } = this;
    let cursor = '0';
    do {
      caller.builder.begin(NAME.SCAN);
      caller.builder.text(cursor);
      for (const name of ['match', 'count', 'type'] as const) {
        const value = options[name];
        if (value === undefined) continue;
        caller.builder.text(name);
        caller.builder.argument(value);
      }
      caller.execute();
      const [next, keys] = caller.value(false) as [string, string[]];
      yield* keys;
      cursor = next;
    } while (cursor !== '0');
  }

  /** Number of keys. */
  get size(): number {
    this.run(NAME.DBSIZE);
    return this.caller.integer();
  }

  /** Removes every key, in constant time. */
  flush(): void {
    this.run(NAME.FLUSHDB);
  }

  private run(name: number, ...args: (Key | Value)[]): void {
    const { caller } = this;
    caller.builder.begin(name);
    for (const arg of args) caller.builder.argument(arg);
    caller.execute();
  }

  private countOf(name: number, keys: readonly Key[]): number {
    if (keys.length === 0) return 0;
    this.run(name, ...keys);
    return this.caller.integer();
  }
}

const PLUS = 43;
