/**
 * What the door, commands, HTTP and INFO ask of the cluster. `src/cluster/` implements it;
 * `NO_CLUSTER` stands in on a node by itself, where no gate is raised and nothing is asked.
 */
import type { Frame } from '../base/frame.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { Command } from './command-table.ts';
import type { Session } from './session.ts';

export interface ClusterService {
  /** Gossip and links are open. */
  readonly isOn: boolean;
  /** Setting `node.id`, and the 40 hexadecimal digits that CLUSTER commands tell for it. */
  readonly nodeId: string;
  readonly hexId: string;
  readonly nodes: readonly ClusterNode[];
  /** What is wrong, in sentences, for the health check. */
  issues(): string[];
  /**
   * Asked by the door, of sessions with GATE.ROUTED, before a command runs or is queued.
   * @returns 'here': it runs on this node. 'taken': its reply was written, or comes later by way
   *          of the session's channel
   */
  route(session: Session, frame: Frame, command: Command, reply: ReplyWriter): 'here' | 'taken';
  /** The client is gone. */
  forget(session: Session): void;
  /** Node that executes for a slot; null: none is known. */
  ownerOfSlot(slot: number): ClusterNode | null;
  /** The owner first. */
  holdersOfSlot(slot: number): readonly ClusterNode[];
  /** Nodes but this one that have applied what the session wrote last. WAIT. */
  acknowledgedCount(session: Session): number;
  /** PUBLISH and SPUBLISH to the clients of other nodes. */
  publish(channel: Uint8Array, message: Uint8Array, isSharded: boolean): void;
}

export interface ClusterNode {
  readonly id: string;
  readonly hexId: string;
  readonly isSelf: boolean;
  /** `filling`: alive, and not yet equal to the owners. */
  readonly status: 'ready' | 'filling' | 'suspect' | 'failed' | 'left';
  readonly address: string;
  readonly respPort: number;
  readonly httpPort: number;
  readonly gossipPort: number;
  readonly linkPort: number;
  /** Unix time. */
  readonly joinedMs: number;
  readonly seenMs: number;
  readonly tags: ReadonlyMap<string, string>;
}

/** 40 zeros: a node that is no cluster tells no id. */
const NO_HEX_ID = '0'.repeat(40);

export const NO_CLUSTER: ClusterService = {
  isOn: false,
  nodeId: '',
  hexId: NO_HEX_ID,
  nodes: [],
  issues: () => [],
  route: () => 'here',
  forget: () => {},
  ownerOfSlot: () => null,
  holdersOfSlot: () => [],
  acknowledgedCount: () => 0,
  publish: () => {},
};
