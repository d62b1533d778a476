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
  /** It joined, came back, left, failed, or its tags changed. */
  onMember(member: Member): void;
  onUserEvent?(name: string, payload: Uint8Array): void;
  onQuery?(query: GossipQuery): void;
}

export interface Membership {
  /** This node first; those that left or failed are kept for a day. */
  readonly members: readonly Member[];
  /** Port really bound. */
  readonly port: number;
  /** Bytes and packets, for the metrics: names as in `metric-table.ts`. */
  readonly stats: MembershipStats;
  listen(listener: MembershipListener): void;
  /** Binds both ports. Rejects with NodeError PORT_REFUSED. Keeps joining seeds and known peers. */
  start(): Promise<void>;
  setTags(tags: ReadonlyMap<string, string>): void;
  sendEvent(name: string, payload: Uint8Array): void;
  /** Answers by the name of who gave them, when the time is up or all have. */
  ask(name: string, payload: Uint8Array, timeoutMs: number): Promise<Map<string, Uint8Array>>;
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
}
