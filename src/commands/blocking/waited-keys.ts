import { bytesEqual } from '../../base/bytes.ts';
import type { Frame } from '../../base/frame.ts';
import { hashBytes } from '../../base/hash.ts';
import { copiedInto, type Effect } from '../../engine/effect.ts';
import { EVENT, EVENT_ROWS } from '../../engine/event-table.ts';
import { TYPE } from '../../engine/keyspace/entry.ts';
import type { MutationReader } from '../../engine/mutation-sink.ts';
import type { Store } from '../../engine/store.ts';
import type { Waiter } from './waiter.ts';

/** A key that at least one client waits for. */
export class WaitedKey {
  readonly owner: WaitedKeys;
  readonly databaseIndex: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly hash: number;
  /** In order of arrival, each with the argument that names the key in its command. */
  readonly waiters = new Map<Waiter, number>();
  /** Of them, those that wake when the key goes or becomes another type. */
  deletionWaiterCount = 0;
  /** It stands in the list of ready keys. */
  isReady = false;

  constructor(options: {
    owner: WaitedKeys;
    databaseIndex: number;
    bytes: Uint8Array;
    hash: number;
  }) {
    this.owner = options.owner;
    this.databaseIndex = options.databaseIndex;
    this.bytes = options.bytes;
    const { buffer, byteOffset, byteLength } = options.bytes;
    this.view = new DataView(buffer, byteOffset, byteLength);
    this.hash = options.hash;
  }

  /** The TYPE of what lies under the key now; 0 when nothing does. */
  findType(): number {
    const database = this.owner.store.databases[this.databaseIndex];
    const entry = database.findBytes(this.bytes, this.view, 0, this.bytes.length);
    return entry === 0 ? 0 : database.typeOf(entry);
  }
}

/**
 * The keys of one store that clients wait for. Reads the store's changes, and only while there are
 * such keys: each change that may have filled one of them, or removed one, is told to `onReady`.
 */
export class WaitedKeys implements MutationReader {
  readonly store: Store;
  count = 0;
  /** Keys for which some waiter wants to hear of deletion. */
  deletionKeyCount = 0;
  /** By TYPE: how many keys are waited for to hold it, each counted once a waiter. */
  private readonly waiterCounts = new Uint32Array(16);
  private readonly onReady: (key: WaitedKey) => void;
  /** Keys by the hash of their bytes; several may share one. */
  private readonly byHash = new Map<number, WaitedKey[]>();

  constructor(store: Store, onReady: (key: WaitedKey) => void) {
    this.store = store;
    this.onReady = onReady;
  }

  /** The waiter waits for the key in argument `arg` of its frame; twice is once. */
  add(waiter: Waiter, arg: number): void {
    const key = this.require(waiter.session.databaseIndex, waiter.frame, arg);
    if (key.waiters.has(waiter)) return;
    key.waiters.set(waiter, arg);
    waiter.keys.push(key);
    this.waiterCounts[waiter.type]++;
    if (waiter.wait?.unblockOnDelete !== true) return;
    if (key.deletionWaiterCount++ === 0) this.deletionKeyCount++;
  }

  remove(waiter: Waiter, key: WaitedKey): void {
    if (!key.waiters.delete(waiter)) return;
    this.waiterCounts[waiter.type]--;
    if (waiter.wait?.unblockOnDelete === true && --key.deletionWaiterCount === 0) {
      this.deletionKeyCount--;
    }
    if (key.waiters.size > 0) return;
    const keys = this.byHash.get(key.hash);
    if (keys === undefined) return;
    if (keys.length === 1) this.byHash.delete(key.hash);
    else keys.splice(keys.indexOf(key), 1);
    this.count--;
    if (this.count === 0) this.store.sink.detach(this);
  }

  onEffect(effect: Effect, eventId: number): void {
    const { frame, databaseIndex, keyArg, secondKeyArg } = effect;
    if (keyArg === 0) return this.onWholeDatabase(frame, databaseIndex);
    const outcome = OUTCOMES[eventId];
    if (outcome === REMOVED) return this.markRemoved(databaseIndex, frame, keyArg);
    if (outcome === TAKEN && secondKeyArg === 0) return;
    const type = FILLED_TYPES[eventId];
    if (type !== ANY_TYPE && this.waiterCounts[type] === 0 && this.deletionKeyCount === 0) return;
    if (eventId === EVENT.copyTo) return this.mark(copiedInto(effect), frame, keyArg);
    if (eventId === EVENT.move) {
      this.markRemoved(databaseIndex, frame, keyArg);
      return this.mark(Number(frame.latin1(2)), frame, keyArg);
    }
    if (eventId === EVENT.rename) {
      this.markRemoved(databaseIndex, frame, keyArg);
      return this.mark(databaseIndex, frame, 2);
    }
    if (eventId === EVENT.none && frame.equals(0, 'DEL')) {
      return this.markRemoved(databaseIndex, frame, keyArg);
    }
    this.mark(databaseIndex, frame, keyArg);
    if (secondKeyArg !== 0) this.mark(databaseIndex, frame, secondKeyArg);
  }

