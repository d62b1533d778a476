import type { MembershipStats } from '../membership.ts';

/** What is counted while it happens. */
export type GossipStats = { -readonly [Name in keyof MembershipStats]: MembershipStats[Name] };

export function createGossipStats(): GossipStats {
  return {
    healthScore: 0,
    sentPackets: 0,
    receivedPackets: 0,
    sentBytes: 0,
    receivedBytes: 0,
    refusedPackets: 0,
    suspicions: 0,
    refutations: 0,
  };
}
