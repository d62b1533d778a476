/**
 * Keeps the copies of the stores equal. The owner of a store executes; its effects go to all other
 * nodes in order, each with the stamp that the key had before and the one it has now.
 */
import type { Store } from '../../engine/store.ts';
import type { SlotSet } from '../placement/slot-set.ts';
import type { Quorum } from './delivery/quorum.ts';
import type { SlotDuties } from './duties/slot-duties.ts';
import type { HybridClock } from './hybrid-clock.ts';
import type { ReplicatedStore } from './replicated-store.ts';

/**
 * `owner`: executes. `waiting`: it is to execute, and waits for the owner before to hand over.
 * `replica`: somebody else executes. `filling`: a replica that is not equal to the owner yet.
 */
export type Duty = 'owner' | 'waiting' | 'replica' | 'filling';

/** `none`: this node keeps no copy of the slot. */
export type SlotDuty = Duty | 'none';

/**
 * `gap`: changes of the owner were missed. `owner`: another node executes from now on, or the same
 * one was started anew. `fetch`: keys that were asked for did not come. `stray`: changes were
 * missed of a node that does not own what they are of, and that the owner may have got.
 */
export type SyncReason = 'gap' | 'owner' | 'fetch' | 'stray';

export interface Replication {
  readonly clock: HybridClock;
  /** Where slots have owners of their own: `owner` of a node that owns some, else `filling`. */
  dutyOf(store: Store): Duty;
  /** The same as `dutyOf` where one node owns the whole store. */
  dutyOfSlot(store: Store, slot: number): SlotDuty;
  /** What this node has to do with each slot; null: one node owns the whole store. */
  slotsOf(store: Store): SlotDuties | null;
  /** Called when `dutyOfSlot` may tell something else of some slots. */
  onSlots(listener: (store: Store) => void): void;
  /** Of `owner` and `waiting` this node's own. '' while nobody is known. */
  ownerOf(store: Store): string;
  /** Called when `dutyOf` tells the new one. */
  onDuty(listener: (store: Store, now: Duty, before: Duty) => void): void;
  /** Position of the last effect of the store that this node recorded. */
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
  /** Of a store whose writes wait for a majority; null: they do not. */
  quorumOf(store: Store): Quorum | null;
  /** What was recorded so far is in the links: what is sent next is behind it. */
  flush(): void;
  /** Stamps, stream and replay of a store; null: it is none of this node any more. */
  partsOf(store: Store): ReplicatedStore | null;
  /** This node must compare the store with others: `sourcesOf`, or `slotsOf`, tells with whom. */
  onNeedsSync(listener: (store: Store, reason: SyncReason) => void): void;
  /**
   * Of a store that one node owns: its owner; or, where this node is to own it and may have missed
   * something, all others. Null: nobody is to be compared yet.
   */
  sourcesOf(store: Store): readonly string[] | null;
  /**
   * It has, and is equal: `filling` ends.
   * @param slots  that were compared; null: one node owns the whole store
   */
  synced(store: Store, nodeId: string, slots?: SlotSet | null): void;
}
