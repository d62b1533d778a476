import type { Store } from '../store.ts';

/**
 * Decides who leaves when a store is full. The 24 access bits of an entry are the policy's own; the
 * engine hands them over at creation and at each access and stores what comes back.
 */
export interface EvictionPolicy {
  readonly name: string;
  /** Redis' name for it, as CONFIG GET maxmemory-policy tells. */
  readonly redisName: string;
  /** False: a full store refuses writes. */
  readonly evicts: boolean;
  /** @param accessS  seconds, 24 bits */
  initialAccess(accessS: number): number;
  onAccess(access: number, accessS: number): number;
  /** Seconds since the last access. */
  idleS(access: number, accessS: number): number;
  /**
   * Chooses a victim and leaves it found in `store.victimDatabase`.
   * @returns entry address, 0 when there is nothing to evict
   */
  chooseVictim(store: Store): number;
}
