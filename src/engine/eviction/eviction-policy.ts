import type { TurnClock } from '../../base/turn-clock.ts';
import type { Random } from '../../base/world.ts';
import type { Store } from '../store.ts';

/**
 * Decides who leaves when a store is full; one object a store. The 24 access bits of an entry are
 * the policy's own: the engine stores what the hooks return and hands it over at the next one.
 *
 *     new key        initialAccess -> the entry is in the index -> tracker.onInsert
 *     read, changed  onAccess
 *     SET over it    onOverwrite: the key stays what it was to the policy, its value is another
 *     leaves         tracker.onRemoved, whatever the reason
 *     FLUSHDB        tracker.onCleared
 *
 * Hooks run within commands: they allocate nothing, and do not move memory.
 */
export interface EvictionPolicy {
  readonly name: string;
  /** Redis' name for it, as CONFIG GET maxmemory-policy tells. */
  readonly redisName: string;
  /** False: a full store refuses writes. */
  readonly evicts: boolean;
  /** Policies of one kind read one another's access bits. */
  readonly accessKind: 'clock' | 'lfu' | 'session' | 'queue';
  /** Null: nothing is kept outside of the access bits. */
  readonly tracker: EntryTracker | null;
  initialAccess(): number;
  /** @param hash  of the key, signed or not */
  onAccess(access: number, hash: number): number;
  onOverwrite(access: number, hash: number): number;
  /** Seconds since the last access; -1 when that is not kept. */
  idleS(access: number): number;
  /** How often it is used, on the policy's own scale; -1 when that is not kept. */
  frequency(access: number, hash: number): number;
  /**
   * Chooses a victim and leaves it found in `store.victimDatabase`; the caller removes it.
   * @returns entry address, 0 when there is nothing to evict
   */
  chooseVictim(store: Store): number;
}

/**
 * What a policy keeps of entries outside of their access bits: queues, sketches. Hashes are as the
 * index goes by them, signed or not.
 */
export interface EntryTracker {
  /** Counted in the store's memory. */
  readonly byteCount: number;
  /** keepUp has work that should not wait. */
  readonly isBehind: boolean;
  /**
   * The key came into the index; the returned bits are stored in its entry.
   * @param access  what initialAccess said, or what another key's entry had that goes on as this
   * @param byteCount  of its block
   */
  onInsert(access: number, hash: number, byteCount: number): number;
  onRemoved(access: number, hash: number): void;
  /**
   * Has what it keeps of these keys fetched into the cache, for what is about to be done with them.
   * @param mayInsert  some of them may be new, or may go
   * @returns          nothing of meaning; use it, so that the loads are not optimised away
   */
  warm(hashes: Uint32Array, count: number, mayInsert: boolean): number;
  /** Many entries left at once, unseen; `entryCount` are still there. */
  onCleared(entryCount: number): void;
  /**
   * Some upkeep: forgets entries that left, gets to know those that were there before the policy.
   * @param itemCount  to look at, about
   * @returns          false when there is nothing to do
   */
  keepUp(store: Store, itemCount: number): boolean;
}

/** Read at each use: settings may change while a store runs. */
export interface EvictionSettings {
  lfuLogFactor: number;
  lfuDecayTimeMin: number;
  sessionGraceMs: number;
  /** 100: what is too much leaves at once, however long that takes. */
  maxmemoryEvictionTenacity: number;
}

export interface PolicyContext {
  readonly clock: TurnClock;
  readonly random: Random;
  readonly settings: EvictionSettings;
  /** Access bits say nothing of the time before: another policy wrote them. -Infinity: never. */
  readonly knownSinceMs: number;
  /** The store holds entries already. */
  readonly isLate: boolean;
}

export const EVICTION_SETTINGS_DEFAULT: EvictionSettings = {
  lfuLogFactor: 10,
  lfuDecayTimeMin: 1,
  sessionGraceMs: 300_000,
  maxmemoryEvictionTenacity: 10,
};
