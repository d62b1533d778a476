/**
 * What the door, commands, HTTP and INFO ask of the cluster. `src/cluster/` implements it;
 * `NO_CLUSTER` stands in on a node by itself, where no gate is raised and nothing is asked.
 */
import type { Frame } from '../base/frame.ts';
import type { Store } from '../engine/store.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { Command } from './command-table.ts';
import type { Session, SlotFilter } from './session.ts';

export interface ClusterService {
  /** Gossip and links are open. */
  readonly isOn: boolean;
  /** Setting `node.id`, and the 40 hexadecimal digits that CLUSTER commands tell for it. */
  readonly nodeId: string;
  readonly hexId: string;
  /** This node first. */
  readonly nodes: readonly ClusterNode[];
  /** Grows with each change of who owns what; nodes count for themselves. */
  readonly tableVersion: number;
  /** Tells whether nodes have the same table. */
  readonly tableDigest: string;
  readonly links: readonly ClusterLink[];
  /** Those that go on now. */
  readonly repairs: readonly ClusterRepair[];
  /** What is wrong, in sentences, for the health check. */
  issues(): string[];
  /**
   * Asked by the door, of sessions with GATE.ROUTED, before a command runs that is not queued.
   * @returns whether it is for `forward`: another node executes it, or it must wait for such
   */
  isElsewhere(session: Session, frame: Frame, command: Command): boolean;
  /** Its reply was written now, or comes by way of the session's channel. */
  forward(session: Session, frame: Frame, command: Command, reply: ReplyWriter): void;
  /** @returns why a script may not run the command here, whose keys are another node's; or null */
  refuseInScript(session: Session, frame: Frame, command: Command): string | null;
  /** Keys of the session's database in slots. */
  countKeys(session: Session, slots: SlotFilter): number;
  /**
   * CLIENT UNBLOCK of a client whose command waits at another node.
   * @returns false when none does
   */
  unblock(session: Session, how: 'timeout' | 'error'): boolean;
  /** The keys that another node watches for the session are watched no more. */
  unwatch(session: Session): void;
  /** This node's copy of the store lacks keys: others are asked for them. */
  isFilling(store: Store): boolean;
  /** The client is gone. */
  forget(session: Session): void;
  /** CLUSTER MEET: joins the node whose gossip listens there. */
  meet(host: string, gossipPort: number): void;
  /**
   * CLUSTER FORGET: a node that failed is not waited for any more.
   * @returns false, and nothing happened, of a node that lives or is not known
   */
  forgetNode(id: string): boolean;
  /** The node that clients are sent to for a slot; null: none is known. */
  ownerOfSlot(slot: number): ClusterNode | null;
  /** The owner first. */
  holdersOfSlot(slot: number): readonly ClusterNode[];
  /** Null: one node owns the whole store. */
  slotsOf(store: Store): ClusterSlots | null;
  /** Executes what changes the store; null: none is known, or each slot has an owner of its own. */
  ownerOfStore(store: Store): ClusterNode | null;
  /** What this node executes for the store, and who has copies of it. INFO, ROLE. */
  streamOf(store: Store): ClusterStream;
  /** Where what the session's store has recorded so far ends. WAIT. */
  positionOf(session: Session): number;
  /** Nodes but this one that have applied all up to there. */
  acknowledgedCount(session: Session, position: number): number;
  /** Calls when as many have, or has when it returns. */
  whenAcknowledged(
    session: Session,
    position: number,
    wait: { nodeCount: number; timeoutMs: number; done: () => void },
  ): void;
  /** PUBLISH and SPUBLISH, to the clients of other nodes. */
  publish(frame: Frame, isSharded: boolean): void;
  /** Other nodes keep the script too. @param isLoaded  by SCRIPT LOAD, not by EVAL */
  shareScript(source: Uint8Array, isLoaded: boolean): void;
  /** SCRIPT FLUSH: other nodes do the same. */
  shareScriptFlush(): void;
}

