/**
 * Writes of a store with `consistency: quorum`: they begin only while a majority of the nodes can
 * be reached, and are answered when a majority has them. Without coordination that is a count of
 * acknowledgements and no more: see docs/guarantees.md for what it does not promise.
 */
import { LIMITS } from '../../base/limits.ts';
import type { PeerBus } from '../peers/peer-bus.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import type { EffectStream } from './effect-stream.ts';

export class Quorum {
  private readonly bus: PeerBus;
  private readonly stream: EffectStream;
  private readonly acknowledgements: Acknowledgements;

  constructor(bus: PeerBus, stream: EffectStream, acknowledgements: Acknowledgements) {
    this.bus = bus;
    this.stream = stream;
    this.acknowledgements = acknowledgements;
  }

  /** Other nodes that a majority needs: of those that have not left, whether they live or not. */
  get neededCount(): number {
    return Math.floor((this.bus.peers.length + 1) / 2);
  }

  /** Why no write may begin: the text of the error reply; null: it may. */
  refusal(): string | null {
    let heardCount = 0;
    for (const peer of this.bus.peers) if (peer.isUp && peer.isHeard) heardCount++;
    return heardCount >= this.neededCount ? null : 'NOREPLICAS Not enough good replicas to write.';
  }

  /** Where the last change of the store that was recorded here ends. */
  get position(): number {
    return this.stream.position;
  }

  hasReached(position: number): boolean {
    return this.acknowledgements.countAt(position) >= this.neededCount;
  }

  /** @param done  told that a majority has all up to there, or none is known to after a second */
  whenReached(position: number, done: (isReached: boolean) => void): void {
    this.acknowledgements.wait(position, this.neededCount, LIMITS.quorumMs, done);
  }
}
