/**
 * Writes of a store with `consistency: quorum`: they begin only while a majority of the nodes can
 * be reached, and are answered when a majority has them; where not every node holds every key, a
 * majority of those that are to hold it. Without coordination that is a count of acknowledgements
 * and no more: see docs/guarantees.md for what it does not promise.
 */
import { LIMITS } from '../../../base/limits.ts';
import type { PeerBus } from '../../peers/peer-bus.ts';
import type { EffectStream } from '../effect-stream.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { EVERY_SLOT } from './record-slots.ts';
import type { SlotAudience } from './slot-audience.ts';

export interface QuorumOptions {
  readonly bus: PeerBus;
  readonly stream: EffectStream;
  readonly acknowledgements: Acknowledgements;
  /** Null: every node holds every key. */
  readonly audience: SlotAudience | null;
  /** How many nodes are to hold a key; 0: all. */
  readonly replicationFactor: number;
}

export class Quorum {
  private readonly options: QuorumOptions;

  constructor(options: QuorumOptions) {
    this.options = options;
  }

  /** Other nodes that a majority needs: of those that have not left, whether they live or not. */
  get neededCount(): number {
    return Math.floor((this.options.bus.peers.length + 1) / 2);
  }

  /**
   * Why no write may begin: the text of the error reply; null: it may.
   * @param slot  of its keys; EVERY_SLOT: of any that this node owns
   */
  refusal(slot = EVERY_SLOT): string | null {
    const { audience, bus } = this.options;
    const heardIds = bus.peers.filter(({ isHeard, isUp }) => isUp && isHeard).map(({ id }) => id);
    let isEnough = heardIds.length >= this.neededCount;
    for (const holderIds of audience?.countedOf(slot) ?? []) {
      const count = holderIds.filter((id) => heardIds.includes(id)).length;
      if (count < this.neededHolders) isEnough = false;
    }
    return isEnough ? null : 'NOREPLICAS Not enough good replicas to write.';
  }

  /** Where the last change of the store that was recorded here ends. */
  get position(): number {
    return this.options.stream.position;
  }

  /** @param done  told that a majority has all up to there, or none is known to after a second */
  whenReached(
    position: number,
    done: (isReached: boolean) => void,
    slot: number = EVERY_SLOT,
  ): void {
    const { acknowledgements, audience } = this.options;
    const counted = audience?.countedOf(slot) ?? null;
    const nodeCount = counted === null ? this.neededCount : this.neededHolders;
    acknowledgements.wait(position, { counted, nodeCount, timeoutMs: LIMITS.quorumMs }, done);
  }

  /** Other ones than the owner. */
  private get neededHolders(): number {
    return Math.floor(this.options.replicationFactor / 2);
  }
}