export interface ClusterNode {
  readonly id: string;
  readonly hexId: string;
  readonly isSelf: boolean;
  /**
   * `filling`: alive, and not yet equal to the owners. `suspect`: not heard by this node, and no
   * other says the same.
   */
  readonly status: 'ready' | 'filling' | 'leaving' | 'suspect' | 'failed' | 'left';
  readonly address: string;
  /** 0: closed, as all ports here. */
  readonly respPort: number;
  readonly tlsPort: number;
  /** Where clients are told of the owner of their key, and nothing is forwarded. */
  readonly redirectPort: number;
  readonly httpPort: number;
  readonly gossipPort: number;
  readonly linkPort: number;
  /** Unix time. */
  readonly joinedMs: number;
  readonly seenMs: number;
  /** Nodes but this one that do not hear it. */
  readonly doubtCount: number;
  readonly tags: ReadonlyMap<string, string>;
}

/** Whether it is there, as far as this node knows. */
export function isMember({ isSelf, status }: ClusterNode): boolean {
  return isSelf || status === 'ready' || status === 'filling' || status === 'suspect';
}

/**
 * Whether clients are told that this is a Redis Cluster: some go by it to use one database only. A
 * node that waits to be joined shall not make them do so.
 */
export function isRedisCluster(cluster: ClusterService, redirectsAll: boolean): boolean {
  return cluster.isOn && (redirectsAll || cluster.nodes.filter(isMember).length > 1);
}

/** Changes of a store that this node executed, and how far other nodes have come with them. */
export interface ClusterStream {
  /** Changes since the node started. */
  readonly position: number;
  /** None where another node executes what changes the store. */
  readonly replicas: readonly ClusterReplica[];
}

export interface ClusterReplica {
  readonly node: ClusterNode;
  /** It has all up to there. */
  readonly position: number;
  /** Changes that are for it and that it has not acknowledged, and for how long it has not. */
  readonly behindCount: number;
  readonly lagMs: number;
}

/** Slots of one store that have owners of their own, as this node has to do with them. */
export interface ClusterSlots {
  readonly ownedCount: number;
  /** Of which it has copies, or is to have some; those that it owns among them. */
  readonly heldCount: number;
  /** It owns them, and does not execute yet: others are to hand them over. */
  readonly waitingCount: number;
  /** Their copies are not known to be equal to their owners'. */
  readonly fillingCount: number;
  /** It still has something of them, which others are to have. */
  readonly leavingCount: number;
}

/** What of the slots is still on its way, at this node. */
export function movingCount({ fillingCount, leavingCount, waitingCount }: ClusterSlots): number {
  return waitingCount + fillingCount + leavingCount;
}

/** A store of this node that is made equal to its owner's. */
export interface ClusterRepair {
  readonly store: string;
  readonly ownerId: string;
  readonly keysDone: number;
  readonly keysTotal: number;
  readonly bytesDone: number;
  /** 0 .. 1. */
  readonly share: number;
}

/** A connection between this node and another one. */
export interface ClusterLink {
  /** `to`: this node opened it, and sends by it. */
  readonly direction: 'to' | 'from';
  readonly nodeId: string;
  /** Unix time. */
  readonly createdMs: number;
  /** What waits to be sent, and the memory that is kept for that. */
  readonly queuedBytes: number;
  readonly bufferBytes: number;
}

/** 40 zeros: a node that is no cluster tells no id. */
const NO_HEX_ID = '0'.repeat(40);

export const NO_CLUSTER: ClusterService = {
  isOn: false,
  nodeId: '',
  hexId: NO_HEX_ID,
  nodes: [],
  tableVersion: 0,
  tableDigest: '',
  links: [],
  repairs: [],
  issues: () => [],
  isElsewhere: () => false,
  forward: () => {},
  refuseInScript: () => null,
  countKeys: () => 0,
  unblock: () => false,
  unwatch: () => {},
  isFilling: () => false,
  forget: () => {},
  meet: () => {},
  forgetNode: () => false,
  ownerOfSlot: () => null,
  holdersOfSlot: () => [],
  slotsOf: () => null,
  ownerOfStore: () => null,
  streamOf: () => ({ position: 0, replicas: [] }),
  positionOf: () => 0,
  acknowledgedCount: () => 0,
  whenAcknowledged: () => {},
  publish: () => {},
  shareScript: () => {},
  shareScriptFlush: () => {},
};
