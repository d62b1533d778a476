/** What is looked after twice a second: nodes that may have missed the end of a stream. */
import type { PeerBus } from '../../peers/peer-bus.ts';
import type { ReplicatedStore } from '../replicated-store.ts';

/** Who has not acknowledged everything may have missed the last batch. */
export function tellStream(bus: PeerBus, parts: ReplicatedStore): void {
  const { acknowledgements, stream } = parts;
  for (const peer of bus.peers) {
    parts.markLag(peer.id);
    if (!peer.isUp || acknowledgements.positionOf(peer.id) >= stream.sentPosition) continue;
    stream.tell(peer);
  }
}

/**
 * Whether the owner has not heard of what this node executed while it took itself for the owner:
 * found twice in a row, for what was sent a moment ago may be on its way.
 */
export function isUnheard(parts: ReplicatedStore, ownerId: string): boolean {
  const { position } = parts.stream;
  const heardPosition = parts.acknowledgements.positionOf(ownerId);
  if (Math.max(heardPosition, parts.contributedPosition) >= position) return false;
  const isOld = parts.unheardPosition === position;
  parts.unheardPosition = position;
  return isOld;
}
