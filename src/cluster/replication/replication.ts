/**
 * Keeps the copies of the stores equal. The owner of a store executes; its effects go to all other
 * nodes in order, each with the stamp that the key had before and the one it has now.
 */
import type { Store } from '../../engine/store.ts';

/**
 * `owner`: executes. `waiting`: it is to execute, and waits for the owner before to hand over.
 * `replica`: somebody else executes. `filling`: a replica that is not equal to the owner yet.
 */
export type Duty = 'owner' | 'waiting' | 'replica' | 'filling';

export interface Replication {
  dutyOf(store: Store): Duty;
  /** Of `owner` and `waiting` this node's own. */
  ownerOf(store: Store): string;
  onDuty(listener: (store: Store, now: Duty, before: Duty) => void): void;
  /** Position of the last effect of the store that this node recorded as its owner. */
  positionOf(store: Store): number;
  /** Nodes that have applied everything up to there. */
  acknowledgedCount(store: Store, position: number): number;
  /** Calls when so many have, or the time is up (`isMet` tells which). */
  whenAcknowledged(
    store: Store,
    position: number,
    nodeCount: number,
    timeoutMs: number,
    done: (isMet: boolean) => void,
  ): void;
}
