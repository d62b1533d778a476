/**
 * Who is reachable, as the gossip tells: a hint, never an authority. Speaks Serf's wire protocol,
 * so that Debian's `serf` agent is a member like any other. Carries control facts, never values.
 */

/** As `serf members` names it. */
export type MemberStatus = 'alive' | 'leaving' | 'left' | 'failed';

export interface Member {
  /** The node's id. */
  readonly name: string;
  readonly address: string;
  /** Of the gossip. */
  readonly port: number;
  /** Of ours: `hc` (version of the links), `inc`, `resp`, `http`, `link`, `state`, `stores`. */
  readonly tags: ReadonlyMap<string, string>;
  readonly status: MemberStatus;
  /** Its gossip answers, but its main thread has not turned for a while. */
  readonly isBusy: boolean;
  /** Unix time of the last change of status. */
  readonly sinceMs: number;
}

export interface GossipQuery {
  readonly name: string;
  readonly payload: Uint8Array;
  readonly from: string;
  /** At most 1 KiB; once. */
  respond(payload: Uint8Array): void;
}

export interface MembershipListener {
  /** It joined, came back, left, failed, got busy or idle, or its tags changed. */
  onMember(member: Member): void;
  onUserEvent?(name: string, payload: Uint8Array): void;
  onQuery?(query: GossipQuery): void;
}

export interface Membership {
  /** This node first; those that left or failed are kept for a day. */
  readonly members: readonly Member[];
  /** Port really bound. */
  readonly port: number;
  /**
   * What keeps this node out of the gossip, in a sentence; '' when nothing does. Another node of
   * its name that more members know is such a thing.
   */
  readonly failure: string;
  /** Bytes and packets, for the metrics: names as in `metric-table.ts`. */
  readonly stats: MembershipStats;
  listen(listener: MembershipListener): void;
  /**
   * Binds UDP and TCP. Rejects with NodeError PORT_REFUSED. Resolves when each seed and known peer
   * was asked once, whether it answered or not; goes on to ask those that are missing.
   */
  start(): Promise<void>;
  setTags(tags: ReadonlyMap<string, string>): void;
  sendEvent(name: string, payload: Uint8Array): void;
  /** Answers by the name of who gave them, when the time is up or all have. */
  ask(name: string, payload: Uint8Array, timeoutMs: number): Promise<Map<string, Uint8Array>>;
  /** Joins whoever listens there, and tries again, as with a seed, until that succeeded once. */
  join(host: string, port: number): void;
  /** Asks that member at once whether it is busy, though its turn has not come. */
  check(name: string): void;
  /** Says that a failed member is gone for good. */
  forceLeave(name: string): void;
  /** Tells the others, waits until it is spread, and stops. */
  leave(): Promise<void>;
  stop(): void;
}

export interface MembershipStats {
  /** 0 is healthy; the worse, the later others are suspected. */
  readonly healthScore: number;
  readonly sentPackets: number;
  readonly receivedPackets: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Of those: not of this cluster, or damaged. */
  readonly refusedPackets: number;
  /** Members that this node began to suspect, and doubts about itself that it refuted. */
  readonly suspicions: number;
  readonly refutations: number;
}

export interface MembershipOptions {
  readonly nodeId: string;
  /** A numeric address. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** What others are told to send to; '': `host`, or the machine's own where that is 0.0.0.0. */
  readonly advertiseHost: string;
  /** 0: `port`. */
  readonly advertisePort: number;
  /** Setting `cluster.key`; '': this node sends to, and hears, its own machine only. */
  readonly clusterKey: string;
  /** `host:port` or `host`. */
  readonly seeds: readonly string[];
  /** A name whose addresses are seeds, and their port; '': none. */
  readonly seedDns: string;
  readonly seedDnsPort: number;
  readonly tags: ReadonlyMap<string, string>;
  /** Before each packet, as memberlist's label: members with another one are not heard. */
  readonly label?: string;
  /** Where known peers and the keys are kept over a restart; '': nowhere. */
  readonly directory: string;
}
