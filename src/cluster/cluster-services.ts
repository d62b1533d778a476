import type { ClusterLink, ClusterNode, ClusterService } from '../commands/cluster-service.ts';
import { NO_CLUSTER } from '../commands/cluster-service.ts';
import type { ClusterDirectory } from './placement/cluster-directory.ts';

/** What of the cluster the rest of the node sees: each question goes to the room that knows. */
export class ClusterServices implements ClusterService {
  readonly isOn = true;
  readonly isElsewhere = NO_CLUSTER.isElsewhere;
  readonly forward = NO_CLUSTER.forward;
  readonly unblock = NO_CLUSTER.unblock;
  readonly forget = NO_CLUSTER.forget;
  readonly acknowledgedCount = NO_CLUSTER.acknowledgedCount;
  readonly whenAcknowledged = NO_CLUSTER.whenAcknowledged;
  readonly publish = NO_CLUSTER.publish;
  readonly shareScript = NO_CLUSTER.shareScript;
  private readonly directory: ClusterDirectory;

  constructor({ directory }: { directory: ClusterDirectory }) {
    this.directory = directory;
  }

  get nodeId(): string {
    return this.directory.self.id;
  }

  get hexId(): string {
    return this.directory.self.hexId;
  }

  get nodes(): readonly ClusterNode[] {
    return this.directory.nodes;
  }

  get tableVersion(): number {
    return this.directory.tableVersion;
  }

  get tableDigest(): string {
    return this.directory.tableDigest;
  }

  get links(): readonly ClusterLink[] {
    return [];
  }

  issues(): string[] {
    return this.directory.issues();
  }

  meet(host: string, gossipPort: number): void {
    this.directory.meet(host, gossipPort);
  }

  forgetNode(id: string): boolean {
    return this.directory.forgetNode(id);
  }

  ownerOfSlot(slot: number): ClusterNode | null {
    return this.directory.ownerOfSlot(slot);
  }

  holdersOfSlot(slot: number): readonly ClusterNode[] {
    return this.directory.holdersOfSlot(slot);
  }
}
