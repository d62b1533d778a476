import type { Timer, World } from '../../base/world.ts';
import { METRIC } from '../../observability/metrics/metric-table.ts';
import type { MemberStatus, Membership, MembershipStats } from './membership.ts';

const PERIOD_MS = 1_000;

const COUNTED: readonly (readonly [keyof MembershipStats, number])[] = [
  ['sentPackets', METRIC.gossipPacketsSent],
  ['receivedPackets', METRIC.gossipPacketsReceived],
  ['sentBytes', METRIC.gossipBytesSent],
  ['receivedBytes', METRIC.gossipBytesReceived],
  ['refusedPackets', METRIC.gossipRefusals],
  ['suspicions', METRIC.gossipSuspicions],
  ['refutations', METRIC.gossipRefutations],
];
const STATUS_ROWS: Readonly<Record<MemberStatus, number>> = {
  alive: METRIC.gossipMembersAlive,
  leaving: METRIC.gossipMembersLeaving,
  left: METRIC.gossipMembersLeft,
  failed: METRIC.gossipMembersFailed,
};

/**
 * Brings the figures of the gossip to the node's counters once a second: the gossip itself may run
 * in another thread. What was added since is added, so that CONFIG RESETSTAT holds.
 */
export class GossipMetrics {
  private readonly membership: Membership;
  private readonly counters: Float64Array;
  private readonly timer: Timer;
  private readonly seen = new Map<keyof MembershipStats, number>();

  constructor(world: World, membership: Membership, counters: Float64Array) {
    this.membership = membership;
    this.counters = counters;
    this.timer = world.timers.every(PERIOD_MS, () => this.bring());
  }

  stop(): void {
    this.timer.cancel();
    this.bring();
  }

  private bring(): void {
    const { counters } = this;
    const { stats, members } = this.membership;
    for (const [name, row] of COUNTED) {
      counters[row] += stats[name] - (this.seen.get(name) ?? 0);
      this.seen.set(name, stats[name]);
    }
    counters[METRIC.gossipHealthScore] = stats.healthScore;
    for (const row of Object.values(STATUS_ROWS)) counters[row] = 0;
    for (const { status } of members) counters[STATUS_ROWS[status]]++;
  }
}
