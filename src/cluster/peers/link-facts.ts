import type { ClusterLink } from '../../commands/cluster-service.ts';
import type { LinkBus } from './link-bus.ts';
import type { LinkWire } from './link-wire.ts';

/** What a node tells of its links with one other node: INFO, HTTP. */
export interface PeerFacts {
  readonly id: string;
  readonly incarnation: number;
  readonly isUp: boolean;
  readonly isHeard: boolean;
  /** Since anything came from it; -1: nothing ever did. */
  readonly quietMs: number;
  readonly queuedBytes: number;
  readonly roundTripMs: number;
  /** Its clock is ahead by at least so much; below 0: behind. */
  readonly clockOffsetMs: number;
  /** How late its own timer came when it sent its last heartbeat. */
  readonly lateMs: number;
  /** Times that its links broke. */
  readonly breakCount: number;
  /** For people; '' when nothing is wrong. */
  readonly trouble: string;
}

export function peerFacts({ peers, world }: LinkBus): PeerFacts[] {
  const nowMs = world.clock.monotonicMs();
  return peers.map((peer) => ({
    id: peer.id,
    incarnation: peer.incarnation,
    isUp: peer.isUp,
    isHeard: peer.isHeard,
    quietMs: Number.isFinite(peer.heardMs) ? nowMs - peer.heardMs : -1,
    queuedBytes: peer.queuedBytes,
    roundTripMs: peer.roundTripMs,
    clockOffsetMs: peer.dialed?.clockOffsetMs ?? 0,
    lateMs: peer.accepted?.lateMs ?? 0,
    breakCount: peer.breakCount,
    trouble: peer.trouble,
  }));
}

/** Each connection that stands: CLUSTER LINKS. */
export function linkFacts({ peers }: LinkBus): ClusterLink[] {
  const links: ClusterLink[] = [];
  for (const { id, dialed, accepted } of peers) {
    if (dialed?.isOpen && dialed.wire !== null) links.push(describe('to', id, dialed.wire));
    if (accepted !== null) links.push(describe('from', id, accepted.wire));
  }
  return links;
}

function describe(
  direction: ClusterLink['direction'],
  nodeId: string,
  wire: LinkWire,
): ClusterLink {
  return {
    direction,
    nodeId,
    createdMs: wire.openedMs,
    queuedBytes: wire.queuedBytes,
    bufferBytes: wire.bufferBytes,
  };
}
