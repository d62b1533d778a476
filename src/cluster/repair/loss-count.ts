import type { Clock } from '../../base/world.ts';
import { nodeHash } from '../replication/hybrid-clock.ts';
import { NODE_STEPS, stampMs } from '../replication/stamp.ts';

/** A link that is cut is noticed so much later, at most. */
const NOTICED_MS = 1_500;

/**
 * Tells a version that is lost from one that is only old: it was made after its node and the other
 * one had heard of each other last, and not by the other one. Then no writer has seen both.
 */
export class LossCount {
  private readonly clock: Clock;
  /** Peer -> Unix ms at which it was not reached any more. */
  private readonly lostMs = new Map<string, number>();
  private readonly missing = new Set<string>();
  private readonly hashes = new Map<string, number>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  onLost(peerId: string): void {
    if (this.missing.has(peerId)) return;
    this.missing.add(peerId);
    this.lostMs.set(peerId, this.clock.wallMs());
  }

  onReached(peerId: string): void {
    this.missing.delete(peerId);
  }

  /** Whether a version of that stamp which gives way to what the peer has, or the reverse, is. */
  isLoss(peerId: string, high: number, low: number): boolean {
    const lostMs = this.lostMs.get(peerId);
    if (lostMs === undefined || stampMs(high, low) < lostMs - NOTICED_MS) return false;
    let hash = this.hashes.get(peerId);
    if (hash === undefined) {
      hash = nodeHash(peerId);
      this.hashes.set(peerId, hash);
    }
    return (low & (NODE_STEPS - 1)) !== hash;
  }
}
