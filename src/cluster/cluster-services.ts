import type { Frame } from '../base/frame.ts';
import {
  type ClusterLink,
  type ClusterNode,
  type ClusterRepair,
  type ClusterService,
  type ClusterSlots,
  type ClusterStream,
  isMember,
} from '../commands/cluster-service.ts';
import type { Command } from '../commands/command-table.ts';
import type { Session, SlotFilter } from '../commands/session.ts';
import type { Store } from '../engine/store.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { LinkBus } from './peers/link-bus.ts';
import { linkFacts } from './peers/link-facts.ts';
import type { ClusterDirectory } from './placement/cluster-directory.ts';
import type { Repair } from './repair/repair.ts';
import type { Replication } from './replication/replication.ts';
import type { Router } from './routing/router.ts';

export interface ClusterRooms {
  readonly directory: ClusterDirectory;
  readonly bus: LinkBus;
  readonly replication: Replication;
  readonly router: Router;
  readonly repair: Repair;
}

/** What of the cluster the rest of the node sees: each question goes to the room that knows. */
export class ClusterServices implements ClusterService {
  readonly isOn = true;
  private readonly rooms: ClusterRooms;

  constructor(rooms: ClusterRooms) {
    this.rooms = rooms;
  }

  get nodeId(): string {
    return this.rooms.directory.self.id;
  }

  get hexId(): string {
    return this.rooms.directory.self.hexId;
  }

  get nodes(): readonly ClusterNode[] {
    return this.rooms.directory.nodes;
  }

  get tableVersion(): number {
    return this.rooms.directory.tableVersion;
  }

  get tableDigest(): string {
    return this.rooms.directory.tableDigest;
  }

  get links(): readonly ClusterLink[] {
    return linkFacts(this.rooms.bus);
  }

  get repairs(): readonly ClusterRepair[] {
    return this.rooms.repair.progress;
  }

  issues(): string[] {
    const { bus, directory } = this.rooms;
    const issues = directory.issues();
    for (const { id, trouble } of bus.peers) {
      // That nobody reaches a node which is dead is nothing that this node lacks.
      if (trouble !== '' && directory.isAlive(id))
        issues.push(`cluster: the link with '${id}': ${trouble}`);
    }
    return issues;
  }

  isElsewhere(session: Session, frame: Frame, command: Command): boolean {
    return this.rooms.router.isElsewhere(session, frame, command);
  }

  forward(session: Session, frame: Frame, command: Command, reply: ReplyWriter): void {
    this.rooms.router.forward(session, frame, command, reply);
  }

  refuseInScript(session: Session, frame: Frame, command: Command): string | null {
    return this.rooms.router.refuseInScript(session, frame, command);
  }

  countKeys(session: Session, slots: SlotFilter): number {
    return this.rooms.router.countKeys(session, slots);
  }

  unblock(session: Session, how: 'timeout' | 'error'): boolean {
    return this.rooms.router.unblock(session, how);
  }

  unwatch(session: Session): void {
    this.rooms.router.unwatch(session);
  }

  isFilling(store: Store): boolean {
    return this.rooms.router.isFilling(store);
  }

  forget(session: Session): void {
    this.rooms.router.forget(session);
  }

  meet(host: string, gossipPort: number): void {
    this.rooms.directory.meet(host, gossipPort);
  }

  forgetNode(id: string): boolean {
    return this.rooms.directory.forgetNode(id);
  }

  ownerOfSlot(slot: number): ClusterNode | null {
    return this.rooms.directory.ownerOfSlot(slot);
  }

  holdersOfSlot(slot: number): readonly ClusterNode[] {
    return this.rooms.directory.holdersOfSlot(slot);
  }

  slotsOf(store: Store): ClusterSlots | null {
    const { repair, replication } = this.rooms;
    const counts = replication.slotsOf(store)?.counts();
    if (counts === undefined) return null;
    const { filling, owner, replica, waiting } = counts;
    return {
      ownedCount: owner + waiting,
      heldCount: owner + waiting + replica + filling,
      waitingCount: waiting,
      fillingCount: filling,
      leavingCount: repair.surplusCount(store),
    };
  }

  ownerOfStore(store: Store): ClusterNode | null {
    return this.rooms.directory.ownerOfStore(store);
  }

  streamOf(store: Store): ClusterStream {
    const { directory, replication } = this.rooms;
    const parts = replication.partsOf(store);
    const isExecuted = replication.dutyOf(store) === 'owner';
    if (parts === null || !isExecuted) return { position: 0, replicas: [] };
    const others = directory.nodes.filter((node) => !node.isSelf && isMember(node));
    const { acknowledgements, stream } = parts;
    const replicas = others.map((node) => ({
      node,
      position: acknowledgements.positionOf(node.id),
      behindCount: parts.behindCount(node.id),
      lagMs: parts.lagMs(node.id),
    }));
    return { position: stream.position, replicas };
  }

  positionOf(session: Session): number {
    return this.rooms.router.positionOf(session);
  }

  acknowledgedCount({ store }: Session, position: number): number {
    return this.rooms.replication.acknowledgedCount(store, position);
  }

  whenAcknowledged(
    { store }: Session,
    position: number,
    { done, nodeCount, timeoutMs }: { nodeCount: number; timeoutMs: number; done: () => void },
  ): void {
    this.rooms.replication.whenAcknowledged(store, position, nodeCount, timeoutMs, done);
  }

  publish(frame: Frame, isSharded: boolean): void {
    this.rooms.router.broadcast.publish(frame, isSharded);
  }

  shareScript(source: Uint8Array, isLoaded: boolean): void {
    this.rooms.router.broadcast.shareScript(source, isLoaded);
  }

  shareScriptFlush(): void {
    this.rooms.router.broadcast.shareScriptFlush();
  }
}