  private mark(databaseIndex: number, frame: Frame, arg: number): void {
    const key = this.find(databaseIndex, frame, arg);
    if (key !== null) this.onReady(key);
  }

  private markRemoved(databaseIndex: number, frame: Frame, arg: number): void {
    if (this.deletionKeyCount === 0) return;
    const key = this.find(databaseIndex, frame, arg);
    if (key !== null && key.deletionWaiterCount > 0) this.onReady(key);
  }

  /** FLUSHDB and FLUSHALL remove keys; SWAPDB does, and brings others, in both databases. */
  private onWholeDatabase(frame: Frame, databaseIndex: number): void {
    const isSwap = frame.equals(0, 'SWAPDB');
    const isAll = frame.equals(0, 'FLUSHALL');
    const left = isSwap ? Number(frame.latin1(1)) : databaseIndex;
    const right = isSwap ? Number(frame.latin1(2)) : databaseIndex;
    for (const keys of this.byHash.values()) {
      for (const key of keys) {
        if (!isAll && key.databaseIndex !== left && key.databaseIndex !== right) continue;
        if (isSwap || key.deletionWaiterCount > 0) this.onReady(key);
      }
    }
  }

  private require(databaseIndex: number, frame: Frame, arg: number): WaitedKey {
    const found = this.find(databaseIndex, frame, arg);
    if (found !== null) return found;
    const hash = this.hashOf(frame, arg);
    const bytes = frame.copyArgument(arg);
    const key = new WaitedKey({ owner: this, databaseIndex, bytes, hash });
    const keys = this.byHash.get(hash);
    if (keys === undefined) this.byHash.set(hash, [key]);
    else keys.push(key);
    if (this.count === 0) this.store.sink.attach(this);
    this.count++;
    return key;
  }

  private find(databaseIndex: number, frame: Frame, arg: number): WaitedKey | null {
    const keys = this.byHash.get(this.hashOf(frame, arg));
    if (keys === undefined) return null;
    for (const key of keys) {
      const length = frame.lengths[arg];
      if (key.databaseIndex !== databaseIndex || key.bytes.length !== length) continue;
      if (bytesEqual(key.view, 0, frame.view, frame.offsets[arg], length)) return key;
    }
    return null;
  }

  private hashOf(frame: Frame, arg: number): number {
    const { seed0, seed1 } = this.store;
    return hashBytes(frame.view, frame.offsets[arg], frame.lengths[arg], seed0, seed1);
  }
}

const FILLED = 0;
const TAKEN = 1;
/** The key goes. */
const REMOVED = 2;

/** Events after which a list, sorted set or stream holds no more than before. */
const TAKING_EVENTS: readonly number[] = [
  EVENT.expire,
  EVENT.persist,
  EVENT.lpop,
  EVENT.rpop,
  EVENT.lset,
  EVENT.lrem,
  EVENT.ltrim,
  EVENT.zrem,
  EVENT.zremrangebyscore,
  EVENT.zremrangebyrank,
  EVENT.zremrangebylex,
  EVENT.zpopmin,
  EVENT.zpopmax,
  EVENT.xdel,
  EVENT.xtrim,
  EVENT.xsetid,
  EVENT.xgroupCreate,
  EVENT.xgroupSetid,
  EVENT.xgroupCreateconsumer,
  EVENT.xgroupDelconsumer,
];

/** What an effect does to its key, by event id. */
const OUTCOMES: readonly number[] = EVENT_ROWS.map((_row, eventId) => {
  if (eventId === EVENT.del || eventId === EVENT.expired || eventId === EVENT.evicted) {
    return REMOVED;
  }
  return TAKING_EVENTS.includes(eventId) ? TAKEN : FILLED;
});

const ANY_TYPE = TYPE.FREE;

/** TYPE of what a key holds after an effect, by event id; ANY_TYPE where that is not told. */
const FILLED_TYPES: readonly number[] = EVENT_ROWS.map(({ kind }) => {
  const types = { $: TYPE.STRING, l: TYPE.LIST, s: TYPE.SET, h: TYPE.HASH, z: TYPE.ZSET };
  if (kind === 't') return TYPE.STREAM;
  return Object.hasOwn(types, kind) ? types[kind as keyof typeof types] : ANY_TYPE;
});
