/** What all repairs of a node share. */
import type { SlicePace } from '../../base/pace/sliced-work.ts';
import type { World } from '../../base/world.ts';
import type { Store } from '../../engine/store.ts';
import type { PeerBus } from '../peers/peer-bus.ts';
import type { TombstoneSweep } from './tombstone-sweep.ts';

export interface RepairContext {
  readonly world: World;
  readonly bus: PeerBus;
  readonly pace: SlicePace;
  /** Grows with each command: tells whether somebody is served meanwhile. */
  readonly commandCount: () => number;
  readonly tombstones: TombstoneSweep;
  /** Something threw in a slice: the node stops. */
  readonly onFailed: (error: unknown) => void;
  /** A version with that stamp gives way to another one, which may not have come from it. */
  noteLoss(peerId: string, high: number, low: number): void;
  noteSent(keyCount: number, byteCount: number): void;
  noteTaken(keyCount: number, byteCount: number): void;
  /** A command of the other node was refused. */
  onRefused(store: Store, reason: string): void;
}
